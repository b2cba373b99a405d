//go:build unix

package server

import (
	"runtime"
	"syscall"
	"testing"
)

// TestHandleSignals: a signal ends the context, and release leaves no goroutine behind. The tests in test/e2e show the rest.
func TestHandleSignals(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 10 {
		ctx, release := HandleSignals(t.Context(), nil)
		if err := syscall.Kill(syscall.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		<-ctx.Done()
		release()
	}
	if after := runtime.NumGoroutine(); after > before+5 { // os/signal keeps one of its own
		t.Errorf("%d goroutines, %d before", after, before)
	}
}
