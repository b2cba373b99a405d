package sqlite_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
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

// TestIndexHasTheTermsOfEveryPost compares the index with SearchTerms, for every code point between two letters.
func TestIndexHasTheTermsOfEveryPost(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "test.db")
	store, err := sqlite.Open(t.Context(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close(t.Context())
	const perPost = 2048
	var posts []models.Post
	for first := rune(0); first <= unicode.MaxRune; first += perPost {
		var text strings.Builder
		for r := first; r < first+perPost; r++ {
			text.WriteString(" a" + string(r) + "字")
		}
		posts = append(posts, models.Post{ID: models.NewID(), Text: models.Text{Title: "t", Content: text.String()}})
	}
	for batch := range slices.Chunk(posts, 4) { // so few are stored before the store's timeout
		var kept []models.KeptPost
		for _, p := range batch {
			kept = append(kept, models.KeptPost{Post: p})
		}
		if err := store.PostTable().Insert(t.Context(), kept); err != nil {
			t.Fatal(err)
		}
	}
	expectIndex(t, path, posts)
}

// expectIndex wants the index of a file to have the terms of posts.
func expectIndex(t *testing.T, path string, posts []models.Post) {
	t.Helper()
	want := map[string]int{} // how many posts have a term
	for _, p := range posts {
		for _, term := range models.SearchTerms(p.Title, p.Content) {
			want[term]++
		}
	}
	conn, err := zombiezen.OpenConn(path, zombiezen.OpenReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const list = `CREATE VIRTUAL TABLE temp.indexed USING fts5vocab (main, posts_search, row)`
	if err := sqlitex.ExecuteTransient(conn, list, nil); err != nil {
		t.Fatal(err)
	}
	err = sqlitex.ExecuteTransient(conn, `SELECT term, doc FROM temp.indexed`, &sqlitex.ExecOptions{
		ResultFunc: func(row *zombiezen.Stmt) error {
			if term := row.ColumnText(0); want[term] != row.ColumnInt(1) {
				t.Errorf("%d posts have the term %q in the index, want %d", row.ColumnInt(1), term, want[term])
			} else {
				delete(want, term)
			}
			return nil
		},
	})
	if err != nil || len(want) > 0 {
		t.Errorf("the index lacks terms: %v, %v", want, err)
	}
}

// formerWords is the rule of versions 2 to 6 for what fold_words returns.
func formerWords(texts ...string) string {
	var folded strings.Builder
	for _, word := range regexp.MustCompile(`[\p{L}\p{N}\p{M}_]+`).FindAllString(strings.Join(texts, " "), -1) {
		for _, r := range word {
			least := r
			for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
				least = min(least, next)
			}
			folded.WriteRune(least)
		}
		folded.WriteByte(' ')
	}
	return folded.String()
}

// oldFile makes a file of the first schema with posts, as gin-blog left it before it had the second.
func oldFile(t *testing.T, posts []models.Post) (path string) {
	return fileOfVersion(t, 1, posts)
}

// fileOfVersion makes a file of a schema with posts, as gin-blog left it before it had the next.
func fileOfVersion(t testing.TB, version int, posts []models.Post) (path string) {
	t.Helper()
	schema := sqlitemigration.Schema{AppID: 0x67626c67}
	names, err := filepath.Glob("migrations/*.sql")
	for _, name := range names[:version] {
		script, failed := os.ReadFile(name)
		schema.Migrations, err = append(schema.Migrations, string(script)), errors.Join(err, failed)
	}
	path = filepath.Join(t.TempDir(), "old.db")
	conn, failed := zombiezen.OpenConn(path, zombiezen.OpenReadWrite, zombiezen.OpenCreate, zombiezen.OpenWAL)
	if err := errors.Join(err, failed); err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	err = conn.CreateFunction("fold_words", &zombiezen.FunctionImpl{
		NArgs: 2, AllowIndirect: true,
		Scalar: func(_ zombiezen.Context, args []zombiezen.Value) (zombiezen.Value, error) {
			return zombiezen.TextValue(formerWords(args[0].Text(), args[1].Text())), nil
		},
	})
	if err := errors.Join(err, sqlitemigration.Migrate(t.Context(), conn, schema)); err != nil {
		t.Fatal(err)
	}
	defer sqlitex.Save(conn)(&err)
	column, value := ``, ``
	if version < 3 {
		column, value = `version, `, `0, `
	}
	for _, p := range posts {
		err = sqlitex.Execute(conn, `INSERT INTO posts (position, id, title, content, tags, author_id, `+column+`created_at,
			updated_at) VALUES (?, ?, ?, ?, 'go gin', ?, `+value+`0, 0)`, &sqlitex.ExecOptions{
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
	posts[0].Content = "changed"
	expectIndex(t, backup, []models.Post{posts[0], posts[2]})
}

// TestTermsOfFormerVersions: a migration gives the posts of former versions the terms of today.
func TestTermsOfFormerVersions(t *testing.T) {
	for _, version := range []int{6, 7} {
		var posts []models.Post
		for _, title := range []string{"old", "new"} {
			posts = append(posts, models.Post{ID: models.NewID(), AuthorID: models.NewID(), Text: models.Text{
				Title: title, Content: "naïve 部署方案讨论 ＡＢＣ plain",
			}})
		}
		path := fileOfVersion(t, version, posts)
		if version == 7 { // which had begun to replace the terms
			execute(t, path, `INSERT INTO former_terms (last) SELECT max(position) FROM posts`)
		}
		store := serve(t, path)
		defer store.Close(t.Context())
		for _, text := range []string{"naïve", "NAIVE", "部署", "abc", "plain"} {
			if got := search(t, store, text); got != "new old" {
				t.Errorf("of version %d, search %q: got %q", version, text, got)
			}
		}
		expectIndex(t, path, posts)
	}
}

// TestSearchOfManyTerms: the longest search has as many terms as characters.
func TestSearchOfManyTerms(t *testing.T) {
	store := serve(t, filepath.Join(t.TempDir(), "test.db"))
	defer store.Close(t.Context())
	var text strings.Builder
	for r := '一'; text.Len() < 3*models.MaxSearchLength; r++ {
		text.WriteRune(r)
	}
	post := models.Post{ID: models.NewID(), Text: models.Text{Title: "found", Content: "begin" + text.String() + "end"}}
	if _, err := store.CreatePost(t.Context(), &post, nil); err != nil {
		t.Fatal(err)
	}
	if got := search(t, store, text.String()); got != "found" {
		t.Errorf("found %q", got)
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
