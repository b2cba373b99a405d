package mongodb_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"gin-blog/internal/testkit"
	"gin-blog/models"
	"gin-blog/models/mongodb"
)

// interrupted is a store with a draft whose publishing has begun and did not get to its end.
func interrupted(t *testing.T) (store *mongodb.Store, author *models.User, d *models.Draft) {
	t.Helper()
	store = testkit.MongoDB(t).(*mongodb.Store)
	author, d = draftOfAlice(t, store)
	if err := store.MarkDraft(t.Context(), d.ID, author.ID, becomePost(d.CreatedAt)); err != nil {
		t.Fatal(err)
	}
	return store, author, d
}

// draftOfAlice stores a user and a draft of theirs.
func draftOfAlice(t *testing.T, store *mongodb.Store) (author *models.User, d *models.Draft) {
	t.Helper()
	at := models.StoredTime(time.Now())
	author = &models.User{ID: models.NewID(), Username: "alice", PasswordHash: "$2a$10$hash", CreatedAt: at}
	if err := store.CreateUser(t.Context(), author); err != nil {
		t.Fatal(err)
	}
	d = &models.Draft{
		ID: models.NewID(), Text: models.Text{Title: "Draft", Content: "Hello", Tags: []string{}},
		AuthorID: author.ID, CreatedAt: at, UpdatedAt: at,
	}
	if err := store.CreateDraft(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	return author, d
}

// TestCrashBeforeThePost: a draft whose post does not exist yet stays as it is, is due whatever the clock says, and is
// then published.
func TestCrashBeforeThePost(t *testing.T) {
	store, author, d := interrupted(t)
	ctx := t.Context()
	if got, err := store.DraftByID(ctx, d.ID); err != nil || !reflect.DeepEqual(got, d) {
		t.Errorf("the draft: got %+v, %v, want %+v", got, err, d)
	}
	lost := sets(func(d *models.Draft) { d.Title = "lost" })
	if _, err := store.UpdateDraft(ctx, d.ID, lost); !errors.Is(err, models.ErrDraftPublishing) {
		t.Errorf("change: got %v, want ErrDraftPublishing", err)
	}
	if err := store.DeleteDraft(ctx, d.ID, always); !errors.Is(err, models.ErrDraftPublishing) {
		t.Errorf("delete: got %v, want ErrDraftPublishing", err)
	}
	longAgo := d.CreatedAt.AddDate(-10, 0, 0)
	due, err := store.DueDrafts(ctx, longAgo, models.DueDraft{}, 10)
	if want := []models.DueDraft{{ID: d.ID, AuthorID: author.ID}}; err != nil || !reflect.DeepEqual(due, want) {
		t.Fatalf("due drafts: got %v, %v, want %v", due, err, want)
	}
	post, created, err := store.PublishDraft(ctx, d.ID, author.ID, becomePostByItself(longAgo))
	if err != nil || !created || post.Title != d.Title || post.CreatedAt.Before(d.UpdatedAt) ||
		post.CreatedAt.After(time.Now()) {
		t.Errorf("publish: got %+v, %v, %v", post, created, err)
	}
	wantOnePost(t, store, post.ID)
}

// TestCrashBeforeTheDraftIsRemoved: the post is not created again, also if a key of a client would long be forgotten.
func TestCrashBeforeTheDraftIsRemoved(t *testing.T) {
	store, author, d := interrupted(t)
	post := d.Post(d.CreatedAt.AddDate(0, 0, -2))
	if _, err := store.CreatePost(t.Context(), post, models.DraftKey(d.ID)); err != nil {
		t.Fatal(err)
	}
	got, created, err := store.PublishDraft(t.Context(), d.ID, author.ID, becomePostByItself(d.CreatedAt))
	if err != nil || created || got.ID != post.ID || got.Author == nil {
		t.Errorf("publish: got %+v, %v, %v, want the post %s", got, created, err, post.ID.Hex())
	}
	wantOnePost(t, store, post.ID)
}

// wantOnePost wants one post with this id, and no draft that is due.
func wantOnePost(t *testing.T, store *mongodb.Store, id models.ID) {
	t.Helper()
	posts, _, err := store.Posts(t.Context(), models.PostFilter{Limit: 10})
	if err != nil || len(posts) != 1 || posts[0].ID != id {
		t.Errorf("the posts: got %+v, %v, want %s", posts, err, id.Hex())
	}
	due, err := store.DueDrafts(t.Context(), time.Now().AddDate(2, 0, 0), models.DueDraft{}, 10)
	if err != nil || due != nil {
		t.Errorf("due drafts: got %v, %v, want none", due, err)
	}
}

// TestCrashBeforeTheDraftsOfAnAccountAreRemoved: drafts that an account has left are not published, and are swept.
// Those of an account that was not deleted through gin-blog stay, also if it does not exist.
func TestCrashBeforeTheDraftsOfAnAccountAreRemoved(t *testing.T) {
	db := testkit.Database(t)
	store := testkit.OpenMongoDB(t, db, nil)
	ctx, now := t.Context(), models.StoredTime(time.Now())
	deleted, kept, lost := models.NewID(), models.NewID(), models.NewID()
	for _, u := range []models.User{{ID: deleted, Username: "deleted"}, {ID: kept, Username: "kept"}} {
		if err := store.CreateUser(ctx, &u); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.DeleteUser(ctx, deleted); err != nil {
		t.Fatal(err)
	}
	for _, author := range []models.ID{deleted, deleted, kept, lost} {
		d := &models.Draft{
			ID: models.NewID(), Text: models.Text{Title: "Draft", Content: "Hello"}, AuthorID: author,
			PublishAt: now, CreatedAt: now, UpdatedAt: now,
		}
		if err := store.CreateDraft(ctx, d); err != nil {
			t.Fatal(err)
		}
		want := map[models.ID]error{deleted: models.ErrDraftNotFound, lost: models.ErrUserNotFound}[author]
		if author == kept {
			continue
		}
		if _, _, err := store.PublishDraft(ctx, d.ID, author, becomePostByItself(now)); !errors.Is(err, want) {
			t.Errorf("publish: got %v, want %v", err, want)
		}
	}
	if posts, _, err := store.Posts(ctx, models.PostFilter{Limit: 10}); err != nil || len(posts) != 0 {
		t.Errorf("the posts: got %+v, %v, want none", posts, err)
	}
	count := func(author models.ID) int64 {
		n, err := db.Collection("drafts").CountDocuments(ctx, bson.D{{Key: "author", Value: author}})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	// A process that stopped between the note that it deletes an account and the deletion leaves this behind.
	insert(t, db, "deletedUsers", bson.D{{Key: "_id", Value: models.NewID()}, {Key: "user", Value: kept}})
	sweepAll(t, store, now)
	if count(deleted) != 2 {
		t.Errorf("at once, %d drafts of the deleted account are left, want 2", count(deleted))
	}
	sweepAll(t, testkit.OpenMongoDB(t, db, nil), now.Add(2*models.SweepDelay))
	if count(deleted) != 0 || count(kept) != 1 || count(lost) != 1 {
		t.Errorf("%d, %d and %d drafts are left, want 0, 1 and 1", count(deleted), count(kept), count(lost))
	}
}

// TestPostThatWasDeletedStaysDeleted: the process is killed between the creation of a post and the removal of its
// draft, and the author deletes the post before the publisher looks again.
func TestPostThatWasDeletedStaysDeleted(t *testing.T) {
	for name, isLate := range map[string]bool{"the draft is left": false, "the draft was read before": true} {
		t.Run(name, func(t *testing.T) {
			db := testkit.Database(t)
			store := testkit.OpenMongoDB(t, db, nil).(*mongodb.Store)
			author, d := draftOfAlice(t, store)
			ctx := t.Context()
			post, _, err := store.PublishDraft(ctx, d.ID, author.ID, becomePost(d.CreatedAt))
			if err != nil {
				t.Fatal(err)
			}
			left := bson.D{
				{Key: "_id", Value: d.ID}, {Key: "title", Value: d.Title}, {Key: "content", Value: d.Content},
				{Key: "tags", Value: d.Tags}, {Key: "author", Value: author.ID}, {Key: "publishAt", Value: d.CreatedAt},
				{Key: "createdAt", Value: d.CreatedAt}, {Key: "updatedAt", Value: d.CreatedAt},
				{Key: "publishing", Value: true}, {Key: "publishingAs", Value: post.ID},
			}
			if !isLate {
				insert(t, db, "drafts", left)
			}
			if err := store.DeletePost(ctx, post.ID, always); err != nil {
				t.Fatal(err)
			}
			if isLate { // by another process, which the first one overtook
				insert(t, db, "drafts", left)
			} else { // the server is down for a while
				sweepAll(t, store, time.Now().Add(2*models.SweepDelay))
			}
			post, _, err = store.PublishDraft(ctx, d.ID, author.ID, becomePostByItself(d.CreatedAt))
			if !errors.Is(err, models.ErrDraftNotFound) {
				t.Errorf("publish: got %+v, %v, want ErrDraftNotFound", post, err)
			}
			if n := count(t, db, "posts") + count(t, db, "drafts"); n != 0 {
				t.Errorf("%d posts and drafts are left, want none", n)
			}
		})
	}
}

// TestDraftOfAPostThatTheDatabaseRefuses: a unique index of another program refuses the post. The author gets the draft
// back, and hears which field it is about.
func TestDraftOfAPostThatTheDatabaseRefuses(t *testing.T) {
	db := testkit.Database(t)
	uniqueIndex(t, db, "posts", "slug")
	insert(t, db, "posts", bson.M{"title": "Without a slug"})
	store := testkit.OpenMongoDB(t, db, nil).(*mongodb.Store)
	author, d := draftOfAlice(t, store)
	_, _, err := store.PublishDraft(t.Context(), d.ID, author.ID, becomePost(d.CreatedAt))
	if !errors.Is(err, models.ErrDuplicate) || !strings.Contains(err.Error(), "the same slug") {
		t.Errorf("publish: got %v, want one about slug", err)
	}
	change := ifUnchanged(d, func(d *models.Draft) { d.Title = "New" })
	if _, err := store.UpdateDraft(t.Context(), d.ID, change); err != nil {
		t.Errorf("change: %v", err)
	}
	if due, err := store.DueDrafts(t.Context(), d.CreatedAt, models.DueDraft{}, 10); err != nil || due != nil {
		t.Errorf("due drafts: got %v, %v, want none", due, err)
	}
}

// TestRepeatedWritesOfDrafts: the reply to a write gets lost, the driver repeats the write, and the server carries out
// both. The caller hears that the write succeeded.
func TestRepeatedWritesOfDrafts(t *testing.T) {
	proxy, db := testkit.NewMongoProxy(t), testkit.Database(t)
	skipWithoutRepetition(t, db)
	store := openBehind(t, proxy, db)
	now := models.StoredTime(time.Now())
	u := &models.User{ID: models.NewID(), Username: "alice", PasswordHash: "hash", CreatedAt: now}
	if err := store.CreateUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	newDraft := func() *models.Draft {
		return &models.Draft{
			ID: models.NewID(), Text: models.Text{Title: "Draft", Content: "Hello"}, AuthorID: u.ID,
			PublishAt: now.Add(time.Hour), CreatedAt: now, UpdatedAt: now,
		}
	}
	drop := func(command string, call func() error) {
		t.Helper()
		before := proxy.Dropped()
		proxy.DropReply(command)
		if err := call(); err != nil {
			t.Errorf("without a reply to %s: %v", command, err)
		}
		if dropped := proxy.Dropped() - before; dropped != 1 {
			t.Errorf("%d replies to %s were dropped, want 1", dropped, command)
		}
	}
	d := newDraft()
	drop("insert", func() error { return store.CreateDraft(t.Context(), d) })
	for _, change := range []func(*models.Draft){
		func(d *models.Draft) { d.Content, d.Tags = "New", []string{"a", "b"} },
		func(d *models.Draft) { d.PublishAt = time.Time{} },
		func(d *models.Draft) { d.Content, d.Tags, d.UpdatedAt = "", []string{}, d.UpdatedAt.Add(time.Second) },
	} {
		read, err := store.DraftByID(t.Context(), d.ID)
		if err != nil {
			t.Fatal(err)
		}
		drop("update", func() error {
			got, err := store.UpdateDraft(t.Context(), d.ID, ifUnchanged(read, change))
			want := *read
			if change(&want); err == nil && !reflect.DeepEqual(got, &want) {
				t.Errorf("change: got %+v, want %+v", got, want)
			}
			return err
		})
	}
	drop("delete", func() error { return store.DeleteDraft(t.Context(), d.ID, always) })
	for _, command := range []string{"update", "insert", "delete"} {
		d := newDraft()
		if err := store.CreateDraft(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		drop(command, func() error {
			post, created, err := store.PublishDraft(t.Context(), d.ID, u.ID, becomePost(now))
			if err == nil && (!created || post.Title != "Draft") {
				t.Errorf("publish: got %+v, %v", post, created)
			}
			return err
		})
	}
	posts, _, err := store.Posts(t.Context(), models.PostFilter{Limit: 10})
	if err != nil || len(posts) != 3 {
		t.Errorf("there are %d posts, %v, want 3", len(posts), err)
	}
	drafts, _, err := store.Drafts(t.Context(), models.DraftFilter{AuthorID: u.ID, Limit: 10})
	if err != nil || len(drafts) != 0 {
		t.Errorf("there are %d drafts, %v, want none", len(drafts), err)
	}
}
