package cli

import (
	"bytes"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/mattn/go-isatty"

	"gin-blog/config"
)

const (
	logBuffer       = 1000        // lines
	logFlushTimeout = time.Second // at the end, for a reader that is slow
)

// newLogger returns a logger of lines of key=value, for people or if the settings name that format, or else of JSON.
func newLogger(c *config.Config, w io.Writer, people bool) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	if people || c.LogFormat == "text" {
		return slog.New(slog.NewTextHandler(w, options))
	}
	return slog.New(slog.NewJSONHandler(w, options))
}

// startLog returns a logger, and the writer to which it writes. It logs the warnings about the settings.
func startLog(c *config.Config, w io.Writer, people bool) (*slog.Logger, *logWriter) {
	out := newLogWriter(w, func(lost int) []byte {
		var line bytes.Buffer
		newLogger(c, &line, people).Error("lines of the log are lost: its reader was too slow", "lines", lost)
		return line.Bytes()
	})
	log := newLogger(c, out, people)
	for _, warning := range c.Warnings {
		log.Warn(warning)
	}
	return log, out
}

// isForPeople returns whether people read the output as it is written.
func isForPeople(c *config.Config, terminal bool) bool { return terminal && c.LogFormat != "json" }

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}

// printable replaces what could move the cursor of a terminal or change its colors.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, text)
}

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
