package e2e

import (
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"gin-blog/internal/testkit"
)

// TestTerminal: at a terminal, a banner comes first, and then a line for each request. The command script of util-linux
// makes the terminal.
func TestTerminal(t *testing.T) {
	t.Parallel()
	script, err := exec.LookPath("script")
	if err != nil || runtime.GOOS != "linux" {
		testkit.Skip(t, "script of util-linux is not here")
	}
	cmd := exec.Command(script, "-qefc", "exec "+binary, "/dev/null")
	cmd.Dir = t.TempDir()
	cmd.Env = []string{"PORT=0", "BCRYPT_COST=4", "DRAIN_DELAY=0s", "SHELL=/bin/sh", "PATH=/usr/bin:/bin"}
	out := new(testkit.Output)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			t.Errorf("still runs: %s", out)
		}
	})
	eventually(t, 20*time.Second, "the banner", func() bool { return strings.Contains(out.String(), "Ctrl-C") })
	lines := strings.Split(strings.ReplaceAll(out.String(), "\r", ""), "\n")
	found := regexp.MustCompile(`^gin-blog .* listens at (http://localhost:\d+)$`).FindStringSubmatch(lines[0])
	if len(lines) != 6 || found == nil {
		t.Fatalf("the banner is not five lines: %q", lines)
	}
	request, err := testkit.NewRequest(t.Context(), "GET", found[1]+"/post", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := testkit.Do(request); err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`\ntime=\S+ level=INFO msg=request method=GET route="" path=/post status=404 `)
	eventually(t, 5*time.Second, "the line of a request", func() bool { return line.MatchString(out.String()) })
}
