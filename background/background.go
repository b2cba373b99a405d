// Package background repeats a task beside the server.
package background

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"
)

// Task is what is repeated.
type Task struct {
	Run      func(ctx context.Context) error
	Interval time.Duration
	Failure  string // the message of the log line if Run fails
	Log      *slog.Logger
}

// Start runs a task at once, and then at every interval, until ctx ends or stop is called. stop waits until Run has
// returned. A panic of Run counts as a failure. Of several failures in a row, the first is logged.
func Start(ctx context.Context, t Task) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { t.repeat(ctx) })
	return func() {
		cancel()
		running.Wait()
	}
}

func (t Task) repeat(ctx context.Context) {
	ticker := time.NewTicker(t.Interval)
	defer ticker.Stop()
	failed := false
	for {
		err := Recover(func() error { return t.Run(ctx) })
		if err != nil && !failed && ctx.Err() == nil {
			t.Log.WarnContext(ctx, t.Failure, "cause", err)
		}
		failed = err != nil
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Recover runs a function, and returns a panic as an error that says where it was.
func Recover(run func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = fmt.Errorf("panic: %v\n%s", value, debug.Stack())
		}
	}()
	return run()
}
