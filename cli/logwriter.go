package cli

import (
	"bytes"
	"io"
	"sync"
	"time"
)

const (
	logBuffer       = 1000        // lines
	logFlushTimeout = time.Second // at the end, for a reader that is slow
)

// logWriter writes lines in a goroutine of its own, so that whoever reads them slowly, or no longer, holds nobody up.
// Lines that have no room in its buffer are lost. The next one that has room comes after a line that counts them.
type logWriter struct {
	mu    sync.Mutex
	lines chan []byte // nil once the writer is closed, which then loses all
	lost  int
	note  func(lost int) []byte // returns the line that counts lost ones
	done  chan struct{}
}

// newLogWriter returns a writer of lines to w, each in one call of Write.
func newLogWriter(w io.Writer, note func(lost int) []byte) *logWriter {
	lines := make(chan []byte, logBuffer)
	l := &logWriter{lines: lines, note: note, done: make(chan struct{})}
	go func() {
		defer close(l.done)
		for line := range lines {
			_, _ = w.Write(line)
		}
	}()
	return l
}

// Write implements io.Writer. It never blocks or fails.
func (l *logWriter) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lost > 0 && len(l.lines) < cap(l.lines)-1 { // room for both
		l.lines <- l.note(l.lost)
		l.lost = 0
	}
	if l.lost > 0 || len(l.lines) == cap(l.lines) {
		l.lost++
		return len(line), nil
	}
	l.lines <- bytes.Clone(line)
	return len(line), nil
}

// Close waits for a moment until all lines are written.
func (l *logWriter) Close() {
	l.mu.Lock()
	close(l.lines)
	l.lines = nil
	l.mu.Unlock()
	select {
	case <-l.done:
	case <-time.After(logFlushTimeout):
	}
}
