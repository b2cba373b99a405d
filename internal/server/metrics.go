package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	_ "net/http/pprof" // for http.DefaultServeMux, which only the handler of the metrics uses
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

// Metrics are the metrics of the process, for Prometheus.
type Metrics struct{ *prometheus.Registry }

// NewMetrics returns metrics of the Go runtime, of the process and of the build.
func NewMetrics(version, revision string) Metrics {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	promauto.With(r).NewGauge(prometheus.GaugeOpts{
		Name:        "gin_blog_build_info",
		Help:        "Always 1; the labels say which build runs.",
		ConstLabels: prometheus.Labels{"version": version, "revision": revision, "go_version": runtime.Version()},
	}).Set(1)
	return Metrics{r}
}

// StoreObserver registers how long the operations of a store take, by name and outcome, and returns the observer that
// the store tells of them. store is the name of the store in the metrics. Call it once for a store.
func (m Metrics) StoreObserver(store string) models.Observer {
	durations := promauto.With(m).NewHistogramVec(prometheus.HistogramOpts{
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
	kind := models.KindOf(err)
	switch {
	case kind == models.Unavailable:
		return "unavailable"
	case kind == models.TooExpensive:
		return "too_expensive"
	case err == nil, kind != models.Internal:
		return "ok"
	case errors.Is(err, context.Canceled): // the client hung up
		return "canceled"
	default:
		return "error"
	}
}

// WatchPool registers how a store uses its connections.
func (m Metrics) WatchPool(label string, store models.Pooled) {
	const name, help = "gin_blog_store_connections", "Connections to the database (with SQLite, those that read)."
	m.watch(name, help, prometheus.Labels{"store": label, "state": "in_use"}, func() int { return store.Pool().InUse })
	m.watch(name, help, prometheus.Labels{"store": label, "state": "idle"}, func() int { return store.Pool().Idle })
	m.watch("gin_blog_store_connections_max", "Connections there may be, 0 for any number.",
		prometheus.Labels{"store": label}, func() int { return store.Pool().Max })
}

// WatchPasswords registers how many passwords are being hashed, and how many wait.
func (m Metrics) WatchPasswords(passwords *auth.Passwords) {
	m.watch("gin_blog_password_hashings_running", "Passwords being hashed or checked.", nil,
		func() int { running, _, _ := passwords.Queue(); return running })
	m.watch("gin_blog_password_hashings_waiting", "Passwords that wait for their turn; over 2 s they are refused.", nil,
		func() int { _, waiting, _ := passwords.Queue(); return waiting })
	m.watch("gin_blog_password_hashings_max", "Passwords that may be hashed at once.", nil,
		func() int { _, _, limit := passwords.Queue(); return limit })
}

// watch registers a gauge that asks for its value.
func (m Metrics) watch(name, help string, labels prometheus.Labels, value func() int) {
	promauto.With(m).NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: labels},
		func() float64 { return float64(value()) })
}

// Serve serves the metrics on a TCP address until stop is called. It does nothing if the address is empty.
func (m Metrics) Serve(ctx context.Context, address string, log *slog.Logger) (stop func(), err error) {
	if address == "" {
		return func() {}, nil
	}
	listener, err := Listen(ctx, address)
	if err != nil {
		return nil, err
	}
	server := &http.Server{
		Handler: m.handler(), ReadHeaderTimeout: defaultTimeouts.readHeader, IdleTimeout: defaultTimeouts.idle,
	}
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
func (m Metrics) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m, promhttp.HandlerOpts{Registry: m}))
	mux.Handle("GET /debug/pprof/", http.DefaultServeMux)
	return mux
}
