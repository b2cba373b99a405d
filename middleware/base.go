package middleware

import (
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"gin-blog/internal/answer"
	"gin-blog/internal/urls"
)

const (
	// requestBudget is how many bytes the requests of all clients may take together, besides what every connection may
	// hold.
	requestBudget = 16 << 20
	// requestOverhead is about how many bytes a request takes besides its body and its answer.
	requestOverhead = 32 << 10
	// retryAfterAdmission is how many seconds a client should wait that has too many requests at once.
	retryAfterAdmission = "1"
)

// BaseOptions are the parts of a Base. None is required.
type BaseOptions struct {
	// TrustedProxies are the addresses and networks whose X-Forwarded-For is believed.
	TrustedProxies urls.Proxies
	// HSTS tells browsers to use HTTPS only. It is for a server that speaks TLS.
	HSTS bool
	// Draining returns whether the server is about to stop. Default: it never is.
	Draining func() bool
	// Store is what the Keeper watches. Without it, nothing is kept.
	Store any
	// Metrics is where the metrics of requests are registered. Default: nowhere.
	Metrics prometheus.Registerer
	// Log receives a line for each request. Default: it is discarded.
	Log *slog.Logger
}

// Base is what every request passes, whichever door it takes, and what the doors share besides.
type Base struct {
	Keeper   *answer.Keeper
	Logins   *LoginCounter
	Draining func() bool // whether the server is about to stop

	proxies  urls.Proxies
	handlers []gin.HandlerFunc
	log      *slog.Logger
}

// NewBase returns a Base.
func NewBase(o BaseOptions) *Base {
	if o.Draining == nil {
		o.Draining = func() bool { return false }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	b := &Base{
		Keeper: answer.NewKeeper(o.Store, o.Metrics), Logins: newLoginCounter(o.Metrics), Draining: o.Draining,
		proxies: o.TrustedProxies, log: o.Log,
	}
	if o.Metrics != nil {
		b.handlers = append(b.handlers, observe(o.Metrics))
	}
	if o.HSTS {
		b.handlers = append(b.handlers, hsts)
	}
	b.handlers = append(b.handlers,
		requestID(), forwardedFor(b.proxies, b.Hint()), closeWhen(o.Draining), noSniff, accessLog(o.Log), admit(),
		answer.Buffer(), recoverPanic(o.Log))
	return b
}

// Hint returns a Hint for the log of the site.
func (b *Base) Hint() *Hint { return &Hint{log: b.log} }

// Hint is a warning about a setting that seems to be wrong. Strangers can cause it, so the log has it once an hour.
type Hint struct {
	log  *slog.Logger
	last atomic.Int64 // when it was logged, in seconds since 1970
}

// Warn logs the hint, unless the log has it.
func (h *Hint) Warn(message string, args ...any) {
	now, last := time.Now().Unix(), h.last.Load()
	if now-last >= 60*60 && h.last.CompareAndSwap(last, now) {
		h.log.Warn(message, args...)
	}
}

// Door returns a router for a door, which answers errors with render. Every request passes, in this order:
//
//   - observe, which sees each request from its start to its end, also a request that panics.
//   - requestID, before everything that logs or answers.
//   - forwardedFor, before everything that asks for the address of the client.
//   - accessLog, outside of answer.Buffer, to log what was sent, and how long that took.
//   - admit, which refuses what takes too much memory, and holds that of a request until its answer was sent.
//   - answer.Buffer, which sends the whole answer when everything inside of it is done, and 500 if there is none. So
//     the first recoverPanic makes 500 of a panic in the rendering of an error.
//   - renderErrors, which answers the errors of what is inside: of the second recoverPanic, which turns a panic into an
//     error, and of the handlers.
func (b *Base) Door(render ErrorRenderer) *gin.Engine {
	r := gin.New()
	r.RedirectTrailingSlash = false
	r.HandleMethodNotAllowed = true
	r.RemoteIPHeaders = []string{"X-Forwarded-For"} // without X-Real-IP, which proxies pass on as clients send it
	networks := make([]string, len(b.proxies))
	for i, proxy := range b.proxies {
		networks[i] = proxy.String()
	}
	if err := r.SetTrustedProxies(networks); err != nil { // only for what is no network
		panic(err)
	}
	r.Use(b.handlers...)
	r.Use(renderErrors(render), recoverPanic(b.log), limitPatience)
	return r
}

// admit refuses a request if the requests of its connection and of all clients take too much memory already. That is
// never so for the first requests of a connection. The refusal has no body: that would wait for a client that reads
// nothing, and hold as much as the request itself.
func admit() gin.HandlerFunc {
	requests := answer.NewBudget(answer.Requests, requestBudget)
	return func(c *gin.Context) {
		memory := requests.Memory(c.Request.Context())
		defer memory.Release()
		if !memory.Resize(requestOverhead) {
			c.Header("Retry-After", retryAfterAdmission)
			c.AbortWithStatus(http.StatusServiceUnavailable)
			return
		}
		c.Next()
	}
}
