package sqlite_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"gin-blog/models"
	"gin-blog/models/sqlite"
	"gin-blog/models/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) models.Store { return storetest.SQLite(t) })
}

func TestOpenKeepsTheFileToItsOwner(t *testing.T) {
	path := filepath.Join(t.TempDir(), "100% ours?.db")
	store, err := sqlite.Open(t.Context(), path)
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
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`PRAGMA user_version = 999`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(t.Context(), path); err == nil || !strings.Contains(err.Error(), "run a newer gin-blog") {
		t.Errorf("got %v, want a refusal that says what to do", err)
	}
}

// TestTwoProcessesShareAFile opens one new file several times at once, as processes do, and writes through each.
func TestTwoProcessesShareAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shared.db")
	const processes, posts = 4, 25
	author := models.NewID()
	var running sync.WaitGroup
	for range processes {
		running.Go(func() {
			store, err := sqlite.Open(t.Context(), path)
			if err != nil {
				t.Errorf("open: %v", err)
				return
			}
			defer store.Close(t.Context())
			for range posts {
				if err := store.CreatePost(t.Context(), &models.Post{ID: models.NewID(), Title: "t", Content: "c", AuthorID: author}); err != nil {
					t.Errorf("create: %v", err)
				}
			}
		})
	}
	running.Wait()

	store, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close(t.Context())
	list, err := store.Posts(t.Context(), models.PostFilter{Limit: 1000})
	if err != nil || len(list) != processes*posts {
		t.Errorf("%d posts, %v, want %d", len(list), err, processes*posts)
	}
}
