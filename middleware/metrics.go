package middleware

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Metrics observes how long requests take and how many are in flight. So that clients cannot create series without
// end, it labels requests by route, or "unmatched", never by path, and unknown methods as "other".
func Metrics(r prometheus.Registerer) gin.HandlerFunc {
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
