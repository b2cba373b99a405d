package server

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"gin-blog/internal/auth"
	"gin-blog/internal/testkit"
	"gin-blog/models"
)

func TestMetricsOfTheStore(t *testing.T) {
	m := NewMetrics("v1.2.3", "abc")
	passwords := auth.NewPasswords(4)
	m.WatchPasswords(passwords)
	m.WatchPool("sqlite", testkit.SQLite(t).(models.Pooled))
	observe := m.StoreObserver("sqlite")
	for operation, err := range map[string]error{
		"succeed":      nil,
		"find nothing": fmt.Errorf("find post: %w", models.ErrPostNotFound),
		"collide":      models.ErrUsernameTaken,
		"come late":    models.NewError(models.Changed, "changed"),
		"time out":     fmt.Errorf("%w: %w", models.ErrUnavailable, context.DeadlineExceeded),
		"search long":  fmt.Errorf("list posts: %w", models.ErrSearchTooLong),
		"hang up":      fmt.Errorf("find post: %w", context.Canceled),
		"break":        errors.New("disk I/O error"),
	} {
		observe(operation, time.Millisecond, err)
	}

	answer := httptest.NewRecorder()
	m.handler().ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	text := answer.Body.String()
	const series = `gin_blog_store_operation_duration_seconds_count{operation="%s",outcome="%s",store="sqlite"} 1`
	for operation, outcome := range map[string]string{
		"succeed": "ok", "find nothing": "ok", "collide": "ok", "come late": "ok", "time out": "unavailable",
		"search long": "too_expensive", "hang up": "canceled", "break": "error",
	} {
		if want := fmt.Sprintf(series, operation, outcome); !strings.Contains(text, want) {
			t.Errorf("%s is missing", want)
		}
	}
	for _, want := range []string{
		`gin_blog_store_connections{state="in_use",store="sqlite"} 0`,
		`gin_blog_store_connections{state="idle",store="sqlite"} `,
		`gin_blog_store_connections_max{store="sqlite"} `,
		`gin_blog_password_hashings_max `,
		`gin_blog_build_info{go_version="go1`,
	} {
		if !strings.Contains(text, "\n"+want) {
			t.Errorf("%s is missing", want)
		}
	}
	if problems, err := promlint.New(strings.NewReader(text)).Lint(); err != nil || len(problems) > 0 {
		t.Errorf("the names: %v, %v", problems, err)
	}
}
