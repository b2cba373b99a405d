package middleware_test

import (
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gin-blog/internal/testkit"
	"gin-blog/middleware"
)

// TestHintOnceAnHour: many causes at once make one line, and an hour later another.
func TestHintOnceAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := new(testkit.Output)
		hint := middleware.NewBase(middleware.BaseOptions{Log: slog.New(slog.NewTextHandler(log, nil))}).Hint()
		for _, want := range []int{1, 1, 2} {
			var requests sync.WaitGroup
			for range 20 {
				requests.Go(func() { hint.Warn("set HOST", "address", "192.0.2.1") })
			}
			requests.Wait()
			if got := strings.Count(log.String(), "msg=\"set HOST\" address=192.0.2.1\n"); got != want {
				t.Errorf("%d lines, want %d: %s", got, want, log)
			}
			time.Sleep(35 * time.Minute)
		}
	})
}
