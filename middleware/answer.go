package middleware

import (
	"bytes"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"
	"github.com/klauspost/compress/gzip"

	"gin-blog/models"
)

const (
	// minCompressed is the size, in bytes, from which on an answer is compressed.
	minCompressed = 1024 + 1
	// answerBudget is how many bytes the answers that are being made and sent may have together, besides what every
	// connection may hold.
	answerBudget = 16 << 20
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
// to a GET or HEAD if the client has the representation. It answers 500 if nobody inside has answered. Answers have a
// budget: see ReserveAnswer.
func Answer() gin.HandlerFunc {
	answers := &budget{limit: answerBudget}
	return func(c *gin.Context) {
		own := allowanceOf(c.Request.Context())
		w := &answerWriter{
			ResponseWriter: c.Writer, memory: hold{budget: answers, own: &own.answers}, status: http.StatusOK,
		}
		defer w.release()
		c.Writer = w
		c.Next()
		c.Writer = w.ResponseWriter
		if !w.written && w.status == http.StatusOK {
			w.fail(c)
		}
		w.send(c)
	}
}

// answerWriter keeps the answer that handlers write.
type answerWriter struct {
	gin.ResponseWriter
	memory  hold // of the answer
	status  int
	written bool
	body    []byte
	shared  *Body // where body is, if other answers may have it too
	held    *Body // the shared body that is charged to the budget once for all answers that are being sent with it
}

// Body is a body that several answers share. It is compressed once.
type Body struct {
	plain      []byte
	compressed func() []byte

	mu      sync.Mutex
	holders int // answers that are being sent
}

// NewBody returns a body. The caller must not change content afterwards.
func NewBody(content []byte) *Body {
	return &Body{plain: content, compressed: sync.OnceValue(func() []byte { return bytes.Clone(gzipped(content)) })}
}

// Unwrap gives http.ResponseController the connection.
func (w *answerWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (w *answerWriter) WriteHeader(status int) { w.status = status }

// WriteHeaderNow implements gin.ResponseWriter.
func (w *answerWriter) WriteHeaderNow() { w.written = true }

// Write implements io.Writer.
func (w *answerWriter) Write(p []byte) (int, error) {
	w.count(len(w.body) + len(p))
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

// count makes the memory of the answer fit its size in bytes.
func (w *answerWriter) count(size int) { w.memory.resize(int64(size), true) }

// hold charges a shared body to the budget, unless the connection may hold it for nothing: once for all answers that
// are being sent with it. A body that is no longer kept stays in memory as long as it is sent. It returns
// ErrTooManyLargeAnswers if too little is left.
func (w *answerWriter) hold(b *Body) error {
	if w.memory.fits(int64(len(b.plain))) {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.holders == 0 && !w.memory.budget.take(int64(len(b.plain)), false) {
		return ErrTooManyLargeAnswers
	}
	b.holders++
	w.held = b
	return nil
}

// release gives back the memory of the answer.
func (w *answerWriter) release() {
	w.memory.release()
	b := w.held
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.holders--
	if b.holders == 0 {
		w.memory.budget.take(-int64(len(b.plain)), true)
	}
}

// ReserveAnswer reserves the memory for an answer of about size bytes, before it is made. It returns
// ErrTooManyLargeAnswers if too little is left. A handler that writes to the store calls it before: an answer that says
// "try again later" must not follow a write that was done.
func ReserveAnswer(c *gin.Context, size int) error {
	w, ok := c.Writer.(*answerWriter)
	needed := int64(size)
	if ok && needed > w.memory.size && !w.memory.resize(needed, false) {
		return ErrTooManyLargeAnswers
	}
	return nil
}

// SetAnswer answers with a status and a body, which the caller must not change afterwards. Call ReserveAnswer before
// if the body may be large. It needs Answer.
func SetAnswer(c *gin.Context, status int, contentType string, body []byte) {
	w, ok := c.Writer.(*answerWriter)
	if !ok { // a test without the middleware
		c.Data(status, contentType, body)
		return
	}
	w.count(len(body))
	c.Header("Content-Type", contentType)
	w.status, w.written, w.body, w.shared = status, true, body, nil
}

// SetBody is SetAnswer for a body that answers share, which costs no memory for one more of them.
func SetBody(c *gin.Context, status int, contentType string, body *Body) {
	c.Header("Content-Type", contentType)
	if w, ok := c.Writer.(*answerWriter); ok {
		w.status, w.written, w.body, w.shared = status, true, body.plain, body
	}
}

// errNoAnswer says that a handler returned no error and answered nothing, which is a mistake.
var errNoAnswer = errors.New("nothing was answered")

// fail answers without the renderers, of which one has failed, unless the handler is to blame.
func (w *answerWriter) fail(c *gin.Context) {
	if len(c.Errors) == 0 {
		_ = c.Error(errNoAnswer)
	}
	w.discard()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.status, w.body = http.StatusInternalServerError, []byte("Something went wrong\n")
}

// discardAnswer drops what a handler has answered before it failed.
func discardAnswer(c *gin.Context) {
	if w, ok := c.Writer.(*answerWriter); ok {
		w.discard()
	}
}

// discard drops the answer so far, and the headers that describe it.
func (w *answerWriter) discard() {
	w.status, w.written, w.body, w.shared = http.StatusOK, false, nil, nil
	for _, name := range []string{"ETag", "Last-Modified", "Location", "Link", "Content-Type"} {
		w.Header().Del(name)
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
