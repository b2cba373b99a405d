package mongodb_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"gin-blog/internal/testkit"
	"gin-blog/models"
	"gin-blog/models/mongodb"
)

// openLogged returns a store on a database, and what it logs.
func openLogged(t *testing.T, db *mongo.Database) (store *mongodb.Store, log *testkit.Output) {
	t.Helper()
	log = new(testkit.Output)
	store, err := mongodb.Open(testkit.MongoURI(t), db.Name(), slog.New(slog.NewTextHandler(log, nil)), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close(t.Context()) })
	return store, log
}

// TestForeignDatabaseIsServed: the life of a blog in a database that other programs have filled leaves their documents
// as they were.
func TestForeignDatabaseIsServed(t *testing.T) {
	f := testkit.NewForeign(t)
	store := testkit.OpenMongoDB(t, f.DB, nil)
	ctx := t.Context()

	var listed []models.ID
	page := models.PostFilter{Limit: 3}
	for more := true; more; {
		posts, next, err := store.Posts(ctx, page)
		if err != nil || len(posts) == 0 {
			t.Fatalf("list: %d posts, %v", len(posts), err)
		}
		for _, p := range posts {
			listed, page.After = append(listed, p.ID), p.ID
		}
		more = next
	}
	slices.Reverse(listed)
	if !slices.Equal(listed, f.Posts) {
		t.Errorf("the list has %v, want %v", listed, f.Posts)
	}
	for name, filter := range map[string]models.PostFilter{
		"author": {AuthorID: f.Alice}, "tag": {Tag: "two"}, "words": {Words: models.ParseWords("hello")},
		"author and tag": {AuthorID: f.Alice, Tag: "one"},
	} {
		filter.Limit = 100
		if posts, _, err := store.Posts(ctx, filter); err != nil || len(posts) == 0 {
			t.Errorf("list by %s: %d posts, %v", name, len(posts), err)
		}
	}
	if comments, _, err := store.Thread(ctx, models.ThreadFilter{PostID: f.Post, Limit: 10}); err != nil ||
		len(comments) != 4 || comments[0].Content != "Nice" || comments[3].CreatedAt.IsZero() {
		t.Errorf("the thread: %+v, %v", comments, err)
	}
	if comments, _, err := store.Comments(ctx, models.CommentFilter{Limit: 10}); err != nil || len(comments) != 4 {
		t.Errorf("all comments: %d, %v, want those of the post", len(comments), err)
	}
	for _, name := range []string{"alice", "case", "Case", "twin"} {
		if u, err := store.UserByUsername(ctx, name); err != nil || u.Username != name || u.ID.IsZero() {
			t.Errorf("%s: %+v, %v", name, u, err)
		}
	}
	for _, name := range []string{"stringid", "numberid", "a", ""} {
		if u, err := store.UserByUsername(ctx, name); name != "a" && !errors.Is(err, models.ErrUserNotFound) {
			t.Errorf("%q, whom no call can name: %+v, %v", name, u, err)
		}
	}
	alice, err := store.UserByID(ctx, f.Alice)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.RenewHash(ctx, alice.ID, alice.PasswordHash, "$2a$04$another"); err != nil {
		t.Errorf("renew the hash of an account of another program: %v", err)
	}
	f.CheckUnchanged(t)

	sessionsBesideForeignOnes(t, store, alice)
	draftsBesideForeignOnes(t, store, f)
	deletionsBesideForeignDocuments(t, store, f)
	f.CheckUnchanged(t)
}

func sessionsBesideForeignOnes(t *testing.T, store models.Store, user *models.User) {
	t.Helper()
	ctx, now := t.Context(), models.StoredTime(time.Now())
	var sessions []*models.Session
	for i := range 3 {
		s := &models.Session{
			ID: models.NewID(), UserID: user.ID, RefreshID: fmt.Sprint(i), LastUsedAt: now, ExpiresAt: now.Add(time.Hour),
		}
		if err := store.CreateSession(ctx, s); err != nil {
			t.Fatal(err)
		}
		sessions = append(sessions, s)
	}
	live, err := store.LiveSessions(ctx, user.ID, now)
	if err != nil || len(live) != len(sessions) {
		t.Errorf("%d sessions are live, %v, want %d", len(live), err, len(sessions))
	}
	if err := store.DeleteSessionOf(ctx, user.ID, sessions[0].ID); err != nil {
		t.Errorf("end a session: %v", err)
	}
	if err := store.DeleteSessions(ctx, user.ID); err != nil {
		t.Errorf("end all sessions: %v", err)
	}
	if live, err := store.LiveSessions(ctx, user.ID, now); err != nil || len(live) != 0 {
		t.Errorf("%d sessions are live, %v, want none", len(live), err)
	}
}

// draftsBesideForeignOnes publishes a draft that is due after more than a batch of others that cannot be published.
func draftsBesideForeignOnes(t *testing.T, store models.Store, f *testkit.Foreign) {
	t.Helper()
	ctx, now := t.Context(), models.StoredTime(time.Now())
	if drafts, _, err := store.Drafts(ctx, models.DraftFilter{AuthorID: f.Alice, Limit: 100}); err != nil ||
		len(drafts) != 7 || drafts[6].ID != f.Draft {
		t.Errorf("the drafts: %+v, %v", drafts, err)
	}
	if d, err := store.DraftByID(ctx, f.Draft); err != nil || d.Title != "1.5" || d.Content != "7" ||
		!d.PublishAt.IsZero() || d.CreatedAt.IsZero() {
		t.Errorf("a draft with fields of unexpected types: %+v, %v", d, err)
	}
	due := &models.Draft{
		ID: models.NewID(), Text: models.Text{Title: "Due", Content: "Hello"}, AuthorID: f.Alice,
		PublishAt: now, CreatedAt: now, UpdatedAt: now,
	}
	if err := store.CreateDraft(ctx, due); err != nil {
		t.Fatal(err)
	}
	foreign := map[models.ID]bool{}
	for after := (models.DueDraft{}); ; {
		page, err := store.DueDrafts(ctx, now, after, 5)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range page {
			_, _, err := store.PublishDraft(ctx, d.ID, d.AuthorID, becomePostByItself(now))
			if foreign[d.ID] = err != nil; foreign[d.ID] == (d.ID == due.ID) {
				t.Errorf("publish %v: %v", d, err)
			}
		}
		if len(page) < 5 {
			break
		}
		after = page[len(page)-1]
	}
	if len(foreign) <= 110 {
		t.Errorf("%d drafts are due, want the 110 of a lost account and more", len(foreign))
	}
	if _, err := store.DraftByID(ctx, due.ID); !errors.Is(err, models.ErrDraftNotFound) {
		t.Errorf("the draft that was due: got %v, want ErrDraftNotFound", err)
	}
	posts, _, err := store.Posts(ctx, models.PostFilter{AuthorID: f.Alice, Limit: 100})
	if err != nil || posts[0].Title != "Due" || len(posts) > 1 && posts[1].Title == "Due" {
		t.Errorf("the posts: %+v, %v", posts, err)
	}
}

// deletionsBesideForeignDocuments deletes a post and an account of gin-blog's, and sweeps what they leave.
func deletionsBesideForeignDocuments(t *testing.T, store models.Store, f *testkit.Foreign) {
	t.Helper()
	ctx := t.Context()
	post := newPost(f.Alice)
	if _, err := store.CreatePost(ctx, post, nil); err != nil {
		t.Fatal(err)
	}
	comment := newComment(post)
	if _, err := store.CreateComment(ctx, comment, nil); err != nil {
		t.Fatal(err)
	}
	f.Insert(t, "comments", f.CommentsOn(post.ID)...)
	if err := store.DeletePost(ctx, post.ID, always); err != nil {
		t.Fatal(err)
	}

	leaver := &models.User{ID: models.NewID(), Username: "leaver", PasswordHash: "$2a$04$hash", Role: models.RoleUser}
	leaver.CreatedAt = models.StoredTime(time.Now())
	if err := store.(*mongodb.Store).UserTable().Insert(ctx, []models.User{*leaver}); err != nil {
		t.Fatal(err)
	}
	draft := &models.Draft{ID: models.NewID(), Text: models.Text{Title: "Draft", Content: "Hello"}, AuthorID: leaver.ID}
	session := &models.Session{ID: models.NewID(), UserID: leaver.ID, RefreshID: "one", ExpiresAt: leaver.CreatedAt}
	if err := errors.Join(store.CreateDraft(ctx, draft), store.CreateSession(ctx, session)); err != nil {
		t.Fatal(err)
	}
	f.Insert(t, "drafts", f.DraftsOf(leaver.ID)...)
	f.Insert(t, "sessions", f.SessionsOf(leaver.ID)...)
	if err := store.DeleteUser(ctx, leaver.ID); err != nil {
		t.Fatal(err)
	}
	late := &models.Draft{ID: models.NewID(), Text: models.Text{Title: "Late", Content: "Hello"}, AuthorID: leaver.ID}
	if err := store.CreateDraft(ctx, late); err != nil { // it was on its way when the account was deleted
		t.Fatal(err)
	}
	sweepAll(t, store, time.Now().Add(2*models.SweepDelay))
	for collection, id := range map[string]models.ID{
		"comments": comment.ID, "drafts": draft.ID, "sessions": session.ID, "drafts ": late.ID, "users": leaver.ID,
	} {
		n, err := f.DB.Collection(strings.TrimSpace(collection)).CountDocuments(ctx, bson.D{{Key: "_id", Value: id}})
		if err != nil || n > 0 {
			t.Errorf("%s has still what was deleted, %v", collection, err)
		}
	}
}

// uniqueIndex makes a unique index as another program would.
func uniqueIndex(t *testing.T, db *mongo.Database, collection, field string) {
	t.Helper()
	model := mongo.IndexModel{Keys: bson.D{{Key: field, Value: 1}}, Options: options.Index().SetUnique(true)}
	if _, err := db.Collection(collection).Indexes().CreateOne(t.Context(), model); err != nil {
		t.Fatal(err)
	}
}

// await waits until a call returns no error.
func await(t *testing.T, call func() error) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		err := call()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// TestServedWithoutIndexes: the server refuses every new index, for a reason that may pass. All is read meanwhile.
func TestServedWithoutIndexes(t *testing.T) {
	const outOfDiskSpace = 14031
	proxy, db := testkit.NewMongoProxy(t), testkit.Database(t)
	proxy.Listen()
	proxy.Refuse("createIndexes", outOfDiskSpace)
	var log testkit.Output
	store, err := mongodb.OpenRetrying(proxy.URI(), db.Name(), time.Millisecond, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close(t.Context())
	post := newPost(models.NewID())
	key := &models.Idempotency{Key: "key", Fingerprint: []byte("a"), Since: time.Now().Add(-time.Hour)}
	register := func() error {
		return store.CreateUser(t.Context(), &models.User{ID: models.NewID(), Username: "alice"})
	}
	createKeyed := func() error {
		_, err := store.CreatePost(t.Context(), newPost(post.AuthorID), key)
		return err
	}
	if _, err := store.CreatePost(t.Context(), post, nil); err != nil {
		t.Errorf("create a post: %v", err)
	}
	for _, f := range []models.PostFilter{{}, {AuthorID: post.AuthorID}, {Words: models.ParseWords("hello")}} {
		f.Limit = 10
		if posts, _, err := store.Posts(t.Context(), f); err != nil || len(posts) != 1 {
			t.Errorf("list %+v: %d posts, %v", f, len(posts), err)
		}
	}
	if err := register(); !errors.Is(err, models.ErrNamesNotUnique) {
		t.Errorf("register: got %v, want ErrNamesNotUnique", err)
	}
	if err := createKeyed(); !errors.Is(err, models.ErrKeysNotUnique) {
		t.Errorf("create a post with a key: got %v, want ErrKeysNotUnique", err)
	}
	proxy.Refuse("", 0)
	await(t, register)
	await(t, createKeyed)
	for message, want := range map[string]int{"a unique index": 4, "indexes": 1} {
		if n := strings.Count(log.String(), "cannot make "+message); n != want {
			t.Errorf("%d warnings about %s, want %d:\n%s", n, message, want, log.String())
		}
	}
}

// TestReadsDoNotWaitForIndexes: the indexes of a large collection take long. All is read meanwhile, and nobody
// registers.
func TestReadsDoNotWaitForIndexes(t *testing.T) {
	proxy, db := testkit.NewMongoProxy(t), testkit.Database(t)
	insert(t, db, "posts", bson.M{"title": "My Post", "content": "Hello"})
	proxy.Listen()
	proxy.HoldReplies("createIndexes", time.Minute)
	store, err := mongodb.Open(proxy.URI(), db.Name(), slog.New(slog.NewTextHandler(t.Output(), nil)), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close(context.WithoutCancel(t.Context())) })
	await(t, func() error {
		posts, _, err := store.Posts(t.Context(), models.PostFilter{Limit: 10})
		if err == nil && len(posts) != 1 {
			t.Errorf("%d posts, want 1", len(posts))
		}
		return err
	})
	err = store.CreateUser(t.Context(), &models.User{ID: models.NewID(), Username: "alice"})
	if !errors.Is(err, models.ErrNamesNotUnique) {
		t.Errorf("register: got %v, want ErrNamesNotUnique", err)
	}
}

// TestUniqueIndexOnEmail: an index that counts users without an email as equal is warned of, and an error names the
// field.
func TestUniqueIndexOnEmail(t *testing.T) {
	db := testkit.Database(t)
	uniqueIndex(t, db, "users", "email")
	uniqueIndex(t, db, "users", "phone")
	store, log := openLogged(t, db)
	for _, index := range []string{"email_1", "phone_1"} {
		if n := strings.Count(log.String(), "index="+index); n != 1 {
			t.Errorf("%d warnings about %s, want 1:\n%s", n, index, log)
		}
	}
	create := func(name, email string) error {
		return store.CreateUser(t.Context(), &models.User{ID: models.NewID(), Username: name, Email: email})
	}
	if err := create("alice", ""); err != nil {
		t.Fatal(err)
	}
	err := create("bob", "b@b.co")
	if !errors.Is(err, models.ErrDuplicate) || !strings.Contains(err.Error(), "the same phone") {
		t.Errorf("another user without a phone: got %v", err)
	}
	if err := db.Collection("users").Indexes().DropOne(t.Context(), "phone_1"); err != nil {
		t.Fatal(err)
	}
	if err := create("bob", ""); !errors.Is(err, models.ErrEmailNeeded) {
		t.Errorf("another user without an email: got %v, want ErrEmailNeeded", err)
	}
	bob := &models.User{ID: models.NewID(), Username: "bob", Email: "b@b.co"}
	if err := store.CreateUser(t.Context(), bob); err != nil {
		t.Fatal(err)
	}
	clearEmail := sets(func(u *models.User) { u.Email = "" })
	if _, err := store.UpdateUser(t.Context(), bob.ID, clearEmail); !errors.Is(err, models.ErrEmailNeeded) {
		t.Errorf("remove the email: got %v, want ErrEmailNeeded", err)
	}
	if err := create("carol", "b@b.co"); !errors.Is(err, models.ErrEmailTaken) {
		t.Errorf("the same email: got %v, want ErrEmailTaken", err)
	}
	if err := create("BOB", "d@b.co"); !errors.Is(err, models.ErrUsernameTaken) {
		t.Errorf("the same name: got %v, want ErrUsernameTaken", err)
	}
}

// indexesOf returns the keys of the indexes of a collection, by name.
func indexesOf(t *testing.T, db *mongo.Database, collection string) (keys map[string]string) {
	t.Helper()
	specs, err := db.Collection(collection).Indexes().ListSpecifications(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	keys = map[string]string{}
	for _, spec := range specs {
		keys[spec.Name] = spec.KeysDocument.String()
	}
	return keys
}

// TestIndexes: an empty database gets these indexes, and no others.
func TestIndexes(t *testing.T) {
	db := testkit.Database(t)
	testkit.OpenMongoDB(t, db, nil)
	for collection, want := range map[string][]string{
		"users": {"emailKey", "usernameKey", "users_by_email", "users_by_username"},
		"posts": {
			"posts_by_author", "posts_by_author_and_tag", "posts_by_idempotency_key", "posts_by_search_term", "posts_by_tag",
		},
		"comments": {"comments_by_author", "comments_by_idempotency_key", "comments_by_post"},
		"drafts":   {"drafts_being_published", "drafts_by_author", "drafts_by_publish_at"},
		"sessions": {"own_sessions_expire", "sessions_by_user"},
	} {
		indexes := indexesOf(t, db, collection)
		delete(indexes, "_id_")
		if got := slices.Sorted(maps.Keys(indexes)); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", collection, got, want)
		}
	}
}

// TestIndexesOfOthersStay: an index with the same keys is taken as it is.
func TestIndexesOfOthersStay(t *testing.T) {
	f := testkit.NewForeign(t)
	before := map[string]map[string]string{}
	for _, collection := range []string{"users", "posts", "comments", "drafts", "sessions"} {
		before[collection] = indexesOf(t, f.DB, collection)
	}
	testkit.OpenMongoDB(t, f.DB, nil)
	for collection, indexes := range before {
		after := indexesOf(t, f.DB, collection)
		for name, keys := range indexes {
			if after[name] != keys {
				t.Errorf("%s: the index %s has become %s", collection, name, after[name])
			}
			for other, otherKeys := range after {
				if other != "own_sessions_expire" && other != name && otherKeys == keys {
					t.Errorf("%s: %s has the keys of %s", collection, other, name)
				}
			}
		}
	}
	f.CheckUnchanged(t)
}

// TestIndexesAreFoundAgain: a start makes no index that an earlier one has made. Here the server would refuse it.
func TestIndexesAreFoundAgain(t *testing.T) {
	db := testkit.Database(t)
	testkit.OpenMongoDB(t, db, nil)
	proxy := testkit.NewMongoProxy(t)
	proxy.Listen()
	proxy.Refuse("createIndexes", 14031)
	var log testkit.Output
	store, err := mongodb.Open(proxy.URI(), db.Name(), slog.New(slog.NewTextHandler(&log, nil)), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close(t.Context())
	err = store.CreateUser(t.Context(), &models.User{ID: models.NewID(), Username: "alice", Email: "a@b.co"})
	if err != nil || strings.Contains(log.String(), "cannot make indexes") {
		t.Errorf("register: %v\n%s", err, log.String())
	}
}

// TestOddDraftIsChangedAndDeleted: its author changes and deletes a draft with fields of unexpected types.
func TestOddDraftIsChangedAndDeleted(t *testing.T) {
	db := testkit.Database(t)
	store := testkit.OpenMongoDB(t, db, nil)
	author := models.NewID()
	for _, fields := range []bson.M{
		{"title": 1.5}, {"title": nil, "content": bson.A{1}}, {"title": bson.D{}, "tags": "go", "publishAt": "soon"},
		{"tags": bson.A{1, nil}, "publishAt": bson.A{}, "createdAt": 5, "updatedAt": "now", "publishing": "yes"}, {},
	} {
		for _, conditional := range []bool{false, true} {
			id := models.NewID()
			fields["_id"], fields["author"] = id, author
			insert(t, db, "drafts", fields)
			d, err := store.DraftByID(t.Context(), id)
			if err != nil {
				t.Errorf("read %v: %v", fields, err)
				continue
			}
			setContent := func(d *models.Draft) { d.Content = "New" }
			change, check := sets(setContent), always[models.Draft]
			stale := *d
			stale.Title = "stale"
			if conditional {
				if _, err := store.UpdateDraft(t.Context(), id, ifUnchanged(&stale, setContent)); !errors.Is(err, errChanged) {
					t.Errorf("change another state of %v: %v, want errChanged", fields, err)
				}
				change = ifUnchanged(d, setContent)
			}
			changed, err := store.UpdateDraft(t.Context(), id, change)
			if err != nil || changed.Content != "New" || changed.Title != d.Title {
				t.Errorf("change %v: %+v, %v", fields, changed, err)
			}
			if conditional {
				check = ifUnchanged(changed, nil)
			}
			if err := store.DeleteDraft(t.Context(), id, check); err != nil {
				t.Errorf("delete %v: %v", fields, err)
			}
		}
	}
	if n := count(t, db, "drafts"); n > 0 {
		t.Errorf("%d drafts are left", n)
	}
}

// TestForeignDraftIsPublishedOnRequest: a draft of another program becomes a post if its author asks gin-blog for it.
func TestForeignDraftIsPublishedOnRequest(t *testing.T) {
	db := testkit.Database(t)
	store := testkit.OpenMongoDB(t, db, nil).(*mongodb.Store)
	author, _ := draftOfAlice(t, store)
	now := models.StoredTime(time.Now())
	for _, byItself := range []bool{false, true} {
		id := models.NewID()
		insert(t, db, "drafts", bson.M{
			"_id": id, "author": author.ID, "title": 7, "content": "Hello", "publishAt": now, "__v": 0,
		})
		p := becomePost(now.Add(time.Hour))
		if byItself {
			p = becomePostByItself(now.Add(time.Hour))
			if _, _, err := store.PublishDraft(t.Context(), id, author.ID, p); !errors.Is(err, models.ErrForeignDraft) {
				t.Errorf("before the author asked: got %v, want ErrForeignDraft", err)
			}
			at := now.Add(time.Minute)
			if _, err := store.UpdateDraft(t.Context(), id, sets(func(d *models.Draft) { d.PublishAt = at })); err != nil {
				t.Fatal(err)
			}
			due, err := store.DueDrafts(t.Context(), at, models.DueDraft{}, 10)
			if err != nil || len(due) != 1 || due[0].ID != id {
				t.Errorf("due drafts: got %v, %v, want the one with a time", due, err)
			}
		}
		post, created, err := store.PublishDraft(t.Context(), id, author.ID, p)
		if err != nil || !created || post.Title != "7" {
			t.Errorf("publish: got %+v, %v, %v", post, created, err)
		}
	}
}

// TestForeignDraftsDoNotCount: the drafts of other programs do not keep an author from writing more.
func TestForeignDraftsDoNotCount(t *testing.T) {
	db := testkit.Database(t)
	store := testkit.OpenMongoDB(t, db, nil)
	author := models.NewID()
	foreign := make([]any, models.MaxDrafts)
	for i := range foreign {
		foreign[i] = bson.M{"title": "Draft", "author": author}
	}
	insert(t, db, "drafts", foreign...)
	if err := store.CreateDraft(t.Context(), &models.Draft{ID: models.NewID(), AuthorID: author}); err != nil {
		t.Error(err)
	}
}

// TestKeysOfOtherPrograms: keys of other programs are neither taken for gin-blog's nor removed, and stop nobody.
func TestKeysOfOtherPrograms(t *testing.T) {
	f := testkit.NewForeign(t)
	store := testkit.OpenMongoDB(t, f.DB, nil)
	key := &models.Idempotency{Key: "key", Fingerprint: []byte("a"), Since: time.Now().Add(-time.Hour)}
	p := newPost(f.Alice)
	if existing, err := store.CreatePost(t.Context(), p, key); err != nil || existing != nil {
		t.Fatalf("create: %+v, %v", existing, err)
	}
	again := newPost(f.Alice)
	if existing, err := store.CreatePost(t.Context(), again, key); err != nil || existing == nil || existing.ID != p.ID {
		t.Errorf("create again: %+v, %v, want the same post", existing, err)
	}
	c := newComment(&models.Post{ID: f.Post, AuthorID: f.Alice})
	if existing, err := store.CreateComment(t.Context(), c, key); err != nil || existing != nil {
		t.Errorf("comment: %+v, %v", existing, err)
	}
	f.CheckUnchanged(t)
}
