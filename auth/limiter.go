package auth

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"gin-blog/models"
)

// maxKeys bounds the memory of a limiter. One more key removes the key that was used longest ago.
const maxKeys = 50_000

// errLimit is what LimitError is an instance of.
var errLimit = models.NewError(models.TooMany, "Too many tries")

// LimitError refuses an attempt that came too soon.
type LimitError struct {
	RetryAfter time.Duration // how long to wait until the next attempt is allowed
}

// Error says how long to wait.
func (e *LimitError) Error() string {
	return fmt.Sprintf("limit reached: try again in %s", e.RetryAfter)
}

// Unwrap returns an error of the kind models.TooMany.
func (e *LimitError) Unwrap() error { return errLimit }

// Limiter allows each key a number of counted attempts within a sliding window. The caller reports at the end of an
// attempt whether it counts, for example because it failed. Attempts that are running take a slot too. So an
// attacker gains nothing from many attempts at once: when the running attempts fill the limit, the next one waits
// for them.
type Limiter struct {
	limit  int
	window time.Duration
	now    func() time.Time

	mu   sync.Mutex
	keys *simplelru.LRU[string, *attempts]
}

// attempts are those of one key.
type attempts struct {
	counted []time.Time // when they ended, oldest first
	running int
	ended   chan struct{} // closed when a running attempt ends; nil while nobody waits for that
}

// NewLimiter makes a Limiter of limit counted attempts a window. now is its clock.
func NewLimiter(limit int, window time.Duration, now func() time.Time) *Limiter {
	keys, err := simplelru.NewLRU[string, *attempts](maxKeys, nil)
	if err != nil { // only for a size below 1
		panic(err)
	}
	return &Limiter{limit: limit, window: window, now: now, keys: keys}
}

// Begin starts an attempt of key. It returns a *LimitError if the limit is reached. If it has to wait for running
// attempts and ctx ends meanwhile, it returns the cause of ctx. Otherwise the caller must call end once, and say
// whether the attempt counts.
func (l *Limiter) Begin(ctx context.Context, key string) (end func(counts bool), err error) {
	for {
		a, slotFreed, err := l.takeSlot(key)
		if err != nil {
			return nil, err
		}
		if slotFreed == nil {
			return func(counts bool) { l.end(key, a, counts) }, nil
		}
		select {
		case <-slotFreed:
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for other attempts: %w", context.Cause(ctx))
		}
	}
}

// takeSlot takes a slot for a running attempt. If running attempts fill the limit, it returns a channel that is
// closed when one of them ends.
func (l *Limiter) takeSlot(key string) (a *attempts, slotFreed <-chan struct{}, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a, ok := l.keys.Get(key)
	if !ok {
		a = new(attempts)
		l.keys.Add(key, a)
	}
	now := l.now()
	for len(a.counted) > 0 && !a.counted[0].Add(l.window).After(now) {
		a.counted = a.counted[1:]
	}
	if len(a.counted) >= l.limit {
		return nil, nil, &LimitError{RetryAfter: a.counted[len(a.counted)-l.limit].Add(l.window).Sub(now)}
	}
	if len(a.counted)+a.running < l.limit {
		a.running++
		return a, nil, nil
	}
	if a.ended == nil {
		a.ended = make(chan struct{})
	}
	return a, a.ended, nil
}

// end gives the slot of an attempt back, and counts the attempt if counts is true.
func (l *Limiter) end(key string, a *attempts, counts bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a.running--
	if counts {
		a.counted = append(a.counted, l.now())
	}
	if a.ended != nil {
		close(a.ended)
		a.ended = nil
	}
	if known, _ := l.keys.Peek(key); known == a && len(a.counted) == 0 && a.running == 0 {
		l.keys.Remove(key)
	}
}

// Network returns the part of an address that limits count by: an IPv4 address itself, and the /64 of an IPv6
// address, which belongs to one customer.
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
