package main

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// stopPatience is how long a stop may take until all connections are closed, from the signal on. closePatience is how long
	// the store may then take. Together they are less than the 10 s that Docker waits.
	stopPatience  = 7 * time.Second
	closePatience = 2 * time.Second

	readHeaderTimeout = 5 * time.Second
	readTimeout       = 30 * time.Second // a body of 1 MiB over a slow line
	writeTimeout      = 40 * time.Second // longer than reading may take, so that who was too slow hears it
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 32 << 10
)

// server answers requests on one listener, and stops without losing any that it has read.
type server struct {
	http     *http.Server
	log      *slog.Logger
	listener net.Listener
	ended    chan error // has what Serve returned
	draining atomic.Bool
	open     connections
}

// newServer makes a server that has no handler yet. It speaks TLS where config is not nil.
func newServer(config *tls.Config, log *slog.Logger) *server {
	s := &server{log: log, ended: make(chan error, 1), open: connections{busy: map[net.Conn]bool{}}}
	s.http = &http.Server{
		TLSConfig:                    config,
		ConnState:                    s.open.track,
		DisableGeneralOptionsHandler: true, // the API answers "OPTIONS *" too
		ReadHeaderTimeout:            readHeaderTimeout,
		ReadTimeout:                  readTimeout,
		WriteTimeout:                 writeTimeout,
		IdleTimeout:                  idleTimeout,
		MaxHeaderBytes:               maxHeaderBytes,
		ErrorLog:                     slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	return s
}

// start serves until drain, or until the listener fails, which ended tells.
func (s *server) start(listener net.Listener) {
	s.listener = listener
	go func() {
		if s.http.TLSConfig != nil {
			s.ended <- s.http.ServeTLS(listener, "", "")
			return
		}
		s.ended <- s.http.Serve(listener)
	}()
}

// drain stops so that no request is lost: /readyz says at once that the server is about to stop; for the delay connections are
// still taken, until the balancers have noticed; then none are, and the requests in flight finish. http.Server.Shutdown alone
// would drop those whose last byte it reads after it began.
func (s *server) drain(ctx context.Context, delay time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, stopPatience)
	defer cancel()
	s.log.Info("stopping: /readyz is 503, requests are still answered", "for", delay)
	s.draining.Store(true)
	time.Sleep(delay)
	s.log.Info("stopping: requests in flight may finish")
	_ = s.listener.Close() // fails only where it is closed
	<-s.ended              // no connection comes any more
	s.open.awaitAnswers(ctx)
	if err := s.http.Shutdown(ctx); err != nil {
		s.log.Warn("some requests did not finish in time", "cause", err)
		return s.http.Close()
	}
	s.log.Info("stopped")
	return nil
}

// connections knows the connections of a server on which a request may be that wants its answer.
type connections struct {
	mu   sync.Mutex
	busy map[net.Conn]bool
}

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
