package server

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

// connections knows which connections of a server have a request to answer, or may have one on its way.
type connections struct {
	mu   sync.Mutex
	busy map[net.Conn]bool
}

// track is called by http.Server at each change of a connection's state. A new connection counts as busy: its first
// request is on its way.
func (c *connections) track(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if state == http.StateNew || state == http.StateActive {
		c.busy[conn] = true
	} else {
		delete(c.busy, conn)
	}
}

func (c *connections) areBusy() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.busy) > 0
}

// awaitAnswers waits until no connection is busy, or ctx ends.
func (c *connections) awaitAnswers(ctx context.Context) {
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for c.areBusy() {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
