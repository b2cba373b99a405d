package e2e

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

	"gin-blog/internal/testkit"
)

// TestDiskFull fills the disk under a server: writes are refused, reads go on. Writes work again when there is room.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	dir := testkit.SmallDisk(t, "4m")
	p := start(t, dir)
	token := p.signUp("alice")

	ballast := filepath.Join(dir, "ballast")
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
		begin := time.Now()
		answer, err := p.do("POST", "/posts", token, body)
		if err != nil {
			t.Fatal(err)
		}
		if answer.Status == 201 {
			created++
			return false
		}
		const says = `"message":"The disk of the server is full, so nothing can be saved. Its owner must free up space"`
		if answer.Status != 503 || answer.Header.Get("Retry-After") != "60" || time.Since(begin) > 3*time.Second ||
			!strings.Contains(answer.Body, says) || strings.Contains(answer.Body, "sqlite") {
			t.Fatalf("a write on a full disk: %+v in %s", answer, time.Since(begin))
		}
		return true
	})
	eventually(t, time.Second, "the log tells that the disk is full", func() bool {
		return strings.Contains(p.logged(), `message="The disk of the server is full`) &&
			strings.Contains(p.logged(), "database or disk is full")
	})
	for _, path := range []string{"/posts", "/healthz"} {
		if status, _, took := p.try("GET", path, token, ""); status != 200 || took > time.Second {
			t.Errorf("GET %s on a full disk: %d in %s", path, status, took)
		}
	}

	secrets := []string{"SECRET_KEY=" + strings.Repeat("a", 32), "REFRESH_SECRET=" + strings.Repeat("r", 32)}
	refused(t, command(dir, append(secrets, "DATA_DIR="+filepath.Join(dir, "other"))), "the disk is full")

	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if status, _, _ := p.try("POST", "/posts", token, body); status != 201 {
		t.Errorf("a write with room again: %d", status)
	}
	var list []struct{}
	p.call("GET", "/posts?limit=100", "", "", 200, &list)
	if len(list) != created+1 {
		t.Errorf("%d posts are there, %d were acknowledged", len(list), created+1)
	}
}

// TestDamagedFiles: a file that is damaged, or no database of gin-blog, is refused and stays as it is.
func TestDamagedFiles(t *testing.T) {
	t.Parallel()
	filled := t.TempDir()
	seed := command(filled, []string{"BCRYPT_COST=4"}, "seed", "-users", "3", "-posts", "300")
	if out, err := seed.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	whole, err := os.ReadFile(filepath.Join(filled, "data", "gin-blog.db"))
	if err != nil {
		t.Fatal(err)
	}
	const page = 4096
	overwritten := func(first, pages int) []byte {
		from, to := first*page, (first+pages)*page
		return append(append(bytes.Clone(whole[:from]), bytes.Repeat([]byte{0xa5}, to-from)...), whole[to:]...)
	}
	third := len(whole) / page / 3
	for name, content := range map[string][]byte{
		"text":              []byte(strings.Repeat("no database, but long enough to be one\n", 500)),
		"short":             []byte("short"),
		"cut in half":       whole[:len(whole)/2],
		"cut by a page":     whole[:len(whole)-page],
		"header lost":       overwritten(0, 1),
		"a page lost":       overwritten(3, 1),
		"a third lost":      overwritten(third, third), // of which some pages have a structure, whatever the order
		"one byte mistaken": append(append(bytes.Clone(whole[:page*2]), whole[page*2]^0xff), whole[page*2+1:]...),
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
			refused(t, command(dir, nil), "gin-blog.db", "put a backup in its place")
			if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, content) {
				t.Errorf("the file was changed: %v", err)
			}
		})
	}
}

// TestFilesThatDoNotBelongTogether: a server was killed, so its last writes are in the log beside the file. Then
// somebody changes the files. The next start must neither mix nor delete what is there.
func TestFilesThatDoNotBelongTogether(t *testing.T) {
	t.Parallel()
	killed := t.TempDir()
	p := start(t, killed)
	token := p.signUp("alice")
	p.call("POST", "/posts", token, `{"title":"My Post","content":"Hello"}`, 201, nil)
	if out, err := command(killed, nil, "backup", "copy.db").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	p.call("POST", "/posts", token, `{"title":"After","content":"the copy"}`, 201, nil)
	if err := p.stop(os.Kill); err == nil {
		t.Fatal("it had ended before")
	}
	copied, err := os.ReadFile(filepath.Join(killed, "copy.db"))
	if err != nil {
		t.Fatal(err)
	}

	const putBack = "put that file back, or move /"
	for name, c := range map[string]struct {
		change func(file string) error
		posts  int // -1 where the start is refused
		why    string
	}{
		"nothing was changed": {func(string) error { return nil }, 2, ""},
		"the file is gone":    {os.Remove, -1, putBack},
		"the file is empty":   {func(file string) error { return os.Truncate(file, 0) }, -1, putBack},
		"a backup beside the log": {func(file string) error {
			return os.WriteFile(file, copied, 0o600)
		}, -1, "/data/gin-blog.db-wal is of another file"},
		"a backup, and the log moved away": {func(file string) error {
			return errors.Join(os.Remove(file+"-wal"), os.WriteFile(file, copied, 0o600))
		}, 1, ""},
		"a damaged file beside the log": {func(file string) error {
			return os.WriteFile(file, append(bytes.Clone(copied[:4096]), bytes.Repeat([]byte{0xa5}, 8192)...), 0o600)
		}, -1, "gin-blog.db"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.CopyFS(filepath.Join(dir, "data"), os.DirFS(filepath.Join(killed, "data"))); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(dir, "data", "gin-blog.db")
			if err := c.change(file); err != nil {
				t.Fatal(err)
			}
			if c.posts >= 0 {
				p := start(t, dir)
				var list []struct{}
				p.call("GET", "/posts", "", "", 200, &list)
				if len(list) != c.posts {
					t.Errorf("%d posts, want %d", len(list), c.posts)
				}
				return
			}
			before, _ := os.ReadFile(file)
			log, err := os.ReadFile(file + "-wal")
			if err != nil || len(log) == 0 {
				t.Fatalf("there is no log: %v", err)
			}
			refused(t, command(dir, nil), c.why)
			if after, _ := os.ReadFile(file); !bytes.Equal(after, before) {
				t.Error("the file was changed")
			}
			if after, err := os.ReadFile(file + "-wal"); err != nil || !bytes.Equal(after, log) {
				t.Errorf("the log was changed: %v", err)
			}
		})
	}
}

// TestFileTakenAway: after the file was moved or replaced, no write is acknowledged.
func TestFileTakenAway(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := start(t, dir)
	token := p.signUp("alice")
	file := filepath.Join(dir, "data", "gin-blog.db")
	expectStatus := func(when string, want int) {
		t.Helper()
		if status, _, _ := p.try("POST", "/posts", token, `{"title":"My Post","content":"Hello"}`); status != want {
			t.Errorf("%s: POST /posts is %d, want %d", when, status, want)
		}
	}
	expectStatus("in place", 201)
	if err := os.Rename(file, file+".away"); err != nil {
		t.Fatal(err)
	}
	expectStatus("moved away", 503)
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	expectStatus("replaced", 503)
	if status, _, _ := p.try("GET", "/readyz", "", ""); status != 503 {
		t.Errorf("replaced: /readyz is %d", status)
	}
	if err := os.Rename(file+".away", file); err != nil {
		t.Fatal(err)
	}
	expectStatus("back", 201)
	var posts []struct{}
	if p.call("GET", "/posts", "", "", 200, &posts); len(posts) != 2 {
		t.Errorf("%d posts are there, 2 were acknowledged", len(posts))
	}
}

// TestReadOnlyFiles: a file that cannot be written is refused at the start, not at the first write.
func TestReadOnlyFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := start(t, dir)
	p.call("POST", "/auth/register", "", testkit.Account("alice"), 201, nil)
	if err := p.stop(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "data", "gin-blog.db")
	err := errors.Join(os.Chmod(path, 0o444), os.Chmod(filepath.Dir(path), 0o755), os.Chmod(filepath.Dir(dir), 0o755))
	if err != nil {
		t.Fatal(err)
	}
	secrets := []string{"SECRET_KEY=" + strings.Repeat("a", 32), "REFRESH_SECRET=" + strings.Repeat("r", 32)}
	server := command(dir, secrets)
	if os.Getuid() == 0 { // root may write to any file
		server.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	refused(t, server, "gin-blog.db", "permission denied")
}

// refused runs a server that must end at once, with exit code 1 and one line that holds each text in why.
func refused(t *testing.T, server *exec.Cmd, why ...string) {
	t.Helper()
	server.Env = append(server.Env, "PORT=0")
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
