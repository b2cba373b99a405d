package models

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode/utf8"
)

// Role says what a user may do besides managing their own account and posts.
type Role string

// The roles.
const (
	RoleUser  Role = "user"
	RoleAdmin Role = "admin"
)

// User is an account. It has neither JSON nor BSON tags: routes and stores have types of their own, so that no
// answer can contain PasswordHash by accident.
type User struct {
	ID           ID
	Username     string // as typed at registration; unique as FoldName compares
	Email        string // "" where none was given; otherwise unique as FoldName compares
	Name         string
	Bio          string
	Role         Role
	PasswordHash string // bcrypt, in the modular crypt format
	// PasswordVersion counts the changes of the password. Sessions of an older version have ended.
	PasswordVersion int64
	// TokensSince is the PasswordVersion from which on access tokens are good: older ones have ended.
	TokensSince  int64
	SuspendedAt  time.Time // zero: the user is not suspended
	SuspendedFor string    // the reason, may be empty
	CreatedAt    time.Time
}

// Profile is what a user says of themselves.
type Profile struct {
	Name  string `json:"name"`
	Email string `json:"email"` // "" for none
	Bio   string `json:"bio"`
}

// Profile returns the profile of u.
func (u *User) Profile() Profile { return Profile{Name: u.Name, Email: u.Email, Bio: u.Bio} }

// AsAuthor returns the public name of u.
func (u *User) AsAuthor() *Author { return &Author{ID: u.ID, Username: u.Username, Name: u.Name} }

// FoldName returns a username or an email address as names are compared: the letters A to Z in lower case, every other
// character as it is. Letters of full width, letters that merely look alike and invisible characters make another name.
func FoldName(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, name)
}

// UserFilter selects one page of users.
type UserFilter struct {
	After     ID     // only users who registered before this one; the zero ID starts with the newest
	Limit     int    // at most this many users
	Text      string // only users with this text in their username, name or email, in any case of A to Z; "" for all
	Suspended *bool  // only users who are suspended, or only those who are not; nil for all
}

// FindUser finds a user by id, or by name if no user has that id. A name of 24 hex digits cannot be registered, but a
// database of the tutorial may contain one. FindUser returns ErrUserNotFound.
func FindUser(ctx context.Context, store UserStore, idOrName string) (*User, error) {
	if id, err := ParseID(idOrName); err == nil {
		u, err := store.UserByID(ctx, id)
		if !errors.Is(err, ErrUserNotFound) {
			return u, err
		}
	}
	if !utf8.ValidString(idOrName) { // databases refuse it
		return nil, ErrUserNotFound
	}
	return store.UserByUsername(ctx, idOrName)
}
