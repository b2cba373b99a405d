package mongodb_test

import (
	"reflect"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"gin-blog/internal/testkit"
	"gin-blog/models"
	"gin-blog/models/mongodb"
)

// TestInterruptedDraftsAreRead: a copy takes a draft whose publishing was interrupted as a due one, so that the other
// store publishes it. It takes the post instead, once that exists.
func TestInterruptedDraftsAreRead(t *testing.T) {
	store, author, d := interrupted(t)
	read := func() []models.Draft {
		t.Helper()
		drafts, next, err := store.DraftTable().Read(t.Context(), models.ID{}, 10)
		if err != nil || !next.IsZero() {
			t.Fatalf("read drafts: %v", err)
		}
		return drafts
	}
	due := *d
	due.PublishAt = d.CreatedAt
	if got := read(); len(got) != 1 || !reflect.DeepEqual(got[0], due) {
		t.Errorf("before the post exists: got %+v, want %+v", got, due)
	}
	if _, err := store.CreatePost(t.Context(), d.Post(d.CreatedAt), models.DraftKey(d.ID)); err != nil {
		t.Fatal(err)
	}
	if got := read(); len(got) != 0 {
		t.Errorf("once the post exists: got %+v", got)
	}
	if posts, _, err := store.PostTable().Read(t.Context(), models.ID{}, 10); err != nil || len(posts) != 1 ||
		posts[0].AuthorID != author.ID || posts[0].IdempotencyKey != models.DraftKey(d.ID).Key {
		t.Errorf("the post: %+v, %v", posts, err)
	}
}

// TestForeignIDsAreNoticed: ids of other types sort before or after all ObjectIDs, and no table reads them.
func TestForeignIDsAreNoticed(t *testing.T) {
	for name, id := range map[string]any{
		"text": "a-slug", "number": 7, "date": time.Now(), "document": bson.D{{Key: "a", Value: 1}}, "boolean": true,
	} {
		db := testkit.Database(t)
		store := testkit.OpenMongoDB(t, db, nil).(*mongodb.Store)
		last := models.NewID()
		insert(t, db, "posts", bson.D{{Key: "_id", Value: last}, {Key: "title", Value: "One"}})
		if id, foreign, err := store.PostTable().Last(t.Context()); id != last || foreign || err != nil {
			t.Errorf("before: %s, %v, %v", id.Hex(), foreign, err)
		}
		insert(t, db, "posts", bson.D{{Key: "_id", Value: id}, {Key: "title", Value: "Two"}})
		if id, foreign, err := store.PostTable().Last(t.Context()); id != last || !foreign || err != nil {
			t.Errorf("with a %s: %s, %v, %v", name, id.Hex(), foreign, err)
		}
		if posts, _, err := store.PostTable().Read(t.Context(), models.ID{}, 10); err != nil || len(posts) != 1 {
			t.Errorf("with a %s: read %+v, %v", name, posts, err)
		}
	}
}
