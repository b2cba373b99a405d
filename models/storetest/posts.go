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
	{"posts change if the author is theirs", postsChange},
	{"states guard changes", statesGuardChanges},
	{"a key creates one post", keysCreateOnce},
	{"many are created at once", manyAreCreatedAtOnce},
}

// newPost makes a post that is not stored yet.
func newPost(author *models.User, title string) *models.Post {
	return &models.Post{
		ID: models.NewID(), Title: title, Content: "Hello", AuthorID: author.ID, CreatedAt: now(), UpdatedAt: now(),
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
		ID: models.NewID(), Title: "My Post", Content: "Hello", Tags: []string{"go", "gin-gonic"}, AuthorID: author.ID,
		Author: &models.Author{ID: author.ID, Username: "alice"}, CreatedAt: now(), UpdatedAt: now(),
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

func postsChange(t *testing.T, store models.Store) {
	author, other := newUser(t, store, "alice"), newUser(t, store, "bob")
	p := newPost(author, "My Post")
	p.Tags = []string{"go"}
	if _, err := store.CreatePost(t.Context(), p, nil); err != nil {
		t.Fatalf("create: %v", err)
	}
	want := *p
	want.Author = &models.Author{ID: author.ID, Username: "alice"}
	noTags, twoTags := []string{}, []string{"gin", "go"}
	for i, step := range []struct {
		change models.PostChange
		then   func()
	}{
		{models.PostChange{Title: new("Title")}, func() { want.Title = "Title" }},
		{models.PostChange{Content: new("a\x00b"), Tags: &twoTags}, func() { want.Content, want.Tags = "a\x00b", twoTags }},
		{models.PostChange{Title: new("T"), Content: new("C"), Tags: &noTags}, func() {
			want.Title, want.Content, want.Tags = "T", "C", noTags
		}},
	} {
		step.change.UpdatedAt = now().Add(time.Duration(i) * time.Minute)
		want.UpdatedAt = step.change.UpdatedAt
		step.then()
		got, err := store.UpdatePost(t.Context(), p.ID, author.ID, step.change)
		if err != nil || !reflect.DeepEqual(got, &want) {
			t.Errorf("change %d: got %+v, %v, want %+v", i, got, err, want)
		}
		if got, err := store.PostByID(t.Context(), p.ID); err != nil || !reflect.DeepEqual(got, &want) {
			t.Errorf("read after change %d: got %+v, %v, want %+v", i, got, err, want)
		}
	}
	change := models.PostChange{Title: new("stolen"), UpdatedAt: now()}
	if _, err := store.UpdatePost(t.Context(), p.ID, other.ID, change); !errors.Is(err, models.ErrPostNotFound) {
		t.Errorf("change as another author: got %v, want ErrPostNotFound", err)
	}
	_, err := store.UpdatePost(t.Context(), models.NewID(), author.ID, change)
	if !errors.Is(err, models.ErrPostNotFound) {
		t.Errorf("change an unknown post: got %v, want ErrPostNotFound", err)
	}
	if err := store.DeletePost(t.Context(), p.ID, other.ID, nil); !errors.Is(err, models.ErrPostNotFound) {
		t.Errorf("delete as another author: got %v, want ErrPostNotFound", err)
	}
	if err := store.DeletePost(t.Context(), p.ID, author.ID, nil); err != nil {
		t.Errorf("delete: %v", err)
	}
	if err := store.DeletePost(t.Context(), p.ID, author.ID, nil); !errors.Is(err, models.ErrPostNotFound) {
		t.Errorf("delete again: got %v, want ErrPostNotFound", err)
	}
	if _, err := store.PostByID(t.Context(), p.ID); !errors.Is(err, models.ErrPostNotFound) {
		t.Errorf("read once deleted: got %v, want ErrPostNotFound", err)
	}
}

func statesGuardChanges(t *testing.T, store models.Store) {
	author := newUser(t, store, "alice")
	first := newPost(author, "first")
	first.Tags = []string{"go"}
	if _, err := store.CreatePost(t.Context(), first, nil); err != nil {
		t.Fatalf("create: %v", err)
	}
	won := atOnce(t, 20, func(i int) error {
		_, err := store.UpdatePost(t.Context(), first.ID, author.ID, models.PostChange{
			Title: new(fmt.Sprintf("by %d", i)), UpdatedAt: now(), IfUnchanged: first,
		})
		return err
	}, models.ErrPostChanged)
	if won != 1 {
		t.Errorf("%d of 20 changes of one state succeeded, want 1", won)
	}
	got, err := store.PostByID(t.Context(), first.ID)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	for field, other := range Variants(t, *got, "ID", "AuthorID", "Author") {
		change := models.PostChange{Title: new("lost"), UpdatedAt: now(), IfUnchanged: &other}
		if _, err := store.UpdatePost(t.Context(), got.ID, author.ID, change); !errors.Is(err, models.ErrPostChanged) {
			t.Errorf("change with another %s: got %v, want ErrPostChanged", field, err)
		}
		if err := store.DeletePost(t.Context(), got.ID, author.ID, &other); !errors.Is(err, models.ErrPostChanged) {
			t.Errorf("delete with another %s: got %v, want ErrPostChanged", field, err)
		}
	}
	change := models.PostChange{Title: new("last"), UpdatedAt: now(), IfUnchanged: got}
	last, err := store.UpdatePost(t.Context(), got.ID, author.ID, change)
	if err != nil || last.Title != "last" {
		t.Fatalf("change this state: %+v, %v", last, err)
	}
	if err := store.DeletePost(t.Context(), last.ID, author.ID, last); err != nil {
		t.Errorf("delete this state: %v", err)
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

func manyAreCreatedAtOnce(t *testing.T, store models.Store) {
	users := make([]models.User, 30)
	for i := range users {
		users[i] = *makeUser(fmt.Sprintf("user%d", i))
	}
	if err := store.CreateUsers(t.Context(), users); err != nil {
		t.Fatalf("create users: %v", err)
	}
	posts := make([]models.Post, 30)
	for i := range posts {
		posts[i] = *newPost(&users[i], fmt.Sprintf("Post %d", i))
		posts[i].Tags = []string{"go"}
	}
	if err := store.CreatePosts(t.Context(), posts); err != nil {
		t.Fatalf("create posts: %v", err)
	}
	if got := titles(t, store, models.PostFilter{Tag: "go"}); len(got) != 30 || got[0] != "Post 29" {
		t.Errorf("got %v", got)
	}
	if u, err := store.UserByUsername(t.Context(), "USER7"); err != nil || u.ID != users[7].ID {
		t.Errorf("got %+v, %v", u, err)
	}
}
