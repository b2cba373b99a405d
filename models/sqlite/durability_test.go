package sqlite_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	zombiezen "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"gin-blog/models"
	"gin-blog/models/sqlite"
)

// TestCommitsAreOnTheDisk: no crash of the machine loses a commit, which no test that kills a process can show. SQLite
// promises that in WAL mode with synchronous = FULL, which is 2.
func TestCommitsAreOnTheDisk(t *testing.T) {
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "test.db"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close(t.Context())
	for pragma, want := range map[string]string{"synchronous": "2", "journal_mode": "wal", "foreign_keys": "1"} {
		if got, err := store.AskWriter(t.Context(), "PRAGMA "+pragma); err != nil || !slices.Equal(got, []string{want}) {
			t.Errorf("%s of the connection that writes is %q, %v, want %s", pragma, got, err, want)
		}
	}
}

// TestLogShrinks: the write-ahead log, which grows while a reader holds it, gives the room back.
func TestLogShrinks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	store, err := sqlite.Open(t.Context(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close(t.Context())
	size := func() int64 {
		info, err := os.Stat(path + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	write := func() {
		t.Helper()
		post := &models.Post{ID: models.NewID(), CreatedAt: time.Now()}
		post.Title, post.Content = "A Post", strings.Repeat("word ", 40_000)
		if _, err := store.CreatePost(t.Context(), post, nil); err != nil {
			t.Fatal(err)
		}
	}
	write()
	reader, err := zombiezen.OpenConn(path, zombiezen.OpenReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	for _, statement := range []string{`BEGIN`, `SELECT count(*) FROM posts`} {
		if err := sqlitex.ExecuteTransient(reader, statement, nil); err != nil {
			t.Fatal(err)
		}
	}
	const limit = 16 << 20
	for size() < 3*limit {
		write()
	}
	if err := sqlitex.ExecuteTransient(reader, `COMMIT`, nil); err != nil {
		t.Fatal(err)
	}
	for range 3 { // the first copies the log into the file, the next begins it again
		write()
	}
	if got := size(); got > limit {
		t.Errorf("the log has %d bytes after the burst, want at most %d", got, limit)
	}
}

// TestIndexes: each of these makes a query as fast with many rows as with few, which small tests do not notice.
func TestIndexes(t *testing.T) {
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "test.db"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close(t.Context())
	got, err := store.AskWriter(t.Context(),
		`SELECT name FROM sqlite_schema WHERE type = 'index' AND name NOT LIKE 'sqlite_%' ORDER BY name`)
	want := []string{
		"access_tokens_by_user", "comments_by_author", "comments_by_id", "comments_by_idempotency_key", "drafts_by_author",
		"drafts_by_publish_at", "post_tags_by_author", "posts_by_author", "posts_by_idempotency_key",
		"sessions_by_expiry", "sessions_by_user",
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("the indexes are %q, %v, want %q", got, err, want)
	}
}
