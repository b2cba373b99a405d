package auth

import (
	"context"
	"errors"
	"time"

	"gin-blog/models"
)

// Limits limit failed logins, registrations and comments. A nil *Limits limits nothing.
type Limits struct {
	accountFailures *Limiter // failed logins with one name or email address from one network
	networkFailures *Limiter // failed logins from one network
	registrations   *Limiter // registrations from one network
	comments        *Limiter // comments of one user
}

// NewLimits returns the limits of the service. now is their clock.
//
// A network (see Network) may fail to log in 10 times in 15 minutes with one name or email address, and 100 times in 15
// minutes with all together. It may register 30 accounts an hour. A user may write 10 comments a minute.
func NewLimits(now func() time.Time) *Limits {
	return &Limits{
		accountFailures: NewLimiter(10, 15*time.Minute, now),
		networkFailures: NewLimiter(100, 15*time.Minute, now),
		registrations:   NewLimiter(30, time.Hour, now),
		comments:        NewLimiter(10, time.Minute, now),
	}
}

// Login runs attempt, which checks the password of an account for a client at the address ip. account is the name or
// the email address by which the client named the account, in any case: the limits of the two are separate, because a
// shared one would tell which name has which address. Login returns the error of attempt. It returns a *LimitError
// without running attempt if too many attempts have failed. An attempt fails if it returns ErrWrongPassword.
//
// The wait for pending attempts and the wait to hash may take maxWait together: after that the context of attempt ends
// with the cause ErrBusy.
func (l *Limits) Login(ctx context.Context, account, ip string, attempt func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, maxWait, ErrBusy)
	defer cancel()
	if l == nil {
		return attempt(ctx)
	}
	network := Network(ip)
	return limit(ctx, l.networkFailures, network, isWrongPassword, func() error {
		return limit(ctx, l.accountFailures, network+" "+models.FoldName(account), isWrongPassword, func() error {
			return attempt(ctx)
		})
	})
}

// Register runs attempt, which registers an account for a client at the address ip, and returns its error. It returns a
// *LimitError without running attempt if there were too many. An attempt counts if it succeeds, or if the name or the
// email address is taken. It does not count if the server fails.
//
// The waits are limited as in Login.
func (l *Limits) Register(ctx context.Context, ip string, attempt func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, maxWait, ErrBusy)
	defer cancel()
	if l == nil {
		return attempt(ctx)
	}
	return limit(ctx, l.registrations, Network(ip), isRegistration, func() error { return attempt(ctx) })
}

// Comment runs attempt, which stores a comment of a user, and returns its error. It returns a *LimitError without
// running attempt if there were too many. An attempt counts if it returns true: that a new comment was stored.
//
// Comment waits for pending attempts as long as maxWait, and then returns models.ErrUnavailable: they wait for the
// database.
func (l *Limits) Comment(ctx context.Context, user models.ID, attempt func() (stored bool, err error)) error {
	if l == nil {
		_, err := attempt()
		return err
	}
	wait, done := models.LimitWait(ctx, maxWait)
	finish, err := l.comments.Begin(wait, user.Hex())
	done()
	if err != nil {
		return err
	}
	stored := false
	defer func() { finish(stored) }()
	stored, err = attempt()
	return err
}

// limit runs attempt if the limiter allows it for key. counts says whether an attempt that returned err counts.
func limit(
	ctx context.Context, l *Limiter, key string, counts func(err error) bool, attempt func() error,
) (err error) {
	finish, err := l.Begin(ctx, key)
	if err != nil {
		return err
	}
	defer func() { finish(counts(err)) }()
	return attempt()
}

func isWrongPassword(err error) bool { return errors.Is(err, ErrWrongPassword) }

func isRegistration(err error) bool {
	return err == nil || errors.Is(err, models.ErrUsernameTaken) || errors.Is(err, models.ErrEmailTaken)
}
