package middleware

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"
	"github.com/klauspost/compress/gzip"
	"golang.org/x/sync/semaphore"

	"gin-blog/models"
)

const (
	// minCompressed is the size, in bytes, from which on an answer is compressed.
	minCompressed = 1024 + 1
	// largeAnswer is the size, in bytes, from which on an answer counts against the budget.
	largeAnswer = 64 << 10
	// answerBudget is how many bytes the large answers that are being sent may have together. Clients that read slowly
	// hold them for as long as they like, up to the server's write timeout.
	answerBudget = 48 << 20
	// gzipSuffix ends the ETag of a compressed answer, inside of the quotes. A strong ETag identifies one
	// representation, and the compressed one is another (RFC 9110, section 8.8.3.3).
	gzipSuffix = "-gzip"

	noCompressionKey = "noCompression"
)

// ErrTooManyLargeAnswers says that the clients that are reading large answers hold as much memory as they may.
var ErrTooManyLargeAnswers = models.NewError(models.Unavailable,
	"Too many large answers at once, try again later or ask for a smaller page")

// Answer holds back the answer of a request until it is whole, and then sends it. So each answer has a
// Content-Length, HEAD has the headers of GET, and an error can still replace an answer that was begun. Answer
// compresses answers of more than 1 KiB if the client accepts gzip, except those marked by Secret, and answers 304
// to a GET or HEAD if the client has the representation. A handler gets ErrTooManyLargeAnswers where a large answer
// would exceed the memory for them.
func Answer() gin.HandlerFunc {
	budget := semaphore.NewWeighted(answerBudget)
	return func(c *gin.Context) {
		w := &answerWriter{ResponseWriter: c.Writer, budget: budget, status: http.StatusOK}
		defer w.release()
		c.Writer = w
		c.Next()
		c.Writer = w.ResponseWriter
		w.send(c)
	}
}

// answerWriter keeps the answer that handlers write.
type answerWriter struct {
	gin.ResponseWriter
	budget   *semaphore.Weighted
	reserved int64 // bytes of the budget
	status   int
	written  bool
	body     []byte
	shared   *Body // where body is, if other answers may have it too
}

// Body is a body that several answers share. It is compressed once.
type Body struct {
	plain      []byte
	compressed func() []byte
}

// NewBody returns a body. The caller must not change content afterwards.
func NewBody(content []byte) *Body {
	return &Body{content, sync.OnceValue(func() []byte { return gzipped(content) })}
}

// Unwrap gives http.ResponseController the connection.
func (w *answerWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (w *answerWriter) WriteHeader(status int) { w.status = status }

// WriteHeaderNow implements gin.ResponseWriter.
func (w *answerWriter) WriteHeaderNow() { w.written = true }

// Write implements io.Writer.
func (w *answerWriter) Write(p []byte) (int, error) {
	if err := w.reserve(len(w.body) + len(p)); err != nil {
		return 0, err
	}
	w.written = true
	w.body = append(w.body, p...)
	return len(p), nil
}

// WriteString implements io.StringWriter.
func (w *answerWriter) WriteString(s string) (int, error) { return w.Write([]byte(s)) }

// Status implements gin.ResponseWriter.
func (w *answerWriter) Status() int { return w.status }

// Size implements gin.ResponseWriter.
func (w *answerWriter) Size() int { return len(w.body) }

// Written implements gin.ResponseWriter.
func (w *answerWriter) Written() bool { return w.written }

// Flush implements http.Flusher. The answer is sent when it is whole.
func (w *answerWriter) Flush() {}

// reserve takes from the budget what an answer of size bytes needs.
func (w *answerWriter) reserve(size int) error {
	needed := int64(size) - w.reserved
	if size < largeAnswer || needed <= 0 {
		return nil
	}
	if !w.budget.TryAcquire(needed) {
		return ErrTooManyLargeAnswers
	}
	w.reserved += needed
	return nil
}

func (w *answerWriter) release() {
	if w.reserved > 0 {
		w.budget.Release(w.reserved)
	}
}

// SetAnswer answers with a status and a body, which the caller must not change afterwards. It returns
// ErrTooManyLargeAnswers where the body is too large at the moment. It needs Answer.
func SetAnswer(c *gin.Context, status int, contentType string, body []byte) error {
	w, ok := c.Writer.(*answerWriter)
	if !ok { // a test without the middleware
		c.Data(status, contentType, body)
		return nil
	}
	if err := w.reserve(len(body)); err != nil {
		return err
	}
	c.Header("Content-Type", contentType)
	w.status, w.written, w.body, w.shared = status, true, body, nil
	return nil
}

// SetBody is SetAnswer for a body that answers share, which costs no memory for one more of them.
func SetBody(c *gin.Context, status int, contentType string, body *Body) {
	c.Header("Content-Type", contentType)
	if w, ok := c.Writer.(*answerWriter); ok {
		w.status, w.written, w.body, w.shared = status, true, body.plain, body
	}
}

// send sends the answer, or 304 if the client has it.
func (w *answerWriter) send(c *gin.Context) {
	header, request := w.Header(), c.Request
	isRead := request.Method == http.MethodGet || request.Method == http.MethodHead
	compressible := len(w.body) >= minCompressed && !c.GetBool(noCompressionKey) &&
		!strings.HasPrefix(header.Get("Content-Type"), "image/")
	compress := false
	if compressible {
		header.Add("Vary", "Accept-Encoding")
		compress = acceptsGzip(request.Header.Values("Accept-Encoding"))
	}
	etag := header.Get("ETag")
	if compress && etag != "" {
		header.Set("ETag", strings.TrimSuffix(etag, `"`)+gzipSuffix+`"`)
	}
	if isRead && w.status == http.StatusOK && IsUnchanged(request.Header, etag, header.Get("Last-Modified")) {
		w.status, w.body = http.StatusNotModified, nil
		header.Del("Content-Type")
	}
	if len(w.body) > 0 && compress {
		w.body = w.compressedBody()
		header.Set("Content-Encoding", "gzip")
	}
	if w.status >= http.StatusOK && w.status != http.StatusNoContent && w.status != http.StatusNotModified {
		header.Set("Content-Length", strconv.Itoa(len(w.body)))
	} else {
		header.Del("Content-Length")
	}
	w.ResponseWriter.WriteHeader(w.status)
	w.ResponseWriter.WriteHeaderNow()
	if len(w.body) > 0 && request.Method != http.MethodHead {
		_, _ = w.ResponseWriter.Write(w.body) // fails only where the client has gone
	}
}

func (w *answerWriter) compressedBody() []byte {
	if w.shared != nil {
		return w.shared.compressed()
	}
	return gzipped(w.body)
}

var gzipWriters = sync.Pool{New: func() any {
	w, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	if err != nil { // only for a level that does not exist
		panic(err)
	}
	return w
}}

// gzipped compresses a body. It finishes before the first byte is sent, so that a client that reads slowly does not
// hold the memory of the compression.
func gzipped(body []byte) []byte {
	w := gzipWriters.Get().(*gzip.Writer)
	defer gzipWriters.Put(w)
	var compressed bytes.Buffer
	compressed.Grow(len(body) / 2)
	w.Reset(&compressed)
	_, _ = w.Write(body) // a bytes.Buffer does not fail
	_ = w.Close()
	return compressed.Bytes()
}

// acceptsGzip returns whether the values of Accept-Encoding allow gzip (RFC 9110, section 12.5.3).
func acceptsGzip(values []string) bool {
	anything := false
	for _, value := range values {
		for entry := range strings.SplitSeq(value, ",") {
			coding, parameters, _ := strings.Cut(entry, ";")
			coding = strings.ToLower(strings.TrimSpace(coding))
			allowed := !isZeroWeight(parameters)
			switch coding {
			case "gzip", "x-gzip":
				return allowed
			case "*":
				anything = allowed
			}
		}
	}
	return anything
}

// isZeroWeight returns whether the parameters of a coding are a weight of 0.
func isZeroWeight(parameters string) bool {
	name, weight, _ := strings.Cut(strings.ToLower(strings.TrimSpace(parameters)), "=")
	q, err := strconv.ParseFloat(strings.TrimSpace(weight), 64)
	return strings.TrimSpace(name) == "q" && err == nil && q == 0
}
