package cli

import (
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"

	"gin-blog/config"
	"gin-blog/middleware"
)

func TestLogFormats(t *testing.T) {
	for _, c := range []struct {
		format   string
		terminal bool
		want     string
	}{
		{"", false, `"msg":"hello","n":1}`},
		{"json", false, `"msg":"hello","n":1}`},
		{"json", true, `"msg":"hello","n":1}`},
		{"text", false, "level=INFO msg=hello n=1"},
		{"", true, "INF hello n=1"},
		{"text", true, "INF hello n=1"},
	} {
		var out strings.Builder
		settings := &config.Config{LogFormat: c.format, NoColor: "1"}
		newLogger(settings, &out, isForPeople(settings, c.terminal)).Info("hello", "n", 1)
		if !strings.Contains(out.String(), c.want) {
			t.Errorf("format %q, terminal %v: got %q, want %q", c.format, c.terminal, out.String(), c.want)
		}
	}
}

// TestTerminalLog: people see a request in one line, and nothing that a client sent moves the cursor.
func TestTerminalLog(t *testing.T) {
	id := slog.String("requestId", "ABCDEFGHIJKLMNOP")
	request := func(more ...any) []any {
		return append([]any{"method", "POST", "route", "/posts/:id", "status", 201, "bytes", 7, "durationMs", 3.234, id},
			more...)
	}
	var out strings.Builder
	log := slog.New(newTerminalHandler(&out, slog.LevelInfo, false))
	for _, c := range []struct {
		level   slog.Level
		message string
		attrs   []any
		want    string
	}{
		{slog.LevelInfo, middleware.RequestMessage, request("userId", "7"),
			"INF POST /posts/:id 201 3.23ms id=ABCDEFGH userId=7\n"},
		{slog.LevelWarn, middleware.RequestMessage,
			request("error", "ForbiddenError", "message", "Only the\x1b[2J author\n"),
			"WRN POST /posts/:id 201 3.23ms ForbiddenError: Only the?[2J author? id=ABCDEFGH\n"},
		{slog.LevelInfo, middleware.RequestMessage,
			[]any{"method", "GET", "route", "", "path", "/nope", "status", 404, "durationMs", 0.5},
			"INF GET /nope 404 0.5ms\n"},
		{slog.LevelError, middleware.PanicMessage, []any{"value", "a\x07b", "stack", "goroutine 1\n\tmain.go", id},
			"ERR panic: a?b\ngoroutine 1\n\tmain.go id=ABCDEFGH\n"},
		{slog.LevelWarn, "not ready", []any{"cause", errors.New("no\x1b route")}, "WRN not ready cause=\"no? route\"\n"},
		{slog.LevelDebug, "detail", nil, ""},
	} {
		out.Reset()
		log.Log(t.Context(), c.level, c.message, c.attrs...)
		_, line, _ := strings.Cut(out.String(), " ") // without the time
		if line != c.want {
			t.Errorf("%s: got %q, want %q", c.message, line, c.want)
		}
	}

	out.Reset()
	slog.New(newTerminalHandler(&out, slog.LevelInfo, true)).With("a", 1).Warn("hello")
	if !strings.Contains(out.String(), "\x1b[93mWRN\x1b[0m hello") || !strings.Contains(out.String(), "1") {
		t.Errorf("in color: got %q", out.String())
	}
}

func TestBanner(t *testing.T) {
	text := banner(&config.Config{DataDir: "data"}, "http://localhost:3000")
	for _, want := range []string{
		version(), " http://localhost:3000\n", "http://localhost:3000/docs\n", "SQLite file data/gin-blog.db\n",
		programName(os.Args[0]) + " role USERNAME admin\n", "Ctrl-C\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in %s", want, text)
		}
	}
	if lines := strings.Count(text, "\n"); lines > 5 {
		t.Errorf("the banner has %d lines", lines)
	}
	for arg0, want := range map[string]string{"./gin-blog": "./gin-blog", "/tmp/go-build1/b001/exe/gin-blog": "go run ."} {
		if got := programName(arg0); got != want {
			t.Errorf("the program that was started as %s is called %s, want %s", arg0, got, want)
		}
	}
}
