package auth_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gin-blog/internal/auth"
	"gin-blog/models"
)

// begin starts an attempt that must be allowed.
func begin(t *testing.T, l *auth.Limiter, key string) (finish func(counts bool)) {
	t.Helper()
	finish, err := l.Begin(t.Context(), key)
	if err != nil {
		t.Fatalf("attempt of %q: %v", key, err)
	}
	return finish
}

// refuse starts an attempt that must be refused for the given time.
func refuse(t *testing.T, l *auth.Limiter, key string, retryAfter time.Duration) {
	t.Helper()
	_, err := l.Begin(t.Context(), key)
	limit, ok := errors.AsType[*models.Error](err)
	if !ok || !errors.Is(err, auth.ErrTooManyAttempts) || limit.RetryAfter != retryAfter {
		t.Errorf("attempt of %q: got %v, want ErrTooManyAttempts for %v", key, err, retryAfter)
	}
}

func TestLimiterWindowSlides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := auth.NewLimiter(2, time.Minute, time.Now)
		begin(t, l, "key")(true)
		time.Sleep(20 * time.Second)
		begin(t, l, "key")(true)
		refuse(t, l, "key", 40*time.Second)
		begin(t, l, "other key")(true)
		time.Sleep(40*time.Second - time.Nanosecond)
		refuse(t, l, "key", time.Nanosecond)
		time.Sleep(time.Nanosecond)
		begin(t, l, "key")(true)
		refuse(t, l, "key", 20*time.Second)
	})
}

func TestAttemptsThatDoNotCountAreUnlimited(t *testing.T) {
	l := auth.NewLimiter(2, time.Minute, time.Now)
	for range 10 {
		begin(t, l, "key")(false)
	}
}

func TestPendingAttemptsUseUpTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := auth.NewLimiter(2, time.Minute, time.Now)
		finishFirst, finishSecond := begin(t, l, "key"), begin(t, l, "key")
		begin(t, l, "other key")

		var allowed, refused atomic.Int32
		for range 10 {
			go func() {
				finish, err := l.Begin(t.Context(), "key")
				if err != nil {
					refused.Add(1)
					return
				}
				allowed.Add(1)
				finish(true)
			}()
		}
		expect := func(when string, wantAllowed, wantRefused int32) {
			t.Helper()
			synctest.Wait()
			if allowed.Load() != wantAllowed || refused.Load() != wantRefused {
				t.Errorf("%s: %d attempts allowed and %d refused, want %d and %d",
					when, allowed.Load(), refused.Load(), wantAllowed, wantRefused)
			}
		}
		expect("two attempts are pending", 0, 0)
		finishFirst(false)
		expect("one attempt did not count", 1, 0)
		finishSecond(true)
		expect("two attempts counted", 1, 9)
	})
}

func TestWaitForPendingAttemptsEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := auth.NewLimiter(1, time.Minute, time.Now)
		begin(t, l, "key")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, auth.ErrBusy)
		defer cancel()
		start := time.Now()
		_, err := l.Begin(ctx, "key")
		if waited := time.Since(start); !errors.Is(err, auth.ErrBusy) || waited != time.Second {
			t.Errorf("got %v after %v, want ErrBusy after a second", err, waited)
		}
	})
}

func TestLoginMayWaitTwoSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, limits := range map[string]auth.Limits{"limits": auth.NewLimits(time.Now), "no limits": {}} {
			start := time.Now()
			err := limits.Login(t.Context(), "alice", "192.0.2.1", func(ctx context.Context) error {
				<-ctx.Done()
				return context.Cause(ctx)
			})
			if waited := time.Since(start); !errors.Is(err, auth.ErrBusy) || waited != 2*time.Second {
				t.Errorf("%s: got %v after %v, want ErrBusy after two seconds", name, err, waited)
			}
		}
	})
}

func TestRefusalSaysHowLongToWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := auth.NewLimiter(1, 1500*time.Millisecond, time.Now)
		begin(t, l, "key")(true)
		_, err := l.Begin(t.Context(), "key")
		if e, ok := errors.AsType[*models.Error](err); !ok || e.Kind != models.TooMany ||
			e.Message != "Too many attempts: wait 2 seconds" {
			t.Errorf("got %v", err)
		}
	})
}

func TestLimiterIsBounded(t *testing.T) {
	l := auth.NewLimiter(10, time.Minute, time.Now)
	before := heapBytes()
	for i := range 1_000_000 {
		begin(t, l, fmt.Sprintf("203.0.113.7 name%d", i))(true)
	}
	if growth := heapBytes() - before; growth > 32<<20 {
		t.Errorf("a million keys take %d MiB, want 32 at most", growth>>20)
	}
	runtime.KeepAlive(l)
}

// TestLongKeysTakeNoMoreMemory: the limiter keeps hashes of keys, since a client chooses how long a key is.
func TestLongKeysTakeNoMoreMemory(t *testing.T) {
	l := auth.NewLimiter(10, time.Minute, time.Now)
	before := heapBytes()
	name := strings.Repeat("n", 64<<10)
	for i := range 50_000 {
		begin(t, l, name+strconv.Itoa(i))(true)
	}
	if growth := heapBytes() - before; growth > 16<<20 {
		t.Errorf("50,000 keys of 64 KiB take %d MiB, want 16 at most", growth>>20)
	}
	runtime.KeepAlive(l)
}

// heapBytes returns how much memory is in use.
func heapBytes() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
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
