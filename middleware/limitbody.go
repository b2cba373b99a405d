package middleware

import (
	"bytes"
	"io"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

// maxDrain is how many bytes of an unread body are read so that the client sees the answer.
const maxDrain = 8 << 20

// DrainBody reads the rest of the body of a request that was refused early. Many clients read the answer only after
// they have sent the whole body; without DrainBody they would find the connection reset.
//
// A client that waits for "100 Continue" sends no body before somebody reads it. If nobody did, DrainBody ends the
// connection after the answer, because net/http would wait for the body before it closes the connection.
func DrainBody() gin.HandlerFunc {
	return func(c *gin.Context) {
		if c.Request.Body == http.NoBody {
			return
		}
		body := &observedBody{ReadCloser: c.Request.Body}
		replaceBody(c, body)
		writer := c.Writer
		c.Next()
		if c.GetHeader("Expect") == "" || body.read {
			_, _ = io.CopyN(io.Discard, body, maxDrain)
			return
		}
		// It fails where connections have no deadlines, as in tests. Then the connection ends later.
		_ = http.NewResponseController(writer).SetReadDeadline(time.Now())
	}
}

// observedBody is a body that remembers whether somebody read it.
type observedBody struct {
	io.ReadCloser
	read bool
}

// Read implements io.Reader.
func (b *observedBody) Read(p []byte) (int, error) {
	b.read = true
	return b.ReadCloser.Read(p)
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
		replaceBody(c, http.MaxBytesReader(c.Writer, c.Request.Body, n))
	}
}

// bufferBody reads the whole body and puts it back. A later reader gets the same bytes and the same error as it would
// without bufferBody. The body must be limited.
func bufferBody(c *gin.Context) {
	if c.Request.Body == http.NoBody {
		return
	}
	content, err := io.ReadAll(c.Request.Body)
	replaceBody(c, &bufferedBody{content: bytes.NewReader(content), err: err})
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
