package server

//lint:file-ignore SA1019 net/http serves HTTP/2 on connections of crypto/tls alone, and cannot know of half a frame

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/net/http2"
)

// http2Config bounds what a client makes a server hold for one connection. A client that multiplexes a hundred requests
// and reads no answer costs as much as a hundred clients do.
func http2Config(writeByteTimeout time.Duration) *http.HTTP2Config {
	return &http.HTTP2Config{
		MaxConcurrentStreams:          30,
		MaxReadFrameSize:              16 << 10, // bytes
		MaxReceiveBufferPerConnection: 64 << 10, // bytes of bodies that no handler has read yet
		MaxReceiveBufferPerStream:     64 << 10,
		WriteByteTimeout:              writeByteTimeout,
	}
}

// speakHTTP2 makes a server speak HTTP/2 to the clients that ask for it, and gives each frame frameTimeout to arrive.
// net/http by itself waits for the rest of a frame as long as for the next request.
func speakHTTP2(server *http.Server, frameTimeout time.Duration) error {
	h2 := &http2.Server{}
	if err := http2.ConfigureServer(server, h2); err != nil {
		return fmt.Errorf("set up HTTP/2: %w", err)
	}
	server.TLSNextProto[http2.NextProtoTLS] = func(base *http.Server, conn *tls.Conn, handler http.Handler) {
		ctx := context.Background()
		if of, ok := handler.(interface{ BaseContext() context.Context }); ok { // with what ConnContext has added
			ctx = of.BaseContext()
		}
		h2.ServeConn(&framedConn{Conn: conn, timeout: frameTimeout},
			&http2.ServeConnOpts{Context: ctx, BaseConfig: base, Handler: handler})
	}
	return nil
}

const (
	http2Preface     = len(http2.ClientPreface)
	http2FrameHeader = 9 // bytes: length, type, flags, stream (RFC 9113, section 4.1)
)

// framedConn is an HTTP/2 connection that ends if a frame, or a block of headers in several frames, takes too long.
type framedConn struct {
	*tls.Conn
	timeout time.Duration

	begun     bool      // the preface was read
	header    []byte    // of the frame that is being read, as far as it was read
	left      int       // bytes of the preface or the frame that were not read yet
	inHeaders bool      // frames of a block of headers must follow
	since     time.Time // when the frame or the block began, zero between frames
}

// Read implements net.Conn.
func (c *framedConn) Read(p []byte) (int, error) {
	var deadline time.Time
	if !c.since.IsZero() {
		deadline = c.since.Add(c.timeout)
	}
	if err := c.SetReadDeadline(deadline); err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(p)
	c.observe(p[:n])
	return n, err
}

// observe follows where frames begin and end in what was read.
func (c *framedConn) observe(p []byte) {
	if !c.begun {
		c.begun, c.left = true, http2Preface
	}
	for len(p) > 0 {
		if c.since.IsZero() {
			c.since = time.Now()
		}
		if c.left == 0 { // in the header of a frame
			n := min(http2FrameHeader-len(c.header), len(p))
			c.header, p = append(c.header, p[:n]...), p[n:]
			if len(c.header) < http2FrameHeader {
				return
			}
			c.left = int(binary.BigEndian.Uint32(append([]byte{0}, c.header[:3]...)))
		}
		n := min(c.left, len(p))
		c.left, p = c.left-n, p[n:]
		if c.left == 0 {
			c.endFrame()
		}
	}
}

// endFrame is called when the preface or a frame was read to its end.
func (c *framedConn) endFrame() {
	if len(c.header) == http2FrameHeader {
		switch http2.FrameType(c.header[3]) {
		case http2.FrameHeaders, http2.FrameContinuation:
			c.inHeaders = !http2.Flags(c.header[4]).Has(http2.FlagHeadersEndHeaders)
		}
	}
	c.header = c.header[:0]
	if !c.inHeaders {
		c.since = time.Time{}
	}
}
