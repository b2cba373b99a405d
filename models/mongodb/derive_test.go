package mongodb_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"gin-blog/internal/testkit"
	"gin-blog/models"
	"gin-blog/models/mongodb"
)

// derive runs a pass over all documents.
func derive(t *testing.T, store models.Store) {
	t.Helper()
	for more := true; more; {
		var err error
		if more, err = store.(*mongodb.Store).Derive(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// found returns the titles of the posts that a search finds.
func found(t *testing.T, store models.Store, text string) (titles []string) {
	t.Helper()
	posts, _, err := store.Posts(t.Context(), models.PostFilter{Words: models.ParseWords(text), Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range posts {
		titles = append(titles, p.Title)
	}
	slices.Sort(titles)
	return titles
}

// update changes documents as another program would.
func update(t *testing.T, db *mongo.Database, collection string, filter, fields bson.M) {
	t.Helper()
	if _, err := db.Collection(collection).UpdateMany(t.Context(), filter, bson.M{"$set": fields}); err != nil {
		t.Fatal(err)
	}
}

// TestDocumentsOfOthersGetKeysAndTerms: what other programs stored or changed is found after the next pass, and a user
// by the exact name at once.
func TestDocumentsOfOthersGetKeysAndTerms(t *testing.T) {
	db := testkit.Database(t)
	store := testkit.OpenMongoDB(t, db, nil)
	users, posts := make([]any, 250), make([]any, 250)
	for i := range users { // more than one step takes
		users[i] = bson.M{"username": fmt.Sprintf("User%d", i), "email": fmt.Sprintf("User%d@example.com", i)}
		posts[i] = bson.M{"title": fmt.Sprintf("T%d", i), "content": "今天讨论了部署方案"}
	}
	insert(t, db, "users", users...)
	insert(t, db, "posts", posts...)
	byName := func(name string) error {
		u, err := store.UserByUsername(t.Context(), name)
		if err == nil && u.Username != "User7" {
			return fmt.Errorf("got %+v", u)
		}
		return err
	}
	if err := byName("User7"); err != nil {
		t.Errorf("a user without a key: %v", err)
	}
	taken := &models.User{ID: models.NewID(), Username: "User7"}
	if err := store.CreateUser(t.Context(), taken); !errors.Is(err, models.ErrUsernameTaken) {
		t.Errorf("register with the name: %v", err)
	}

	var both sync.WaitGroup // with another process
	other := testkit.OpenMongoDB(t, db, nil)
	both.Go(func() { derive(t, other) })
	derive(t, store)
	both.Wait()
	for _, name := range []string{"User7", "USER7", "user7"} {
		if err := byName(name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"ｕser7", "us\u00ader7", "User7\x00"} {
		if err := byName(name); !errors.Is(err, models.ErrUserNotFound) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if u, err := store.UserByEmail(t.Context(), "user249@EXAMPLE.com"); err != nil || u.Username != "User249" {
		t.Errorf("by email: %+v, %v", u, err)
	}
	for _, text := range []string{"部署", "讨论了部", "今"} {
		if titles := found(t, store, text); len(titles) != 100 {
			t.Errorf("%s: %d posts on the page, want 100", text, len(titles))
		}
	}

	update(t, db, "posts", bson.M{"title": "T3"}, bson.M{"content": "Quite another text"})
	update(t, db, "users", bson.M{"username": "User7"}, bson.M{"username": "Renamed", "email": "New@example.com"})
	if u, err := store.UserByUsername(t.Context(), "Renamed"); err != nil || u.Username != "Renamed" {
		t.Errorf("by the new name, before the pass: %+v, %v", u, err)
	}
	if u, err := store.UserByEmail(t.Context(), "New@example.com"); err != nil || u.Username != "Renamed" {
		t.Errorf("by the new email, before the pass: %+v, %v", u, err)
	}
	taken.Username = "Renamed"
	if err := store.CreateUser(t.Context(), taken); !errors.Is(err, models.ErrUsernameTaken) {
		t.Errorf("register with the new name: %v", err)
	}
	if titles := found(t, store, "讨论 T3"); len(titles) > 0 {
		t.Errorf("the words that another program removed find %q", titles)
	}
	derive(t, store)
	if titles := found(t, store, "another"); !slices.Equal(titles, []string{"T3"}) {
		t.Errorf("the words that another program wrote find %q", titles)
	}
	if u, err := store.UserByUsername(t.Context(), "renamed"); err != nil || u.Username != "Renamed" {
		t.Errorf("by the new name: %+v, %v", u, err)
	}
	if err := byName("user7"); !errors.Is(err, models.ErrUserNotFound) {
		t.Errorf("by the old name: %v", err)
	}
}

// TestOddNamesLockNobodyOut: a name that nobody can type has no key, and emails are told apart as they stand.
func TestOddNamesLockNobodyOut(t *testing.T) {
	db := testkit.Database(t)
	insert(t, db, "users", bson.M{"username": 12345, "password": "number"}, bson.M{"username": true},
		bson.M{"username": bson.A{"alice", "bob"}}, bson.M{"username": "12345", "password": "text"},
		bson.M{"username": "ron", "email": "r@x.co"}, bson.M{"username": "ron2", "email": "R@x.co"})
	store := testkit.OpenMongoDB(t, db, nil)
	derive(t, store)
	if u, err := store.UserByUsername(t.Context(), "12345"); err != nil || u.PasswordHash != "text" {
		t.Errorf("a name of digits: %+v, %v", u, err)
	}
	for email, name := range map[string]string{"r@x.co": "ron", "R@x.co": "ron2"} {
		if u, err := store.UserByEmail(t.Context(), email); err != nil || u.Username != name {
			t.Errorf("%s: %+v, %v", email, u, err)
		}
	}
	for _, name := range []string{"bob", "true"} {
		if err := store.CreateUser(t.Context(), &models.User{ID: models.NewID(), Username: name}); err != nil {
			t.Errorf("register as %s: %v", name, err)
		}
	}
}

// TestLargeDocumentsHoldUpNothing: not the search for the posts before and after them.
func TestLargeDocumentsHoldUpNothing(t *testing.T) {
	db := testkit.Database(t)
	var large strings.Builder
	for i := range 1_000_000 {
		large.WriteRune(rune(0x4e00 + i*7919%20_000))
	}
	var posts []any
	for i := range 7 {
		posts = append(posts, bson.M{"title": fmt.Sprint("T", i), "content": "今天讨论了部署方案 nearby"})
	}
	posts[3] = bson.M{"title": "Large", "content": "huge " + large.String()}
	insert(t, db, "posts", posts...)
	store := testkit.OpenMongoDB(t, db, nil)
	derive(t, store)
	want := []string{"T0", "T1", "T2", "T4", "T5", "T6"}
	if titles := found(t, store, "nearby"); !slices.Equal(titles, want) {
		t.Errorf("found %q, want %q", titles, want)
	}
	if titles := found(t, store, "huge"); !slices.Equal(titles, []string{"Large"}) {
		t.Errorf("found %q, want the large one", titles)
	}
}

// TestUsersWithOneName: users of other programs whose names differ in case, or not at all, are served as far as their
// names tell them apart. The log names those who do not get the key. Others register.
func TestUsersWithOneName(t *testing.T) {
	db := testkit.Database(t)
	ids := []models.ID{models.NewID(), models.NewID(), models.NewID()}
	insert(t, db, "users", bson.M{"_id": ids[0], "username": "alice", "email": "a@b.co"},
		bson.M{"_id": ids[1], "username": "Alice", "email": "A@b.co"}, bson.M{"_id": ids[2], "username": "alice"})
	var log bytes.Buffer
	store, err := mongodb.Open(testkit.MongoURI(t), db.Name(), slog.New(slog.NewTextHandler(&log, nil)), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close(t.Context())
	want := func(when string, byName map[string]models.ID) {
		t.Helper()
		for name, id := range byName {
			if u, err := store.UserByUsername(t.Context(), name); err != nil || u.ID != id {
				t.Errorf("%s, %s: got %+v, %v, want %s", when, name, u, err, id.Hex())
			}
		}
	}
	want("at first", map[string]models.ID{"alice": ids[0], "Alice": ids[1], "ALICE": ids[0]})
	if u, err := store.UserByEmail(t.Context(), "A@B.co"); err != nil || u.ID != ids[0] {
		t.Errorf("by email: %+v, %v", u, err)
	}
	for name, refusal := range map[string]error{"Alice": models.ErrUsernameTaken, "newcomer": nil} {
		u := &models.User{ID: models.NewID(), Username: name, Email: name + "@example.com"}
		if err := store.CreateUser(t.Context(), u); !errors.Is(err, refusal) {
			t.Errorf("register as %s: got %v, want %v", name, err, refusal)
		}
	}
	if err := store.SetRole(t.Context(), "alice", models.RoleAdmin); err == nil {
		t.Error("a role for a name that two users have")
	}
	if err := store.SetRole(t.Context(), "Alice", models.RoleAdmin); err != nil {
		t.Errorf("a role for Alice: %v", err)
	}
	update(t, db, "users", bson.M{"_id": ids[0]}, bson.M{"username": "other"})
	for range 2 { // the key is free only after the first pass
		derive(t, store)
	}
	want("once one has another name", map[string]models.ID{
		"other": ids[0], "Alice": ids[1], "ALICE": ids[2], "alice": ids[2],
	})
	for i, id := range ids {
		if n := strings.Count(log.String(), id.Hex()); n != min(i, 1) {
			t.Errorf("%d warnings name user %d:\n%s", n, i, log.String())
		}
	}
}
