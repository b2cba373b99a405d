package server

import (
	"context"
	"os"
	"os/signal"
	"slices"
	"syscall"
)

// StopContext returns a context that ends at SIGINT or SIGTERM; the next one of them ends the process at once. A signal
// that is ignored stays ignored, as a shell does it with SIGINT for a job in the background.
func StopContext(ctx context.Context) (_ context.Context, stop context.CancelFunc) {
	signals := heeded(syscall.SIGINT, syscall.SIGTERM)
	if len(signals) == 0 { // which NotifyContext takes as all
		return context.WithCancel(ctx)
	}
	caught, release := signal.NotifyContext(ctx, signals...)
	ctx, cancel := context.WithCancel(ctx)
	context.AfterFunc(caught, func() {
		release() // first, so that whoever sees that ctx has ended can rely on what the next signal does
		cancel()
	})
	return ctx, func() {
		release()
		cancel()
	}
}

// HandleSignals is StopContext for a server. SIGHUP, unless it is ignored, as nohup does it, calls reload beside
// everything else, so that a reload that hangs holds up no stop. SIGPIPE is ignored: it comes when the reader of the
// log ends, and the server goes on. release ends the context, and restores what SIGHUP and SIGPIPE do.
func HandleSignals(ctx context.Context, reload func()) (_ context.Context, release func()) {
	ctx, stop := StopContext(ctx)
	signal.Ignore(syscall.SIGPIPE)
	hangups := make(chan os.Signal, 1)
	for _, s := range heeded(syscall.SIGHUP) {
		signal.Notify(hangups, s)
	}
	go func() {
		for {
			select {
			case <-hangups:
				reload()
			case <-ctx.Done():
				return
			}
		}
	}()
	return ctx, func() {
		signal.Stop(hangups)
		signal.Reset(syscall.SIGPIPE)
		stop()
	}
}

// heeded returns the signals that are not ignored.
func heeded(signals ...os.Signal) []os.Signal { return slices.DeleteFunc(signals, signal.Ignored) }
