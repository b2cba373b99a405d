package models

import "time"

// MaxSessions is how many live sessions a user may have. One more ends the other session that was used longest ago.
const MaxSessions = 100

// Session is one login. Each use replaces its refresh token; RefreshID is the id ("jti") of the current one.
type Session struct {
	ID                ID
	UserID            ID
	RefreshID         string
	PreviousRefreshID string    // the id before RefreshID, "" before the first rotation
	RotatedAt         time.Time // when RefreshID was issued
	CreatedAt         time.Time
	LastUsedAt        time.Time
	ExpiresAt         time.Time
	PasswordVersion   int64 // the user's PasswordVersion at login
	UserAgent         string
	IP                string
}
