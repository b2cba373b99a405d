package auth

import (
	"context"
	"errors"
	"strings"
	"time"
)

// Limits restrict how often somebody may fail to log in, and how often they may register. A nil *Limits restricts
// nothing.
type Limits struct {
	logins, loginsOfAddress, registrations *Limiter
}

// NewLimits makes the limits: 10 failed logins in 15 minutes for one account from one address, 100 in 15 minutes
// for one address, and 30 registrations an hour for one address. now is their clock.
func NewLimits(now func() time.Time) *Limits {
	return &Limits{
		logins:          NewLimiter(10, 15*time.Minute, now),
		loginsOfAddress: NewLimiter(100, 15*time.Minute, now),
		registrations:   NewLimiter(30, time.Hour, now),
	}
}

// Login calls attempt, which checks the password of an account for a client at address ip. It returns a *LimitError
// instead if too many attempts have failed, which is to say, have returned ErrWrongPassword.
//
// The context of attempt ends two seconds after the call of Login, with ErrBusy. The time includes waiting for other
// attempts and for a turn to hash.
func (l *Limits) Login(ctx context.Context, account, ip string, attempt func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, hashTimeout, ErrBusy)
	defer cancel()
	if l == nil {
		return attempt(ctx)
	}
	network := Network(ip)
	return limited(ctx, l.loginsOfAddress, network, isWrongPassword, func() error {
		return limited(ctx, l.logins, network+" "+strings.ToLower(account), isWrongPassword, func() error {
			return attempt(ctx)
		})
	})
}

// Register calls attempt, which registers an account for a client at address ip. It returns a *LimitError instead
// if there were too many attempts.
func (l *Limits) Register(ctx context.Context, ip string, attempt func() error) error {
	if l == nil {
		return attempt()
	}
	return limited(ctx, l.registrations, Network(ip), func(error) bool { return true }, attempt)
}

// limited calls attempt if the limiter allows it. counts decides by the result whether the attempt counts.
func limited(ctx context.Context, l *Limiter, key string, counts func(error) bool, attempt func() error) (err error) {
	end, err := l.Begin(ctx, key)
	if err != nil {
		return err
	}
	defer func() { end(counts(err)) }()
	return attempt()
}

func isWrongPassword(err error) bool { return errors.Is(err, ErrWrongPassword) }
