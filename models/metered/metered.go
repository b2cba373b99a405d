// Package metered measures the operations of a store.
package metered

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"gin-blog/models"
)

// store is a models.Store that notes how long each operation of another takes and how it ends.
type store struct {
	models.Store
	durations *prometheus.HistogramVec
}

// New returns a store that does what inner does, and registers with r how long its operations take, by name and outcome,
// and how its connections are used. kind is the name of inner in the metrics.
func New(inner models.Store, kind string, r prometheus.Registerer) models.Store {
	metrics := promauto.With(prometheus.WrapRegistererWith(prometheus.Labels{"store": kind}, r))
	connections := func(state string, count func(models.PoolStats) int) {
		metrics.NewGaugeFunc(prometheus.GaugeOpts{
			Name:        "gin_blog_store_connections",
			Help:        "Connections to the database (with SQLite, those that read).",
			ConstLabels: prometheus.Labels{"state": state},
		}, func() float64 { return float64(count(inner.(models.Pooled).Pool())) })
	}
	connections("in_use", func(p models.PoolStats) int { return p.InUse })
	connections("idle", func(p models.PoolStats) int { return p.Idle })
	metrics.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "gin_blog_store_connections_max",
		Help: "Connections there may be, 0 for any number.",
	}, func() float64 { return float64(inner.(models.Pooled).Pool().Max) })
	return &store{inner, metrics.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "gin_blog_store_operation_duration_seconds",
		Help:    "Time that operations of the store took, waiting for their turn included.",
		Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5},
	}, []string{"operation", "outcome"})}
}

// observe notes an operation that began at start and ended with *err.
func (s *store) observe(operation string, start time.Time, err *error) {
	s.durations.WithLabelValues(operation, outcome(*err)).Observe(time.Since(start).Seconds())
}

// outcome tells what the database could not do from what it answered, be that "not found".
func outcome(err error) string {
	answers := []error{
		nil, models.ErrUserNotFound, models.ErrPostNotFound, models.ErrSessionNotFound, models.ErrUsernameTaken,
		models.ErrEmailTaken, models.ErrPostChanged, models.ErrKeyReused, models.ErrPasswordChanged,
	}
	switch {
	case slices.ContainsFunc(answers, func(answer error) bool { return errors.Is(err, answer) }):
		return "ok"
	case errors.Is(err, models.ErrUnavailable):
		return "unavailable"
	case errors.Is(err, context.Canceled): // the client hung up
		return "canceled"
	default:
		return "error"
	}
}
