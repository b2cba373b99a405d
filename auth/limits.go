package auth

import (
	"context"
	"errors"
	"strings"
	"time"
)

// Limits are how often somebody may fail to log in, and register.
type Limits struct {
	names, addresses, registrations *Limiter
}

// NewLimits makes the limits: failed logins, 10 in 15 minutes for one account from one address and 100 for one address;
// registrations, 30 an hour for one address.
func NewLimits(now func() time.Time) *Limits {
	return &Limits{
		names:         NewLimiter(10, 15*time.Minute, now),
		addresses:     NewLimiter(100, 15*time.Minute, now),
		registrations: NewLimiter(30, time.Hour, now),
	}
}

// Login runs a try to prove an account's password from an address, unless too many have failed: then it returns a
// *LimitError. A try fails where it returns ErrWrongPassword. A nil *Limits limits nothing.
//
// The context that try gets ends with ErrBusy two seconds after the call, so that waiting for others' tries and for a turn to
// hash take no longer together.
func (l *Limits) Login(ctx context.Context, account, ip string, try func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, hashingPatience, ErrBusy)
	defer cancel()
	attempt := func() error { return try(ctx) }
	if l == nil {
		return attempt()
	}
	network := Network(ip)
	return limited(ctx, l.addresses, network, func() error {
		return limited(ctx, l.names, network+" "+strings.ToLower(account), attempt, isWrongPassword)
	}, isWrongPassword)
}

// Register runs a registration from an address, unless there were too many. A nil *Limits limits nothing.
func (l *Limits) Register(ctx context.Context, ip string, try func() error) error {
	if l == nil {
		return try()
	}
	return limited(ctx, l.registrations, Network(ip), try, func(error) bool { return true })
}

// limited runs a try if the limiter lets it, and counts it if counts says so of its outcome.
func limited(ctx context.Context, l *Limiter, key string, try func() error, counts func(error) bool) (err error) {
	end, err := l.Begin(ctx, key)
	if err != nil {
		return err
	}
	defer func() { end(counts(err)) }()
	return try()
}

func isWrongPassword(err error) bool { return errors.Is(err, ErrWrongPassword) }
