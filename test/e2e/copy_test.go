package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	zombiezen "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"gin-blog/internal/testkit"
)

// site is a store that a server can run on, with the secrets that all sites of a test share.
type site struct {
	address  string // for gin-blog copy
	settings []string
	// posts returns how many posts are stored, also while a copy runs.
	posts func() int
	// empty removes what a copy has left.
	empty func() error
}

// sqliteSite returns a site on a file that does not exist yet.
func sqliteSite(t *testing.T, secrets []string) site {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "gin-blog.db")
	return site{"sqlite:" + path, append([]string{"DATA_DIR=" + dir}, secrets...), func() (posts int) {
		conn, err := zombiezen.OpenConn(path, zombiezen.OpenReadOnly)
		if err != nil {
			return 0
		}
		defer conn.Close()
		_ = sqlitex.ExecuteTransient(conn, `SELECT count(*) FROM posts`, &sqlitex.ExecOptions{
			ResultFunc: func(row *zombiezen.Stmt) error { posts = row.ColumnInt(0); return nil },
		})
		return posts
	}, func() error {
		return errors.Join(os.Remove(path), os.RemoveAll(path+"-wal"), os.RemoveAll(path+"-shm"))
	}}
}

// mongoSite returns a site on an empty database.
func mongoSite(t *testing.T, secrets []string) site {
	t.Helper()
	uri, db := testkit.MongoURI(t), testkit.Database(t)
	address := strings.TrimSuffix(uri, "/") + "/" + db.Name()
	settings := append([]string{"DATA_DIR=" + t.TempDir(), "MONGO_URI=" + address}, secrets...)
	return site{address, settings, func() int {
		n, _ := db.Collection("posts").CountDocuments(t.Context(), bson.D{})
		return int(n)
	}, func() error { return db.Drop(t.Context()) }}
}

// TestCopyBetweenStores moves a site from one store to another. The copy is killed on the way, what it left is removed,
// and it is run again. What clients hold stays good. It keeps the MongoDB server busy for seconds, so it does not run
// beside other tests.
func TestCopyBetweenStores(t *testing.T) {
	secrets := []string{"SECRET_KEY=" + strings.Repeat("a", 40), "REFRESH_SECRET=" + strings.Repeat("b", 40)}
	for name, sites := range map[string]func(t *testing.T) (from, to site){
		"from SQLite to MongoDB": func(t *testing.T) (from, to site) { return sqliteSite(t, secrets), mongoSite(t, secrets) },
		"from MongoDB to SQLite": func(t *testing.T) (from, to site) { return mongoSite(t, secrets), sqliteSite(t, secrets) },
	} {
		t.Run(name, func(t *testing.T) {
			from, to := sites(t)
			const seeded = 300
			settings := append([]string{"BCRYPT_COST=4"}, from.settings...)
			seed := command(t.TempDir(), settings, "seed", "-posts", fmt.Sprint(seeded))
			if out, err := seed.CombinedOutput(); err != nil {
				t.Fatalf("seed: %v: %s", err, out)
			}
			before := start(t, t.TempDir(), from.settings...)
			client := newCopyClient(before)
			if err := before.stop(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}

			interrupted := command(t.TempDir(), nil, "copy", from.address, to.address)
			if err := interrupted.Start(); err != nil {
				t.Fatal(err)
			}
			eventually(t, time.Minute, "some posts are copied", func() bool { return to.posts() > 0 })
			_ = interrupted.Process.Kill()
			_ = interrupted.Wait()
			if n := to.posts(); n == 0 || n > seeded {
				t.Fatalf("%d posts were copied when the copy was killed", n)
			}
			isNotServed(t, to)
			out, err := command(t.TempDir(), nil, "copy", from.address, to.address).CombinedOutput()
			if err == nil || !strings.Contains(string(out), "the target is an incomplete copy of ") {
				t.Errorf("copy to what is left: %v: %s", err, out)
			}
			// MongoDB may carry out what the killed copy had sent after the database was dropped.
			eventually(t, time.Minute, "the target is empty", func() bool {
				if err := to.empty(); err != nil {
					t.Fatal(err)
				}
				out, err = command(t.TempDir(), nil, "copy", from.address, to.address).CombinedOutput()
				return !strings.Contains(string(out), "the target is not empty")
			})
			if want := fmt.Sprintf("posts     %d on both sides", seeded+1); err != nil || !strings.Contains(string(out), want) {
				t.Fatalf("copy: %v: %s, want %s", err, out, want)
			}
			if to.posts() != seeded+1 {
				t.Errorf("the copy has %d posts, want %d", to.posts(), seeded+1)
			}
			client.isWelcomeOn(start(t, t.TempDir(), to.settings...))
			out, err = command(t.TempDir(), nil, "copy", from.address, to.address).CombinedOutput()
			if err == nil || !strings.Contains(string(out), "the target is not empty") {
				t.Errorf("copy once more: %v: %s", err, out)
			}
		})
	}
}

// TestCopyNeedsLittleMemory copies more text than the process may use memory.
func TestCopyNeedsLittleMemory(t *testing.T) {
	testkit.OnlyInAll(t)
	t.Parallel()
	if runtime.GOOS != "linux" {
		testkit.LeaveOut(t, "only Linux tells the memory of a process in /proc")
	}
	const posts, limit = 600, 128 << 20
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "long"), 0o700); err != nil {
		t.Fatal(err)
	}
	file := "---\ntitle: Long\ndate: 2024-05-01\n---\n\n" + strings.Repeat("日本語 ", 25_000)
	if posts*len(file) < limit {
		t.Fatalf("only %d bytes", posts*len(file))
	}
	for i := range posts {
		path := filepath.Join(dir, "long", fmt.Sprint(i, ".md"))
		if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{
		{"seed", "-users", "1", "-posts", "0"}, {"import", "long"},
		{"copy", "sqlite:data/gin-blog.db", "sqlite:copy.db"}, {"export", "posts"},
	} {
		cmd := command(dir, []string{"BCRYPT_COST=4"}, args...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		if used := peakMemory(cmd.Process.Pid); used == 0 || used > limit {
			t.Errorf("%v took %d MiB, want at most %d", args, used>>20, limit>>20)
		}
		if err := <-ended; err != nil {
			t.Fatalf("%v: %v", args, err)
		}
	}
}

// peakMemory waits until a process ends and returns the most memory that it had, in bytes.
func peakMemory(pid int) (peak int64) {
	for ; ; time.Sleep(5 * time.Millisecond) {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		_, line, found := strings.Cut(string(status), "\nVmHWM:")
		if err != nil || !found { // it has ended
			return peak
		}
		var kib int64
		if _, err := fmt.Sscan(line, &kib); err == nil {
			peak = kib << 10
		}
	}
}

// isNotServed wants the server to refuse an unfinished copy: at the start, or with 503.
func isNotServed(t *testing.T, unfinished site) {
	t.Helper()
	p, err := launch(t, command(t.TempDir(), nil), unfinished.settings...)
	if err != nil { // SQLite
		out, _ := command(t.TempDir(), unfinished.settings).CombinedOutput()
		if !strings.Contains(string(out), "it is an unfinished copy of") {
			t.Errorf("a server on an unfinished copy: %s", out)
		}
		return
	}
	if status := p.readyz(); status != http.StatusServiceUnavailable {
		t.Errorf("a server on an unfinished copy: /readyz is %d", status)
	}
	if status, _, _ := p.try("GET", "/posts", "", ""); status != http.StatusServiceUnavailable {
		t.Errorf("a server on an unfinished copy: /posts is %d", status)
	}
	if !strings.Contains(p.logged(), "it is an unfinished copy of") {
		t.Errorf("a server on an unfinished copy: its log is %s", p.logged())
	}
	if err := p.stop(os.Interrupt); err != nil {
		t.Error(err)
	}
}

// copyClient is what a client keeps while its site moves.
type copyClient struct {
	login      testkit.Grant
	post, list http.Header // of the answers
	path       string      // of the post
	body       string      // that made the post
}

func newCopyClient(p *process) *copyClient {
	p.t.Helper()
	c := &copyClient{body: `{"title":"Before the move","content":"Hello","tags":["go"]}`}
	p.call("POST", "/auth/register", "", testkit.Account("alice"), 201, nil)
	p.call("POST", "/auth/login", "", testkit.Account("alice"), 200, &c.login)
	made := p.call("POST", "/posts", c.login.Token, c.body, 201, nil, testkit.Header{"Idempotency-Key": "one"})
	c.path = made.Get("Location")
	c.post = p.call("GET", c.path, "", "", 200, nil)
	c.list = p.call("GET", "/posts", "", "", 200, nil)
	return c
}

// isWelcomeOn uses tokens, ETags and the idempotency key on another server.
func (c *copyClient) isWelcomeOn(p *process) {
	p.t.Helper()
	var me testkit.User
	p.call("GET", "/auth/me", c.login.AccessToken, "", 200, &me)
	if me != *c.login.User {
		p.t.Errorf("the user is %+v, want %+v", me, *c.login.User)
	}
	for path, header := range map[string]http.Header{c.path: c.post, "/posts": c.list} {
		answer, err := p.do("GET", path, "", "", testkit.Header{"If-None-Match": header.Get("ETag")})
		if err != nil || answer.Status != http.StatusNotModified {
			p.t.Errorf("%s with its ETag: %+v, %v, want 304", path, answer, err)
		}
	}
	replayed := p.call("POST", "/posts", c.login.Token, c.body, 201, nil, testkit.Header{"Idempotency-Key": "one"})
	if replayed.Get("Location") != c.path || replayed.Get("Idempotency-Replayed") != "true" {
		p.t.Errorf("the same key made another post: %v", replayed)
	}
	var grant testkit.Grant
	p.call("POST", "/auth/refresh", "", fmt.Sprintf(`{"refreshToken":%q}`, c.login.RefreshToken), 200, &grant)
	match := testkit.Header{"If-Match": c.post.Get("ETag")}
	p.call("PATCH", c.path, grant.AccessToken, `{"title":"After the move"}`, 200, nil, match)
	p.call("PATCH", c.path, grant.AccessToken, `{"title":"Too late"}`, 412, nil, match)
	p.call("POST", "/auth/login", "", testkit.Account("alice"), 200, nil)
}
