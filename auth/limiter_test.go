package auth_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"gin-blog/auth"
)

func TestLimiterKeepsPlacesForTriesUnderWay(t *testing.T) {
	now := time.Now()
	l := auth.NewLimiter(2, time.Minute, func() time.Time { return now })
	first, err := l.Begin(t.Context(), "key")
	if err != nil {
		t.Fatal(err)
	}
	second, err := l.Begin(t.Context(), "key")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Begin(t.Context(), "other"); err != nil {
		t.Errorf("another key: %v", err)
	}
	impatient, cancel := context.WithTimeoutCause(t.Context(), 10*time.Millisecond, auth.ErrBusy)
	defer cancel()
	if _, err := l.Begin(impatient, "key"); !errors.Is(err, auth.ErrBusy) {
		t.Errorf("a third one while two are under way: got %v, want it to wait", err)
	}

	third := make(chan error, 1)
	go func() {
		end, err := l.Begin(t.Context(), "key")
		if err == nil {
			end(true)
		}
		third <- err
	}()
	first(false) // a success gives its place back
	if err := <-third; err != nil {
		t.Errorf("once a place is free: %v", err)
	}
	second(true)
	var limit *auth.LimitError
	if _, err := l.Begin(t.Context(), "key"); !errors.As(err, &limit) || limit.RetryAfter != time.Minute {
		t.Errorf("after two that count: got %v, want to wait a minute", err)
	}
	now = now.Add(time.Minute)
	if _, err := l.Begin(t.Context(), "key"); err != nil {
		t.Errorf("after that minute: %v", err)
	}
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
		end, err := l.Begin(t.Context(), fmt.Sprintf("203.0.113.7 name%d", i))
		if err != nil {
			t.Fatal(err)
		}
		end(true)
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
