package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"gin-blog/internal/testkit"
)

// oldBlog makes an SQLite file of the first schema in DATA_DIR, with secrets, and returns the settings for it.
func oldBlog(t *testing.T) (environ []string, path string) {
	t.Helper()
	script, err := os.ReadFile("../models/sqlite/migrations/0001_initial.sql")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "data")
	path = filepath.Join(dir, "gin-blog.db")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"secret_key", "refresh_secret"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Repeat(name, 10)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	conn, err := sqlite.OpenConn(path)
	if err != nil {
		t.Fatal(err)
	}
	mark := "PRAGMA application_id = 0x67626c67; PRAGMA user_version = 1;"
	if err := errors.Join(sqlitex.ExecuteScript(conn, string(script)+mark, nil), conn.Close()); err != nil {
		t.Fatal(err)
	}
	return []string{"DATA_DIR=" + dir, "BCRYPT_COST=4", "DRAIN_DELAY=0s"}, path
}

// contents returns what is in the files of a folder, by their paths, and nothing if there is no such folder.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		found[path] = string(content)
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return found
}

// expectSame wants a folder to be as it was.
func expectSame(t *testing.T, what, dir string, before map[string]string) {
	t.Helper()
	if after := contents(t, dir); !maps.Equal(after, before) {
		t.Errorf("%s: the folder has %v, and had %v, or a file has changed",
			what, slices.Sorted(maps.Keys(after)), slices.Sorted(maps.Keys(before)))
	}
}

// takePort returns the number of a port that is in use until the end of the test.
func takePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return port
}

// TestStartThatFailsChangesNothing: a start that cannot have its ports, or whose settings cannot work, makes no folder,
// no secret and no index, and migrates nothing.
func TestStartThatFailsChangesNothing(t *testing.T) {
	taken := takePort(t)
	for name, c := range map[string]struct {
		settings []string
		want     string
	}{
		"the port is taken": {[]string{"PORT=" + taken}, "HOST and PORT: port " + taken + " is in use"},
		"the port is taken there": {
			[]string{"HOST=127.0.0.1", "PORT=" + taken}, "HOST and PORT: port " + taken + " is in use"},
		"another machine's address": {
			[]string{"HOST=192.0.2.1", "PORT=0"}, "HOST and PORT: 192.0.2.1 is no address of this machine\n"},
		"a name that nobody has":       {[]string{"HOST=host.invalid", "PORT=0"}, "HOST and PORT: "},
		"a host with a port":           {[]string{"HOST=localhost:3000"}, "settings: HOST must be an address"},
		"the port of metrics is taken": {[]string{"PORT=0", "METRICS_ADDR=:" + taken}, "METRICS_ADDR: port " + taken},
		"there is no certificate":      {[]string{"PORT=0", "TLS_CERT=a.pem", "TLS_KEY=b.pem"}, "TLS_CERT and TLS_KEY: "},
		"MongoDB has no address":       {[]string{"PORT=0", "MONGO_URI=mongodb://user:hunter2@"}, "settings: MONGO_URI "},
	} {
		old, path := oldBlog(t)
		dir := filepath.Dir(path)
		missing := filepath.Join(t.TempDir(), "data")
		before := contents(t, dir)
		for _, environ := range [][]string{old, {"DATA_DIR=" + missing, "BCRYPT_COST=4"}} {
			code, _, stderr := runIn(t, append(environ, c.settings...), "serve")
			if code != 1 || !strings.HasPrefix(stderr, "gin-blog: "+c.want) || strings.Contains(stderr, "hunter2") {
				t.Errorf("%s: exit %d, %s", name, code, stderr)
			}
		}
		expectSame(t, name, dir, before)
		if _, err := os.Stat(missing); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: there is a DATA_DIR: %v", name, err)
		}
	}

	db := testkit.Database(t)
	missing := filepath.Join(t.TempDir(), "data")
	settings := []string{
		"DATA_DIR=" + missing, "PORT=" + taken, "MONGO_URI=" + testkit.MongoURI(t), "MONGO_DB=" + db.Name(),
	}
	if code, _, stderr := runIn(t, settings, "serve"); code != 1 || !strings.Contains(stderr, "is in use") {
		t.Errorf("MongoDB: exit %d, %s", code, stderr)
	}
	if names, err := db.ListCollectionNames(t.Context(), bson.D{}); err != nil || len(names) > 0 {
		t.Errorf("the database has the collections %v, %v", names, err)
	}
	if _, err := os.Stat(missing); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("MongoDB: there is a DATA_DIR: %v", err)
	}
}

// TestStoreThatDoesNotStart: a start whose store cannot be opened leaves no new secrets and no new folder.
func TestStoreThatDoesNotStart(t *testing.T) {
	environ, path := oldBlog(t)
	conn, err := sqlite.OpenConn(path)
	if err != nil {
		t.Fatal(err)
	}
	err = sqlitex.ExecuteTransient(conn, "DROP TABLE posts", nil) // which the migration needs
	dir := filepath.Dir(path)
	err = errors.Join(err, conn.Close(), os.Remove(filepath.Join(dir, "secret_key")))
	if err != nil {
		t.Fatal(err)
	}
	before := contents(t, dir)
	if code, _, stderr := runIn(t, append(environ, "PORT=0"), "serve"); code != 1 || !strings.Contains(stderr, path) {
		t.Errorf("exit %d, %s", code, stderr)
	}
	after := contents(t, dir)
	for _, name := range []string{"secret_key", "refresh_secret"} {
		if secret := filepath.Join(dir, name); after[secret] != before[secret] {
			t.Errorf("%s is %q, and was %q", secret, after[secret], before[secret])
		}
	}
}

// TestCommandsLeaveOtherVersionsAlone: only a server brings an SQLite file up to date. Commands say what to do, and
// change nothing. A backup is a copy of any version.
func TestCommandsLeaveOtherVersionsAlone(t *testing.T) {
	other := t.TempDir()
	environ, path := oldBlog(t)
	for version, want := range map[string]string{
		"1":   "an older gin-blog made it: its schema has version 1, and this gin-blog needs ",
		"999": "a newer gin-blog made it: its schema has version 999, and this gin-blog knows ",
	} {
		conn, err := sqlite.OpenConn(path)
		if err != nil {
			t.Fatal(err)
		}
		err = sqlitex.ExecuteTransient(conn, "PRAGMA user_version = "+version, nil)
		if err := errors.Join(err, conn.Close()); err != nil {
			t.Fatal(err)
		}
		before := contents(t, filepath.Dir(path))
		commands := [][]string{
			{"role", "alice", "admin"}, {"reset-link", "alice"}, {"export", filepath.Join(other, "posts")},
			{"import", other}, {"seed"}, {"seed", "-force"},
			{"copy", "sqlite:" + path, "sqlite:" + filepath.Join(other, "copy.db")},
			{"copy", "sqlite:" + seededFile(t), "sqlite:" + path},
		}
		if version == "999" {
			commands = append(commands, []string{"serve"})
		}
		for _, args := range commands {
			code, stdout, stderr := runIn(t, append(environ, "PORT=0"), args...)
			if code != 1 || args[0] != "serve" && stdout != "" || !strings.Contains(stderr, path+": "+want) {
				t.Errorf("%v: exit %d, stdout %q, stderr %q, want %q", args, code, stdout, stderr, want)
			}
			expectSame(t, strings.Join(args, " "), filepath.Dir(path), before)
		}
		backup := filepath.Join(t.TempDir(), "backup.db")
		code, stdout, stderr := runIn(t, environ, "backup", backup)
		if code != 0 || !strings.HasPrefix(stdout, backup+" is a copy of "+path) ||
			!strings.Contains(stderr, "warning: "+path+": "+want) {
			t.Errorf("backup: exit %d, stdout %q, stderr %q, want %q", code, stdout, stderr, want)
		}
		if info, err := os.Stat(backup); err != nil || info.Size() == 0 {
			t.Errorf("the backup: %v, %v", info, err)
		}
	}
	if entries, err := os.ReadDir(other); err != nil || len(entries) > 0 {
		t.Errorf("the commands made %v, %v", entries, err)
	}
}

// seededFile returns the path of a file of this version that has a user and a post.
func seededFile(t *testing.T) string {
	t.Helper()
	environ := seeded(t, "-users", "1", "-posts", "1")
	return filepath.Join(strings.TrimPrefix(environ[0], "DATA_DIR="), "gin-blog.db")
}

// TestEmptyFileIsRefused: an SQLite file of 0 bytes held a blog once, or never. Nobody begins a new one there unasked.
func TestEmptyFileIsRefused(t *testing.T) {
	environ, path := oldBlog(t)
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	before := contents(t, filepath.Dir(path))
	for _, args := range [][]string{
		{"serve"}, {"seed"}, {"role", "alice", "admin"}, {"backup", filepath.Join(t.TempDir(), "backup.db")},
		{"copy", "sqlite:" + seededFile(t), "sqlite:" + path},
	} {
		code, _, stderr := runIn(t, append(environ, "PORT=0"), args...)
		if code != 1 || !strings.Contains(stderr, path+": the file is empty: put a backup in its place") {
			t.Errorf("%v: exit %d, %s", args, code, stderr)
		}
		expectSame(t, args[0], filepath.Dir(path), before)
	}
}

// TestNewDatabaseBesideSecrets: where secrets are kept, there was a blog, so a missing database is a warning. It names
// the file in full, whatever the setting is.
func TestNewDatabaseBesideSecrets(t *testing.T) {
	_, path := oldBlog(t)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Dir(filepath.Dir(path)))
	want := path + " was missing beside the secrets of a blog"
	for _, data := range []string{"data", "./data/", filepath.Dir(path)} {
		environ := []string{"DATA_DIR=" + data, "PORT=0", "LOG_FORMAT=text", "DRAIN_DELAY=0s"}
		log := serveUntil(t, environ, "msg=listening")
		if strings.Count(log, want) != 1 || !strings.Contains(log, "level=WARN msg=\""+want) ||
			!strings.Contains(log, "SQLite file "+path) || !strings.Contains(log, "DATA_DIR="+filepath.Dir(path)+" ") {
			t.Errorf("the log is %s", log)
		}
		if log := serveUntil(t, environ, "msg=listening"); strings.Contains(log, "missing") {
			t.Errorf("the second time, the log is %s", log)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	code, _, stderr := runIn(t, []string{"DATA_DIR=data", "BCRYPT_COST=4"}, "seed", "-users", "1", "-posts", "0")
	if code != 0 || !strings.Contains(stderr, "warning: "+want) {
		t.Errorf("seed: exit %d, %s", code, stderr)
	}
	environ := []string{"DATA_DIR=" + t.TempDir(), "PORT=0", "LOG_FORMAT=text", "DRAIN_DELAY=0s"}
	if log := serveUntil(t, environ, "msg=listening"); strings.Contains(log, "WARN") {
		t.Errorf("a first start warns: %s", log)
	}
}

// begin runs a server until stop is called, which wants it to end well.
func begin(t *testing.T, environ []string) (log *testkit.Output, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	log = new(testkit.Output)
	ended := make(chan int, 1)
	go func() { ended <- Run(ctx, []string{"serve"}, environ, log, log) }()
	stop = sync.OnceFunc(func() {
		cancel()
		select {
		case code := <-ended:
			if code != 0 {
				t.Errorf("exit %d: %s", code, log)
			}
		case <-time.After(20 * time.Second):
			t.Errorf("still runs: %s", log)
		}
	})
	t.Cleanup(stop)
	return log, stop
}

// await waits until a condition holds.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within 20 s", what)
		}
	}
}

// serveUntil runs a server until its log has a text, and returns the log.
func serveUntil(t *testing.T, environ []string, text string) string {
	t.Helper()
	log, stop := begin(t, environ)
	await(t, text, func() bool { return strings.Contains(log.String(), text) })
	stop()
	return log.String()
}

// lock keeps others from writing to a file until unlock is called.
func lock(t *testing.T, path string) (unlock func()) {
	t.Helper()
	conn, err := sqlite.OpenConn(path)
	if err != nil {
		t.Fatal(err)
	}
	end, err := sqlitex.ImmediateTransaction(conn)
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		end(&err)
		if err := errors.Join(err, conn.Close()); err != nil {
			t.Error(err)
		}
	}
}

// TestServerDuringAMigration: while a server brings its file up to date, it listens, says that it is not ready and
// answers 503. Then it works, and a copy of the old file is there.
func TestServerDuringAMigration(t *testing.T) {
	environ, path := oldBlog(t)
	address := testkit.FreeAddress(t)
	_, port, _ := net.SplitHostPort(address)
	unlock := lock(t, path)
	log, stop := begin(t, append(environ, "PORT="+port, "LOG_FORMAT=text"))
	get := func(path string) *testkit.Response {
		html := testkit.Header{"Accept": "text/html"}
		request, err := testkit.NewRequest(t.Context(), "GET", "http://"+address+path, "", html)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := testkit.Do(request)
		if err != nil {
			return &testkit.Response{Body: err.Error()}
		}
		return answer
	}
	await(t, "the server answers", func() bool { return get("/healthz").Status == 200 })
	for _, path := range []string{"/readyz", "/posts", "/posts?q=a", "/feed.atom", "/"} {
		answer := get(path)
		if answer.Status != 503 || answer.Header.Get("Retry-After") == "" || answer.Header.Get("X-Request-ID") == "" {
			t.Errorf("%s during the migration: %+v", path, answer)
		}
	}
	if strings.Contains(log.String(), "listening") {
		t.Errorf("it says that it can be used: %s", log)
	}
	unlock()
	await(t, "the server is ready", func() bool { return get("/readyz").Status == 200 })
	if answer := get("/posts"); answer.Status != 200 || answer.Body != "[]" {
		t.Errorf("/posts: %+v", answer)
	}
	copied := path + ".before-migration-2"
	if info, err := os.Stat(copied); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the copy: %v, %v", info, err)
	}
	stop()
	for _, want := range []string{"bringing it up to date", "file=" + path, copied, "listening"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("%q is not in the log: %s", want, log)
		}
	}
}

// TestStopDuringAMigration: a stop ends the migration, and leaves the file to the old program.
func TestStopDuringAMigration(t *testing.T) {
	environ, path := oldBlog(t)
	unlock := lock(t, path)
	log, stop := begin(t, append(environ, "PORT=0", "LOG_FORMAT=text"))
	await(t, "the migration", func() bool { return strings.Contains(log.String(), "bringing it up to date") })
	stop()
	unlock()
	if !strings.Contains(log.String(), "stopped before the start was over") {
		t.Errorf("the log is %s", log)
	}
	if files, err := filepath.Glob(path + ".*"); err != nil || len(files) > 0 {
		t.Errorf("it left %v, %v", files, err)
	}
}

// stalled is an output that somebody stops to read after the first line, until resume is closed.
type stalled struct {
	testkit.Output
	resume chan struct{}
}

func (s *stalled) Write(p []byte) (int, error) {
	if s.String() != "" {
		<-s.resume
	}
	return s.Output.Write(p)
}

// TestLogThatNobodyReads: a reader of the log that lives but reads no more holds up neither requests nor the stop. One
// that reads on gets the lines in their order, and learns how many are lost.
func TestLogThatNobodyReads(t *testing.T) {
	for _, resumes := range []bool{false, true} {
		out := &stalled{resume: make(chan struct{})}
		resume := sync.OnceFunc(func() { close(out.resume) })
		defer resume()
		address := testkit.FreeAddress(t)
		_, port, _ := net.SplitHostPort(address)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		ended := make(chan int, 1)
		environ := []string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data"), "PORT=" + port, "DRAIN_DELAY=0s",
			"RATE_LIMIT=false", "LOG_FORMAT=text"}
		go func() { ended <- Run(ctx, []string{"serve"}, environ, out, out) }()
		client := http.Client{Timeout: 5 * time.Second}
		get := func(path string) error {
			answer, err := client.Get("http://" + address + path)
			if err != nil {
				return err
			}
			return answer.Body.Close()
		}
		await(t, "the server answers", func() bool { return get("/posts") == nil })
		for range logBuffer + 100 {
			if err := get("/posts?n=1"); err != nil {
				t.Fatal(err)
			}
		}
		if resumes {
			resume()
			await(t, "the loss is told", func() bool {
				return get("/posts?n=1") != nil || strings.Contains(out.String(), "lines of the log are lost")
			})
		}
		stop()
		select {
		case code := <-ended:
			if code != 0 || resumes != strings.Contains(out.String(), " lines=") {
				t.Errorf("exit %d: %.300s", code, out)
			}
		case <-time.After(20 * time.Second):
			t.Fatal("it does not stop")
		}
	}
}

// TestLogWriterKeepsTheOrder: what is written before and after the lost lines is whole, and they are counted.
func TestLogWriterKeepsTheOrder(t *testing.T) {
	out := &stalled{resume: make(chan struct{})}
	w := newLogWriter(out, func(lost int) []byte { return fmt.Appendf(nil, "lost %d\n", lost) })
	want := "0\n"
	fmt.Fprintln(w, 0)
	await(t, "the first line", func() bool { return out.String() == want })
	for n := range logBuffer + 30 {
		fmt.Fprintln(w, n)
	}
	close(out.resume)
	await(t, "the others", func() bool { return strings.Contains(out.String(), fmt.Sprintln(logBuffer-1)) })
	fmt.Fprintln(w, "next")
	w.Close()
	fmt.Fprintln(w, "after the end")
	lines := strings.Split(strings.TrimPrefix(out.String(), want), "\n")
	for n := range logBuffer {
		if lines[n] != strconv.Itoa(n) {
			t.Fatalf("line %d is %q", n, lines[n])
		}
	}
	rest := lines[logBuffer:]
	if rest[0] == strconv.Itoa(logBuffer) { // the goroutine had taken a line out of the buffer
		rest = rest[1:]
	}
	if len(rest) != 3 || !slices.Contains([]string{"lost 29", "lost 30"}, rest[0]) || rest[1] != "next" {
		t.Errorf("then come %q", rest)
	}
}
