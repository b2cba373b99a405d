package models

import "time"

// Role says what a user may do beyond their own things.
type Role string

// The roles there are.
const (
	RoleUser  Role = "user"
	RoleAdmin Role = "admin"
)

// User is an account. It has no JSON or BSON form, so that PasswordHash cannot be rendered by accident:
// routes and stores have types of their own.
type User struct {
	ID           ID
	Username     string // as typed at registration; unique without regard to case
	Email        string // "" where none was given; otherwise unique without regard to case
	Name         string
	Bio          string
	Role         Role
	PasswordHash string // bcrypt, in the modular crypt format
	// PasswordVersion counts the changes of the password. A session of another version is over.
	PasswordVersion int64
	CreatedAt       time.Time
}

// ProfileChange is what a user changes about themselves; nil leaves a field as it is.
type ProfileChange struct {
	Name  *string
	Email *string // "" removes it
	Bio   *string
}

// UserFilter selects a page of the list of users.
type UserFilter struct {
	After ID  // only users who registered before this one; the zero ID starts with the newest
	Limit int // at most so many users
}
