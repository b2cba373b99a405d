package models

import "time"

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
	UserAgent         string
	IP                string
}
