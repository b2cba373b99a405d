package server

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// connections knows which connections of a server have a request to answer, or may have one on its way.
type connections struct {
	mu sync.Mutex
	// busy has the state of each connection that is new or active.
	busy map[net.Conn]http.ConnState
}

// track is called by http.Server at each change of a connection's state. A new connection counts as busy: its first
// request is on its way.
func (c *connections) track(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.busy == nil {
		c.busy = map[net.Conn]http.ConnState{}
	}
	if state == http.StateNew || state == http.StateActive {
		c.busy[conn] = state
	} else {
		delete(c.busy, conn)
	}
}

// awaitAnswers waits until no connection is busy, or ctx ends. After grace it closes the new connections that are
// silent: http.Server would give them the time for headers.
func (c *connections) awaitAnswers(ctx context.Context, grace time.Duration) {
	for begin := time.Now(); ctx.Err() == nil; time.Sleep(5 * time.Millisecond) {
		c.mu.Lock()
		if time.Since(begin) >= grace {
			c.closeSilent(grace)
		}
		left := len(c.busy)
		c.mu.Unlock()
		if left == 0 {
			return
		}
	}
}

// closeSilent closes the new connections whose client sent nothing so far. Over TLS, it closes those whose client sent
// nothing for the time of grace: a handshake is no request, and what follows it cannot be told from it.
func (c *connections) closeSilent(grace time.Duration) {
	for conn, state := range c.busy {
		if state != http.StateNew {
			continue
		}
		wait := time.Duration(0)
		if secure, ok := conn.(*tls.Conn); ok {
			conn, wait = secure.NetConn(), grace
		}
		if watched := conn.(*watchedConn); watched.silent(wait) {
			_ = watched.Close() // the server sees it, and forgets the connection
		}
	}
}

// watchedListener accepts connections as *watchedConn.
type watchedListener struct{ net.Listener }

// Accept implements net.Listener.
func (l watchedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &watchedConn{Conn: conn}, nil
}

// watchedConn is a connection that knows when its client sent something.
type watchedConn struct {
	net.Conn
	received atomic.Int64 // when the last bytes came, in nanoseconds since 1970, 0 before the first
}

// Read implements net.Conn.
func (c *watchedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.received.Store(time.Now().UnixNano())
	}
	return n, err
}

// silent returns whether nothing came so far or, if wait is not 0, whether nothing came for that time.
func (c *watchedConn) silent(wait time.Duration) bool {
	last := c.received.Load()
	return last == 0 || wait > 0 && time.Since(time.Unix(0, last)) >= wait
}
