package mongodb_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"gin-blog/internal/testkit"
	"gin-blog/models"
)

func newComment(post *models.Post) *models.Comment {
	now := models.StoredTime(time.Now())
	return &models.Comment{
		ID: models.NewID(), PostID: post.ID, PostAuthorID: post.AuthorID, Content: "Nice", AuthorID: post.AuthorID,
		CreatedAt: now, UpdatedAt: now,
	}
}

// count returns how many documents a collection has.
func count(t *testing.T, db *mongo.Database, collection string) int64 {
	t.Helper()
	documents, err := db.Collection(collection).CountDocuments(t.Context(), bson.D{})
	if err != nil {
		t.Fatal(err)
	}
	return documents
}

// sweepAll sweeps at a time until there is no more to do.
func sweepAll(t *testing.T, store models.Store, at time.Time) {
	t.Helper()
	for {
		more, err := store.Sweep(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			return
		}
	}
}

// TestCommentOnAPostThatIsDeletedMeanwhile: the post is deleted after the comment was found to have one, and before the
// comment is stored.
func TestCommentOnAPostThatIsDeletedMeanwhile(t *testing.T) {
	proxy, db := testkit.NewMongoProxy(t), testkit.Database(t)
	store := openBehind(t, proxy, db)
	post := newPost(models.NewID())
	if _, err := store.CreatePost(t.Context(), post, nil); err != nil {
		t.Fatal(err)
	}
	proxy.HoldReplies("insert", 500*time.Millisecond)
	var deleting sync.WaitGroup
	deleting.Go(func() {
		for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
			if into, _ := proxy.Received("insert").Lookup("insert").StringValueOK(); into == "comments" {
				break
			}
		}
		if _, err := db.Collection("posts").DeleteOne(t.Context(), bson.D{{Key: "_id", Value: post.ID}}); err != nil {
			t.Errorf("delete the post: %v", err)
		}
	})
	if _, err := store.CreateComment(t.Context(), newComment(post), nil); !errors.Is(err, models.ErrPostNotFound) {
		t.Errorf("got %v, want ErrPostNotFound", err)
	}
	deleting.Wait()
	if comments := count(t, db, "comments"); comments > 0 {
		t.Errorf("%d comments are left", comments)
	}
}

// TestSweep: comments wait for the delay, and a sweep that was broken off leaves nothing behind in the end.
func TestSweep(t *testing.T) {
	db := testkit.Database(t)
	store := testkit.OpenMongoDB(t, db, nil)
	const n = models.SweepStep + 50
	deleted, kept := newPost(models.NewID()), newPost(models.NewID())
	for _, p := range []*models.Post{deleted, kept} {
		if _, err := store.CreatePost(t.Context(), p, nil); err != nil {
			t.Fatal(err)
		}
		comments := make([]models.KeptComment, n)
		for i := range comments {
			comments[i].Comment = *newComment(p)
		}
		if err := store.(models.Bulk).CommentTable().Insert(t.Context(), comments); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.DeletePost(t.Context(), deleted.ID, always); err != nil {
		t.Fatal(err)
	}
	// A process that stopped between the note that it deletes a post and the deletion leaves this behind.
	insert(t, db, "deletedPosts", bson.D{{Key: "_id", Value: models.NewID()}, {Key: "post", Value: kept.ID}})
	sweepAll(t, store, time.Now())
	if comments, deletions := count(t, db, "comments"), count(t, db, "deletedPosts"); comments != 2*n || deletions != 2 {
		t.Errorf("at once, %d comments and %d deletions are left, want %d and 2", comments, deletions, 2*n)
	}
	late := time.Now().Add(2 * models.SweepDelay)
	if more, err := store.Sweep(t.Context(), late); err != nil || !more {
		t.Fatalf("one step: %v, %v, want more", more, err)
	}
	if comments := count(t, db, "comments"); comments <= n || comments >= 2*n {
		t.Errorf("one step leaves %d comments", comments)
	}
	sweepAll(t, testkit.OpenMongoDB(t, db, nil), late)
	if comments, deletions := count(t, db, "comments"), count(t, db, "deletedPosts"); comments != n || deletions > 0 {
		t.Errorf("%d comments and %d deletions are left, want %d and none", comments, deletions, n)
	}
	page, _, err := store.Thread(t.Context(), models.ThreadFilter{PostID: kept.ID, Limit: 10})
	if err != nil || len(page) != 10 {
		t.Errorf("the post that was not deleted has %d comments on its first page, %v", len(page), err)
	}
}

// TestDeletionThatIsRefusedLeavesNoNote: a post that stays is not noted as deleted.
func TestDeletionThatIsRefusedLeavesNoNote(t *testing.T) {
	db := testkit.Database(t)
	store := testkit.OpenMongoDB(t, db, nil)
	post := newPost(models.NewID())
	if _, err := store.CreatePost(t.Context(), post, nil); err != nil {
		t.Fatal(err)
	}
	refuse := func(*models.Post) error { return errChanged }
	if err := store.DeletePost(t.Context(), post.ID, refuse); !errors.Is(err, errChanged) {
		t.Errorf("got %v, want errChanged", err)
	}
	if notes := count(t, db, "deletedPosts"); notes > 0 {
		t.Errorf("%d notes are left", notes)
	}
}
