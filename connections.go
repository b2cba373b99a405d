package main

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

// connections knows the connections of a server on which a request may be that wants its answer.
type connections struct {
	mu   sync.Mutex
	busy map[net.Conn]bool
}

func newConnections() *connections { return &connections{busy: map[net.Conn]bool{}} }

// track is for http.Server.ConnState. On a new connection the first request is on its way.
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
