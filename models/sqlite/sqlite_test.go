package sqlite_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	zombiezen "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"gin-blog/internal/testkit"
	"gin-blog/models"
	"gin-blog/models/sqlite"
	"gin-blog/models/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T, observe models.Observer) models.Store {
		return testkit.ObservedSQLite(t, observe)
	})
}

func TestOpenKeepsTheFileToItsOwner(t *testing.T) {
	path := filepath.Join(t.TempDir(), "100% ours?.db")
	store, err := sqlite.Open(t.Context(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close(t.Context())
	files, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
	if err != nil || len(files) < 2 {
		t.Fatalf("files: %v, %v, want the database and its WAL", files, err)
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(file, path) || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", file, info.Mode())
		}
	}
}

func TestOpenRefusesANewerFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "newer.db")
	conn, err := zombiezen.OpenConn(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := sqlitex.ExecuteTransient(conn, `PRAGMA user_version = 999`, nil); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = sqlite.Open(t.Context(), path, nil)
	if err == nil || !strings.Contains(err.Error(), "run a newer gin-blog") {
		t.Errorf("got %v, want a refusal that says what to do", err)
	}
}

func TestOpenRefusesWhatIsNotItsOwn(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text.db")
	if err := os.WriteFile(text, []byte(strings.Repeat("not a database\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	foreign := filepath.Join(dir, "foreign.db")
	conn, err := zombiezen.OpenConn(foreign)
	if err != nil {
		t.Fatal(err)
	}
	if err := sqlitex.ExecuteTransient(conn, `PRAGMA journal_mode = DELETE`, nil); err != nil {
		t.Fatal(err)
	}
	if err := sqlitex.ExecuteScript(conn, `CREATE TABLE mine (x); PRAGMA application_id = 7;`, nil); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{text, foreign} {
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := sqlite.Open(t.Context(), path, nil); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("open %s: got %v, want an error that names the file", path, err)
		}
		if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
			t.Errorf("%s was overwritten", path)
		}
	}
}

// TestStoresShareAFile opens one new file several times at once and writes through each store. A test in e2e does the
// same with processes.
func TestStoresShareAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shared.db")
	const stores, posts = 4, 25
	author := models.NewID()
	var running sync.WaitGroup
	for range stores {
		running.Go(func() {
			store, err := sqlite.Open(t.Context(), path, nil)
			if err != nil {
				t.Errorf("open: %v", err)
				return
			}
			defer store.Close(t.Context())
			for range posts {
				p := &models.Post{ID: models.NewID(), Text: models.Text{Title: "t", Content: "c"}, AuthorID: author}
				if _, err := store.CreatePost(t.Context(), p, nil); err != nil {
					t.Errorf("create: %v", err)
				}
			}
		})
	}
	running.Wait()

	store, err := sqlite.Open(t.Context(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close(t.Context())
	list, _, err := store.Posts(t.Context(), models.PostFilter{Limit: 1000})
	if err != nil || len(list) != stores*posts {
		t.Errorf("%d posts, %v, want %d", len(list), err, stores*posts)
	}
}

// TestExpiredSessionsAreSwept: a sweep removes the rows of sessions that nobody can use any more, and no others.
func TestExpiredSessionsAreSwept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	store, err := sqlite.Open(t.Context(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close(t.Context())
	now := models.StoredTime(time.Now())
	sessions := make([]models.Session, 5*models.SweepStep/2)
	for i := range sessions {
		if i%models.MaxSessions == 0 {
			u := models.User{ID: models.NewID(), Username: "user" + strconv.Itoa(i), Role: models.RoleUser, CreatedAt: now}
			if err := store.CreateUser(t.Context(), &u); err != nil {
				t.Fatal(err)
			}
			sessions[i].UserID = u.ID
		} else {
			sessions[i].UserID = sessions[i-1].UserID
		}
		sessions[i].ID, sessions[i].ExpiresAt = models.NewID(), now
	}
	live := &sessions[0]
	live.ExpiresAt = now.Add(time.Millisecond)
	if err := store.SessionTable(now).Insert(t.Context(), sessions); err != nil {
		t.Fatal(err)
	}
	for i, want := range []bool{true, true, true, false} {
		if more, err := store.Sweep(t.Context(), now); err != nil || more != want {
			t.Fatalf("sweep %d: %v, %v, want %v", i, more, err, want)
		}
	}
	if left := count(t, path, "sessions"); left != 1 {
		t.Errorf("the file has %d sessions, want 1", left)
	}
	if _, _, err := store.LiveSession(t.Context(), live.ID, now); err != nil {
		t.Errorf("the live session: %v", err)
	}
}

// TestSearchEnds: a search ends after a while, or when its caller hangs up, also while it waits for its turn. The
// database is not to blame.
func TestSearchEnds(t *testing.T) {
	store := testkit.SQLite(t).(*sqlite.Store)
	var searches sync.WaitGroup
	for range 2 * runtime.GOMAXPROCS(0) { // more than run at once
		searches.Go(func() {
			start := time.Now()
			err := store.SearchForever(t.Context())
			took := time.Since(start)
			if !errors.Is(err, models.ErrSearchTooLong) || errors.Is(err, models.ErrUnavailable) || took > models.CallTimeout {
				t.Errorf("got %v after %v, want ErrSearchTooLong", err, took)
			}
		})
		searches.Go(func() {
			ctx, hangUp := context.WithCancel(t.Context())
			time.AfterFunc(50*time.Millisecond, hangUp)
			if err := store.SearchForever(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("the caller hung up: got %v, want Canceled", err)
			}
		})
	}
	searches.Wait()
}
