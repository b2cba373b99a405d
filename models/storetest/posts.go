package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"gin-blog/models"
)

// postCases are the cases of models.PostStore that are about single posts.
var postCases = []testCase{
	{"posts come back as they were stored", postsComeBack},
	{"text comes back to the byte, odd or not", oddTextComesBack},
	{"a key creates one post", keysCreateOnce},
	{"records that are inserted are found", insertedRecordsAreFound},
}

// newPost makes a post that is not stored yet.
func newPost(author *models.User, title string) *models.Post {
	return &models.Post{
		ID: models.NewID(), Text: models.Text{Title: title, Content: "Hello"}, AuthorID: author.ID,
		CreatedAt: now(), UpdatedAt: now(),
	}
}

// createPosts stores so many posts and returns their ids, newest first.
func createPosts(t *testing.T, store models.Store, author *models.User, n int) []models.ID {
	t.Helper()
	ids := make([]models.ID, n)
	for i := range n {
		p := newPost(author, fmt.Sprintf("Post %d", i))
		if _, err := store.CreatePost(t.Context(), p, nil); err != nil {
			t.Fatalf("create post %d: %v", i, err)
		}
		ids[n-1-i] = p.ID
	}
	return ids
}

func postsComeBack(t *testing.T, store models.Store) {
	author := newUser(t, store, "alice")
	want := &models.Post{
		ID:       models.NewID(),
		Text:     models.Text{Title: "My Post", Content: "Hello", Tags: []string{"go", "gin-gonic"}},
		AuthorID: author.ID, Author: &models.Author{ID: author.ID, Username: "alice"}, CreatedAt: now(),
		UpdatedAt: now(),
	}
	if _, err := store.CreatePost(t.Context(), want, nil); err != nil {
		t.Fatalf("create: %v", err)
	}
	orphan := newPost(&models.User{ID: models.NewID()}, "Nobody's")
	if _, err := store.CreatePost(t.Context(), orphan, nil); err != nil {
		t.Fatalf("create orphan: %v", err)
	}

	got, err := store.PostByID(t.Context(), want.ID)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("read: got %+v, %v, want %+v", got, err, want)
	}
	got, err = store.PostByID(t.Context(), orphan.ID)
	if err != nil || got.Author != nil || got.AuthorID != orphan.AuthorID {
		t.Errorf("read orphan: got %+v, %v, want no author", got, err)
	}
	if _, err := store.PostByID(t.Context(), models.NewID()); !errors.Is(err, models.ErrPostNotFound) {
		t.Errorf("read an unknown id: got %v, want ErrPostNotFound", err)
	}
	list, _, err := store.Posts(t.Context(), models.PostFilter{Limit: 10})
	if err != nil || len(list) != 2 || !reflect.DeepEqual(&list[1], want) || list[0].Author != nil {
		t.Errorf("list: got %+v, %v", list, err)
	}
}

func oddTextComesBack(t *testing.T, store models.Store) {
	author := newUser(t, store, "alice")
	for _, text := range []string{
		"a\x00b", "'; DROP TABLE posts; --", "$where", "{\"$gt\":\"\"}", "日本語 🦫", "\u202eright to left",
		" spaces  kept ", "line\r\nline", strings.Repeat("long ", 20000),
	} {
		p := newPost(author, text)
		p.Content = text
		if _, err := store.CreatePost(t.Context(), p, nil); err != nil {
			t.Errorf("create %.20q: %v", text, err)
			continue
		}
		got, err := store.PostByID(t.Context(), p.ID)
		if err != nil || got.Title != text || got.Content != text {
			t.Errorf("read %.20q: got %+v, %v", text, got, err)
		}
	}
}

func keysCreateOnce(t *testing.T, store models.Store) {
	alice, bob := newUser(t, store, "alice"), newUser(t, store, "bob")
	create := func(author *models.User, key, title string, at time.Time) (*models.Post, *models.Post, error) {
		p := newPost(author, title)
		p.CreatedAt, p.UpdatedAt = at, at
		once := &models.Idempotency{Key: key, Fingerprint: []byte(title), Since: at.Add(-24 * time.Hour)}
		existing, err := store.CreatePost(t.Context(), p, once)
		return p, existing, err
	}
	errReplayed := errors.New("replayed")
	won := atOnce(t, 10, func(int) error {
		_, existing, err := create(alice, "key", "Post", now())
		if err == nil && existing != nil {
			if existing.Title != "Post" || existing.Author == nil || existing.Author.Username != "alice" {
				return fmt.Errorf("replayed %+v", existing)
			}
			return errReplayed
		}
		return err
	}, errReplayed)
	if got := titles(t, store, models.PostFilter{}); won != 1 || len(got) != 1 {
		t.Errorf("%d of 10 creates with one key succeeded and made %v, want 1", won, got)
	}
	if _, _, err := create(alice, "key", "Another", now()); !errors.Is(err, models.ErrKeyReused) {
		t.Errorf("the key for another post: got %v, want ErrKeyReused", err)
	}
	for name, c := range map[string]struct {
		author *models.User
		key    string
		at     time.Time
	}{
		"the key of another author": {bob, "key", now()},
		"another key":               {alice, "KEY", now()},
		"the key a day later":       {alice, "key", now().Add(24*time.Hour + time.Minute)},
	} {
		p, existing, err := create(c.author, c.key, "Post", c.at)
		if err != nil || existing != nil {
			t.Errorf("%s: got %+v, %v, want a new post", name, existing, err)
		}
		if _, again, err := create(c.author, c.key, "Post", c.at); err != nil || again == nil || again.ID != p.ID {
			t.Errorf("%s, again: got %+v, %v, want that post", name, again, err)
		}
	}
}

func insertedRecordsAreFound(t *testing.T, store models.Store) {
	bulk := asBulk(t, store)
	users := make([]models.User, 30)
	for i := range users {
		users[i] = *makeUser(fmt.Sprintf("user%d", i))
	}
	if err := bulk.UserTable().Insert(t.Context(), users); err != nil {
		t.Fatalf("insert users: %v", err)
	}
	posts := make([]models.KeptPost, 30)
	for i := range posts {
		posts[i].Post = *newPost(&users[i], fmt.Sprintf("Post %d", i))
		posts[i].Tags = []string{"go"}
	}
	if err := bulk.PostTable().Insert(t.Context(), posts); err != nil {
		t.Fatalf("insert posts: %v", err)
	}
	if got := titles(t, store, models.PostFilter{Tag: "go"}); len(got) != 30 || got[0] != "Post 29" {
		t.Errorf("got %v", got)
	}
	if u, err := store.UserByUsername(t.Context(), "USER7"); err != nil || u.ID != users[7].ID {
		t.Errorf("got %+v, %v", u, err)
	}
}
