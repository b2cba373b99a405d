package models

import "time"

// MaxSessions is how many live sessions a user has at most: past that, the one used longest ago ends.
const MaxSessions = 100

// Session is one login. Its refresh token changes with every use, while the session stays one row:
// RefreshID is the id ("jti") of the token that is good now.
type Session struct {
	ID                ID
	UserID            ID
	RefreshID         string
	PreviousRefreshID string    // the one that RefreshID replaced, "" before the first rotation
	RotatedAt         time.Time // when RefreshID was issued
	CreatedAt         time.Time
	LastUsedAt        time.Time
	ExpiresAt         time.Time
	PasswordVersion   int64 // the user's at login
	UserAgent         string
	IP                string
}
