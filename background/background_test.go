package background

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// TestTaskThatPanicsIsTriedAgain: a mistake in a task ends neither the process nor the task. The log says once where it
// is.
func TestTaskThatPanicsIsTriedAgain(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	runs := make(chan int)
	n := 0
	stop := Start(t.Context(), Task{
		Run: func(ctx context.Context) error {
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
		},
		Interval: time.Millisecond, Failure: "the task failed", Log: slog.New(slog.NewTextHandler(&log, nil)),
	})
	for want := range 6 {
		select {
		case run := <-runs:
			if run != want+1 {
				t.Fatalf("run %d, want %d", run, want+1)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("the task is not tried again")
		}
	}
	stop() // from here on nothing is logged
	text := log.String()
	if strings.Count(text, "the task failed") != 2 || strings.Count(text, "panic: a mistake") != 1 ||
		strings.Count(text, "panic: another mistake") != 1 || strings.Count(text, "background_test.go") < 2 {
		t.Errorf("the log is %s", text)
	}
}
