package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gin-blog/internal/testkit"
)

func TestCommandLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args           []string
		environ        []string
		exit           int
		stdout, stderr string
	}{
		{[]string{"-h"}, nil, 0, "Usage:", ""},
		{[]string{"--help"}, nil, 0, "healthcheck", ""},
		{[]string{"backup", "-h"}, nil, 0, "Usage:", ""},
		{[]string{"seed", "--help"}, nil, 0, "Usage:", ""},
		{[]string{"version"}, nil, 0, "go1.", ""},
		{[]string{"--version"}, nil, 0, "go1.", ""},
		{[]string{"dance"}, nil, 2, "", "unknown command dance"},
		{[]string{"-x"}, nil, 2, "", "unknown command -x"},
		{[]string{"-x"}, nil, 2, "", "Usage:"},
		{[]string{"role", "alice"}, nil, 2, "", "role: got 1 arguments"},
		{[]string{"role", "alice", "king"}, nil, 2, "", "user or admin"},
		{[]string{"role", "alice", "admin"}, nil, 1, "", "/data/gin-blog.db: run gin-blog once"},
		{[]string{"role", "alice", "-admin"}, nil, 2, "", "role: user or admin, not -admin"},
		{[]string{"serve", "now"}, nil, 2, "", "serve: got 1 arguments"},
		{nil, []string{"PORT=abc", "BCRYPT_COST=99"}, 1, "", "PORT must be a whole number"},
		{nil, []string{"PORT=abc", "BCRYPT_COST=99"}, 1, "", "BCRYPT_COST must be 4 to 16"},
		{nil, []string{"MONGO_URI=mongodb://user:hunter2@"}, 1, "", "MongoDB"},
		{nil, []string{"DATA_DIR=/dev/null/data"}, 1, "", "DATA_DIR"},
		{[]string{"seed", "-users", "9223372036854775807"}, nil, 2, "", "-users is 1 to 1000000"},
		{[]string{"seed", "-users", "0"}, nil, 2, "", "-users is 1 to"},
		{[]string{"seed", "-dance"}, nil, 2, "", "flag provided but not defined: -dance"},
		{[]string{"backup", "a.db", "b.db"}, nil, 2, "", "backup: got 2 arguments"},
		{[]string{"backup"}, nil, 1, "", "/data/gin-blog.db: run gin-blog once"},
		{[]string{"backup", "-f"}, nil, 2, "", "backup: flag provided but not defined: -f"},
		{[]string{"backup", "copy.db"}, nil, 1, "", "/data/gin-blog.db: run gin-blog once"},
		{[]string{"backup", "copy.db"}, []string{"MONGO_URI=mongodb://127.0.0.1:1/"}, 1, "", "mongodump"},
		{[]string{"copy", "sqlite:a.db"}, nil, 2, "", "copy: got 1 arguments"},
		{[]string{"copy", "a.db", "sqlite:b.db"}, nil, 2, "", "a store is named sqlite:FILE or mongodb://HOST/DATABASE"},
		{[]string{"copy", "sqlite:", "sqlite:b.db"}, nil, 2, "", "a store is named sqlite:FILE or mongodb://HOST/DATABASE"},
		{[]string{"copy", "sqlite:a.db", "sqlite:b.db"}, nil, 1, "", "no such file"},
		{[]string{"copy", "sqlite:a.db", "sqlite:./b/../a.db"}, nil, 1, "", "is both source and target"},
		{[]string{"copy", "mongodb://user:hunter2@", "sqlite:b.db"}, nil, 1, "", "the address of MongoDB is malformed"},
		{[]string{"copy", "mongodb://u:hunter2@h/x?w=1", "mongodb://v@h/x"}, nil, 1, "", "mongodb://h/x is both"},
		{[]string{"healthcheck"}, []string{"PORT=1"}, 1, "", "healthcheck"},
	} {
		cmd := command(t.TempDir(), c.environ, c.args...)
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		err := cmd.Run()
		if exit := cmd.ProcessState.ExitCode(); exit != c.exit {
			t.Errorf("%v: exit %d (%v), want %d", c.args, exit, err, c.exit)
		}
		if !strings.Contains(stdout.String(), c.stdout) || !strings.Contains(stderr.String(), c.stderr) {
			t.Errorf("%v: stdout %q, stderr %q", c.args, stdout.String(), stderr.String())
		}
		if strings.Contains(stderr.String(), "hunter2") || strings.Contains(stderr.String(), "goroutine") {
			t.Errorf("%v: stderr tells too much: %s", c.args, stderr.String())
		}
	}
}

// TestVersionIsStamped: in a clone, the program knows its version and its commit, as the banner and GET / show them.
func TestVersionIsStamped(t *testing.T) {
	t.Parallel()
	if info, err := os.Stat("../../.git"); err != nil || !info.IsDir() {
		testkit.LeaveOut(t, "Go stamps a version only in a clone with .git")
	}
	head, err := exec.Command("git", "-C", "../..", "rev-parse", "HEAD").Output()
	if err != nil {
		testkit.Skip(t, "git is not here")
	}
	stamped := filepath.Join(t.TempDir(), "gin-blog")
	build := exec.Command("go", "build", "-C", "../..", "-buildvcs=true", "-o", stamped, ".") // GOFLAGS may turn it off
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	out, err := exec.Command(stamped, "version").CombinedOutput()
	want := regexp.MustCompile(`^gin-blog v\d+\.\d+\.\d+\S*, commit ` + strings.TrimSpace(string(head)) + `, go1\.`)
	if err != nil || !want.Match(out) {
		t.Errorf("it is called %q, %v, want %s", out, err, want)
	}
}

// TestSeedAndBackup fills a store, copies it while a server writes, and serves the copy.
func TestSeedAndBackup(t *testing.T) {
	t.Parallel()
	dir, copied := t.TempDir(), t.TempDir()
	output := func(args ...string) string {
		out, _ := command(dir, []string{"BCRYPT_COST=4"}, args...).CombinedOutput()
		return string(out)
	}
	out := output("seed", "-users", "3", "-posts", "50")
	if !strings.HasPrefix(out, "3 users and 50 posts are in the SQLite file") {
		t.Fatalf("seed: %s", out)
	}
	if out := output("seed"); !strings.Contains(out, "has posts already: -force adds 10 users and 100 posts to them") {
		t.Errorf("seed again: %s", out)
	}
	if out := output("seed", "-users", "1", "-posts", "1", "-force"); !strings.HasPrefix(out, "1 users") {
		t.Errorf("seed by force: %s", out)
	}

	p := start(t, dir)
	var list []testkit.Post
	p.call("GET", "/posts?limit=100", "", "", 200, &list)
	if len(list) != 51 {
		t.Errorf("%d posts, want 51", len(list))
	}
	var login testkit.Grant
	p.call("POST", "/auth/login", "", testkit.Account(list[50].Author.Username), 200, &login)
	backup := filepath.Join(copied, "data", "gin-blog.db")
	if err := os.Mkdir(filepath.Dir(backup), 0o700); err != nil {
		t.Fatal(err)
	}
	if out := output("backup", backup); !strings.Contains(out, "is a copy of") {
		t.Fatalf("backup: %s", out)
	}
	if info, err := os.Stat(backup); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the copy: %v, %v", info, err)
	}
	if out := output("backup", backup); !strings.Contains(out, "file exists") {
		t.Errorf("backup over the copy: %s", out)
	}
	p.call("POST", "/posts", login.Token, `{"title":"After","content":"the copy"}`, 201, nil)

	fromCopy := start(t, copied)
	fromCopy.call("GET", "/posts?limit=100", "", "", 200, &list)
	if len(list) != 51 {
		t.Errorf("%d posts in the copy, want 51", len(list))
	}
	fromCopy.call("GET", "/posts?q=the&limit=1", "", "", 200, &list)
	if len(list) != 1 {
		t.Error("the search in the copy finds nothing")
	}
}

func TestHealthcheckAndPortInUse(t *testing.T) {
	t.Parallel()
	p := start(t, t.TempDir())
	settings := []string{"PORT=" + p.port}
	if out, err := command(t.TempDir(), settings, "healthcheck").CombinedOutput(); err != nil {
		t.Errorf("healthcheck: %v: %s", err, out)
	}

	second := command(t.TempDir(), settings)
	out, err := second.CombinedOutput()
	if second.ProcessState.ExitCode() != 1 || !strings.Contains(string(out), "port "+p.port+" is in use") {
		t.Errorf("second server: %v: %s", err, out)
	}
}
