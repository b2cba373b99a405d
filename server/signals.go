package server

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// HandleSignals returns a context that ends at SIGINT or SIGTERM; a second one of them ends the process at once.
// SIGHUP reloads the certificate. Without one, when certificate is nil, SIGHUP is a stop like SIGTERM.
// release ends the context and restores what signals do by default.
func HandleSignals(ctx context.Context, certificate *Certificate) (_ context.Context, release func()) {
	ctx, cancel := context.WithCancel(ctx)
	stops, hangups := make(chan os.Signal, 1), make(chan os.Signal, 1)
	signal.Notify(stops, syscall.SIGINT, syscall.SIGTERM)
	if certificate != nil {
		signal.Notify(hangups, syscall.SIGHUP)
	} else {
		signal.Notify(stops, syscall.SIGHUP)
	}

	released := make(chan struct{})
	var handling sync.WaitGroup
	handling.Go(func() {
		for {
			select {
			case <-hangups:
				certificate.Reload()
			case <-stops:
				signal.Stop(stops) // so that the next signal ends the process
				cancel()
			case <-released:
				return
			}
		}
	})
	return ctx, func() {
		signal.Stop(stops)
		signal.Stop(hangups)
		close(released)
		handling.Wait()
		cancel()
	}
}
