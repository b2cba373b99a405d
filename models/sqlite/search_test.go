package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
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

// deriveAll derives until there is no more, and returns the number of batches.
func deriveAll(t *testing.T, store *sqlite.Store) (batches int) {
	t.Helper()
	for {
		more, err := store.Derive(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			return batches
		}
		batches++
	}
}

// TestDerive: posts that an older gin-blog indexed are found by the words that found them before until their terms are
// replaced, the newest first, and then by those of today. A process that is killed in between changes nothing of that.
func TestDerive(t *testing.T) {
	author := models.NewID()
	newPost := func(title, content string) models.Post {
		return models.Post{ID: models.NewID(), Text: models.Text{Title: title, Content: content}, AuthorID: author}
	}
	posts := []models.Post{newPost("old", "naïve 部署方案讨论 ＡＢＣ ΣΊΣΥΦΟΣ plain")}
	for range 1000 {
		posts = append(posts, newPost("?", "Filler ÉCOLE 日本"))
	}
	posts = append(posts, newPost("new", posts[0].Content))
	path := fileOfVersion(t, 6, posts)
	expect := func(step string, finds map[string]string) {
		t.Helper()
		store := serve(t, path)
		defer store.Close(t.Context())
		for text, want := range finds {
			if got := search(t, store, text); got != want {
				t.Errorf("%s: search %q: got %q, want %q", step, text, got, want)
			}
		}
	}
	former := map[string]string{"naïve": "new old", "部署方案讨论": "new old", "ＡＢＣ": "new old",
		"plain":         "new old",
		"σίσυφοσ NAÏVE": "new old", "plain none": ""}
	expect("at the start", former)
	expect("at the start", map[string]string{"naive": "", "部署": "", "abc": ""})
	store := serve(t, path)
	if more, err := store.Derive(t.Context()); err != nil || !more {
		t.Fatal(more, err)
	}
	newer := newPost("newer", "naïve 部署方案")
	if _, err := store.CreatePost(t.Context(), &newer, nil); err != nil {
		t.Fatal(err)
	}
	defer store.Close(t.Context())
	dir := t.TempDir() // gets what a killed process leaves
	if err := os.CopyFS(dir, os.DirFS(filepath.Dir(path))); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(dir, filepath.Base(path))
	former["naïve"] = "newer new old"
	expect("after a batch", former)
	expect("after a batch", map[string]string{"naive": "newer new", "部署": "newer new", "abc": "new",
		"署方案讨": "new",
		"方部署":  ""})

	store = serve(t, path)
	change := func(p *models.Post) error { p.Content += "."; return nil }
	if _, err := store.UpdatePost(t.Context(), posts[0].ID, change); err != nil {
		t.Fatal(err)
	}
	if got := search(t, store, "naive abc 部署"); got != "new old" {
		t.Errorf("after a change: found %q", got)
	}
	if batches := deriveAll(t, store); batches != 2 {
		t.Errorf("the rest took %d batches, want 2", batches)
	}
	store.Close(t.Context())
	expect("at the end", former)
	expect("at the end", map[string]string{"naive": "newer new old", "部署": "newer new old", "abc": "new old",
		"方部署": ""})
	expectIndex(t, path, append(posts, newer))
	execute(t, path, `CREATE TABLE nothing_is_left (x CHECK (x = 0))`,
		`INSERT INTO nothing_is_left SELECT count(*) FROM former_terms`)
}

// TestDeriveByTwoProcesses: several processes may derive at once. A batch of long posts has fewer of them.
func TestDeriveByTwoProcesses(t *testing.T) {
	var posts []models.Post
	for i := range 16 {
		posts = append(posts, models.Post{ID: models.NewID(), Text: models.Text{
			Title: fmt.Sprint("Ä", i), Content: strings.Repeat("naïve ", 300_000/7)}})
	}
	path := fileOfVersion(t, 6, posts)
	var batches atomic.Int64
	var running sync.WaitGroup
	for range 2 {
		store := serve(t, path)
		defer store.Close(t.Context())
		running.Go(func() { batches.Add(int64(deriveAll(t, store))) })
	}
	running.Wait()
	if n := batches.Load(); n != 4 {
		t.Errorf("it took %d batches, want 4", n)
	}
	expectIndex(t, path, posts)
}

// TestNewFileHasNothingToDerive: its posts have the terms of today.
func TestNewFileHasNothingToDerive(t *testing.T) {
	store := serve(t, filepath.Join(t.TempDir(), "new.db"))
	defer store.Close(t.Context())
	post := models.Post{ID: models.NewID(), Text: models.Text{Title: "a", Content: "b"}}
	if _, err := store.CreatePost(t.Context(), &post, nil); err != nil {
		t.Fatal(err)
	}
	if batches := deriveAll(t, store); batches != 0 {
		t.Errorf("there are %d batches", batches)
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
