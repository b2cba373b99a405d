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
	busy sync.Map // from net.Conn to http.ConnState, for each connection that is new or active
}

// track is called by http.Server at each change of a connection's state. A new connection counts as busy: its first
// request is on its way.
func (c *connections) track(conn net.Conn, state http.ConnState) {
	if state == http.StateNew || state == http.StateActive {
		c.busy.Store(conn, state)
	} else {
		c.busy.Delete(conn)
	}
}

// awaitAnswers waits until no connection is busy, or ctx ends. After grace it closes the connections whose first
// request has still not come: http.Server would give them the time for headers.
func (c *connections) awaitAnswers(ctx context.Context, grace time.Duration) {
	for begin := time.Now(); ctx.Err() == nil; time.Sleep(5 * time.Millisecond) {
		left := 0
		for conn, state := range c.busy.Range {
			left++
			if state == http.StateNew && time.Since(begin) >= grace {
				_ = conn.(net.Conn).Close() // the server sees it, and forgets the connection
			}
		}
		if left == 0 {
			return
		}
	}
}
