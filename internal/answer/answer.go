// Package answer is how answers are made, sent and kept: what memory they take, what preconditions say, how they are
// compressed, and which status an error gets. The API and the pages share it.
package answer

import (
	"bytes"
	"errors"
	"iter"
	"mime"
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
	// budgetBytes is how many bytes the answers that are being made and sent may have together, besides what every
	// connection may hold.
	budgetBytes = 16 << 20
	plainKey    = "plain"
)

// ErrTooManyLarge says that the clients that are reading large answers hold as much memory as they may.
var ErrTooManyLarge = models.NewError(models.Unavailable,
	"Too many large answers at once, try again later or ask for a smaller page")

// Buffer holds back the answer of a request until it is whole, and then sends it. So each answer has a Content-Length,
// HEAD has the headers of GET, and an error can still replace an answer that was begun. Buffer compresses answers of
// more than 1 KiB if the client accepts gzip, except those marked by LeavePlain, and answers 304 to a GET or HEAD if
// the client has the representation. It answers 500 if nobody inside has answered. Answers have a budget: see Reserve.
func Buffer() gin.HandlerFunc {
	answers := NewBudget(Answers, budgetBytes)
	return func(c *gin.Context) {
		w := &writer{
			ResponseWriter: c.Writer, memory: answers.Memory(c.Request.Context()), status: http.StatusOK,
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

// LeavePlain keeps the answer of a request from being compressed.
func LeavePlain(c *gin.Context) { c.Set(plainKey, true) }

// writer keeps the answer that handlers write.
type writer struct {
	gin.ResponseWriter
	memory  Memory // of the answer
	status  int
	written bool
	body    []byte
	shared  *Body // where body is, if other answers may have it too
	held    *Body // the shared body that is charged to the budget once for all answers that are being sent with it
}

// Body is a body that several answers share. It is compressed once.
type Body struct {
	Tag         string // the ETag
	contentType string
	plain       []byte
	compressed  func() []byte

	mu      sync.Mutex
	holders int // answers that are being sent
}

// NewBody returns a body. The caller must not change content afterwards.
func NewBody(contentType string, content []byte) *Body {
	return &Body{
		Tag: Tag(content, ""), contentType: contentType, plain: content,
		compressed: sync.OnceValue(func() []byte { return gzipped(content) }),
	}
}

// Send answers 200 with the body and its ETag. cache is the Cache-Control of the answer.
func (b *Body) Send(c *gin.Context, cache string) error {
	c.Header("ETag", b.Tag)
	c.Header("Cache-Control", cache)
	setBody(c, b)
	return nil
}

// writerOf returns what Buffer has put around the handlers of a request.
func writerOf(c *gin.Context) *writer { return c.Writer.(*writer) }

// Unwrap gives http.ResponseController the connection.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (w *writer) WriteHeader(status int) { w.status = status }

// WriteHeaderNow implements gin.ResponseWriter.
func (w *writer) WriteHeaderNow() { w.written = true }

// Write implements io.Writer.
func (w *writer) Write(p []byte) (int, error) {
	w.memory.resize(int64(len(w.body)+len(p)), true)
	w.written = true
	w.body = append(w.body, p...)
	return len(p), nil
}

// WriteString implements io.StringWriter.
func (w *writer) WriteString(s string) (int, error) { return w.Write([]byte(s)) }

// Status implements gin.ResponseWriter.
func (w *writer) Status() int { return w.status }

// Size implements gin.ResponseWriter.
func (w *writer) Size() int { return len(w.body) }

// Written implements gin.ResponseWriter.
func (w *writer) Written() bool { return w.written }

// Flush implements http.Flusher. The answer is sent when it is whole.
func (w *writer) Flush() {}

// hold charges a shared body to the budget, unless the connection may hold it for nothing: once for all answers that
// are being sent with it. A body that is no longer kept stays in memory as long as it is sent. It returns
// ErrTooManyLarge if too little is left.
func (w *writer) hold(b *Body) error {
	if w.memory.fits(int64(len(b.plain))) {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.holders == 0 && !w.memory.budget.take(int64(len(b.plain)), false) {
		return ErrTooManyLarge
	}
	b.holders++
	w.held = b
	return nil
}

// release gives back the memory of the answer.
func (w *writer) release() {
	w.memory.Release()
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

// Reserve reserves the memory for an answer of about size bytes, before it is made. It returns ErrTooManyLarge if too
// little is left. A handler that writes to the store calls it before: an answer that says "try again later" must not
// follow a write that was done.
func Reserve(c *gin.Context, size int) error {
	if w := writerOf(c); int64(size) > w.memory.size && !w.memory.Resize(size) {
		return ErrTooManyLarge
	}
	return nil
}

// ChargeTo charges the answer of a request to another budget than that of all answers.
func ChargeTo(c *gin.Context, b *Budget) { writerOf(c).memory.moveTo(b) }

// Set answers with a status and a body, which the caller must not change afterwards. Call Reserve before if the body
// may be large.
func Set(c *gin.Context, status int, contentType string, body []byte) {
	w := writerOf(c)
	w.memory.resize(int64(len(body)), true)
	c.Header("Content-Type", contentType)
	w.status, w.written, w.body, w.shared = status, true, body, nil
}

// setBody answers 200 with a body that answers share, which costs no memory for one more of them.
func setBody(c *gin.Context, body *Body) {
	c.Header("Content-Type", body.contentType)
	w := writerOf(c)
	w.status, w.written, w.body, w.shared = http.StatusOK, true, body.plain, body
}

// errNoAnswer says that a handler returned no error and answered nothing, which is a mistake.
var errNoAnswer = errors.New("nothing was answered")

// fail answers without the renderers, of which one has failed, unless the handler is to blame.
func (w *writer) fail(c *gin.Context) {
	if len(c.Errors) == 0 {
		_ = c.Error(errNoAnswer)
	}
	w.discard()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.status, w.body = http.StatusInternalServerError, []byte("Something went wrong\n")
}

// Discard drops what a handler has answered before it failed.
func Discard(c *gin.Context) { writerOf(c).discard() }

// discard drops the answer so far, and the headers that describe it.
func (w *writer) discard() {
	w.status, w.written, w.body, w.shared = http.StatusOK, false, nil, nil
	for _, name := range []string{"ETag", "Last-Modified", "Location", "Link", "Content-Type"} {
		w.Header().Del(name)
	}
}

// send sends the answer, or 304 if the client has it.
func (w *writer) send(c *gin.Context) {
	header, request := w.Header(), c.Request
	isRead := request.Method == http.MethodGet || request.Method == http.MethodHead
	compressible := len(w.body) >= minCompressed && !c.GetBool(plainKey) &&
		!strings.HasPrefix(header.Get("Content-Type"), "image/")
	compress := false
	if compressible {
		header.Add("Vary", "Accept-Encoding")
		compress = acceptsGzip(request.Header.Values("Accept-Encoding"))
	}
	etag := header.Get("ETag")
	if compress && etag != "" {
		header.Set("ETag", gzipTag(etag))
	}
	if isRead && w.status == http.StatusOK && isUnchanged(request.Header, etag, header.Get("Last-Modified")) {
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

func (w *writer) compressedBody() []byte {
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
	return bytes.Clone(compressed.Bytes()) // without the spare room
}

// acceptsGzip returns whether the values of Accept-Encoding allow gzip (RFC 9110, section 12.5.3).
func acceptsGzip(values []string) bool {
	anything := false
	for coding, weight := range Weights(values) {
		switch coding {
		case "gzip", "x-gzip":
			return weight > 0
		case "*":
			anything = weight > 0
		}
	}
	return anything
}

// Weights returns what the values of Accept or Accept-Encoding name, in lower case, with their weights (RFC 9110,
// section 12.4.2).
func Weights(values []string) iter.Seq2[string, float64] {
	return func(yield func(string, float64) bool) {
		for _, value := range values {
			for part := range strings.SplitSeq(value, ",") {
				name, parameters, err := mime.ParseMediaType(part)
				weight, noWeight := strconv.ParseFloat(parameters["q"], 64)
				if noWeight != nil {
					weight = 1
				}
				if err == nil && !yield(name, weight) {
					return
				}
			}
		}
	}
}
