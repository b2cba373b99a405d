package middleware

import (
	"io"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"gin-blog/internal/answer"
	"gin-blog/models"
)

const (
	// maxDrain is how many bytes of an unread body are read so that the client sees the answer.
	maxDrain = 8 << 20
	// maxLinger is how long they are read if the client was not asked for the body.
	maxLinger = 500 * time.Millisecond
	// bodyBudget is how many bytes the bodies that are being received may have together, besides what every connection
	// may hold.
	bodyBudget = 16 << 20
	// firstBuffer is how many bytes are reserved for a body of unknown length at first.
	firstBuffer = 4 << 10
	// largeBody is how many bytes are reserved at first at most, and the size of a form that needs a login.
	largeBody = 64 << 10

	bodyKey = "body"
)

// ErrTooManyLargeBodies says that the bodies that clients are sending hold as much memory as they may.
var ErrTooManyLargeBodies = models.NewError(models.Unavailable,
	"Too many large bodies at once, try again later or send a smaller one")

// EndConnections closes the connection of every request whose body was not read to its end, after the answer. What
// comes late on such a connection may be the rest of the body or the next request, and nobody can tell which: taken for
// a request, it would let a client put words into the mouth of another behind the same proxy (request smuggling). The
// answer is sent at once, and then the rest of the body is read: many clients read the answer only after they have sent
// everything, and would find the connection reset. HTTP/2 needs none of this.
//
// So is a connection whose request may have two lengths: Transfer-Encoding beside Content-Length, or in HTTP/1.0, which
// does not know it (RFC 9112, section 6.1). net/http hides the one that it does not heed.
//
// A client that waits for "100 Continue" need not send the body, so its connection is closed soon.
func EndConnections(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor == 1 && (r.ProtoMinor == 0 || len(r.TransferEncoding) > 0) {
			w.Header().Set("Connection", "close")
		}
		if r.Body == http.NoBody || r.ProtoMajor > 1 {
			next.ServeHTTP(w, r)
			return
		}
		body := &observedBody{ReadCloser: r.Body}
		observed := *r // net/http looks at the body of its own request, so that one stays as it is
		observed.Body = body
		next.ServeHTTP(&closingWriter{ResponseWriter: w, body: body}, &observed)
		connection := http.NewResponseController(w)
		// The calls fail where connections can do none of this, as in some tests.
		if body.ended || connection.Flush() != nil {
			return
		}
		if r.Header.Get("Expect") != "" && !body.read && connection.SetReadDeadline(time.Now().Add(maxLinger)) != nil {
			return
		}
		_, _ = io.CopyN(io.Discard, body, maxDrain)
	})
}

// observedBody is a body that remembers whether somebody read it, and whether they read it to its end.
type observedBody struct {
	io.ReadCloser
	read, ended bool
}

// Read implements io.Reader.
func (b *observedBody) Read(p []byte) (int, error) {
	b.read = true
	n, err := b.ReadCloser.Read(p)
	b.ended = b.ended || err == io.EOF
	return n, err
}

// closingWriter tells net/http to close the connection if the body has not ended when the answer begins. Then net/http
// does not wait for the body before it sends the answer, as it would otherwise. gin calls WriteHeader before it writes.
type closingWriter struct {
	http.ResponseWriter
	body *observedBody
}

// Unwrap gives http.ResponseController the connection.
func (w *closingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (w *closingWriter) WriteHeader(status int) {
	if !w.body.ended {
		w.Header().Set("Connection", "close")
	}
	w.ResponseWriter.WriteHeader(status)
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

// BufferBody reads the whole body, so that what a request may do is decided when its body is there: a client could send
// half of it, and the rest after its session ended. It goes after LimitBody, and after all that can refuse the request
// without its body. The bodies that are being received have a budget: BufferBody adds ErrTooManyLargeBodies if too
// little is left. It refuses a body that does not come whole before anybody looks at it.
func BufferBody() gin.HandlerFunc {
	bodies := answer.NewBudget(answer.Bodies, bodyBudget)
	return Handle(func(c *gin.Context) error {
		release, err := bufferBody(c, bodies, "The body is incomplete")
		defer release()
		if err == nil {
			c.Next()
		}
		return err
	})
}

// bufferBody reads the whole body, for RequestBody. The body must be limited. bufferBody charges the memory before it
// is used; it returns ErrTooManyLargeBodies if the budget has too little left, and for a body that does not come whole
// the error of answer.Unread, with the message incomplete. The caller gives the memory back by release.
func bufferBody(c *gin.Context, bodies *answer.Budget, incomplete string) (release func(), err error) {
	if c.Request.Body == http.NoBody {
		return func() {}, nil
	}
	memory := bodies.Memory(c.Request.Context())
	var content []byte
	first := min(max(c.Request.ContentLength+1, firstBuffer), largeBody) // one byte more, to find the end
	for size := int(first); err == nil; size *= 2 {
		if !memory.Resize(size) {
			return memory.Release, ErrTooManyLargeBodies
		}
		content = append(make([]byte, 0, size), content...)
		for err == nil && len(content) < size {
			var n int
			n, err = c.Request.Body.Read(content[len(content):size])
			content = content[:len(content)+n]
		}
	}
	if err != io.EOF {
		return memory.Release, answer.Unread(err, incomplete)
	}
	replaceBody(c, http.NoBody)
	c.Set(bodyKey, content)
	return func() {
		c.Set(bodyKey, nil) // the answer may take long to send
		memory.Release()
	}, nil
}

// RequestBody returns the body that BufferBody or SessionCookie.Identify has read.
func RequestBody(c *gin.Context) []byte {
	content, _ := c.Value(bodyKey).([]byte)
	return content
}

// replaceBody gives the handlers a copy of the request with another body. The middleware outside keeps the request
// that it knows.
func replaceBody(c *gin.Context, body io.ReadCloser) {
	c.Request = c.Request.WithContext(c.Request.Context())
	c.Request.Body = body
}
