package auth

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// maxKeys bounds the memory of a limiter: past that, the key used longest ago is forgotten.
const maxKeys = 50_000

// LimitError refuses a try that came too soon.
type LimitError struct {
	RetryAfter time.Duration // after that, the next try is let through
}

// Error says how long to wait.
func (e *LimitError) Error() string {
	return fmt.Sprintf("limit reached: try again in %s", e.RetryAfter)
}

// Limiter lets a number of counted tries through for each key within a sliding window. A try is under way between Begin
// and the call of what Begin returned, which says whether it counts. Tries under way keep their places, so that many
// at once get through no more than one after another; who finds only such in front waits for them.
type Limiter struct {
	limit  int
	window time.Duration
	now    func() time.Time

	mu   sync.Mutex
	keys *simplelru.LRU[string, *tries]
}

// tries are those of one key.
type tries struct {
	counted  []time.Time // oldest first
	underWay int
	ended    chan struct{} // closed when one under way ends, for those who wait; nil where nobody does
}

// NewLimiter makes a Limiter of limit counted tries a window, by the clock now.
func NewLimiter(limit int, window time.Duration, now func() time.Time) *Limiter {
	keys, err := simplelru.NewLRU[string, *tries](maxKeys, nil)
	if err != nil { // a size below 1: a mistake in this file
		panic(err)
	}
	return &Limiter{limit: limit, window: window, now: now, keys: keys}
}

// Begin starts a try of key. It returns a *LimitError where so many counted already, or the cause of ctx where that ends
// while it waits. Otherwise end must be called once, with whether the try counts.
func (l *Limiter) Begin(ctx context.Context, key string) (end func(counts bool), err error) {
	for {
		t, wait, err := l.tryBegin(key)
		if err != nil {
			return nil, err
		}
		if wait == nil {
			return func(counts bool) { l.end(key, t, counts) }, nil
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for other tries: %w", context.Cause(ctx))
		}
	}
}

// tryBegin takes a place, or returns a channel to wait for where all are taken and some will perhaps be given back.
func (l *Limiter) tryBegin(key string) (t *tries, wait <-chan struct{}, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t, ok := l.keys.Get(key)
	if !ok {
		t = new(tries)
		l.keys.Add(key, t)
	}
	now := l.now()
	for len(t.counted) > 0 && !t.counted[0].Add(l.window).After(now) {
		t.counted = t.counted[1:]
	}
	switch {
	case len(t.counted) >= l.limit:
		return nil, nil, &LimitError{RetryAfter: t.counted[len(t.counted)-l.limit].Add(l.window).Sub(now)}
	case len(t.counted)+t.underWay < l.limit:
		t.underWay++
		return t, nil, nil
	}
	if t.ended == nil {
		t.ended = make(chan struct{})
	}
	return t, t.ended, nil
}

func (l *Limiter) end(key string, t *tries, counts bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t.underWay--
	if counts {
		t.counted = append(t.counted, l.now())
	}
	if t.ended != nil {
		close(t.ended)
		t.ended = nil
	}
	if known, _ := l.keys.Peek(key); known == t && len(t.counted) == 0 && t.underWay == 0 {
		l.keys.Remove(key)
	}
}

// Network is what limits count an address by: an IPv4 address itself, of an IPv6 address the /64 that one customer has.
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
