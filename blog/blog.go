// Package blog is what the blog does: it decides who may do what, and what comes of it, for the API, the pages, the
// import and the jobs alike. It knows no HTTP, no SQL and no BSON.
package blog

import (
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"gin-blog/internal/auth"
	"gin-blog/models"
)

// Options are the parts of a Blog. All but Limits are required.
type Options struct {
	Store     models.Store
	Passwords *auth.Passwords
	Sessions  *auth.Sessions
	// Limits restrict logins, registrations and comments; the zero value limits nothing. The doors share them.
	Limits auth.Limits
	// PasswordMinLength is how many characters a new password has at least.
	PasswordMinLength int
	Registration      Registration // "": open
	Log               *slog.Logger
	Now               func() time.Time // the clock
}

// Blog does what its users ask for. It is safe for concurrent use.
type Blog struct {
	Options
	tags     atomic.Pointer[tagCounts]
	counting singleflight.Group
}

// New returns a Blog.
func New(o Options) *Blog { return &Blog{Options: o} }

// now returns the time as stores keep it.
func (b *Blog) now() time.Time { return models.StoredTime(b.Now()) }

// Call is who asks for a write, and on which terms.
type Call struct {
	User *models.User
	// If returns a refusal unless the write is wanted for a record in this state. nil: it is wanted in any state. It may
	// be called several times.
	If func(State) error
	// Reserve reserves the memory for an answer with so many bytes of text, before the write: an answer that says "try
	// again later" must not follow a write that was done. nil: there is nothing to reserve.
	Reserve func(size int) error
}

// State is the state of a record before a write.
type State struct {
	Version   func() string // the hash that models makes
	UpdatedAt time.Time
	Unchanged bool // whether the write would change nothing
}

// check evaluates the precondition of a call.
func (c *Call) check(s State) error {
	if c.If == nil {
		return nil
	}
	return c.If(s)
}

// reserve reserves memory for the answer.
func (c *Call) reserve(size int) error {
	if c.Reserve == nil {
		return nil
	}
	return c.Reserve(size)
}

// ifAuthorExists turns the error of a store that notices that the caller's account is gone into that of a call without
// a session. The account was deleted after the call was authenticated.
func ifAuthorExists(err error) error {
	if errors.Is(err, models.ErrUserNotFound) {
		return auth.ErrSessionEnded
	}
	return err
}
