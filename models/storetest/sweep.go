package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"gin-blog/models"
)

// sweep sweeps to the end, long after every deletion.
func sweep(t *testing.T, store models.Store) (steps int) {
	t.Helper()
	for {
		more, err := store.Sweep(t.Context(), now().Add(2*models.SweepDelay))
		if err != nil {
			t.Fatalf("sweep: %v", err)
		}
		if !more {
			return steps
		}
		steps++
	}
}

func commentsAreGoneWithTheirPost(t *testing.T, store models.Store) {
	alice, bob := newUser(t, store, "alice"), newUser(t, store, "bob")
	p := storedPost(t, store, alice, "My Post")
	many := make([]models.Comment, 3*models.SweepStep)
	for i := range many {
		many[i] = *makeComment(p, bob, fmt.Sprintf("Comment %d", i))
	}
	insertComments(t, store, many)
	if steps := sweep(t, store); steps > 0 {
		t.Errorf("there was something to sweep before the deletion: %d steps", steps)
	}
	if err := store.DeletePost(t.Context(), p.ID, always); err != nil {
		t.Fatal(err)
	}
	gone := func(when string) {
		t.Helper()
		c := &many[models.SweepStep]
		_, byID := store.CommentByID(t.Context(), c.ID)
		_, update := store.UpdateComment(t.Context(), c.ID, sets(func(c *models.Comment) { c.Content = "lost" }))
		for what, err := range map[string]error{
			"read": byID, "update": update, "delete": store.DeleteComment(t.Context(), c.ID, always),
		} {
			if !errors.Is(err, models.ErrCommentNotFound) {
				t.Errorf("%s %s: got %v, want ErrCommentNotFound", what, when, err)
			}
		}
		_, _, list := store.Thread(t.Context(), models.ThreadFilter{PostID: p.ID, Limit: 1})
		_, create := store.CreateComment(t.Context(), makeComment(p, bob, "late"), nil)
		if !errors.Is(list, models.ErrPostNotFound) || !errors.Is(create, models.ErrPostNotFound) {
			t.Errorf("list and create %s: got %v and %v, want ErrPostNotFound", when, list, create)
		}
		for _, f := range []models.CommentFilter{{Limit: 10}, {AuthorID: bob.ID, Limit: 10}} {
			if page, more, err := store.Comments(t.Context(), f); err != nil || more || len(page) > 0 {
				t.Errorf("all comments %s: got %v, %v, %v", when, page, more, err)
			}
		}
	}
	gone("before the sweep")
	if steps := sweep(t, store); steps < 3 {
		t.Errorf("%d comments were swept in %d steps", len(many), steps)
	}
	gone("after the sweep")
}

func commentsCrossDeletions(t *testing.T, store models.Store) {
	alice, bob := newUser(t, store, "alice"), newUser(t, store, "bob")
	const rounds, writers = 10, 5
	for range rounds {
		p := storedPost(t, store, alice, "My Post")
		comments := make([]*models.Comment, writers)
		atOnce(t, writers+1, func(i int) error {
			if i == writers {
				return store.DeletePost(t.Context(), p.ID, always)
			}
			comments[i] = makeComment(p, bob, fmt.Sprintf("Comment %d", i))
			return second(store.CreateComment(t.Context(), comments[i], nil))
		}, models.ErrPostNotFound)
		for _, c := range comments {
			if _, err := store.CommentByID(t.Context(), c.ID); !errors.Is(err, models.ErrCommentNotFound) {
				t.Errorf("a comment on a deleted post: got %v, want ErrCommentNotFound", err)
			}
		}
	}
	if page, _, err := store.Comments(t.Context(), models.CommentFilter{Limit: 1}); err != nil || len(page) > 0 {
		t.Errorf("all comments: got %v, %v", page, err)
	}
}

func sweepLeavesOthers(t *testing.T, store models.Store) {
	alice := newUser(t, store, "alice")
	kept := storedPost(t, store, alice, "kept")
	var want []string
	for i := range 10 {
		deleted := storedPost(t, store, alice, "deleted")
		newComment(t, store, deleted, alice, "gone")
		text := fmt.Sprintf("Comment %d", i)
		want = append(want, newComment(t, store, kept, alice, text).Content)
		if err := store.DeletePost(t.Context(), deleted.ID, always); err != nil {
			t.Fatal(err)
		}
	}
	atOnce(t, 5, func(int) error { // as several processes do
		for {
			more, err := store.Sweep(t.Context(), now().Add(2*models.SweepDelay))
			if err != nil || !more {
				return err
			}
		}
	})
	if got := thread(t, store, kept.ID, 20); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	err := store.DeletePost(t.Context(), kept.ID, func(*models.Post) error { return errRefused })
	if !errors.Is(err, errRefused) {
		t.Errorf("a deletion that is refused: got %v, want that error", err)
	}
	sweep(t, store)
	if got := thread(t, store, kept.ID, 20); !slices.Equal(got, want) {
		t.Errorf("after a deletion that was refused: got %v, want %v", got, want)
	}
}
