package models

import "errors"

// What a store or a check refuses. Stores return these wrapped with what they were doing;
// compare with errors.Is.
var (
	ErrInvalidID       = errors.New("not an id: 24 hex digits expected")
	ErrUserNotFound    = errors.New("user not found")
	ErrPostNotFound    = errors.New("post not found")
	ErrSessionNotFound = errors.New("session not found")
	ErrUsernameTaken   = errors.New("username already taken")
	ErrEmailTaken      = errors.New("email already taken")
	ErrPostChanged     = errors.New("post changed meanwhile")
	ErrKeyReused       = errors.New("idempotency key used for another post")
	ErrPasswordChanged = errors.New("password changed meanwhile")

	// ErrUnavailable says that the database did not answer in time or could not be written;
	// the same call may succeed later.
	ErrUnavailable = errors.New("store unavailable")
)
