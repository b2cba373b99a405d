package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"

	"gin-blog/models"
)

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

// walk pages through the whole list, calling between after each page, and returns the ids in the order seen.
func walk(t *testing.T, store models.Store, limit int, between func()) []models.ID {
	t.Helper()
	var ids []models.ID
	filter := models.PostFilter{Limit: limit}
	for {
		page, more, err := store.Posts(t.Context(), filter)
		if err != nil {
			t.Fatalf("page after %s: %v", filter.After.Hex(), err)
		}
		if len(page) > limit {
			t.Fatalf("a page of %d posts, want at most %d", len(page), limit)
		}
		for _, p := range page {
			ids = append(ids, p.ID)
		}
		if !more {
			return ids
		}
		filter.After = page[len(page)-1].ID
		between()
	}
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
	if got, err := store.PostByID(t.Context(), orphan.ID); err != nil || got.Author != nil || got.AuthorID != orphan.AuthorID {
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
		"a\x00b", "'; DROP TABLE posts; --", "$where", "{\"$gt\":\"\"}", "日本語 🦫", "\u202eright to left", " spaces  kept ",
		"line\r\nline", strings.Repeat("long ", 20000),
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

func newestFirst(t *testing.T, store models.Store) {
	want := createPosts(t, store, newUser(t, store, "alice"), 30)
	if got := walk(t, store, 100, func() {}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want the reverse of the order of creation", got)
	}
}

func pagesHoldEveryPostOnce(t *testing.T, store models.Store) {
	if page, more, err := store.Posts(t.Context(), models.PostFilter{Limit: 5}); err != nil || more || page == nil || len(page) != 0 {
		t.Errorf("an empty store: got %v, %v, want an empty page", page, err)
	}
	want := createPosts(t, store, newUser(t, store, "alice"), 20)
	for _, limit := range []int{1, 7, 10, 20, 100} {
		if got := walk(t, store, limit, func() {}); !reflect.DeepEqual(got, want) {
			t.Errorf("pages of %d: got %d posts, want all %d in order", limit, len(got), len(want))
		}
	}
}

func pagesStayWhole(t *testing.T, store models.Store) {
	author := newUser(t, store, "alice")
	before := createPosts(t, store, author, 40)
	var writers sync.WaitGroup
	got := walk(t, store, 5, func() {
		for range 3 {
			writers.Go(func() {
				if _, err := store.CreatePost(t.Context(), newPost(author, "meanwhile"), nil); err != nil {
					t.Errorf("create meanwhile: %v", err)
				}
			})
		}
	})
	writers.Wait()

	seen := make(map[models.ID]int)
	for _, id := range got {
		seen[id]++
	}
	for _, id := range before {
		if seen[id] != 1 {
			t.Errorf("post %s was listed %d times, want once", id.Hex(), seen[id])
		}
	}
}
