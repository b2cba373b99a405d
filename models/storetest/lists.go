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

// titles pages through all that a filter selects, five a page, and returns the titles. On the way it wants Revisions to
// tell of the same pages as Posts.
func titles(t *testing.T, store models.Store, f models.PostFilter) (titles []string) {
	t.Helper()
	f.Limit = 5
	for {
		page, more, err := store.Posts(t.Context(), f)
		if err != nil {
			t.Fatalf("list %+v: %v", f, err)
		}
		revisions, moreRevisions, err := store.Revisions(t.Context(), f)
		if err != nil || len(revisions) != len(page) || more != moreRevisions {
			t.Fatalf("revisions of %+v: %d, more %v, %v, want those of %d posts, more %v", f, len(revisions), moreRevisions, err, len(page), more)
		}
		for i, p := range page {
			if revisions[i] != p.Revision() {
				t.Errorf("revision %+v, want %+v", revisions[i], p.Revision())
			}
			titles = append(titles, p.Title)
		}
		if !more {
			return titles
		}
		f.After = page[len(page)-1].ID
	}
}

func listsAreFiltered(t *testing.T, store models.Store) {
	alice, bob := newUser(t, store, "alice"), newUser(t, store, "bob")
	var all, byAlice, withGo, both []string
	for i := range 24 {
		author, tags := alice, []string{"gin"}
		if i%3 == 0 {
			author = bob
		}
		if i%2 == 0 {
			tags = []string{"go", "gin"}
		}
		p := newPost(author, fmt.Sprintf("Post %02d", i))
		p.Tags = tags
		if _, err := store.CreatePost(t.Context(), p, nil); err != nil {
			t.Fatalf("create: %v", err)
		}
		prepend := func(to *[]string) { *to = append([]string{p.Title}, *to...) }
		prepend(&all)
		if author == alice {
			prepend(&byAlice)
		}
		if i%2 == 0 {
			prepend(&withGo)
		}
		if author == alice && i%2 == 0 {
			prepend(&both)
		}
	}
	for name, c := range map[string]struct {
		filter models.PostFilter
		want   []string
	}{
		"all":                   {models.PostFilter{}, all},
		"by author":             {models.PostFilter{AuthorID: alice.ID}, byAlice},
		"by tag":                {models.PostFilter{Tag: "go"}, withGo},
		"by the other tag":      {models.PostFilter{Tag: "gin"}, all},
		"by author and tag":     {models.PostFilter{AuthorID: alice.ID, Tag: "go"}, both},
		"by words":              {models.PostFilter{Words: models.ParseWords("hello post")}, all},
		"by words, author":      {models.PostFilter{Words: models.ParseWords("hello"), AuthorID: alice.ID}, byAlice},
		"by words, author, tag": {models.PostFilter{Words: models.ParseWords("HELLO"), AuthorID: alice.ID, Tag: "go"}, both},
		"by a part of a tag":    {models.PostFilter{Tag: "g"}, nil},
		"by nobody":             {models.PostFilter{AuthorID: models.NewID()}, nil},
	} {
		if got := titles(t, store, c.filter); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}

	// Tags follow changes and deletions.
	page, _, err := store.Posts(t.Context(), models.PostFilter{Tag: "go", Limit: 2})
	if err != nil {
		t.Fatal(err)
	}
	rust := []string{"rust"}
	if _, err := store.UpdatePost(t.Context(), page[0].ID, page[0].AuthorID, models.PostChange{Tags: &rust, UpdatedAt: now()}); err != nil {
		t.Fatal(err)
	}
	if err := store.DeletePost(t.Context(), page[1].ID, page[1].AuthorID, nil); err != nil {
		t.Fatal(err)
	}
	if got := titles(t, store, models.PostFilter{Tag: "go"}); !reflect.DeepEqual(got, withGo[2:]) {
		t.Errorf("by tag after a change and a deletion: got %v, want %v", got, withGo[2:])
	}
	if got := titles(t, store, models.PostFilter{Tag: "rust"}); !reflect.DeepEqual(got, []string{page[0].Title}) {
		t.Errorf("by the new tag: got %v", got)
	}
}

func wordsAreFound(t *testing.T, store models.Store) {
	author := newUser(t, store, "alice")
	ids := map[string]*models.Post{}
	for title, content := range map[string]string{
		"Gin and tonic":  "A party drink. It isn't art.",
		"Gophers":        "The art of Go, said NEAR the end; $where {$gt: 1} OR \"quoted\"",
		"Größe ÉCOLE":    "naïve 日本語 text ΣΊΣΥΦΟΣ हिन्दी",
		"Semi-colons; (": "foo_bar title:gin AND*",
	} {
		p := newPost(author, title)
		p.Content = content
		if _, err := store.CreatePost(t.Context(), p, nil); err != nil {
			t.Fatalf("create: %v", err)
		}
		ids[title] = p
	}
	find := func(text string, want ...string) {
		t.Helper()
		got := titles(t, store, models.PostFilter{Words: models.ParseWords(text)})
		seen := map[string]bool{}
		for _, title := range got {
			seen[title] = true
		}
		ok := len(got) == len(want)
		for _, title := range want {
			ok = ok && seen[title]
		}
		if !ok {
			t.Errorf("search %q: got %v, want %v", text, got, want)
		}
	}
	find("art", "Gin and tonic", "Gophers")
	find("ART go", "Gophers")
	find("gin", "Gin and tonic", "Semi-colons; (")
	find("tonic drink", "Gin and tonic")
	find("art tonic gophers")
	find("part")
	find("NEAR", "Gophers")
	find("gin NEAR tonic")
	find("art OR nothing")
	find("NOT art")
	find("art*", "Gin and tonic", "Gophers")
	find(`"art of"`, "Gophers")
	find(`art" OR "2`)
	find(`art" OR "1`, "Gophers")
	find("$where", "Gophers")
	find("école größe", "Größe ÉCOLE")
	find("ecole")
	find("日本語", "Größe ÉCOLE")
	find("σίσυφος", "Größe ÉCOLE")
	find("हिन्दी", "Größe ÉCOLE")
	find("ह")
	find("हिन")
	find("title:gin", "Semi-colons; (")

	// The search follows changes and deletions.
	gophers, tonic := ids["Gophers"], ids["Gin and tonic"]
	if _, err := store.UpdatePost(t.Context(), gophers.ID, author.ID, models.PostChange{Content: text("All about marmots"), UpdatedAt: now()}); err != nil {
		t.Fatal(err)
	}
	if err := store.DeletePost(t.Context(), tonic.ID, author.ID, nil); err != nil {
		t.Fatal(err)
	}
	find("art")
	find("marmots", "Gophers")
	find("tonic")
}

func longPagesEndEarly(t *testing.T, store models.Store) {
	author := newUser(t, store, "alice")
	long := strings.Repeat("x", models.MaxPageBytes/3)
	for i := range 7 {
		p := newPost(author, fmt.Sprintf("%d", i))
		p.Content = long
		if _, err := store.CreatePost(t.Context(), p, nil); err != nil {
			t.Fatalf("create: %v", err)
		}
	}
	page, more, err := store.Posts(t.Context(), models.PostFilter{Limit: 5})
	if err != nil || len(page) != 2 || !more {
		t.Errorf("a page of %d long posts, more %v, %v, want 2 and more", len(page), more, err)
	}
	if got := strings.Join(titles(t, store, models.PostFilter{}), ""); got != "6543210" {
		t.Errorf("the pages hold %s", got)
	}
}

func versionsGuardChanges(t *testing.T, store models.Store) {
	author := newUser(t, store, "alice")
	p := newPost(author, "first")
	if _, err := store.CreatePost(t.Context(), p, nil); err != nil {
		t.Fatalf("create: %v", err)
	}
	version := p.Version
	won := atOnce(t, 20, func(i int) error {
		_, err := store.UpdatePost(t.Context(), p.ID, author.ID, models.PostChange{
			Title: text(fmt.Sprintf("by %d", i)), UpdatedAt: now(), IfVersion: &version,
		})
		return err
	}, models.ErrPostChanged)
	if won != 1 {
		t.Errorf("%d of 20 changes of one version succeeded, want 1", won)
	}
	if err := store.DeletePost(t.Context(), p.ID, author.ID, &version); !errors.Is(err, models.ErrPostChanged) {
		t.Errorf("delete the old version: got %v, want ErrPostChanged", err)
	}
	got, err := store.PostByID(t.Context(), p.ID)
	if err != nil || got.Version != version+1 {
		t.Fatalf("got %+v, %v, want version %d", got, err, version+1)
	}
	if err := store.DeletePost(t.Context(), p.ID, author.ID, &got.Version); err != nil {
		t.Errorf("delete this version: %v", err)
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
		users[i] = models.User{ID: models.NewID(), Username: fmt.Sprintf("user%d", i), Role: models.RoleUser, CreatedAt: now()}
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
