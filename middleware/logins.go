package middleware

import (
	"context"
	"errors"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"gin-blog/internal/auth"
	"gin-blog/internal/httperror"
)

// LoginCounter counts logins by outcome.
type LoginCounter struct{ logins *prometheus.CounterVec }

// NewLoginCounter returns a LoginCounter whose metric is registered with r, nil for nowhere.
func NewLoginCounter(r prometheus.Registerer) *LoginCounter {
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
func (l *LoginCounter) Count(ctx context.Context, err error) {
	l.logins.WithLabelValues(loginOutcome(ctx, err)).Inc()
}

func loginOutcome(ctx context.Context, err error) string {
	if err == nil {
		return "ok"
	}
	if errors.Is(err, auth.ErrBusy) {
		return "busy"
	}
	switch httperror.Of(ctx, err).Status {
	case http.StatusUnauthorized:
		return "refused"
	case http.StatusTooManyRequests:
		return "limited"
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType:
		return "malformed"
	default:
		return "failed"
	}
}
