package answer

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"
	"github.com/hashicorp/golang-lru/v2/simplelru"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"golang.org/x/sync/singleflight"

	"gin-blog/models"
)

const (
	// maxKept is how many bytes the kept answers have together, with their addresses and their compressed forms.
	maxKept = 32 << 20
	// maxKeptKey is how many bytes the path and the query of a kept answer have at most.
	maxKeptKey = 1 << 10
	// keptOverhead is about how many bytes a kept answer takes besides its body, its compressed form and its key.
	keptOverhead = 1 << 10
)

// Keeper keeps answers and sends them again as long as nothing was committed to the store.
//
// It asks the store for the version of the data before it looks for an answer, and before the handler asks the store.
// So an answer that was kept under the present version was read from the present data, or from newer. It serves
// routes whose answers depend on the path, the query and the store alone, or on what Keep is told besides.
type Keeper struct {
	store        models.Versioned
	hits, misses prometheus.Counter
	asking       singleflight.Group // of requests, by version and key

	mu      sync.Mutex
	version int64
	answers *simplelru.LRU[string, *keptAnswer]
	size    int // bytes
}

// keptAnswer is an answer with the status 200.
type keptAnswer struct {
	header http.Header // what the handler set
	body   *Body
	size   int // bytes that are counted
}

// NewKeeper returns a Keeper for a store. While the store cannot tell its version, the Keeper keeps nothing.
// r is where its metrics are registered, nil for nowhere.
func NewKeeper(store any, r prometheus.Registerer) *Keeper {
	answers, err := simplelru.NewLRU[string, *keptAnswer](maxKept/keptOverhead, nil)
	if err != nil { // only for a size below 1
		panic(err)
	}
	k := &Keeper{answers: answers}
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

// Keep answers with what was kept, or runs the handler, which comes next, and keeps its answer. Answers may depend on
// one thing besides the address, the variant. Keep returns ErrTooManyLarge if the answer is too large at the moment.
//
// Of the requests that find nothing under one version, the first one runs the handler, and the others wait for its
// answer. If it gets none to keep, they all run it: they do not wait in a row.
func (k *Keeper) Keep(c *gin.Context, variant string) error {
	w, key := writerOf(c), keptKey(variant, c.Request.URL)
	if k.store == nil || key == "" {
		return nil
	}
	version, err := k.store.DataVersion(c.Request.Context())
	if err != nil { // if something is wrong with the store, the handler will find out
		return nil
	}
	kept, leads := k.find(version, key), false
	if kept == nil {
		_, waited := models.LimitWait(c.Request.Context(), models.CallTimeout)
		found, _, _ := k.asking.Do(strconv.FormatInt(version, 36)+key, func() (any, error) {
			leads = true
			waited() // not at all
			k.misses.Inc()
			return k.lead(c, w, version, key), nil
		})
		if kept, _ = found.(*keptAnswer); !leads {
			waited() // for the store, as the first one did
		}
	}
	if leads || kept == nil {
		return nil
	}
	k.hits.Inc()
	c.Abort()
	return kept.send(c, w)
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

// find returns the answer that is kept under a key and a version, or nil.
func (k *Keeper) find(version int64, key string) *keptAnswer {
	k.mu.Lock()
	defer k.mu.Unlock()
	if version != k.version {
		k.answers.Purge()
		k.version, k.size = version, 0
	}
	kept, _ := k.answers.Get(key)
	return kept
}

// lead runs the handler, and returns and keeps its answer if that is a success.
func (k *Keeper) lead(c *gin.Context, w *writer, version int64, key string) *keptAnswer {
	before := w.Header().Clone()
	c.Next()
	if len(c.Errors) > 0 || w.status != http.StatusOK || !w.written {
		return nil
	}
	answer := &keptAnswer{header: http.Header{}, size: len(w.body) + len(key) + keptOverhead}
	for name, values := range w.Header() {
		if !slices.Equal(before[name], values) {
			answer.header[name] = values
			answer.size += len(strings.Join(values, ""))
		}
	}
	plain := w.body
	answer.body = &Body{contentType: w.Header().Get("Content-Type"), plain: plain}
	answer.body.compressed = sync.OnceValue(func() []byte {
		compressed := gzipped(plain)
		k.count(key, answer, len(compressed))
		return compressed
	})
	w.shared = answer.body
	k.add(version, key, answer)
	return answer
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

// send answers with a kept answer.
func (a *keptAnswer) send(c *gin.Context, w *writer) error {
	if err := w.hold(a.body); err != nil {
		return err
	}
	maps.Copy(w.Header(), a.header)
	setBody(c, a.body)
	return nil
}
