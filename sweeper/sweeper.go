// Package sweeper removes what deleted posts and accounts have left, in the background.
package sweeper

import (
	"context"
	"log/slog"
	"time"

	"gin-blog/background"
)

// interval is how often a server looks for what deletions have left. Nobody sees it in the meantime.
const interval = 30 * time.Second

// Store is a store that removes what deletions have left.
type Store interface {
	Sweep(ctx context.Context, now time.Time) (more bool, err error)
}

// Start sweeps at once, and then regularly, until ctx ends or stop is called. stop waits for the step that is under
// way.
func Start(ctx context.Context, store Store, log *slog.Logger) (stop func()) {
	return start(ctx, store, interval, log)
}

func start(ctx context.Context, store Store, every time.Duration, log *slog.Logger) (stop func()) {
	return background.Start(ctx, background.Task{
		Run:      func(ctx context.Context) error { return sweep(ctx, store) },
		Interval: every,
		Failure:  "could not remove what deletions have left, trying again",
		Log:      log,
	})
}

// sweep sweeps until there is no more to do. After each step it rests as long as the step took, so that others get
// at least half of the time of a database that has one writer.
func sweep(ctx context.Context, store Store) error {
	for {
		start := time.Now()
		more, err := store.Sweep(ctx, start)
		if err != nil || !more {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Since(start)):
		}
	}
}
