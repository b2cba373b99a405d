//go:build unix

package server

import (
	"context"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// send sends a signal to this process.
func send(t *testing.T, signal syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(syscall.Getpid(), signal); err != nil {
		t.Fatal(err)
	}
}

// handleSignals is what a server does.
func handleSignals(t *testing.T, reload func()) (_ context.Context, release func()) {
	t.Helper()
	ctx, stop := StopContext(t.Context())
	restore := HandleHangups(reload)
	return ctx, func() { restore(); stop() }
}

// TestSignals: a signal ends the context, and release leaves no goroutine behind. The tests in test/e2e show the rest.
func TestSignals(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 10 {
		ctx, release := handleSignals(t, func() {})
		send(t, syscall.SIGTERM)
		<-ctx.Done()
		release()
	}
	const spare = 5 // os/signal keeps one of its own
	for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before+spare; {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
		time.Sleep(time.Millisecond)
	}
}

// TestHangingReloadHoldsUpNoStop: SIGHUP reads the certificate, which may be on a disk that does not answer.
func TestHangingReloadHoldsUpNoStop(t *testing.T) {
	hangups := make(chan os.Signal, 2)
	signal.Notify(hangups, syscall.SIGHUP) // which nohup makes the tests ignore
	defer signal.Stop(hangups)
	reloading, answer := make(chan struct{}), make(chan struct{})
	defer close(answer)
	ctx, release := handleSignals(t, func() {
		reloading <- struct{}{}
		<-answer
	})
	defer release()
	send(t, syscall.SIGHUP)
	<-reloading
	send(t, syscall.SIGHUP)
	send(t, syscall.SIGTERM)
	select {
	case <-ctx.Done():
	case <-time.After(10 * time.Second):
		t.Error("SIGTERM has no effect")
	}
}

// TestIgnoredSignalsStayIgnored: nohup starts a process that ignores SIGHUP, and a script a job that ignores SIGINT.
func TestIgnoredSignalsStayIgnored(t *testing.T) {
	ignored := []os.Signal{syscall.SIGHUP, syscall.SIGINT}
	signal.Ignore(ignored...)
	defer signal.Reset(ignored...)
	_, release := handleSignals(t, func() { t.Error("SIGHUP reloads") })
	for _, s := range ignored {
		if !signal.Ignored(s) {
			t.Errorf("%s is no longer ignored", s)
		}
	}
	release()
	for _, s := range ignored {
		if !signal.Ignored(s) {
			t.Errorf("%s is no longer ignored after the stop", s)
		}
	}
}

// TestPipeIsNoCertificate: a pipe in place of a certificate is refused, where a read would have no end.
func TestPipeIsNoCertificate(t *testing.T) {
	dir := t.TempDir()
	pipe := dir + "/cert.pem"
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	loaded := make(chan error, 1)
	_, load := Certificate(pipe, pipe)
	go func() { loaded <- load() }()
	select {
	case err := <-loaded:
		if err == nil {
			t.Error("a pipe is taken as a certificate")
		}
	case <-time.After(10 * time.Second):
		t.Error("the pipe is read")
	}
}
