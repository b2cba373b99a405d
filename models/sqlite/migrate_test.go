package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	zombiezen "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"gin-blog/internal/testkit"
	"gin-blog/models"
	"gin-blog/models/sqlite"
)

// serve opens a file as a server does.
func serve(t *testing.T, path string) *sqlite.Store {
	t.Helper()
	store, err := sqlite.New(t.Context(), path, models.ToServe, slog.New(slog.NewTextHandler(t.Output(), nil)), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return store
}

// copies returns the copies that migrations of a file have left.
func copies(t *testing.T, path string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if strings.Contains(entry.Name(), ".before-migration-") {
			names = append(names, entry.Name())
		}
	}
	return names
}

// expectNoCopy wants a migration that failed to leave no copy.
func expectNoCopy(t *testing.T, path string) {
	t.Helper()
	if names := copies(t, path); len(names) > 0 {
		t.Errorf("there are copies: %v", names)
	}
}

// folder returns the contents of the files in a folder, by their names. Two states of a database in which nobody wrote
// have the same ones, but for the index of the log.
func folder(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	contents := map[string]string{}
	for _, entry := range entries {
		content, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(entry.Name(), "-shm") {
			contents[entry.Name()] = string(content)
		}
	}
	return contents
}

// expectUnchanged wants a folder to be as it was.
func expectUnchanged(t *testing.T, dir string, before map[string]string) {
	t.Helper()
	after := folder(t, dir)
	if maps.Equal(after, before) {
		return
	}
	for name, content := range before {
		if after[name] != content {
			t.Errorf("%s has changed, or is gone", name)
		}
	}
	t.Errorf("the folder has %v, and had %v", slices.Sorted(maps.Keys(after)), slices.Sorted(maps.Keys(before)))
}

// execute runs statements on a file, in the journal mode that the file has.
func execute(t *testing.T, path string, statements ...string) {
	t.Helper()
	conn, err := zombiezen.OpenConn(path, zombiezen.OpenReadWrite, zombiezen.OpenCreate)
	for _, statement := range statements {
		err = errors.Join(err, sqlitex.ExecuteTransient(conn, statement, nil))
	}
	if err := errors.Join(err, conn.Close()); err != nil {
		t.Fatal(err)
	}
}

// titles returns the titles of the posts in a file.
func titles(t *testing.T, path string) (found []string) {
	t.Helper()
	conn, err := zombiezen.OpenConn(path, zombiezen.OpenReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	err = sqlitex.ExecuteTransient(conn, `SELECT title FROM posts ORDER BY title`, &sqlitex.ExecOptions{
		ResultFunc: func(row *zombiezen.Stmt) error { found = append(found, row.ColumnText(0)); return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestMigrationKeepsACopy: before a file is brought up to date, it is copied with what its log holds. The newest copy
// is kept, and an older gin-blog can work on it.
func TestMigrationKeepsACopy(t *testing.T) {
	path := oldFile(t, []models.Post{{ID: models.NewID(), Text: models.Text{Title: "in the file"}}})
	earlier := []string{"before-migration-1", "before-migration-2", "before-migration-old.txt"}
	for _, name := range earlier {
		if err := os.WriteFile(path+"."+name, []byte("older"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	left := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".before-migration-2.new.123") // by a killed process
	if err := os.WriteFile(left, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	old, err := zombiezen.OpenConn(path, zombiezen.OpenReadWrite) // a process that is killed has it open
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	id := models.NewID()
	err = sqlitex.Execute(old, `INSERT INTO posts (position, id, title, content, tags, author_id, version, created_at,
		updated_at) VALUES (?, ?, 'in the log', '', '', ?, 0, 0, 0)`,
		&sqlitex.ExecOptions{Args: []any{sqlite.Position(id), id[:], id[:]}})
	if err != nil {
		t.Fatal(err)
	}

	store := serve(t, path)
	if err := store.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []string{filepath.Base(path) + ".before-migration-2", filepath.Base(path) + ".before-migration-old.txt"}
	if names := copies(t, path); !slices.Equal(names, want) {
		t.Fatalf("the copies are %v, want %v", names, want)
	}
	kept := path + ".before-migration-2"
	if info, err := os.Stat(kept); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the copy: %v, %v", info, err)
	}
	for _, file := range []string{path, kept} {
		if found := titles(t, file); !slices.Equal(found, []string{"in the file", "in the log"}) {
			t.Errorf("%s has the posts %v", file, found)
		}
	}
	if _, err := sqlite.Open(t.Context(), kept, nil); err == nil || !strings.Contains(err.Error(), "has version 1") {
		t.Errorf("the copy is opened: %v", err)
	}
}

// TestOpenLeavesOtherVersionsAlone: only a server brings a file up to date. Everything else says what to do.
func TestOpenLeavesOtherVersionsAlone(t *testing.T) {
	older, newer := oldFile(t, nil), filepath.Join(t.TempDir(), "newer.db")
	store, err := sqlite.Open(t.Context(), newer, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	execute(t, newer, `PRAGMA user_version = 999`)
	for path, want := range map[string]string{
		older: "an older gin-blog made it: its schema has version 1, and this gin-blog needs ",
		newer: "a newer gin-blog made it: its schema has version 999, and this gin-blog knows ",
	} {
		before := folder(t, filepath.Dir(path))
		for name, open := range map[string]func() error{
			"to run": func() error { _, err := sqlite.Open(t.Context(), path, nil); return err },
			"to copy to": func() error {
				_, err := sqlite.New(t.Context(), path, models.ToCopyTo, slog.New(slog.DiscardHandler), nil)
				return err
			},
			"to serve": func() error {
				_, err := sqlite.New(t.Context(), path, models.ToServe, slog.New(slog.DiscardHandler), nil)
				if path == older && err == nil {
					return errors.New(path + want) // the server is what brings it up to date
				}
				return err
			},
		} {
			if err := open(); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
				t.Errorf("%s %s: got %v, want %q", name, path, err, want)
			}
			expectUnchanged(t, filepath.Dir(path), before)
		}
		backup := filepath.Join(t.TempDir(), "backup.db")
		if version, err := sqlite.Backup(t.Context(), path, backup); err != nil || !strings.Contains(version.Error(), want) {
			t.Errorf("Backup %s: got %v, %v, want %q", path, version, err, want)
		}
	}
}

// TestRefusedFilesStayAsTheyAre: nothing beside a file that is refused changes either.
func TestRefusedFilesStayAsTheyAre(t *testing.T) {
	for name, c := range map[string]struct {
		make func(path string)
		want string
	}{
		"empty": {func(path string) {
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}, "the file is empty: put a backup in its place"},
		"of another program, with a log": {
			func(path string) { execute(t, path, `PRAGMA journal_mode = WAL`, `CREATE TABLE mine (x)`) }, "of another program",
		},
		"an unfinished copy": {func(path string) {
			store, err := sqlite.Open(t.Context(), path, nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := store.SetCopySource(t.Context(), "sqlite:/a.db"); err != nil {
				t.Fatal(err)
			}
			store.Close(t.Context())
		}, "it is an unfinished copy of sqlite:/a.db"},
		"a folder": {func(path string) {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}, "no regular file"},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "blog.db")
		c.make(path)
		if name == "a folder" {
			dir = path
		}
		before := folder(t, dir)
		for _, open := range []func() error{
			func() error { _, err := sqlite.Open(t.Context(), path, nil); return err },
			func() error {
				_, err := sqlite.New(t.Context(), path, models.ToServe, slog.New(slog.DiscardHandler), nil)
				return err
			},
		} {
			if err := open(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: got %v, want %q", name, err, c.want)
			}
			expectUnchanged(t, dir, before)
		}
	}
}

// TestStoresMigrateAFileAtOnce: of several servers that start at once on an old file, one migrates it.
func TestStoresMigrateAFileAtOnce(t *testing.T) {
	for _, mode := range []string{"WAL", "DELETE"} {
		posts := make([]models.Post, 200)
		for i := range posts {
			posts[i] = models.Post{ID: models.NewID(), Text: models.Text{Title: fmt.Sprint("old ", i), Content: "Hello world"}}
		}
		path := oldFile(t, posts)
		execute(t, path, `PRAGMA journal_mode = `+mode)
		var starts sync.WaitGroup
		for range 4 {
			starts.Go(func() {
				store, err := sqlite.New(t.Context(), path, models.ToServe, slog.New(slog.DiscardHandler), nil)
				if err == nil {
					err = errors.Join(store.Start(t.Context()), store.Close(t.Context()))
				}
				if err != nil {
					t.Errorf("%s: %v", mode, err)
				}
			})
		}
		starts.Wait()
		kept := path + ".before-migration-2"
		if names := copies(t, path); len(names) != 1 || len(titles(t, kept)) != 200 {
			t.Errorf("%s: the copies are %v", mode, names)
		}
		if _, err := sqlite.Open(t.Context(), kept, nil); err == nil || !strings.Contains(err.Error(), "has version 1") {
			t.Errorf("%s: the copy is of a migrated file: %v", mode, err)
		}
	}
}

// TestNoRoomForTheCopy: where the disk has no room for the copy, the file stays as it is, whatever its journal is.
func TestNoRoomForTheCopy(t *testing.T) {
	for _, mode := range []string{"WAL", "DELETE", "WAL in use"} {
		dir := testkit.SmallDisk(t, "16m")
		long := models.Text{Title: "old", Content: strings.Repeat("word ", 1_900_000)}
		old := oldFile(t, []models.Post{{ID: models.NewID(), Text: long}})
		name, _, inUse := strings.Cut(mode, " ")
		execute(t, old, `PRAGMA journal_mode = `+name)
		if inUse { // the log is there, as after a kill
			conn, err := zombiezen.OpenConn(old, zombiezen.OpenReadWrite)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if err := sqlitex.ExecuteTransient(conn, `CREATE TABLE extra (x)`, nil); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.CopyFS(dir, os.DirFS(filepath.Dir(old))); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, filepath.Base(old))
		before := folder(t, dir)
		store, err := sqlite.New(t.Context(), path, models.ToServe, slog.New(slog.DiscardHandler), nil)
		if err != nil {
			t.Fatal(err)
		}
		err = store.Start(t.Context())
		if err == nil || !strings.Contains(err.Error(), "keep a copy before the migration") ||
			!strings.Contains(err.Error(), "full") {
			t.Errorf("%s: got %v, want that the disk is full", mode, err)
		}
		if err := store.Close(t.Context()); err != nil {
			t.Error(err)
		}
		expectUnchanged(t, dir, before)
	}
}

// TestStoreBeforeItsStart: every call is refused at once, as long as the file is not open. Then all work.
func TestStoreBeforeItsStart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "blog.db")
	store, err := sqlite.New(t.Context(), path, models.ToServe, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) > 0 {
		t.Errorf("New made %v, %v", entries, err)
	}
	calls := map[string]func() error{
		"read":    func() error { return store.Ping(t.Context()) },
		"version": func() error { _, err := store.DataVersion(t.Context()); return err },
		"search": func() error {
			_, _, err := store.Posts(t.Context(), models.PostFilter{Words: models.ParseWords("a"), Limit: 1})
			return err
		},
		"write": func() error {
			return store.CreateUser(t.Context(), &models.User{ID: models.NewID(), Username: "a", Role: models.RoleUser})
		},
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, models.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s before the start: %v", name, err)
		}
	}
	if pool := store.Pool(); pool != (models.PoolStats{}) {
		t.Errorf("the pool is %+v", pool)
	}
	if err := store.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, call := range calls {
		if err := call(); err != nil {
			t.Errorf("%s after the start: %v", name, err)
		}
	}
	if err := store.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if err := calls["read"](); !errors.Is(err, models.ErrUnavailable) {
		t.Errorf("after Close: %v", err)
	}
}

// TestNewFileIsWholeOrNotThere: a process that is killed while it makes the database leaves none that is empty.
func TestNewFileIsWholeOrNotThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "blog.db")
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := sqlite.Open(ctx, path, nil); err == nil {
		t.Error("it is opened")
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) > 0 {
		t.Errorf("the folder has %v, %v", entries, err)
	}
}

// TestFailedMigrationKeepsTheOlderCopy: a migration that fails leaves the copies of earlier ones as they were.
func TestFailedMigrationKeepsTheOlderCopy(t *testing.T) {
	for _, broken := range []bool{true, false} { // when the migration runs, or when the copy is made
		path := oldFile(t, nil)
		if broken {
			execute(t, path, `DROP TABLE posts`)
		}
		for _, name := range []string{".before-migration-1", ".before-migration-2", ".before-migration-old.txt"} {
			if err := os.WriteFile(path+name, []byte("older"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		before := folder(t, filepath.Dir(path))
		store, err := sqlite.New(t.Context(), path, models.ToServe, slog.New(slog.DiscardHandler), nil)
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		if !broken {
			stop()
		}
		if err := store.Start(ctx); err == nil {
			t.Error("the migration did not fail")
		}
		stop()
		if err := store.Close(t.Context()); err != nil {
			t.Error(err)
		}
		expectUnchanged(t, filepath.Dir(path), before)
	}
}

// TestEmptyLogWithoutItsFile: an empty log, which a start on a full disk may leave, keeps nobody from a new file.
func TestEmptyLogWithoutItsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "blog.db")
	if err := os.WriteFile(path+"-wal", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	store := serve(t, path)
	if err := errors.Join(store.Ping(t.Context()), store.Close(t.Context())); err != nil {
		t.Error(err)
	}
}
