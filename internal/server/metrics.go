package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"runtime"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"gin-blog/internal/auth"
	"gin-blog/models"
)

// Metrics are the metrics of the process, for Prometheus. A nil *Metrics is valid: it measures and serves nothing.
type Metrics struct {
	registry *prometheus.Registry
}

// NewMetrics returns metrics of the Go runtime, of the process and of the build.
func NewMetrics(version, revision string) *Metrics {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	promauto.With(r).NewGauge(prometheus.GaugeOpts{
		Name:        "gin_blog_build_info",
		Help:        "Always 1; the labels say which build runs.",
		ConstLabels: prometheus.Labels{"version": version, "revision": revision, "go_version": runtime.Version()},
	}).Set(1)
	return &Metrics{r}
}

// Registerer returns where to register more metrics, or nil.
func (m *Metrics) Registerer() prometheus.Registerer {
	if m == nil {
		return nil // not m.registry: a nil *Registry in the interface would not be nil
	}
	return m.registry
}

// StoreObserver registers how long the operations of a store take, by name and outcome, and returns the observer that
// the store tells of them. store is the name of the store in the metrics. Call it once for a store.
func (m *Metrics) StoreObserver(store string) models.Observer {
	if m == nil {
		return nil
	}
	durations := promauto.With(m.registry).NewHistogramVec(prometheus.HistogramOpts{
		Name:        "gin_blog_store_operation_duration_seconds",
		Help:        "Time that operations of the store took, waiting for their turn included.",
		Buckets:     []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5},
		ConstLabels: prometheus.Labels{"store": store},
	}, []string{"operation", "outcome"})
	return func(operation string, took time.Duration, err error) {
		durations.WithLabelValues(operation, outcome(err)).Observe(took.Seconds())
	}
}

// outcome returns the label for how an operation ended. A refusal such as "not found" is an answer, so it counts as ok.
func outcome(err error) string {
	if err == nil {
		return "ok"
	}
	kind := models.KindOf(err)
	switch {
	case kind == models.Unavailable:
		return "unavailable"
	case kind == models.TooExpensive:
		return "too_expensive"
	case kind != models.Internal:
		return "ok"
	case errors.Is(err, context.Canceled): // the client hung up
		return "canceled"
	default:
		return "error"
	}
}

// WatchPool registers how a store uses its connections, if the store is models.Pooled.
func (m *Metrics) WatchPool(label string, store models.Store) {
	pooled, ok := store.(models.Pooled)
	if m == nil || !ok {
		return
	}
	gauge := func(name, help string, labels prometheus.Labels, value func(models.PoolStats) int) {
		labels["store"] = label
		promauto.With(m.registry).NewGaugeFunc(
			prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: labels},
			func() float64 { return float64(value(pooled.Pool())) })
	}
	const name, help = "gin_blog_store_connections", "Connections to the database (with SQLite, those that read)."
	gauge(name, help, prometheus.Labels{"state": "in_use"}, func(p models.PoolStats) int { return p.InUse })
	gauge(name, help, prometheus.Labels{"state": "idle"}, func(p models.PoolStats) int { return p.Idle })
	gauge("gin_blog_store_connections_max", "Connections there may be, 0 for any number.", prometheus.Labels{},
		func(p models.PoolStats) int { return p.Max })
}

// WatchPasswords registers how many passwords are being hashed, and how many wait.
func (m *Metrics) WatchPasswords(passwords *auth.Passwords) {
	if m == nil {
		return
	}
	gauge := func(name, help string, value func() int) {
		promauto.With(m.registry).NewGaugeFunc(
			prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return float64(value()) })
	}
	gauge("gin_blog_password_hashings_running", "Passwords being hashed or checked.",
		func() int { running, _, _ := passwords.Queue(); return running })
	gauge("gin_blog_password_hashings_waiting", "Passwords that wait for their turn; over 2 s they are refused.",
		func() int { _, waiting, _ := passwords.Queue(); return waiting })
	gauge("gin_blog_password_hashings_max", "Passwords that may be hashed at once.",
		func() int { _, _, limit := passwords.Queue(); return limit })
}

// Serve serves the metrics on a TCP address until stop is called.
func (m *Metrics) Serve(ctx context.Context, address string, log *slog.Logger) (stop func(), err error) {
	if m == nil {
		return func() {}, nil
	}
	listener, err := Listen(ctx, address)
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: m.handler(), ReadHeaderTimeout: readHeaderTimeout, IdleTimeout: idleTimeout}
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("the metrics are no longer served", "cause", err)
		}
	})
	log.Info("metrics", "url", fmt.Sprintf("http://%s/metrics", listener.Addr()))
	return func() {
		_ = server.Close() // the process ends: whether a listener closes well changes nothing
		serving.Wait()
	}, nil
}

// handler serves the metrics and, for the same few readers, the profiles of net/http/pprof.
func (m *Metrics) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry}))
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}
