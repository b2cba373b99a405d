package storetest

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"gin-blog/models"
)

// postsOfOneSecond stores posts with ids as one process of Node.js makes them within a second. It changes, deletes and
// restores some.
func postsOfOneSecond(t *testing.T, store models.Store) {
	table := asBulk(t, store).PostTable()
	posts, comments := createInAnyOrder(t, store)
	listsAll(t, store, posts)

	changed := posts[17]
	got, err := store.UpdatePost(t.Context(), changed.ID, func(p *models.Post) error {
		if !reflect.DeepEqual(*p, changed.Post) {
			t.Errorf("the change gets %+v, want %+v", *p, changed.Post)
		}
		p.Title = "changed"
		return nil
	})
	if err != nil || got.Title != "changed" {
		t.Errorf("change: got %+v, %v", got, err)
	}
	posts[17].Title = "changed"
	listsAll(t, store, posts)

	gone := posts[11]
	if err := store.DeletePost(t.Context(), gone.ID, always); err != nil {
		t.Errorf("delete: %v", err)
	}
	if _, err := store.PostByID(t.Context(), gone.ID); !errors.Is(err, models.ErrPostNotFound) {
		t.Errorf("read the deleted one: %v", err)
	}
	pageAround(t, store, gone.ID, posts)
	if err := store.DeletePost(t.Context(), posts[5].ID, always); err != nil {
		t.Errorf("delete: %v", err)
	}
	listsAll(t, store, slices.Concat(posts[:5], posts[6:11], posts[12:]))
	if err := table.Insert(t.Context(), []models.KeptPost{posts[11], posts[5]}); err != nil {
		t.Errorf("insert the deleted ones: %v", err)
	}
	listsAll(t, store, posts)
	for i, p := range posts {
		if got, err := store.PostByID(t.Context(), p.ID); err != nil || !reflect.DeepEqual(*got, p.Post) {
			t.Errorf("read %s: got %+v, %v", p.ID.Hex(), got, err)
		}
		find(t, store, p.Content, p.Title)
		thread, _, err := store.Thread(t.Context(), models.ThreadFilter{PostID: p.ID, Limit: 5})
		if wasDeleted := i == 5 || i == 11; err != nil || !wasDeleted && len(thread) != 1 ||
			len(thread) > 0 && thread[0].Content != comments[p.ID] {
			t.Errorf("the comments on %s: %+v, %v", comments[p.ID], thread, err)
		}
	}
}

// createInAnyOrder stores the posts with a comment each, and returns what the comments say.
func createInAnyOrder(t *testing.T, store models.Store) ([]models.KeptPost, map[models.ID]string) {
	t.Helper()
	table := asBulk(t, store).PostTable()
	posts, comments := idsOfOneSecond(t), map[models.ID]string{}
	for _, i := range rand.Perm(len(posts)) {
		if err := table.Insert(t.Context(), posts[i:i+1]); err != nil {
			t.Fatal(err)
		}
		if err := table.Insert(t.Context(), posts[i:i+1]); !errors.Is(err, models.ErrDuplicate) {
			t.Errorf("insert again: got %v, want ErrDuplicate", err)
		}
		comments[posts[i].ID] = posts[i].Title
		comment := &models.Comment{
			ID: models.NewID(), PostID: posts[i].ID, Content: posts[i].Title, AuthorID: posts[i].AuthorID, CreatedAt: now(),
			UpdatedAt: now(),
		}
		if _, err := store.CreateComment(t.Context(), comment, nil); err != nil {
			t.Fatalf("comment: %v", err)
		}
	}
	return posts, comments
}

// idsOfOneSecond returns posts in the order of their ids. All but the first and the last differ in the last bytes only,
// and the last one is the next in the first 63 bits.
func idsOfOneSecond(t *testing.T) []models.KeptPost {
	t.Helper()
	base := models.NewID()
	base[7] = 100
	posts := make([]models.KeptPost, 42)
	for i := range posts {
		posts[i] = Filled[models.KeptPost](t)
		posts[i].ID = base
		posts[i].ID[11], posts[i].ID[10] = byte(i*8), byte(i*8>>8)
	}
	posts[0].ID[7] = 98
	posts[len(posts)-1].ID[7] = 102
	return posts
}

// listsAll wants the table and the list to have these posts, in the order of their ids.
func listsAll(t *testing.T, store models.Store, want []models.KeptPost) {
	t.Helper()
	if !slices.IsSortedFunc(want, func(a, b models.KeptPost) int { return bytes.Compare(a.ID[:], b.ID[:]) }) {
		t.Fatal("the test is wrong")
	}
	if got, _ := readAll(t, asBulk(t, store).PostTable(), 7); !reflect.DeepEqual(got, want) {
		t.Errorf("read %d posts, want %d in order", len(got), len(want))
	}
	list := walk(t, store, 7, func() {})
	for i := range want {
		if j := len(want) - 1 - i; len(list) != len(want) || list[j] != want[i].ID {
			t.Fatalf("the list of %d posts, want %d, is not in order at %d", len(list), len(want), j)
		}
	}
}

// pageAround wants the pages before and after a deleted post, which was the eleventh, to begin with its neighbours.
func pageAround(t *testing.T, store models.Store, deleted models.ID, posts []models.KeptPost) {
	t.Helper()
	older, _, err := store.Posts(t.Context(), models.PostFilter{After: deleted, Limit: 2})
	if err != nil || len(older) != 2 || older[0].ID != posts[10].ID || older[1].ID != posts[9].ID {
		t.Errorf("the page after the deleted one: %v, %v", older, err)
	}
	newer, _, err := store.Posts(t.Context(), models.PostFilter{Before: deleted, Limit: 2})
	if err != nil || len(newer) != 2 || newer[0].ID != posts[13].ID || newer[1].ID != posts[12].ID {
		t.Errorf("the page before the deleted one: %v, %v", newer, err)
	}
}
