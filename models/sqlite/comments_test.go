package sqlite_test

import (
	"path/filepath"
	"testing"
	"time"

	zombiezen "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"gin-blog/models"
	"gin-blog/models/sqlite"
)

// count returns how many rows a table of a file has.
func count(t *testing.T, path, table string) (rows int) {
	t.Helper()
	conn, err := zombiezen.OpenConn(path, zombiezen.OpenReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	err = sqlitex.ExecuteTransient(conn, `SELECT count(*) FROM `+table, &sqlitex.ExecOptions{
		ResultFunc: func(row *zombiezen.Stmt) error { rows = row.ColumnInt(0); return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// TestSweepGoesOn: a sweep that was broken off is taken up when the file is opened again, and leaves nothing behind.
func TestSweepGoesOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	store, err := sqlite.Open(t.Context(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	now := models.StoredTime(time.Now())
	posts := make([]models.KeptPost, 3)
	for i := range posts {
		posts[i].Post = models.Post{ID: models.NewID(), AuthorID: models.NewID(), CreatedAt: now, UpdatedAt: now}
	}
	if err := store.PostTable().Insert(t.Context(), posts); err != nil {
		t.Fatal(err)
	}
	comments := make([]models.KeptComment, 1500)
	for i := range comments {
		post := posts[i%3]
		comments[i].Comment = models.Comment{
			ID: models.NewID(), PostID: post.ID, Content: "c", CreatedAt: now, UpdatedAt: now,
		}
	}
	if err := store.CommentTable().Insert(t.Context(), comments); err != nil {
		t.Fatal(err)
	}
	for _, p := range posts[1:] {
		if err := store.DeletePost(t.Context(), p.ID, func(*models.Post) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	if more, err := store.Sweep(t.Context(), now); err != nil || !more {
		t.Fatalf("sweep: %v, %v, want more", more, err)
	}
	if err := store.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := count(t, path, "comments"); left <= 500 || left >= 1500 {
		t.Errorf("one step leaves %d of 1500 comments", left)
	}
	if store, err = sqlite.Open(t.Context(), path, nil); err != nil {
		t.Fatal(err)
	}
	defer store.Close(t.Context())
	for more := true; more; {
		if more, err = store.Sweep(t.Context(), now); err != nil {
			t.Fatal(err)
		}
	}
	if comments, deleted := count(t, path, "comments"), count(t, path, "deleted_posts"); comments != 500 || deleted > 0 {
		t.Errorf("the file has %d comments and %d deleted posts, want 500 and none", comments, deleted)
	}
}
