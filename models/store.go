package models

import (
	"context"
	"time"
)

// Store keeps users, posts and sessions. Package storetest holds the suite that every implementation passes.
//
// All methods are safe for concurrent use, by several processes on one database too. A method that returns nil
// has made its write durable. Besides the errors each method names, any of them returns ErrUnavailable where the
// database does not answer in time. Times are kept to the millisecond, in UTC.
type Store interface {
	UserStore
	PostStore
	SessionStore

	// Ping asks the database for a sign of life.
	Ping(ctx context.Context) error
	// Close waits for what is under way and lets go of the database.
	Close(ctx context.Context) error
}

// Pooled is a store that knows its connections to the database.
type Pooled interface {
	// Pool tells how the connections are used at this moment.
	Pool() PoolStats
}

// Observer is told of each operation of a store: what it was, such as "create post", how long it took, waiting for its
// turn included, and the error that it returned.
type Observer func(operation string, took time.Duration, err error)

// PoolStats counts the connections of a store.
type PoolStats struct {
	InUse, Idle int
	Max         int // how many there may be, 0 where there is no limit
}

// UserStore keeps accounts.
type UserStore interface {
	// CreateUser stores u whole. It returns ErrUsernameTaken or ErrEmailTaken, the first where both are.
	CreateUser(ctx context.Context, u *User) error
	// CreateUsers stores many users faster than one by one. Where it fails, some of them may be stored.
	CreateUsers(ctx context.Context, users []User) error
	// UserByID returns ErrUserNotFound where there is none, like the next two.
	UserByID(ctx context.Context, id ID) (*User, error)
	UserByUsername(ctx context.Context, username string) (*User, error)
	UserByEmail(ctx context.Context, email string) (*User, error)
	// Users returns a page, newest first.
	Users(ctx context.Context, f UserFilter) ([]User, error)
	// UpdateProfile changes a user and returns the result, or ErrUserNotFound or ErrEmailTaken.
	UpdateProfile(ctx context.Context, id ID, change ProfileChange) (*User, error)
	// SetRole returns ErrUserNotFound where no user has that name.
	SetRole(ctx context.Context, username string, role Role) error
	// ChangePassword replaces a hash whose version is version, and ends every session of the user but keep, in one
	// atomic step. It returns ErrPasswordChanged where the version is another by now or the user is gone.
	ChangePassword(ctx context.Context, id ID, version int64, hash string, keep ID) error
	// RenewHash replaces from by to, another hash of the same password. Sessions go on. Where from is no longer the
	// user's hash nothing happens.
	RenewHash(ctx context.Context, id ID, from, to string) error
	// DeleteUser removes a user and ends their sessions; their posts stay, without an author. It takes the same time
	// however many posts there are. One that is gone already is no error.
	DeleteUser(ctx context.Context, id ID) error
}

// PostStore keeps posts.
type PostStore interface {
	// CreatePost stores p, all but Author, which AuthorID stands for. It may give p another, newer ID. With once it
	// stores nothing where the author created a post with that key before, but returns that post, with its author, or
	// ErrKeyReused where the fingerprint is another. Otherwise existing is nil.
	CreatePost(ctx context.Context, p *Post, once *Idempotency) (existing *Post, err error)
	// CreatePosts stores many posts faster than one by one. Where it fails, some of them may be stored.
	CreatePosts(ctx context.Context, posts []Post) error
	// PostByID returns the post with its author, or ErrPostNotFound.
	PostByID(ctx context.Context, id ID) (*Post, error)
	// Posts returns a page with authors, newest first, and whether there are older posts behind it. Without words its
	// cost depends on neither the number of posts nor on how far After lies back.
	Posts(ctx context.Context, f PostFilter) (page []Post, more bool, err error)
	// Revisions returns the revisions of the page that Posts would return, for less where the store can.
	Revisions(ctx context.Context, f PostFilter) (page []Revision, more bool, err error)
	// UpdatePost changes a post whose author is author and returns the result with its author. It returns ErrPostNotFound,
	// or ErrPostChanged where change wants another version than there is.
	UpdatePost(ctx context.Context, id, author ID, change PostChange) (*Post, error)
	// DeletePost removes a post whose author is author, of any version where ifVersion is nil. The errors are those of
	// UpdatePost.
	DeletePost(ctx context.Context, id, author ID, ifVersion *int64) error
}

// SessionStore keeps logins.
type SessionStore interface {
	// CreateSession stores s whole and ends what the user has beyond MaxSessions. A store that notices that the user is
	// gone returns ErrUserNotFound.
	CreateSession(ctx context.Context, s *Session) error
	// LiveSession returns a session that has not expired at now, with its user, or ErrSessionNotFound where
	// either is gone or the password has changed since login.
	LiveSession(ctx context.Context, id ID, now time.Time) (*Session, *User, error)
	// SwapRefreshID makes to the current refresh id if from is the current one, in one atomic step, and notes
	// from as the previous id and now as the time of rotation and last use. It returns the session as it is
	// then, swapped or not: the caller sees by RefreshID. ErrSessionNotFound where it is gone or has expired
	// at now.
	SwapRefreshID(ctx context.Context, id ID, from, to string, now time.Time) (*Session, error)
	// LiveSessions returns the sessions of a user that LiveSession would, the last used first.
	LiveSessions(ctx context.Context, user ID, now time.Time) ([]Session, error)
	// DeleteSession ends a session; one that is gone already is no error.
	DeleteSession(ctx context.Context, id ID) error
	// DeleteSessionOf ends a session of a user, or returns ErrSessionNotFound where the user has none of that id.
	DeleteSessionOf(ctx context.Context, user, id ID) error
	// DeleteSessions ends all sessions of a user.
	DeleteSessions(ctx context.Context, user ID) error
}
