package blog

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// TestJobThatPanicsIsTriedAgain: a mistake in a job ends neither the process nor the job. The log says once where it
// is.
func TestJobThatPanicsIsTriedAgain(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	runs := make(chan int)
	n := 0
	jobs := New(Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	stop := jobs.repeat(t.Context(), time.Millisecond, "the job failed", func(ctx context.Context) error {
		n++
		select {
		case runs <- n:
		case <-ctx.Done():
			return nil
		}
		switch n {
		case 1, 2:
			panic("a mistake")
		case 3:
			var none []int
			none[n]++
		case 5:
			panic(errors.New("another mistake"))
		}
		return nil
	})
	for want := range 6 {
		select {
		case run := <-runs:
			if run != want+1 {
				t.Fatalf("run %d, want %d", run, want+1)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("the job is not tried again")
		}
	}
	stop() // from here on nothing is logged
	text := log.String()
	if strings.Count(text, "the job failed") != 2 || strings.Count(text, "panic: a mistake") != 1 ||
		strings.Count(text, "panic: another mistake") != 1 || strings.Count(text, "jobs_test.go") < 2 {
		t.Errorf("the log is %s", text)
	}
}
