package ledger

import (
	"sync"
	"time"
)

// Outages finds the longest time in which nothing succeeded: the creation of posts, say. It is safe for concurrent use.
type Outages struct {
	mu      sync.Mutex
	last    time.Time // of a success
	longest time.Duration
}

// Acknowledged records a success.
func (o *Outages) Acknowledged(now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.last.IsZero() {
		o.longest = max(o.longest, now.Sub(o.last))
	}
	o.last = now
}

// Restart forgets the outages until now.
func (o *Outages) Restart() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.longest = 0
}

// Longest returns the longest time between two successes.
func (o *Outages) Longest() time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.longest
}
