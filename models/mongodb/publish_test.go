package mongodb_test

import (
	"errors"
	"reflect"
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
	at := models.StoredTime(time.Now())
	author = &models.User{ID: models.NewID(), Username: "alice", PasswordHash: "$2a$10$hash", CreatedAt: at}
	if err := store.CreateUser(t.Context(), author); err != nil {
		t.Fatal(err)
	}
	d = &models.Draft{
		ID: models.NewID(), Title: "Draft", Content: "Hello", Tags: []string{}, AuthorID: author.ID, CreatedAt: at,
		UpdatedAt: at,
	}
	if err := store.CreateDraft(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if err := store.MarkDraft(t.Context(), d.ID, author.ID, models.Publication{At: at}); err != nil {
		t.Fatal(err)
	}
	return store, author, d
}

// TestCrashBeforeThePost: a draft whose post does not exist yet stays as it is, is due whatever the clock says, and is
// then published.
func TestCrashBeforeThePost(t *testing.T) {
	store, author, d := interrupted(t)
	ctx := t.Context()
	if got, err := store.DraftByID(ctx, d.ID, author.ID); err != nil || !reflect.DeepEqual(got, d) {
		t.Errorf("the draft: got %+v, %v, want %+v", got, err, d)
	}
	change := models.DraftChange{Title: new("lost"), UpdatedAt: d.UpdatedAt}
	for _, change.IfUnchanged = range []*models.Draft{nil, d} {
		if _, err := store.UpdateDraft(ctx, d.ID, author.ID, change); !errors.Is(err, models.ErrDraftPublishing) {
			t.Errorf("change: got %v, want ErrDraftPublishing", err)
		}
		err := store.DeleteDraft(ctx, d.ID, author.ID, change.IfUnchanged)
		if !errors.Is(err, models.ErrDraftPublishing) {
			t.Errorf("delete: got %v, want ErrDraftPublishing", err)
		}
	}
	longAgo := d.CreatedAt.AddDate(-10, 0, 0)
	due, err := store.DueDrafts(ctx, longAgo, 10)
	if want := []models.DueDraft{{ID: d.ID, AuthorID: author.ID}}; err != nil || !reflect.DeepEqual(due, want) {
		t.Fatalf("due drafts: got %v, %v, want %v", due, err, want)
	}
	p := models.Publication{At: longAgo, IfDue: true}
	post, created, err := store.PublishDraft(ctx, d.ID, author.ID, p)
	if err != nil || !created || post.Title != d.Title {
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
	got, created, err := store.PublishDraft(t.Context(), d.ID, author.ID, models.Publication{At: d.CreatedAt, IfDue: true})
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
	due, err := store.DueDrafts(t.Context(), time.Now().AddDate(2, 0, 0), 10)
	if err != nil || due != nil {
		t.Errorf("due drafts: got %v, %v, want none", due, err)
	}
}

// TestCrashBeforeTheDraftsOfAnAccountAreRemoved: they are not published, and are gone after the next start.
func TestCrashBeforeTheDraftsOfAnAccountAreRemoved(t *testing.T) {
	db := testkit.Database(t)
	store := testkit.OpenMongoDB(t, db, nil)
	now := models.StoredTime(time.Now())
	kept := &models.User{ID: models.NewID(), Username: "kept", PasswordHash: "$2a$10$hash", CreatedAt: now}
	if err := store.CreateUser(t.Context(), kept); err != nil {
		t.Fatal(err)
	}
	due, idle := models.NewID(), models.NewID() // authors that are gone
	for _, author := range []models.ID{due, due, idle, kept.ID, idle, kept.ID} {
		d := &models.Draft{
			ID: models.NewID(), Title: "Draft", Content: "Hello", AuthorID: author, CreatedAt: now, UpdatedAt: now,
		}
		if author == due {
			d.PublishAt = now
		}
		if err := store.CreateDraft(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	found, err := store.DueDrafts(t.Context(), now, 10)
	if err != nil || len(found) != 2 {
		t.Fatalf("due drafts: got %v, %v, want 2", found, err)
	}
	p := models.Publication{At: now, IfDue: true}
	if _, _, err := store.PublishDraft(t.Context(), found[0].ID, due, p); !errors.Is(err, models.ErrDraftNotFound) {
		t.Errorf("publish: got %v, want ErrDraftNotFound", err)
	}
	if posts, _, err := store.Posts(t.Context(), models.PostFilter{Limit: 10}); err != nil || len(posts) != 0 {
		t.Errorf("the posts: got %+v, %v, want none", posts, err)
	}
	count := func(author models.ID) int64 {
		n, err := db.Collection("drafts").CountDocuments(t.Context(), bson.D{{Key: "author", Value: author}})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if count(due) != 0 || count(idle) != 2 {
		t.Errorf("the authors that are gone have %d and %d drafts, want 0 and 2", count(due), count(idle))
	}
	testkit.OpenMongoDB(t, db, nil)
	for deadline := time.Now().Add(10 * time.Second); count(idle) > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the drafts are still there after a start")
		}
	}
	if count(kept.ID) != 2 {
		t.Errorf("the author that is there has %d drafts, want 2", count(kept.ID))
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
			ID: models.NewID(), Title: "Draft", Content: "Hello", AuthorID: u.ID, PublishAt: now.Add(time.Hour),
			CreatedAt: now, UpdatedAt: now,
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
	for _, change := range []models.DraftChange{
		{Content: new("New"), Tags: &[]string{"a", "b"}}, {PublishAt: new(time.Time)}, {Content: new(""), Tags: &[]string{}},
	} {
		read, err := store.DraftByID(t.Context(), d.ID, u.ID)
		if err != nil {
			t.Fatal(err)
		}
		change.IfUnchanged, change.UpdatedAt = read, read.UpdatedAt.Add(time.Second)
		drop("findAndModify", func() error {
			got, err := store.UpdateDraft(t.Context(), d.ID, u.ID, change)
			if err == nil && (!got.UpdatedAt.Equal(change.UpdatedAt) || !change.ChangesNothing(got)) {
				t.Errorf("change: got %+v, want %+v", got, change)
			}
			return err
		})
	}
	drop("delete", func() error { return store.DeleteDraft(t.Context(), d.ID, u.ID, nil) })
	for _, command := range []string{"findAndModify", "insert", "delete"} {
		d := newDraft()
		if err := store.CreateDraft(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		drop(command, func() error {
			post, created, err := store.PublishDraft(t.Context(), d.ID, u.ID, models.Publication{At: now})
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
