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

// awaitAnswers waits until no connection is busy, or ctx ends. After grace it closes the new connections that are
// silent: http.Server would give them the time for headers.
func (c *connections) awaitAnswers(ctx context.Context, grace time.Duration) {
	for begin := time.Now(); ctx.Err() == nil; time.Sleep(5 * time.Millisecond) {
		left := 0
		for conn, state := range c.busy.Range {
			left++
			if state == http.StateNew && time.Since(begin) >= grace {
				closeSilent(conn.(net.Conn), grace)
			}
		}
		if left == 0 {
			return
		}
	}
}

// closeSilent closes a new connection whose client sent nothing so far. Over TLS, it closes one whose client sent
// nothing for the time of grace: a handshake is no request, and what follows it cannot be told from it.
func closeSilent(conn net.Conn, grace time.Duration) {
	wait := time.Duration(0)
	if secure, ok := conn.(*tls.Conn); ok {
		conn, wait = secure.NetConn(), grace
	}
	if watched := conn.(*watchedConn); watched.silent(wait) {
		_ = watched.Close() // the server sees it, and forgets the connection
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
