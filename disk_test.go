package main_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestDiskFull fills the disk under a server: writes are refused, reads go on, and writes work again once there is room.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	const small = "mount -t tmpfs -o size=4m,mode=0700 none ." // in a namespace of its own
	if out, err := exec.Command("unshare", "--mount", "sh", "-c", "cd "+t.TempDir()+" && "+small).CombinedOutput(); err != nil {
		t.Skipf("no small disk can be mounted here: %v: %s", err, out)
	}
	dir := t.TempDir()
	p, err := launchCommand(t, exec.Command("unshare", "--mount", "sh", "-c", "cd "+dir+" && "+small+" && cd "+dir+" && exec "+binary))
	if err != nil {
		t.Fatal(err)
	}
	disk := fmt.Sprintf("/proc/%d/root%s", p.cmd.Process.Pid, dir) // as the server sees it
	var login struct{ Token string }
	p.call("POST", "/auth/register", "", `{"username":"alice","password":"pass123"}`, 201, &struct{}{})
	p.call("POST", "/auth/login", "", `{"username":"alice","password":"pass123"}`, 200, &login)

	ballast := filepath.Join(disk, "ballast")
	f, err := os.Create(ballast)
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = f.Write(make([]byte, 4<<10))
	}
	f.Close()

	text := strings.Repeat("word ", 4000)
	body := fmt.Sprintf(`{"title":"My Post","content":%q}`, text)
	created := 0
	eventually(t, 20*time.Second, "a write is refused", func() bool {
		status, retryAfter, took := p.try("POST", "/posts", login.Token, body)
		if status == 201 {
			created++
			return false
		}
		if status != 503 || retryAfter == "" || took > 3*time.Second {
			t.Fatalf("a write on a full disk: %d, Retry-After %q in %s", status, retryAfter, took)
		}
		return true
	})
	if !strings.Contains(p.logged(), "full") {
		t.Errorf("the log does not tell that the disk is full: %s", p.logged())
	}
	for _, path := range []string{"/posts", "/healthz"} {
		if status, _, took := p.try("GET", path, login.Token, ""); status != 200 || took > time.Second {
			t.Errorf("GET %s on a full disk: %d in %s", path, status, took)
		}
	}

	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if status, _, _ := p.try("POST", "/posts", login.Token, body); status != 201 {
		t.Errorf("a write with room again: %d", status)
	}
	var list []struct{}
	p.call("GET", "/posts?limit=100", "", "", 200, &list)
	if len(list) != created+1 {
		t.Errorf("%d posts are there, %d were acknowledged", len(list), created+1)
	}
}

// TestDamagedFiles: a file that is no database of gin-blog, or no longer a whole one, is refused and stays as it is.
func TestDamagedFiles(t *testing.T) {
	t.Parallel()
	filled := t.TempDir()
	fill := exec.Command(binary, "seed", "-users", "3", "-posts", "300")
	fill.Dir, fill.Env = filled, []string{"BCRYPT_COST=4"}
	if out, err := fill.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	whole, err := os.ReadFile(filepath.Join(filled, "data", "gin-blog.db"))
	if err != nil {
		t.Fatal(err)
	}
	overwritten := func(offset int) []byte {
		return append(append(bytes.Clone(whole[:offset]), bytes.Repeat([]byte{0xa5}, 4096)...), whole[offset+4096:]...)
	}
	for name, content := range map[string][]byte{
		"text":              []byte(strings.Repeat("no database, but long enough to be one\n", 500)),
		"short":             []byte("short"),
		"cut in half":       whole[:len(whole)/2],
		"cut by a page":     whole[:len(whole)-4096],
		"header lost":       overwritten(0),
		"a page lost":       overwritten(4096 * 3),
		"the middle lost":   overwritten(len(whole) / 2 / 4096 * 4096),
		"one byte mistaken": append(append(bytes.Clone(whole[:4096*2]), whole[4096*2]^0xff), whole[4096*2+1:]...),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := filepath.Join(dir, "data", "gin-blog.db")
			if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			refused(t, exec.Command(binary), dir, "gin-blog.db", "put a backup in its place")
			if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, content) {
				t.Errorf("the file was changed: %v", err)
			}
		})
	}
}

// TestReadOnlyFiles: what cannot be written is refused at the start, not at the first write.
func TestReadOnlyFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := start(t, dir)
	p.call("POST", "/auth/register", "", `{"username":"alice","password":"pass123"}`, 201, &struct{}{})
	if err := p.stop(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "data", "gin-blog.db")
	if err := errors.Join(os.Chmod(path, 0o444), os.Chmod(filepath.Dir(path), 0o755), os.Chmod(filepath.Dir(dir), 0o755)); err != nil {
		t.Fatal(err)
	}
	server := exec.Command(binary)
	if os.Getuid() == 0 { // whom no mode stops
		server.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	server.Env = []string{"SECRET_KEY=" + strings.Repeat("a", 32), "REFRESH_SECRET=" + strings.Repeat("r", 32)}
	refused(t, server, dir, "gin-blog.db", "permission denied")
}

// refused runs a server in a directory and wants it to end with one line that says why.
func refused(t *testing.T, server *exec.Cmd, dir string, why ...string) {
	t.Helper()
	server.Dir, server.Env = dir, append(server.Env, "PORT=0")
	var stderr bytes.Buffer
	server.Stderr = &stderr
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Wait() }()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		_ = server.Process.Kill()
		t.Fatal("it was not refused")
	}
	line := stderr.String()
	if server.ProcessState.ExitCode() != 1 || strings.Count(line, "\n") != 1 {
		t.Errorf("exit %d, %q, want 1 and one line", server.ProcessState.ExitCode(), line)
	}
	for _, word := range why {
		if !strings.Contains(line, word) {
			t.Errorf("%q is not in %q", word, line)
		}
	}
}
