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
	CreatedAt    time.Time
}
