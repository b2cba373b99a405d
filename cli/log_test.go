package cli

import (
	"errors"
	"os"
	"strings"
	"testing"

	"gin-blog/config"
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
		{"", true, "level=INFO msg=hello n=1"},
		{"text", true, "level=INFO msg=hello n=1"},
	} {
		var out strings.Builder
		settings := &config.Config{LogFormat: c.format}
		newLogger(settings, &out, isForPeople(settings, c.terminal)).Info("hello", "n", 1)
		if !strings.Contains(out.String(), c.want) {
			t.Errorf("format %q, terminal %v: got %q, want %q", c.format, c.terminal, out.String(), c.want)
		}
	}
}

// TestTerminalLog: nothing that a client sent moves the cursor of a terminal.
func TestTerminalLog(t *testing.T) {
	var out strings.Builder
	log := newLogger(new(config.Config), &out, true)
	log.Warn("not\x1b[2J ready", "path", "/a\x1b[2Jb\nc", "cause", errors.New("no\x1b route"))
	if strings.Contains(out.String(), "\x1b") || strings.Count(out.String(), "\n") != 1 {
		t.Errorf("got %q", out.String())
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
