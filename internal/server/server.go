// Package server runs an HTTP handler: it listens, speaks TLS, drains at a stop, and serves metrics to Prometheus.
package server

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"syscall"
	"time"
)

// StopTimeout is how long a stop may take, from the signal until all connections are closed.
const StopTimeout = 7 * time.Second

// timeouts are how long a client may take.
type timeouts struct {
	readHeader time.Duration // to send the headers of a request, or to answer a PING of HTTP/2
	read       time.Duration // to send a request
	write      time.Duration // to send a request and read its answer
	writeByte  time.Duration // to read anything, over HTTP/2
	silent     time.Duration // to send a frame of HTTP/2, until a PING asks whether the client is still there
	idle       time.Duration // between two requests
}

var defaultTimeouts = timeouts{
	readHeader: 5 * time.Second,
	read:       30 * time.Second, // enough for a body of 2 MiB over a slow line
	write:      40 * time.Second, // longer than read, so that a client that was too slow is told so
	writeByte:  10 * time.Second,
	silent:     15 * time.Second,
	// Longer than Caddy and Azure (2 min), Traefik (90 s), nginx and AWS (60 s), or a request that they send just when the
	// server closes the connection gets 502. Not much longer, because the connection holds memory and a descriptor.
	idle: 3 * time.Minute,
}

// http2 bounds what a client makes a server hold for one connection. A client that multiplexes a hundred requests and
// reads no answer costs as much as a hundred clients do. One that stops within a frame, or within a block of headers in
// several frames, cannot answer a PING, and loses its connection: net/http would wait as long as for a request.
func (t timeouts) http2() *http.HTTP2Config {
	return &http.HTTP2Config{
		MaxConcurrentStreams:          30,
		MaxReadFrameSize:              16 << 10, // bytes
		MaxReceiveBufferPerConnection: 64 << 10, // bytes of bodies that no handler has read yet
		MaxReceiveBufferPerStream:     64 << 10,
		WriteByteTimeout:              t.writeByte,
		SendPingTimeout:               t.silent,
		PingTimeout:                   t.readHeader,
	}
}

// silenceGrace is how long a stopping server that takes no more connections waits for the first request on a new one.
const silenceGrace = 1500 * time.Millisecond

// Server answers requests on one listener. It answers every request that it has read, also at a stop.
type Server struct {
	// TLS is nil for HTTP without it.
	TLS *tls.Config
	// ConnContext adds to the context of a connection what the handler keeps for it. Default: nothing.
	ConnContext func(ctx context.Context, conn net.Conn) context.Context
	// DrainDelay is how long a stopping server still takes connections.
	DrainDelay time.Duration
	Log        *slog.Logger

	timeouts timeouts // none of them set: defaultTimeouts
	draining atomic.Bool
	open     connections
}

// Draining tells whether the server is about to stop.
func (s *Server) Draining() bool { return s.draining.Load() }

// Listen binds a TCP address; port 0 takes a free one.
func Listen(ctx context.Context, address string) (net.Listener, error) {
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", address)
	host, port, _ := net.SplitHostPort(address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("port %s is in use: stop the other program or choose another", port)
	}
	if errors.Is(err, syscall.EADDRNOTAVAIL) {
		return nil, fmt.Errorf("%s is no address of this machine", host)
	}
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return listener, nil
}

// Serve answers requests until ctx ends, then drains. It returns an error if the listener fails. It closes listener.
func (s *Server) Serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	limits := cmp.Or(s.timeouts, defaultTimeouts)
	server := &http.Server{
		Handler:                      handler,
		TLSConfig:                    s.TLS,
		ConnState:                    s.open.track,
		ConnContext:                  s.ConnContext,
		DisableGeneralOptionsHandler: true, // the handler answers "OPTIONS *" too
		ReadHeaderTimeout:            limits.readHeader,
		ReadTimeout:                  limits.read,
		WriteTimeout:                 limits.write,
		IdleTimeout:                  limits.idle,
		MaxHeaderBytes:               32 << 10,
		HTTP2:                        limits.http2(),
		ErrorLog:                     slog.NewLogLogger(s.Log.Handler(), slog.LevelWarn),
	}
	ended := make(chan error, 1)
	go func() {
		if server.TLSConfig != nil {
			ended <- server.ServeTLS(listener, "", "")
			return
		}
		ended <- server.Serve(listener)
	}()
	select {
	case err := <-ended:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}

	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), StopTimeout)
	defer cancel()
	// First /readyz tells load balancers to look elsewhere. When they have noticed, the server takes no more connections.
	s.Log.Info("stopping: /readyz is 503, requests are still answered", "for", s.DrainDelay)
	s.draining.Store(true)
	time.Sleep(s.DrainDelay)
	s.Log.Info("stopping: requests in flight may finish")
	_ = listener.Close() // fails only if it is closed already
	<-ended
	// Shutdown alone would drop a request whose last byte it reads after it began.
	s.open.awaitAnswers(ctx, silenceGrace)
	if err := server.Shutdown(ctx); err != nil {
		s.Log.Warn("some requests did not finish in time", "cause", err)
		return server.Close()
	}
	s.Log.Info("stopped")
	return nil
}
