package cli

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/lmittmann/tint"
	"github.com/mattn/go-colorable"
	"github.com/mattn/go-isatty"

	"gin-blog/config"
	"gin-blog/middleware"
)

const (
	shortID         = 8           // characters of a request id that a terminal shows
	logBuffer       = 1000        // lines
	logFlushTimeout = time.Second // at the end, for a reader that is slow
)

// newLogger returns a logger for people, or one in the format that the settings name: lines of key=value, or else JSON.
func newLogger(c *config.Config, w io.Writer, people bool) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	if people {
		return slog.New(newTerminalHandler(w, c.LogLevel, c.NoColor == ""))
	}
	if c.LogFormat == "text" {
		return slog.New(slog.NewTextHandler(w, options))
	}
	return slog.New(slog.NewJSONHandler(w, options))
}

// startLog returns a logger, and the writer to which it writes. It logs the warnings about the settings.
func startLog(c *config.Config, w io.Writer, people bool) (*slog.Logger, *logWriter) {
	if f, ok := w.(*os.File); ok && people {
		w = colorable.NewColorable(f) // for the console of Windows
	}
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

// terminalHandler is a slog.Handler that writes lines for people: local time, level, and, for a request, what it was
// and how it ended.
type terminalHandler struct{ slog.Handler }

func newTerminalHandler(w io.Writer, level slog.Leveler, color bool) slog.Handler {
	options := &tint.Options{Level: level, TimeFormat: time.TimeOnly, NoColor: !color}
	return terminalHandler{tint.NewTextHandler(w, options)}
}

// Handle implements slog.Handler.
func (h terminalHandler) Handle(ctx context.Context, r slog.Record) error {
	attrs := map[string]string{}
	r.Attrs(func(a slog.Attr) bool {
		attrs[a.Key] = a.Value.String()
		return true
	})
	take := func(name string) string {
		defer delete(attrs, name)
		return attrs[name]
	}
	line := slog.NewRecord(r.Time, r.Level, printable(r.Message), r.PC)
	switch r.Message {
	case middleware.RequestMessage:
		line.Message = describeRequest(take)
	case middleware.PanicMessage:
		line.Message = "panic: " + printable(take("value")) + "\n" + take("stack")
	}
	if id := take("requestId"); id != "" {
		attrs["id"] = id[:min(len(id), shortID)]
	}
	for _, name := range slices.Sorted(maps.Keys(attrs)) {
		line.AddAttrs(slog.String(name, printable(attrs[name])))
	}
	return h.Handler.Handle(ctx, line)
}

// WithAttrs implements slog.Handler.
func (h terminalHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return terminalHandler{h.Handler.WithAttrs(attrs)}
}

// describeRequest returns a line such as "GET /posts/:id 404 1ms Post not found". It takes the attributes that the line
// says, and the length of the answer.
func describeRequest(take func(name string) string) string {
	take("bytes")
	parts := []string{take("method"), cmp.Or(take("route"), take("path")), take("status")}
	if ms, err := strconv.ParseFloat(take("durationMs"), 64); err == nil {
		parts = append(parts, fmt.Sprintf("%.3gms", ms))
	}
	if name, message := take("error"), take("message"); name != "" {
		parts = append(parts, name+": "+message)
	}
	return printable(strings.Join(parts, " "))
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
