package auth_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gin-blog/auth"
	"gin-blog/models"
)

// begin starts an attempt that must be allowed.
func begin(t *testing.T, l *auth.Limiter, key string) (end func(counts bool)) {
	t.Helper()
	end, err := l.Begin(t.Context(), key)
	if err != nil {
		t.Fatalf("begin %s: %v", key, err)
	}
	return end
}

func TestLimiterCountsInASlidingWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := auth.NewLimiter(2, time.Minute, time.Now)
		begin(t, l, "key")(true)
		time.Sleep(20 * time.Second)
		begin(t, l, "key")(true)
		begin(t, l, "other")(true)

		_, err := l.Begin(t.Context(), "key")
		limit, ok := errors.AsType[*auth.LimitError](err)
		if !ok || limit.RetryAfter != 40*time.Second || models.KindOf(err) != models.TooMany {
			t.Fatalf("after two that count: got %v, want to wait 40s", err)
		}
		time.Sleep(limit.RetryAfter)
		begin(t, l, "key")(false) // does not count
		begin(t, l, "key")(true)
		if _, err := l.Begin(t.Context(), "key"); !errors.As(err, &limit) || limit.RetryAfter != 20*time.Second {
			t.Errorf("after one more: got %v, want to wait 20s", err)
		}
	})
}

func TestLimiterWaitsForRunningAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := auth.NewLimiter(2, time.Minute, time.Now)
		first, second := begin(t, l, "key"), begin(t, l, "key")
		begin(t, l, "other")(true)
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, auth.ErrBusy)
		defer cancel()
		if _, err := l.Begin(ctx, "key"); !errors.Is(err, auth.ErrBusy) {
			t.Errorf("a third one while two are running: got %v, want it to wait", err)
		}

		var allowed, refused atomic.Int32
		for range 3 {
			go func() {
				end, err := l.Begin(t.Context(), "key")
				if err != nil {
					refused.Add(1)
					return
				}
				allowed.Add(1)
				end(true)
			}()
		}
		expect := func(when string, wantAllowed, wantRefused int32) {
			synctest.Wait()
			if allowed.Load() != wantAllowed || refused.Load() != wantRefused {
				t.Errorf("%s: %d allowed and %d refused, want %d and %d",
					when, allowed.Load(), refused.Load(), wantAllowed, wantRefused)
			}
		}
		expect("while two are running", 0, 0)
		first(false) // gives its slot back
		expect("with one slot, whose attempt counts", 1, 0)
		second(true)
		expect("when the limit is reached", 1, 2)
	})
}

func TestLimiterIsBounded(t *testing.T) {
	l := auth.NewLimiter(10, time.Minute, time.Now)
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	for i := range 1_000_000 {
		begin(t, l, fmt.Sprintf("203.0.113.7 name%d", i))(true)
	}
	if grown := int64(heap()) - int64(before); grown > 32<<20 {
		t.Errorf("a million names take %d MiB", grown>>20)
	}
	runtime.KeepAlive(l)
}

func TestNetwork(t *testing.T) {
	for ip, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "::ffff:192.0.2.1": "192.0.2.1", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
		"2001:db8:1:2::": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64", "": "", "nonsense": "nonsense",
	} {
		if got := auth.Network(ip); got != want {
			t.Errorf("%q: got %q, want %q", ip, got, want)
		}
	}
}
