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

// HandleHangups has each SIGHUP call reload, unless SIGHUP is ignored, as nohup does it. reload runs beside everything
// else, so one that hangs holds up no stop. SIGPIPE is ignored: it comes when the reader of the log ends, and the
// server goes on. release restores what the two signals do.
func HandleHangups(reload func()) (release func()) {
	signal.Ignore(syscall.SIGPIPE)
	hangups := make(chan os.Signal, 1)
	for _, s := range heeded(syscall.SIGHUP) {
		signal.Notify(hangups, s)
	}
	go func() {
		for range hangups {
			reload()
		}
	}()
	return func() {
		signal.Stop(hangups)
		close(hangups)
		signal.Reset(syscall.SIGPIPE)
	}
}

// heeded returns the signals that are not ignored.
func heeded(signals ...os.Signal) []os.Signal { return slices.DeleteFunc(signals, signal.Ignored) }
