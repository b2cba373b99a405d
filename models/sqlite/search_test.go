package sqlite_test

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	zombiezen "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitemigration"
	"zombiezen.com/go/sqlite/sqlitex"

	"gin-blog/models"
	"gin-blog/models/sqlite"
)

// TestIndexHasTheWordsOfEveryPost compares the index with ParseWords, for every code point between two letters.
func TestIndexHasTheWordsOfEveryPost(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "test.db")
	store, err := sqlite.Open(t.Context(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close(t.Context())
	const perPost = 2048
	var posts []models.KeptPost
	want := make(map[string]bool) // words
	for first := rune(0); first <= unicode.MaxRune; first += perPost {
		var text strings.Builder
		for r := first; r < first+perPost; r++ {
			text.WriteString(" a" + string(r) + "b")
		}
		posts = append(posts, models.KeptPost{
			Post: models.Post{ID: models.NewID(), Text: models.Text{Title: "t", Content: text.String()}},
		})
		for _, word := range models.ParseWords(text.String()).Folded() {
			want[word] = true
		}
	}
	want["T"] = true
	for batch := range slices.Chunk(posts, 4) { // so few are stored before the store's timeout
		if err := store.PostTable().Insert(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	got := indexedWords(t, path)
	for word := range want {
		if !got[word] {
			t.Errorf("%q is not in the index", word)
		}
	}
	for word := range got {
		if !want[word] {
			t.Errorf("%q is in the index", word)
		}
	}
}

// indexedWords returns all words of the index of a file.
func indexedWords(t *testing.T, path string) map[string]bool {
	t.Helper()
	conn, err := zombiezen.OpenConn(path, zombiezen.OpenReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	words := make(map[string]bool)
	const list = `CREATE VIRTUAL TABLE temp.indexed USING fts5vocab (main, posts_search, row)`
	if err := sqlitex.ExecuteTransient(conn, list, nil); err != nil {
		t.Fatal(err)
	}
	err = sqlitex.ExecuteTransient(conn, `SELECT term FROM temp.indexed`, &sqlitex.ExecOptions{
		ResultFunc: func(row *zombiezen.Stmt) error {
			words[models.FoldWords(row.ColumnText(0))] = true // the tokenizer writes a to z for A to Z
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return words
}

// oldFile makes a file of the first schema with posts, as gin-blog left it before it had the second.
func oldFile(t *testing.T, posts []models.Post) (path string) {
	t.Helper()
	script, err := os.ReadFile("migrations/0001_initial.sql")
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "old.db")
	conn, err := zombiezen.OpenConn(path, zombiezen.OpenReadWrite, zombiezen.OpenCreate, zombiezen.OpenWAL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	schema := sqlitemigration.Schema{AppID: 0x67626c67, Migrations: []string{string(script)}}
	if err := sqlitemigration.Migrate(t.Context(), conn, schema); err != nil {
		t.Fatal(err)
	}
	for _, p := range posts {
		err := sqlitex.Execute(conn, `INSERT INTO posts (position, id, title, content, tags, author_id, version,
			created_at, updated_at) VALUES (?, ?, ?, ?, 'go gin', ?, 0, 0, 0)`, &sqlitex.ExecOptions{
			Args: []any{sqlite.Position(p.ID), p.ID[:], p.Title, p.Content, p.AuthorID[:]}})
		if err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// search returns the titles of the posts that contain all words of text, newest first, separated by spaces.
func search(t *testing.T, store *sqlite.Store, text string) string {
	t.Helper()
	posts, _, err := store.Posts(t.Context(), models.PostFilter{Words: models.ParseWords(text), Limit: 100})
	if err != nil {
		t.Fatalf("search %q: %v", text, err)
	}
	titles := make([]string, len(posts))
	for i, p := range posts {
		titles[i] = p.Title
	}
	return strings.Join(titles, " ")
}

func TestOldFileIsIndexedAgain(t *testing.T) {
	author := models.NewID()
	posts := []models.Post{
		{ID: models.NewID(), Text: models.Text{Title: "one", Content: "Hello🤩 world"}, AuthorID: author},
		{ID: models.NewID(), Text: models.Text{Title: "two", Content: "hello foo_bar"}, AuthorID: author},
		{ID: models.NewID(), Text: models.Text{Title: "three", Content: "hello foo"}, AuthorID: author},
	}
	path := oldFile(t, posts)
	backup := filepath.Join(t.TempDir(), "backup.db")
	for range 2 { // the second time there is nothing to do
		store := serve(t, path)
		for text, want := range map[string]string{
			"hello": "three two one", "WORLD": "one", "foo": "three", "foo_bar": "two", "ONE": "one", "none": "",
		} {
			if got := search(t, store, text); got != want {
				t.Errorf("search %q: got %q, want %q", text, got, want)
			}
		}
		if err := store.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}

	if version, err := sqlite.Backup(t.Context(), path, backup); err != nil || version != nil {
		t.Fatal(version, err)
	}
	store, err := sqlite.Open(t.Context(), backup, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close(t.Context())
	change := func(p *models.Post) error { p.Content = "changed"; return nil }
	if _, err := store.UpdatePost(t.Context(), posts[0].ID, change); err != nil {
		t.Fatal(err)
	}
	if err := store.DeletePost(t.Context(), posts[1].ID, func(*models.Post) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if got := search(t, store, "hello") + "," + search(t, store, "changed"); got != "three,one" {
		t.Errorf("after a change and a deletion in the backup: got %q", got)
	}
	words := slices.Sorted(maps.Keys(indexedWords(t, backup)))
	if got, want := strings.Join(words, " "), "CHANGED FOO HELLO ONE THREE"; got != want {
		t.Errorf("the index has %q, want %q", got, want)
	}
}

// TestStoppedMigrationChangesNothing stops the indexing in the middle.
func TestStoppedMigrationChangesNothing(t *testing.T) {
	posts := make([]models.Post, 3)
	for i := range posts {
		posts[i] = models.Post{ID: models.NewID(), Text: models.Text{Title: "old", Content: "Hello🤩 world"}}
	}
	path := oldFile(t, posts)
	conn, err := zombiezen.OpenConn(path, zombiezen.OpenReadWrite, zombiezen.OpenWAL)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	calls := 0
	err = conn.CreateFunction("fold_words", &zombiezen.FunctionImpl{
		NArgs: 2,
		Scalar: func(zombiezen.Context, []zombiezen.Value) (zombiezen.Value, error) {
			if calls++; calls == 2 {
				stop()
			}
			return zombiezen.TextValue("NEW"), nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := sqlite.Migrate(ctx, path, conn); zombiezen.ErrCode(err) != zombiezen.ResultInterrupt || calls < 2 {
		t.Fatalf("the migration returned %v after %d calls", err, calls)
	}
	version, err := sqlitex.ResultInt(conn.Prep(`PRAGMA user_version`))
	if err != nil || version != 1 {
		t.Errorf("the schema has version %d, %v, want 1", version, err)
	}
	found, err := sqlitex.ResultInt(conn.Prep(`SELECT count(*) FROM posts_search WHERE posts_search MATCH 'old'`))
	if err != nil || found != len(posts) {
		t.Errorf("the old index finds %d posts, %v, want %d", found, err, len(posts))
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}

	expectNoCopy(t, path)
	store := serve(t, path)
	defer store.Close(t.Context())
	if got := search(t, store, "hello"); got != "old old old" {
		t.Errorf("after the next start: found %q", got)
	}
}
