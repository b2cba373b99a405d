package auth

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"math"
	"net/netip"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"gin-blog/models"
)

// Limits limit failed logins, registrations and comments. The zero value limits nothing.
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
func NewLimits(now func() time.Time) Limits {
	return Limits{
		accountFailures: NewLimiter(10, 15*time.Minute, now),
		networkFailures: NewLimiter(100, 15*time.Minute, now),
		registrations:   NewLimiter(30, time.Hour, now),
		comments:        NewLimiter(10, time.Minute, now),
	}
}

// Login runs attempt, which checks the password of an account for a client at the address ip. account is the name or
// the email address by which the client named the account, in any case: the limits of the two are separate, because a
// shared one would tell which name has which address. Login returns the error of attempt. It returns an
// ErrTooManyAttempts without running attempt if too many attempts have failed. An attempt fails if it returns
// ErrWrongPassword.
//
// The wait for pending attempts and the wait to hash may take maxWait together: after that the context of attempt ends
// with the cause ErrBusy.
func (l Limits) Login(ctx context.Context, account, ip string, attempt func(context.Context) error) error {
	network := Network(ip)
	return limit(ctx, l.networkFailures, network, isWrongPassword, func(ctx context.Context) error {
		return limit(ctx, l.accountFailures, network+" "+models.FoldName(account), isWrongPassword, attempt)
	})
}

// Register runs attempt, which registers an account for a client at the address ip, and returns its error. It returns a
// ErrTooManyAttempts without running attempt if there were too many. An attempt counts if it succeeds, or if the name
// or the email address is taken. It does not count if the server fails.
//
// The waits are limited as in Login.
func (l Limits) Register(ctx context.Context, ip string, attempt func(context.Context) error) error {
	return limit(ctx, l.registrations, Network(ip), isRegistration, attempt)
}

// Comment runs attempt, which stores a comment of a user, and returns its error. It returns an ErrTooManyAttempts
// without running attempt if there were too many. An attempt counts if it returns true: that a new comment was stored.
//
// Comment waits for pending attempts as long as maxWait, and then returns models.ErrUnavailable: they wait for the
// database.
func (l Limits) Comment(ctx context.Context, user models.ID, attempt func() (stored bool, err error)) error {
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

// limit runs attempt if the limiter allows it for key. counts says whether an attempt that returned err counts. After
// maxWait, the context of attempt ends with the cause ErrBusy.
func limit(
	ctx context.Context, l *Limiter, key string, counts func(err error) bool, attempt func(context.Context) error,
) (err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, maxWait, ErrBusy)
	defer cancel()
	finish, err := l.Begin(ctx, key)
	if err != nil {
		return err
	}
	defer func() { finish(counts(err)) }()
	return attempt(ctx)
}

func isWrongPassword(err error) bool { return errors.Is(err, ErrWrongPassword) }

func isRegistration(err error) bool {
	return err == nil || errors.Is(err, models.ErrUsernameTaken) || errors.Is(err, models.ErrEmailTaken)
}

// maxKeys bounds the memory of a Limiter, which keeps hashes of a fixed size instead of keys. Beyond it, the Limiter
// forgets the least recently used key.
const maxKeys = 50_000

// ErrTooManyAttempts says that a limit is reached. It is the cause of the error that says how long to wait.
var ErrTooManyAttempts = models.NewError(models.TooMany, "rate limit exceeded")

// tooMany refuses an attempt, which is allowed after a time. The message has the seconds, rounded up.
func tooMany(after time.Duration) error {
	message := fmt.Sprintf("Too many attempts: wait %.0f seconds", math.Ceil(after.Seconds()))
	return &models.Error{Kind: models.TooMany, Message: message, RetryAfter: after, Cause: ErrTooManyAttempts}
}

// Limiter limits how many attempts of each key count within a sliding window.
//
// An attempt is pending from Begin until the caller reports with finish whether it counts. Pending attempts use up the
// limit as well, so concurrent attempts get no further than sequential ones. While an attempt is held back by pending
// attempts only, Begin waits for them.
type Limiter struct {
	limit  int
	window time.Duration
	now    func() time.Time
	seed   maphash.Seed // of the hashes of keys, so that nobody can choose two keys with one hash

	mu   sync.Mutex
	keys *simplelru.LRU[uint64, *attempts] // by the hash of the key
}

// attempts are the attempts of one key.
type attempts struct {
	counted  []time.Time   // when each attempt that counts finished, oldest first
	pending  int           // how many have begun and not finished
	finished chan struct{} // closed when a pending attempt finishes; nil when nobody waits
}

// NewLimiter returns a Limiter that allows limit counted attempts in each window. now is its clock.
func NewLimiter(limit int, window time.Duration, now func() time.Time) *Limiter {
	keys, err := simplelru.NewLRU[uint64, *attempts](maxKeys, nil)
	if err != nil {
		panic(err) // NewLRU fails for a size below 1 only
	}
	return &Limiter{limit: limit, window: window, now: now, seed: maphash.MakeSeed(), keys: keys}
}

// Begin starts an attempt of key. The caller must call finish once, and say whether the attempt counts.
//
// Begin returns an ErrTooManyAttempts if the limit is reached. If ctx ends while Begin waits for pending attempts, it
// returns the cause of ctx. A nil *Limiter limits nothing.
func (l *Limiter) Begin(ctx context.Context, key string) (finish func(counts bool), err error) {
	if l == nil {
		return func(bool) {}, nil
	}
	hash := maphash.String(l.seed, key)
	for {
		a, finished, err := l.reserve(hash)
		if err != nil {
			return nil, err
		}
		if finished == nil {
			return func(counts bool) { l.finish(hash, a, counts) }, nil
		}
		select {
		case <-finished:
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for pending attempts: %w", context.Cause(ctx))
		}
	}
}

// reserve adds a pending attempt to those of a key and returns them. It returns an ErrTooManyAttempts if the limit is
// reached. If pending attempts use up the rest of the limit, it adds none and returns a channel that is closed when
// one finishes.
func (l *Limiter) reserve(hash uint64) (a *attempts, finished <-chan struct{}, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a, ok := l.keys.Get(hash)
	if !ok {
		a = new(attempts)
		l.keys.Add(hash, a)
	}
	now := l.now()
	for len(a.counted) > 0 && !a.counted[0].Add(l.window).After(now) {
		a.counted = a.counted[1:]
	}
	if len(a.counted) >= l.limit {
		oldest := a.counted[len(a.counted)-l.limit]
		return nil, nil, tooMany(oldest.Add(l.window).Sub(now))
	}
	if len(a.counted)+a.pending < l.limit {
		a.pending++
		return a, nil, nil
	}
	if a.finished == nil {
		a.finished = make(chan struct{})
	}
	return nil, a.finished, nil
}

// finish ends a pending attempt of a key and wakes those that wait. It forgets a key without attempts.
func (l *Limiter) finish(hash uint64, a *attempts, counts bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a.pending--
	if counts {
		a.counted = append(a.counted, l.now())
	}
	if a.finished != nil {
		close(a.finished)
		a.finished = nil
	}
	current, _ := l.keys.Peek(hash) // other attempts than a if the Limiter forgot the key meanwhile
	if current == a && len(a.counted) == 0 && a.pending == 0 {
		l.keys.Remove(hash)
	}
}

// Network returns the part of an IP address that limits apply to: all of an IPv4 address, and of an IPv6 address the
// /64 network, which one customer has to themselves. It returns anything else unchanged.
func Network(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return ip
	}
	addr = addr.Unmap().WithZone("")
	if addr.Is4() {
		return addr.String()
	}
	return netip.PrefixFrom(addr, 64).Masked().String()
}
