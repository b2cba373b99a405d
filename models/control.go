package models

import "time"

const (
	// InvitationTTL is how long an invitation works.
	InvitationTTL = 14 * 24 * time.Hour
	// MaxInvitations is how many invitations there may be at a time.
	MaxInvitations = 100
	// MaxAccessTokens is how many access tokens a user may have.
	MaxAccessTokens = 50
	// LogTTL is how long the log of what admins did is kept.
	LogTTL = 365 * 24 * time.Hour
)

// Invitation lets one person register, once.
type Invitation struct {
	ID                   ID
	CreatedAt, ExpiresAt time.Time
}

// Scope is a part of the API in which an access token works.
type Scope string

// The scopes.
const (
	ScopePosts    Scope = "posts"
	ScopeDrafts   Scope = "drafts"
	ScopeComments Scope = "comments"
	ScopeMedia    Scope = "media"
)

// AccessToken is what a program shows instead of a password. The token itself is stored nowhere.
type AccessToken struct {
	ID         ID
	UserID     ID
	Name       string
	Scopes     []string // each a Scope
	Hash       []byte   // the SHA-256 of the token
	CreatedAt  time.Time
	ExpiresAt  time.Time // zero: it does not expire
	LastUsedAt time.Time // zero: it was never used
	// PasswordVersion is that of the user at creation. The token is good while it is not before the user's TokensSince.
	PasswordVersion int64
}

// LogEntry is something that an admin did.
type LogEntry struct {
	ID        ID
	Actor     string // the username of the admin, "" for a command on the server
	Action    string // such as "suspend"
	Target    string // what it was done to, such as a username
	Reason    string
	CreatedAt time.Time
}

// LogFilter selects one page of the log.
type LogFilter struct {
	After ID // only entries from before this one; the zero ID starts with the newest
	Limit int
}

// RecordID implements Record.
func (t AccessToken) RecordID() ID { return t.ID }

// Size implements Record.
func (t AccessToken) Size() int { return len(t.Name) }

// RecordID implements Record.
func (e LogEntry) RecordID() ID { return e.ID }

// Size implements Record.
func (e LogEntry) Size() int { return len(e.Reason) }
