package ledger

import (
	"sync"
	"time"
)

// Outages finds the longest time in which no writer had a post acknowledged. It is safe for concurrent use.
type Outages struct {
	mu      sync.Mutex
	last    time.Time // of an acknowledgement
	longest time.Duration
}

// Acknowledged records that a post was acknowledged.
func (o *Outages) Acknowledged(now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.last.IsZero() {
		o.longest = max(o.longest, now.Sub(o.last))
	}
	o.last = now
}

// Longest returns the longest time between two acknowledgements.
func (o *Outages) Longest() time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.longest
}
