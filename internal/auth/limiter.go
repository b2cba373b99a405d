package auth

import (
	"context"
	"fmt"
	"hash/maphash"
	"math"
	"net/netip"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"gin-blog/models"
)

// maxKeys bounds the memory of a Limiter, which keeps hashes of a fixed size instead of keys. Beyond it, the Limiter
// forgets the least recently used key.
const maxKeys = 50_000

// ErrTooManyAttempts is what every *LimitError wraps.
var ErrTooManyAttempts = models.NewError(models.TooMany, "Too many tries")

// LimitError is returned for an attempt beyond a limit. It wraps ErrTooManyAttempts.
type LimitError struct {
	RetryAfter time.Duration // how long until the next attempt is allowed
}

// Error returns a message for the client. It says how many seconds to wait, rounded up.
func (e *LimitError) Error() string {
	return fmt.Sprintf("%v, wait %.0f seconds", ErrTooManyAttempts, math.Ceil(e.RetryAfter.Seconds()))
}

// Unwrap returns ErrTooManyAttempts.
func (e *LimitError) Unwrap() error { return ErrTooManyAttempts }

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
// Begin returns a *LimitError if the limit is reached. If ctx ends while Begin waits for pending attempts, it returns
// the cause of ctx.
func (l *Limiter) Begin(ctx context.Context, key string) (finish func(counts bool), err error) {
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

// reserve adds a pending attempt to those of a key and returns them. It returns a *LimitError if the limit is
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
		return nil, nil, &LimitError{RetryAfter: oldest.Add(l.window).Sub(now)}
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
