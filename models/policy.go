package models

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// What holds for every store.
const (
	// CallTimeout is how long an operation of a store may take, waiting for its turn included. Then it is ErrUnavailable.
	// All operations of a request may take as long together.
	CallTimeout = 2500 * time.Millisecond
	// SearchTimeout is how long a search for words may take.
	SearchTimeout = 2 * time.Second
	// SweepDelay is how long after a deletion what it left may be swept. It is far longer than a write takes, so nothing
	// arrives afterwards, and no deletion is still on its way.
	SweepDelay = 10 * time.Minute
	// SweepStep is how many records Sweep removes at a time. That takes some milliseconds, in which others may have to
	// wait.
	SweepStep = 200
	// PurgeStep is SweepStep for posts of purged users, which the search must forget too.
	PurgeStep = 50
	// createAttempts is how often a store tries to create what a unique index refuses.
	createAttempts = 3
)

// patience is how long the operations of a request may still take.
type patience struct{ left atomic.Int64 } // nanoseconds

type patienceKey struct{}

// WithPatience returns a context for a request, whose calls of LimitWait take at most CallTimeout together. So a
// request with several operations is answered as soon as one with a single operation, also if the database comes and
// goes.
func WithPatience(ctx context.Context) context.Context {
	p := new(patience)
	p.left.Store(int64(CallTimeout))
	return context.WithValue(ctx, patienceKey{}, p)
}

// LimitWait returns a context for an operation, or another wait for a store, that may take so long. It ends earlier,
// with the cause ErrUnavailable, where the patience of ctx does. The caller calls done after the operation.
func LimitWait(ctx context.Context, most time.Duration) (limited context.Context, done func()) {
	p, ok := ctx.Value(patienceKey{}).(*patience)
	if !ok {
		return context.WithTimeoutCause(ctx, most, ErrUnavailable)
	}
	start := time.Now()
	limited, cancel := context.WithTimeoutCause(ctx, min(most, time.Duration(p.left.Load())), ErrUnavailable)
	limited = context.WithValue(limited, patienceKey{}, nil) // a wait inside of this one counts once
	return limited, func() {
		cancel()
		p.left.Add(-int64(time.Since(start)))
	}
}

// Do runs one operation of a store. It reports the operation to o, unless o is nil, and names it in the error.
func (o Observer) Do(operation string, run func() error) error {
	start := time.Now()
	err := run()
	if err != nil {
		err = fmt.Errorf("%s: %w", operation, err)
	}
	if o != nil {
		o(operation, time.Since(start), err)
	}
	return err
}

// CreateUnique calls insert until it no longer returns ErrDuplicate. In between it calls resolve, which removes the
// cause, or returns done where there is nothing left to insert. After three tries it returns the error of the last
// one.
func CreateUnique(insert func() error, resolve func() (done bool, err error)) (err error) {
	for range createAttempts {
		if err = insert(); !errors.Is(err, ErrDuplicate) {
			return err
		}
		if done, err := resolve(); done || err != nil {
			return err
		}
	}
	return err
}

// CreateUniqueUser calls insert, which stores u, like CreateUnique. Where it returns ErrDuplicate, the result is
// ErrUsernameTaken or ErrEmailTaken. The text of a database's refusal would tell too, but every one words it
// differently.
func CreateUniqueUser(ctx context.Context, users UserStore, u *User, insert func() error) error {
	return CreateUnique(insert, func() (bool, error) {
		if _, err := users.UserByUsername(ctx, u.Username); !errors.Is(err, ErrUserNotFound) {
			return true, cmp.Or(err, ErrUsernameTaken)
		}
		if u.Email == "" {
			return false, nil
		}
		if _, err := users.UserByEmail(ctx, u.Email); !errors.Is(err, ErrUserNotFound) {
			return true, cmp.Or(err, ErrEmailTaken)
		}
		return false, nil // the name was freed in between
	})
}
