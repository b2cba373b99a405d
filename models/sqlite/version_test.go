package sqlite_test

import (
	"path/filepath"
	"runtime"
	"testing"

	"gin-blog/models"
	"gin-blog/models/sqlite"
)

// TestDataVersion: the version changes with every commit, of the same store or of another one on the file, and with
// nothing else.
func TestDataVersion(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the WAL-index cannot be read")
	}
	path := filepath.Join(t.TempDir(), "test.db")
	open := func() *sqlite.Store {
		store, err := sqlite.Open(t.Context(), path, nil)
		if err != nil {
			t.Fatal(err)
		}
		return store
	}
	one, other := open(), open()
	defer other.Close(t.Context())
	version := func() int64 {
		v, err := one.DataVersion(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, writer := range []*sqlite.Store{one, other, one} {
		before := version()
		if _, _, err := writer.Posts(t.Context(), models.PostFilter{Limit: 1}); err != nil {
			t.Fatal(err)
		}
		if now := version(); now != before {
			t.Errorf("a read changed the version from %d to %d", before, now)
		}
		p := &models.Post{ID: models.NewID(), Text: models.Text{Title: "t", Content: "c"}, AuthorID: models.NewID()}
		if _, err := writer.CreatePost(t.Context(), p, nil); err != nil {
			t.Fatal(err)
		}
		if now := version(); now == before {
			t.Errorf("a write left the version %d", before)
		}
	}
	if err := one.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := one.DataVersion(t.Context()); err == nil {
		t.Error("a closed store has a version")
	}
}

func BenchmarkDataVersion(b *testing.B) {
	store, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "test.db"), nil)
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close(b.Context())
	for b.Loop() {
		if _, err := store.DataVersion(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
