package middleware

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"
	"github.com/hashicorp/golang-lru/v2/simplelru"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"gin-blog/models"
)

const (
	// maxKept is how many bytes the kept answers have together, with their addresses and their compressed forms.
	maxKept = 32 << 20
	// maxKeptKey is how many bytes the path and the query of a kept answer have at most.
	maxKeptKey = 1 << 10
	// keptOverhead is about how many bytes a kept answer takes besides its body, its compressed form and its key.
	keptOverhead = 1 << 10
	// maxWaits is how often a request waits for another that asks for the same. Then it asks the store by itself.
	maxWaits = 3
)

// Keeper keeps answers and sends them again as long as nothing was committed to the store.
//
// It asks the store for the version of the data before it looks for an answer, and before the handler asks the store.
// So an answer that was kept under the present version was read from the present data, or from newer. It serves
// routes whose answers depend on the path, the query and the store alone, or on what KeepBy is told besides.
type Keeper struct {
	store        models.Versioned
	hits, misses prometheus.Counter

	mu      sync.Mutex
	version int64
	answers *simplelru.LRU[string, *keptAnswer]
	size    int                // bytes
	flights map[string]*flight // by key
}

// keptAnswer is an answer with the status 200.
type keptAnswer struct {
	header      http.Header // what the handler set, but Content-Type
	contentType string
	body        *Body
	size        int // bytes that are counted
}

// NewKeeper returns a Keeper for a store. Where the store cannot tell its version cheaply, the Keeper keeps nothing.
// r is where its metrics are registered, nil for nowhere.
func NewKeeper(store any, r prometheus.Registerer) *Keeper {
	answers, err := simplelru.NewLRU[string, *keptAnswer](maxKept/keptOverhead, nil)
	if err != nil { // only for a size below 1
		panic(err)
	}
	k := &Keeper{answers: answers, flights: map[string]*flight{}}
	k.store, _ = store.(models.Versioned)
	lookups := promauto.With(r).NewCounterVec(prometheus.CounterOpts{
		Name: "gin_blog_kept_answers_total",
		Help: "Requests for answers that may be kept: hit (sent again) or miss (asked of the store).",
	}, []string{"result"})
	k.hits, k.misses = lookups.WithLabelValues("hit"), lookups.WithLabelValues("miss")
	promauto.With(r).NewGaugeFunc(prometheus.GaugeOpts{
		Name: "gin_blog_kept_answers_bytes",
		Help: "Bytes of the answers that are kept.",
	}, func() float64 {
		k.mu.Lock()
		defer k.mu.Unlock()
		return float64(k.size)
	})
	return k
}

// Keep is the middleware. It goes right before the handler.
func (k *Keeper) Keep(c *gin.Context) { k.KeepBy(c, "") }

// KeepBy is Keep for answers that depend on one more thing, which may come from the request.
func (k *Keeper) KeepBy(c *gin.Context, variant string) {
	w, ok := c.Writer.(*answerWriter)
	key := keptKey(variant, c.Request.URL)
	if !ok || k.store == nil || key == "" {
		return
	}
	for range maxWaits {
		version, err := k.store.DataVersion()
		if err != nil { // the handler will find out what is wrong with the store
			return
		}
		answer, f, leads := k.find(version, key)
		if answer != nil {
			k.hits.Inc()
			if err := answer.send(c, w); err != nil {
				refuse(c, err)
				return
			}
			c.Abort()
			return
		}
		if leads {
			k.misses.Inc()
			k.lead(c, w, version, key, f)
			return
		}
		if err := f.wait(c.Request.Context()); err != nil {
			refuse(c, err)
			return
		}
		if f.failed {
			return
		}
	}
}

// keptKey returns the key of an answer, which is the same for all addresses that differ only in their escapes and in
// the order of their parameters. It returns "" for an answer that is not kept: its address is too long or malformed.
func keptKey(variant string, address *url.URL) string {
	if len(address.RawQuery) > maxKeptKey {
		return ""
	}
	query, err := url.ParseQuery(address.RawQuery)
	key := variant + (&url.URL{Path: address.Path}).EscapedPath() + "?" + query.Encode()
	if err != nil || len(key) > maxKeptKey {
		return ""
	}
	return key
}

// flight is a request that asks the store for an answer, while others wait for the same answer.
type flight struct {
	done   chan struct{} // closed at the end
	failed bool          // the request got no answer to keep; set before done is closed
}

// wait returns nil at the end of the flight, or the cause of ctx if that ends before. The other request waits for the
// store, so this one does too.
func (f *flight) wait(ctx context.Context) error {
	ctx, done := models.LimitWait(ctx, models.CallTimeout)
	defer done()
	select {
	case <-f.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for the same answer: %w", context.Cause(ctx))
	}
}

// find returns the answer that is kept under a key and a version. If there is none, it returns the flight for it, and
// whether the caller is the request that asks the store.
func (k *Keeper) find(version int64, key string) (answer *keptAnswer, f *flight, leads bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if version != k.version {
		k.answers.Purge()
		k.version, k.size = version, 0
	}
	if answer, ok := k.answers.Get(key); ok {
		return answer, nil, false
	}
	if f, ok := k.flights[key]; ok {
		return nil, f, false
	}
	f = &flight{done: make(chan struct{}), failed: true}
	k.flights[key] = f
	return nil, f, true
}

// lead runs the handler, keeps its answer if that is a success, and ends the flight.
func (k *Keeper) lead(c *gin.Context, w *answerWriter, version int64, key string, f *flight) {
	defer func() { // also if the handler panics
		k.mu.Lock()
		delete(k.flights, key)
		k.mu.Unlock()
		close(f.done)
	}()
	before := w.Header().Clone()
	c.Next()
	if len(c.Errors) > 0 || w.status != http.StatusOK || !w.written {
		return
	}
	answer := &keptAnswer{header: http.Header{}, size: len(w.body) + len(key) + keptOverhead}
	for name, values := range w.Header() {
		if !slices.Equal(before[name], values) {
			answer.header[name] = values
			answer.size += len(strings.Join(values, ""))
		}
	}
	answer.contentType = answer.header.Get("Content-Type")
	answer.header.Del("Content-Type")
	plain := w.body
	answer.body = &Body{plain: plain, compressed: sync.OnceValue(func() []byte {
		compressed := bytes.Clone(gzipped(plain)) // without the spare room
		k.count(key, answer, len(compressed))
		return compressed
	})}
	w.shared = answer.body
	k.add(version, key, answer)
	f.failed = false
}

// add keeps an answer, unless the version has changed meanwhile or the answer is very large.
func (k *Keeper) add(version int64, key string, answer *keptAnswer) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if version == k.version && answer.size <= maxKept/8 {
		k.answers.Add(key, answer)
		k.grow(answer.size)
	}
}

// count adds to the bytes of an answer that is still kept.
func (k *Keeper) count(key string, answer *keptAnswer, size int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if kept, ok := k.answers.Peek(key); ok && kept == answer {
		answer.size += size
		k.grow(size)
	}
}

// grow counts more bytes. While there are too many, it drops the answers that were not used for longest. The caller
// holds the lock.
func (k *Keeper) grow(size int) {
	k.size += size
	for k.size > maxKept {
		_, dropped, ok := k.answers.RemoveOldest()
		if !ok {
			return
		}
		k.size -= dropped.size
	}
}

// send answers with a kept answer. It returns ErrTooManyLargeAnswers if it is too large at the moment.
func (a *keptAnswer) send(c *gin.Context, w *answerWriter) error {
	if err := w.hold(a.body); err != nil {
		return err
	}
	header := c.Writer.Header()
	for name, values := range a.header {
		header[name] = values
	}
	SetBody(c, http.StatusOK, a.contentType, a.body)
	return nil
}
