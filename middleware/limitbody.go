package middleware

import (
	"bytes"
	"io"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"gin-blog/models"
)

const (
	// maxDrain is how many bytes of an unread body are read so that the client sees the answer.
	maxDrain = 8 << 20
	// maxLinger is how long they are read if the client was not asked for the body.
	maxLinger = 500 * time.Millisecond
	// bodyBudget is how many bytes the large bodies that are being received may have together.
	bodyBudget = 32 << 20

	bodyLimitKey = "bodyLimit"
)

// ErrTooManyLargeBodies says that the bodies that clients are sending hold as much memory as they may.
var ErrTooManyLargeBodies = models.NewError(models.Unavailable,
	"Too many large bodies at once, try again later or send a smaller one")

// DrainBody sends the answer to a request that was refused early at once, and then reads the rest of its body. Many
// clients read the answer only after they have sent the whole body; without DrainBody they would find the connection
// reset. HTTP/2 needs none of this.
//
// A client that waits for "100 Continue" need not send the body, so DrainBody soon ends that connection.
func DrainBody() gin.HandlerFunc {
	return func(c *gin.Context) {
		if c.Request.Body == http.NoBody || c.Request.ProtoMajor > 1 {
			return
		}
		body := &observedBody{ReadCloser: c.Request.Body}
		replaceBody(c, body)
		connection := http.NewResponseController(c.Writer)
		// Without full duplex, net/http waits for the body before it sends the answer. The calls fail where connections
		// can do none of this, as in some tests.
		_ = connection.EnableFullDuplex()
		c.Next()
		if body.ended || connection.Flush() != nil {
			return
		}
		if c.GetHeader("Expect") != "" && !body.read && connection.SetReadDeadline(time.Now().Add(maxLinger)) != nil {
			return
		}
		_, _ = io.CopyN(io.Discard, body, maxDrain)
	}
}

// observedBody is a body that remembers whether somebody read it, and whether it ended.
type observedBody struct {
	io.ReadCloser
	read, ended bool
}

// Read implements io.Reader.
func (b *observedBody) Read(p []byte) (int, error) {
	b.read = true
	n, err := b.ReadCloser.Read(p)
	b.ended = b.ended || err != nil
	return n, err
}

// LimitBody makes the reading of a body of more than n bytes fail with an *http.MaxBytesError. It refuses a body
// that declares a greater length at once, with the same error.
func LimitBody(n int64) gin.HandlerFunc {
	return func(c *gin.Context) {
		if c.Request.ContentLength > n {
			refuse(c, &http.MaxBytesError{Limit: n})
			return
		}
		if c.Request.Body == http.NoBody {
			return
		}
		c.Set(bodyLimitKey, n)
		replaceBody(c, http.MaxBytesReader(c.Writer, c.Request.Body, n))
	}
}

// bufferBody reads the whole body and puts it back. A later reader gets the same bytes and the same error as it would
// without bufferBody. The body must be limited. bufferBody takes what a large body needs from the budget, and returns
// how much that is, or ErrTooManyLargeBodies.
func bufferBody(c *gin.Context, bodies *budget) (held int64, err error) {
	if c.Request.Body == http.NoBody {
		return 0, nil
	}
	var content bytes.Buffer
	content.Grow(int(min(max(c.Request.ContentLength, 0), largeBody)) + bytes.MinRead)
	_, readErr := io.CopyN(&content, c.Request.Body, largeBody)
	if readErr == nil { // there may be more
		size := c.Request.ContentLength
		if size < 0 {
			size = c.GetInt64(bodyLimitKey)
		}
		if !bodies.take(size) {
			return 0, ErrTooManyLargeBodies
		}
		held = size
		content.Grow(int(size) - largeBody + bytes.MinRead)
		_, readErr = content.ReadFrom(c.Request.Body)
	}
	if readErr == io.EOF {
		readErr = nil
	}
	replaceBody(c, &bufferedBody{content: bytes.NewReader(content.Bytes()), err: readErr})
	return held, nil
}

// replaceBody gives the handlers a copy of the request with another body. net/http looks at the body of the request
// that it made when the handlers are done: if the client still waits for "100 Continue", net/http answers without
// waiting for a body that never comes.
func replaceBody(c *gin.Context, body io.ReadCloser) {
	c.Request = c.Request.WithContext(c.Request.Context())
	c.Request.Body = body
}

// bufferedBody is a body in memory.
type bufferedBody struct {
	content *bytes.Reader
	err     error // why the content ends early, nil if it is whole
}

// Read implements io.Reader.
func (b *bufferedBody) Read(p []byte) (int, error) {
	n, err := b.content.Read(p)
	if err == io.EOF && b.err != nil {
		err = b.err
	}
	return n, err
}

// Close implements io.Closer. net/http closes the body that the client sends.
func (b *bufferedBody) Close() error { return nil }
