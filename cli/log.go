package cli

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/lmittmann/tint"
	"github.com/mattn/go-colorable"
	"github.com/mattn/go-isatty"

	"gin-blog/config"
	"gin-blog/middleware"
)

// shortID is how many characters of a request id a terminal shows.
const shortID = 8

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
	line := slog.NewRecord(r.Time, r.Level, printable(r.Message), r.PC)
	var shown []string // attributes that the message says
	switch r.Message {
	case middleware.RequestMessage:
		line.Message = describeRequest(attrs)
		shown = []string{"method", "route", "path", "status", "durationMs", "error", "message", "bytes"}
	case middleware.PanicMessage:
		line.Message = "panic: " + printable(attrs["value"]) + "\n" + attrs["stack"]
		shown = []string{"value", "stack"}
	}
	r.Attrs(func(a slog.Attr) bool {
		value := printable(a.Value.String())
		switch {
		case slices.Contains(shown, a.Key):
		case a.Key == "requestId":
			line.AddAttrs(slog.String("id", value[:min(len(value), shortID)]))
		default:
			line.AddAttrs(slog.String(a.Key, value))
		}
		return true
	})
	return h.Handler.Handle(ctx, line)
}

// WithAttrs implements slog.Handler.
func (h terminalHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return terminalHandler{h.Handler.WithAttrs(attrs)}
}

// describeRequest returns a line such as "GET /posts/:id 404 1ms Post not found".
func describeRequest(attrs map[string]string) string {
	parts := []string{attrs["method"], cmp.Or(attrs["route"], attrs["path"]), attrs["status"]}
	if ms, err := strconv.ParseFloat(attrs["durationMs"], 64); err == nil {
		parts = append(parts, fmt.Sprintf("%.3gms", ms))
	}
	if attrs["error"] != "" {
		parts = append(parts, attrs["error"]+": "+attrs["message"])
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
