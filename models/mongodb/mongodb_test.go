package mongodb_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
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
	"gin-blog/models/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T, observe models.Observer) models.Store {
		return testkit.OpenMongoDB(t, testkit.Database(t), observe)
	})
}

// errChanged is what ifUnchanged refuses with.
var errChanged = errors.New("it has changed")

// sets returns a change that is never refused.
func sets[T any](set func(*T)) func(*T) error {
	return func(record *T) error {
		set(record)
		return nil
	}
}

// ifUnchanged returns a change, or a check, that is refused unless the record is as it was read.
func ifUnchanged[T any](read *T, set func(*T)) func(*T) error {
	return func(record *T) error {
		if !reflect.DeepEqual(record, read) {
			return errChanged
		}
		if set != nil {
			set(record)
		}
		return nil
	}
}

// always is a check that refuses nothing.
func always[T any](*T) error { return nil }

// becomePost publishes a draft in any state, at a time.
func becomePost(at time.Time) func(*models.Draft) (*models.Post, error) {
	return func(d *models.Draft) (*models.Post, error) { return d.Post(at), nil }
}

// becomePostByItself is becomePost for a draft that nobody asks for.
func becomePostByItself(at time.Time) func(*models.Draft) (*models.Post, error) {
	return func(d *models.Draft) (*models.Post, error) {
		switch {
		case d.Foreign:
			return nil, models.ErrForeignDraft
		case d.PublishAt.IsZero() || d.PublishAt.After(at):
			return nil, errChanged
		}
		return d.Post(at), nil
	}
}

// newPost makes a post that is not stored yet.
func newPost(author models.ID) *models.Post {
	now := time.Now()
	return &models.Post{
		ID: models.NewID(), Text: models.Text{Title: "My Post", Content: "Hello"}, AuthorID: author,
		CreatedAt: now, UpdatedAt: now,
	}
}

// insert stores documents as another program would.
func insert(t *testing.T, db *mongo.Database, collection string, documents ...any) {
	t.Helper()
	if _, err := db.Collection(collection).InsertMany(t.Context(), documents); err != nil {
		t.Fatalf("insert into %s: %v", collection, err)
	}
}

func TestMongooseIndexOnUsernameStays(t *testing.T) {
	db := testkit.Database(t)
	_, err := db.Collection("users").Indexes().CreateOne(t.Context(), mongo.IndexModel{
		Keys: bson.D{{Key: "username", Value: 1}}, Options: options.Index().SetUnique(true),
	})
	if err != nil {
		t.Fatal(err)
	}
	insert(t, db, "users", bson.M{"username": "alice", "password": "x", "__v": 0})

	store := testkit.OpenMongoDB(t, db, nil)
	for _, taken := range []string{"alice", "ALICE"} {
		u := &models.User{ID: models.NewID(), Username: taken, CreatedAt: time.Now()}
		if err := store.CreateUser(t.Context(), u); !errors.Is(err, models.ErrUsernameTaken) {
			t.Errorf("create %s: got %v, want ErrUsernameTaken", taken, err)
		}
	}
}

func TestWhatIsWrittenHasTheTutorialsShape(t *testing.T) {
	db := testkit.Database(t)
	store := testkit.OpenMongoDB(t, db, nil)
	u := &models.User{
		ID: models.NewID(), Username: "alice", PasswordHash: "$2a$10$x", Role: models.RoleUser, CreatedAt: time.Now(),
	}
	if err := store.CreateUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	p := newPost(u.ID)
	if _, err := store.CreatePost(t.Context(), p, nil); err != nil {
		t.Fatal(err)
	}

	d := &models.Draft{
		ID: models.NewID(), Text: models.Text{Title: "Draft", Content: "Hello"}, AuthorID: u.ID, PublishAt: time.Now(),
	}
	if err := store.CreateDraft(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if n, err := db.Collection("posts").CountDocuments(t.Context(), bson.D{}); err != nil || n != 1 {
		t.Errorf("the Express app would list %d posts, %v, want 1 without the draft", n, err)
	}
	published, _, err := store.PublishDraft(t.Context(), d.ID, u.ID, becomePost(time.Now()))
	if err != nil {
		t.Fatal(err)
	}

	var user bson.M
	if err := db.Collection("users").FindOne(t.Context(), bson.D{{Key: "_id", Value: u.ID}}).Decode(&user); err != nil {
		t.Fatal(err)
	}
	if user["username"] != "alice" || user["password"] != "$2a$10$x" {
		t.Errorf("user: %v", user)
	}
	if _, ok := user["email"]; ok {
		t.Errorf("user: %v has an email, which nobody gave", user)
	}
	for title, id := range map[string]models.ID{"My Post": p.ID, "Draft": published.ID} {
		var post bson.M
		if err := db.Collection("posts").FindOne(t.Context(), bson.D{{Key: "_id", Value: id}}).Decode(&post); err != nil {
			t.Fatal(err)
		}
		_, isDate := post["createdAt"].(bson.DateTime)
		if post["title"] != title || post["content"] != "Hello" || post["author"] != bson.ObjectID(u.ID) || !isDate {
			t.Errorf("post: %v", post)
		}
	}
}

// TestImpossible: only a server that says so cannot make an index. Otherwise a failure that passes would weaken
// uniqueness.
func TestImpossible(t *testing.T) {
	for code, want := range map[int32]bool{
		59: true, 67: true, 115: true, 197: true, 238: true, 303: true, 40415: true,
		1: false, 2: false, 8: false, 9: false, 13: false, 18: false, 50: false, 85: false, 86: false, 91: false,
		146: false, 189: false, 202: false, 262: false, 276: false, 8000: false, 10107: false, 11600: false, 11601: false,
		11602: false, 14031: false, 99999: false,
	} {
		if got := mongodb.Impossible(fmt.Errorf("create: %w", mongo.CommandError{Code: code})); got != want {
			t.Errorf("code %d: %v, want %v", code, got, want)
		}
	}
	if mongodb.Impossible(context.DeadlineExceeded) {
		t.Error("a server that does not answer may make it later")
	}
}

// TestFieldsOfOtherTypes: documents of other programs, with fields of unexpected types, do not make their page fail.
func TestFieldsOfOtherTypes(t *testing.T) {
	db := testkit.Database(t)
	alice := models.NewID()
	insert(t, db, "users", bson.M{"_id": alice, "username": 42, "password": bson.D{}, "createdAt": "today"})
	insert(t, db, "posts",
		bson.M{"title": "Fine", "content": "Hello", "author": alice},
		bson.M{"title": 7, "content": 1.5, "author": alice.Hex(), "tags": "go"},
		bson.M{"title": true, "content": nil, "author": bson.A{}, "tags": bson.A{1, "two"}},
		bson.M{"title": bson.D{}, "createdAt": "yesterday", "updatedAt": 5, "version": "1.0"})

	store := testkit.OpenMongoDB(t, db, nil)
	posts, _, err := store.Posts(t.Context(), models.PostFilter{Limit: 10})
	if err != nil || len(posts) != 4 {
		t.Fatalf("%d posts, %v, want 4", len(posts), err)
	}
	var got []string
	for _, p := range posts {
		if p.CreatedAt.IsZero() || p.UpdatedAt.IsZero() {
			t.Errorf("%q has no time", p.Title)
		}
		got = append(got, fmt.Sprintf("%q %q %q %v", p.Title, p.Content, p.Tags, p.Author != nil))
	}
	want := []string{`"" "" [] false`, `"true" "" ["1" "two"] false`, `"7" "1.5" [] false`, `"Fine" "Hello" [] true`}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if u, err := store.UserByID(t.Context(), alice); err != nil || u.Username != "42" || u.PasswordHash != "" {
		t.Errorf("got %+v, %v", u, err)
	}
}

// TestPostsOfOtherPrograms changes and deletes posts that lack an author, or have fields of unexpected types, and
// leaves out those that no call can name.
func TestPostsOfOtherPrograms(t *testing.T) {
	db := testkit.Database(t)
	ids := []models.ID{models.NewID(), models.NewID(), models.NewID(), models.NewID()}
	alice := models.NewID()
	insert(t, db, "users", bson.M{"_id": alice, "username": "alice"}, bson.M{"_id": nil, "username": "nobody"})
	insert(t, db, "posts",
		bson.M{"_id": "a string", "title": "Unnamed", "content": "Hello"},
		bson.M{"_id": 7, "title": "Unnamed", "content": "Hello"},
		bson.M{"_id": time.Now(), "title": "Unnamed", "content": "Hello"},
		bson.M{"_id": ids[0], "title": "No author", "content": "Hello", "version": "1.0"},
		bson.M{"_id": ids[1], "title": 7, "content": 1.5, "author": "alice", "tags": "go", "version": bson.A{}},
		bson.M{"_id": ids[2], "content": nil, "author": bson.D{}, "createdAt": "yesterday"},
		bson.M{"_id": ids[3], "title": "Authors", "author": bson.A{alice, "bob"}})
	store := testkit.OpenMongoDB(t, db, nil)

	var got []models.ID
	filter := models.PostFilter{Limit: 1}
	for more := true; more && len(got) < 10; {
		page, next, err := store.Posts(t.Context(), filter)
		if err != nil || len(page) != 1 {
			t.Fatalf("a page of %v, %v", page, err)
		}
		got, more, filter.After = append(got, page[0].ID), next, page[0].ID
	}
	if want := []models.ID{ids[3], ids[2], ids[1], ids[0]}; !slices.Equal(got, want) {
		t.Errorf("the pages have %v, want %v", got, want)
	}
	for _, id := range ids {
		p, err := store.PostByID(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if p.Author != nil {
			t.Errorf("the author of %q is %+v, want none", p.Title, p.Author)
		}
		stale := *p
		stale.Content = "other"
		setTitle := func(p *models.Post) { p.Title = "New" }
		if _, err := store.UpdatePost(t.Context(), id, ifUnchanged(&stale, setTitle)); !errors.Is(err, errChanged) {
			t.Errorf("change another state of %q: got %v, want errChanged", p.Title, err)
		}
		changed, err := store.UpdatePost(t.Context(), id, ifUnchanged(p, setTitle))
		if err != nil || changed.Title != "New" || changed.Content != p.Content {
			t.Errorf("change %q: %+v, %v", p.Title, changed, err)
			continue
		}
		if err := store.DeletePost(t.Context(), id, ifUnchanged(changed, nil)); err != nil {
			t.Errorf("delete %q: %v", p.Title, err)
		}
	}
}

// TestEditOfAnotherProgram: an edit that counts no version, and keeps the times, is not overwritten. It comes between
// the moment when a post is read, and the change.
func TestEditOfAnotherProgram(t *testing.T) {
	db := testkit.Database(t)
	store := testkit.OpenMongoDB(t, db, nil)
	p := newPost(models.NewID())
	if _, err := store.CreatePost(t.Context(), p, nil); err != nil {
		t.Fatal(err)
	}
	edits := 0
	setsContent := func(once bool) func(*models.Post) error {
		return func(p *models.Post) error {
			if edits++; once && edits > 1 && p.Title != "Edited elsewhere 1" {
				t.Errorf("the second try gets the title %q, want that of the edit", p.Title)
			}
			if edits == 1 || !once {
				edit := bson.M{"$set": bson.M{"title": fmt.Sprint("Edited elsewhere ", edits)}}
				if _, err := db.Collection("posts").UpdateOne(t.Context(), bson.M{"_id": p.ID}, edit); err != nil {
					t.Fatal(err)
				}
			}
			p.Content = fmt.Sprint("New ", edits)
			return nil
		}
	}
	got, err := store.UpdatePost(t.Context(), p.ID, setsContent(true))
	if err != nil || got.Title != "Edited elsewhere 1" || got.Content != "New 2" {
		t.Errorf("change: got %+v, %v, want both changes", got, err)
	}
	if _, err := store.UpdatePost(t.Context(), p.ID, setsContent(false)); !errors.Is(err, models.ErrContended) {
		t.Errorf("change what another program changes again and again: got %v, want ErrContended", err)
	}
	if err := store.DeletePost(t.Context(), p.ID, setsContent(false)); !errors.Is(err, models.ErrContended) {
		t.Errorf("delete it: got %v, want ErrContended", err)
	}
	if n := count(t, db, "posts") - count(t, db, "deletedPosts"); n != 1 {
		t.Error("the post is gone, or noted as deleted")
	}
}

// TestDraftWithoutAText: a draft that lacks a text, because a version of gin-blog stored it that had no such field, is
// changed and deleted in the state in which it was read.
func TestDraftWithoutAText(t *testing.T) {
	db := testkit.Database(t)
	store := testkit.OpenMongoDB(t, db, nil)
	author, now := models.NewID(), models.StoredTime(time.Now())
	id := models.NewID()
	if _, err := db.Collection("drafts").InsertOne(t.Context(), bson.M{
		"_id": id, "title": "Old", "tags": bson.A{}, "author": author, "publishAt": nil, "createdAt": now, "updatedAt": now,
	}); err != nil {
		t.Fatal(err)
	}
	read, err := store.DraftByID(t.Context(), id)
	if err != nil || read.Content != "" {
		t.Fatalf("read: %+v, %v", read, err)
	}
	changed, err := store.UpdateDraft(t.Context(), id, ifUnchanged(read, func(d *models.Draft) { d.Title = "New" }))
	if err != nil || changed.Title != "New" {
		t.Fatalf("change: %+v, %v", changed, err)
	}
	if err := store.DeleteDraft(t.Context(), id, ifUnchanged(changed, nil)); err != nil {
		t.Errorf("delete: %v", err)
	}
}

// poolCleared has the method of an error that the driver does not export.
type poolCleared struct{ error }

func (poolCleared) Retryable() bool { return true }

// TestServerWithAFullDisk: what the server says about its disk reaches the client.
func TestServerWithAFullDisk(t *testing.T) {
	full := mongo.CommandError{Code: 14031, Name: "OutOfDiskSpace", Labels: []string{"RetryableWriteError"}}
	got := mongodb.Classify(t.Context(), fmt.Errorf("insert: %w", full))
	if !errors.Is(got, models.ErrDiskFull) || errors.Is(got, models.ErrUnavailable) || !errors.As(got, &full) {
		t.Errorf("got %v, want ErrDiskFull with its cause", got)
	}
}

// TestUnavailable tells errors of the driver after which a later try may succeed from others.
func TestUnavailable(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"broken connection":           {mongo.CommandError{Labels: []string{"NetworkError"}}, true},
		"another's broken connection": {poolCleared{}, true},
		"the same, once it is known": {
			mongo.CommandError{Labels: []string{"TransientTransactionError"}, Wrapped: poolCleared{}}, true},
		"no majority":         {mongo.WriteException{Labels: []string{"RetryableWriteError"}}, true},
		"no primary any more": {mongo.CommandError{Code: 10107}, true},
		"mistake":             {mongo.CommandError{Code: 2}, false},
	} {
		if got := mongodb.Unavailable(c.err); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// TestServerAway opens a store on a port where nothing listens.
func TestServerAway(t *testing.T) {
	start := time.Now()
	store, err := mongodb.Open("mongodb://127.0.0.1:1/", "blog", slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatalf("open: %v, want a store that waits for its server", err)
	}
	defer store.Close(t.Context())
	if err := store.Ping(t.Context()); !errors.Is(err, models.ErrUnavailable) {
		t.Errorf("ping: got %v, want ErrUnavailable", err)
	}
	if _, _, err := store.Posts(t.Context(), models.PostFilter{Limit: 1}); !errors.Is(err, models.ErrUnavailable) {
		t.Errorf("list: got %v, want ErrUnavailable", err)
	}
	if took := time.Since(start); took > 6*time.Second {
		t.Errorf("took %v", took)
	}
}

func TestOpenRefusesAMalformedURIWithoutRepeatingIt(t *testing.T) {
	for _, uri := range []string{
		"mongodb://", "mongodb://user:hunter2secret@host:99999999/", "mongodb://user:hunter2%zz@host/", "http://host",
		"mongodb://user:hunter2%00@host/", "mongodb://host/?tlsCAFile=/hunter2", "mongodb://host/?w=1&maxPoolSize=hunter2",
	} {
		_, err := mongodb.Open(uri, "blog", slog.New(slog.DiscardHandler), nil)
		if err == nil {
			t.Errorf("open %q: no error", uri)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("open %q: %v tells the password", uri, err)
		}
	}
}

// TestPagesComeFromAnIndex: the server scans the index made for a filter, which is in the order of the page. The
// plain list is in the order of _id, by which every server keeps its documents.
func TestPagesComeFromAnIndex(t *testing.T) {
	db := testkit.Database(t)
	store := testkit.OpenMongoDB(t, db, nil).(*mongodb.Store)
	author := models.NewID()
	for range 50 {
		p := newPost(author)
		p.Tags = []string{"go"}
		if _, err := store.CreatePost(t.Context(), p, nil); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		filter models.PostFilter
		index  string
		keys   string // of the index: what the filter fixes, then the order of the page
	}{
		"author": {models.PostFilter{AuthorID: author}, "posts_by_author",
			`{"author": {"$numberInt":"1"},"_id": {"$numberInt":"-1"}}`},
		"tag": {models.PostFilter{Tag: "go"}, "posts_by_tag",
			`{"tags": {"$numberInt":"1"},"_id": {"$numberInt":"-1"}}`},
		"words": {models.PostFilter{Words: models.ParseWords("hello")}, "posts_by_search_term",
			`{"searchTerms": {"$numberInt":"1"},"_id": {"$numberInt":"-1"}}`},
	} {
		c.filter.Limit = 20
		plan, err := store.PagePlan(t.Context(), c.filter)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		text := plan.String()
		scansIndex := strings.Contains(text, `"IXSCAN"`) && strings.Contains(text, `"`+c.index+`"`)
		if !scansIndex || strings.Contains(text, "COLLSCAN") {
			t.Errorf("%s: the plan is %s, want a scan of %s", name, text, c.index)
		}
		specs, err := db.Collection("posts").Indexes().ListSpecifications(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range specs {
			if spec.Name == c.index && spec.KeysDocument.String() != c.keys {
				t.Errorf("%s: %s is an index of %s, want %s", name, c.index, spec.KeysDocument, c.keys)
			}
		}
	}
}
