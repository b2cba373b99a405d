package server

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// serveTLS runs a server with short timeouts over TLS until the test ends.
func serveTLS(t *testing.T, limits timeouts, handler http.Handler) (address string) {
	t.Helper()
	donor := httptest.NewTLSServer(nil)
	donor.Close()
	type mark struct{}
	s := &Server{
		TLS:         &tls.Config{Certificates: donor.TLS.Certificates},
		Log:         slog.New(slog.DiscardHandler),
		ConnContext: func(ctx context.Context, _ net.Conn) context.Context { return context.WithValue(ctx, mark{}, true) },
		timeouts:    limits,
	}
	listener, err := Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var serving sync.WaitGroup
	serving.Go(func() {
		err := s.Serve(ctx, listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Context().Value(mark{}) != true {
				t.Error("the context of a request has nothing of its connection")
			}
			handler.ServeHTTP(w, r)
		}))
		if err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { stop(); serving.Wait() })
	return listener.Addr().String()
}

// client is a connection that speaks HTTP/2 frame by frame.
type client struct {
	*http2.Framer
	conn *tls.Conn
}

// connect begins HTTP/2 with a window of so many bytes for each answer.
func connect(t *testing.T, address string, window uint32) *client {
	t.Helper()
	conn, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	c := &client{http2.NewFramer(conn, conn), conn}
	_, err = io.WriteString(conn, http2.ClientPreface)
	if err == nil {
		err = c.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: window})
	}
	if err == nil {
		err = c.WriteSettingsAck()
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// headers returns the block of headers of a GET.
func headers() []byte {
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for _, field := range [][2]string{{":method", "GET"}, {":scheme", "https"}, {":authority", "blog"}, {":path", "/"}} {
		_ = encoder.WriteField(hpack.HeaderField{Name: field[0], Value: field[1]})
	}
	return block.Bytes()
}

// get asks for a page on a new stream.
func (c *client) get(t *testing.T, stream uint32) {
	t.Helper()
	err := c.WriteHeaders(http2.HeadersFrameParam{
		StreamID: stream, BlockFragment: headers(), EndHeaders: true, EndStream: true,
	})
	if err != nil {
		t.Fatal(err)
	}
}

// expectEnd expects that the server ends the connection.
func (c *client) expectEnd(t *testing.T) {
	t.Helper()
	_ = c.conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.Copy(io.Discard, c.conn); err != nil && strings.Contains(err.Error(), "timeout") {
		t.Error("the connection stays open")
	}
}

var patient = timeouts{
	readHeader: time.Minute, read: time.Minute, write: time.Minute, writeByte: time.Minute, silent: time.Minute,
	idle: time.Minute,
}

// TestHalfAFrame: a frame, or a block of headers in several frames, that is never complete ends its connection, as the
// headers of HTTP/1.1 do. A pause between frames does not, if the client answers a PING.
func TestHalfAFrame(t *testing.T) {
	limits := patient
	limits.silent, limits.readHeader = 100*time.Millisecond, 100*time.Millisecond
	address := serveTLS(t, limits, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for name, send := range map[string]func(c *client) error{
		"a part of a frame's header": func(c *client) error { _, err := c.conn.Write([]byte{0, 0}); return err },
		"a part of a frame": func(c *client) error {
			_, err := c.conn.Write([]byte{0, 0, 8, byte(http2.FramePing), 0, 0, 0, 0, 0, 1})
			return err
		},
		"headers without an end": func(c *client) error {
			return c.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: headers(), EndStream: true})
		},
		"a continuation without an end": func(c *client) error {
			err := c.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: headers()[:1]})
			if err != nil {
				return err
			}
			return c.WriteContinuation(1, false, headers()[1:])
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := connect(t, address, 1<<16)
			if err := send(c); err != nil {
				t.Fatal(err)
			}
			c.expectEnd(t)
		})
	}
	t.Run("whole frames", func(t *testing.T) {
		t.Parallel()
		c := connect(t, address, 1<<16)
		for stream := uint32(1); stream < 7; stream += 2 {
			c.get(t, stream)
			pings := 0
			for ended := false; !ended || pings < 2; { // until it was silent for both timeouts, twice
				frame, err := c.ReadFrame()
				if err != nil {
					t.Fatalf("stream %d: %v", stream, err)
				}
				if ping, ok := frame.(*http2.PingFrame); ok {
					pings++
					if err := c.WritePing(true, ping.Data); err != nil {
						t.Fatal(err)
					}
				}
				ended = ended || frame.Header().StreamID == stream && frame.Header().Flags.Has(http2.FlagDataEndStream)
			}
		}
	})
}

// TestClientsOfHTTP2ThatDoNotRead: handlers whose answers nobody reads are free again after the timeouts, whether the
// client stops reading the connection or leaves no window. At most 30 run for one connection.
func TestClientsOfHTTP2ThatDoNotRead(t *testing.T) {
	stalled, blocked := patient, patient
	stalled.writeByte = time.Second
	blocked.write = time.Second
	for name, c := range map[string]struct {
		limits timeouts
		window uint32
	}{
		"a connection that nobody reads": {stalled, 1 << 30},
		"no window":                      {blocked, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var running, most, done atomic.Int64
			address := serveTLS(t, c.limits, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				most.Store(max(most.Load(), running.Add(1)))
				_, _ = w.Write(make([]byte, 8<<20))
				running.Add(-1)
				done.Add(1)
			}))
			client := connect(t, address, c.window)
			if err := client.WriteWindowUpdate(0, 1<<30); err != nil {
				t.Fatal(err)
			}
			for stream := uint32(1); stream < 200; stream += 2 {
				client.get(t, stream)
			}
			deadline := time.Now().Add(20 * time.Second)
			for done.Load() < 10 || running.Load() > 0 {
				if time.Now().After(deadline) {
					t.Fatalf("%d handlers are done, %d still run", done.Load(), running.Load())
				}
				time.Sleep(10 * time.Millisecond)
			}
			if most.Load() > 30 {
				t.Errorf("%d handlers ran at once", most.Load())
			}
		})
	}
}
