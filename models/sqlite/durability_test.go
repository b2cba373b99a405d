package sqlite_test

import (
	"path/filepath"
	"slices"
	"testing"

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
		"comments_by_author", "comments_by_id", "comments_by_idempotency_key", "drafts_by_author", "drafts_by_publish_at",
		"post_tags_by_author", "posts_by_author", "posts_by_idempotency_key", "sessions_by_expiry", "sessions_by_user",
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("the indexes are %q, %v, want %q", got, err, want)
	}
}
