package main

import (
	"sync"
	"time"
)

// outages finds the longest time in which no writer had a post acknowledged. It is safe for concurrent use.
type outages struct {
	mu      sync.Mutex
	last    time.Time // of an acknowledgement
	longest time.Duration
}

// acknowledged records that a post was acknowledged.
func (o *outages) acknowledged(now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.last.IsZero() {
		o.longest = max(o.longest, now.Sub(o.last))
	}
	o.last = now
}
