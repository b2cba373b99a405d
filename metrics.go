package main

import (
	"net/http"
	"net/http/pprof"
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"gin-blog/auth"
)

// newMetrics makes a registry that knows the process and the build.
func newMetrics() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	promauto.With(r).NewGauge(prometheus.GaugeOpts{
		Name:        "gin_blog_build_info",
		Help:        "Always 1; the labels say which build runs.",
		ConstLabels: prometheus.Labels{"version": version(), "revision": revision(), "go_version": runtime.Version()},
	}).Set(1)
	return r
}

// observePasswords registers how long the queue of passwords to hash is.
func observePasswords(r prometheus.Registerer, passwords *auth.Passwords) {
	gauge := func(name, help string, value func() int) {
		promauto.With(r).NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return float64(value()) })
	}
	gauge("gin_blog_password_hashings_running", "Passwords being hashed or checked.",
		func() int { running, _, _ := passwords.Queue(); return running })
	gauge("gin_blog_password_hashings_waiting", "Passwords that wait for their turn; over 2 s they are refused.",
		func() int { _, waiting, _ := passwords.Queue(); return waiting })
	gauge("gin_blog_password_hashings_max", "Passwords that may be hashed at once.",
		func() int { _, _, turns := passwords.Queue(); return turns })
}

// metricsHandler serves the metrics, and the profiles of net/http/pprof, which are for the same few eyes.
func metricsHandler(r *prometheus.Registry) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(r, promhttp.HandlerOpts{Registry: r}))
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}
