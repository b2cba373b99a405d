package middleware

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"gin-blog/internal/auth"
	"gin-blog/models"
)

// observe observes how long requests take and how many are in flight. So that clients cannot create series without
// end, it labels requests by route, or "unmatched", never by path, and unknown methods as "other".
func observe(r prometheus.Registerer) gin.HandlerFunc {
	durations := promauto.With(r).NewHistogramVec(prometheus.HistogramOpts{
		Name:    "gin_blog_http_request_duration_seconds",
		Help:    "Time from the headers of a request to the end of its answer.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	}, []string{"method", "route", "status"})
	inFlight := promauto.With(r).NewGauge(prometheus.GaugeOpts{
		Name: "gin_blog_http_requests_in_flight",
		Help: "Requests being answered.",
	})
	methods := []string{
		http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodOptions,
	}
	return func(c *gin.Context) {
		start := time.Now()
		inFlight.Inc()
		defer func() {
			inFlight.Dec()
			method, route := c.Request.Method, c.FullPath()
			if !slices.Contains(methods, method) {
				method = "other"
			}
			if route == "" {
				route = "unmatched"
			}
			durations.WithLabelValues(method, route, strconv.Itoa(c.Writer.Status())).Observe(time.Since(start).Seconds())
		}()
		c.Next()
	}
}

// LoginCounter counts logins by outcome.
type LoginCounter struct{ logins *prometheus.CounterVec }

// newLoginCounter returns a LoginCounter whose metric is registered with r, nil for nowhere.
func newLoginCounter(r prometheus.Registerer) *LoginCounter {
	logins := promauto.With(r).NewCounterVec(prometheus.CounterOpts{
		Name: "gin_blog_logins_total",
		Help: "Logins by outcome: ok, malformed, refused, limited (too many failures), " +
			"busy (too many passwords to hash), failed.",
	}, []string{"outcome"})
	for _, outcome := range []string{"ok", "malformed", "refused", "limited", "busy", "failed"} {
		logins.WithLabelValues(outcome) // so that it is 0, and not absent, before the first
	}
	return &LoginCounter{logins}
}

// Count counts a login that ended with err, nil for success.
func (l *LoginCounter) Count(err error) {
	outcome := "failed"
	switch kind := models.KindOf(err); {
	case err == nil:
		outcome = "ok"
	case errors.Is(err, auth.ErrBusy):
		outcome = "busy"
	case kind == models.Unauthenticated, kind == models.Forbidden: // of a user who is suspended
		outcome = "refused"
	case kind == models.TooMany:
		outcome = "limited"
	case kind == models.Invalid, kind == models.UnsupportedType:
		outcome = "malformed"
	}
	l.logins.WithLabelValues(outcome).Inc()
}
