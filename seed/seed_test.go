package seed_test

import (
	"context"
	"errors"
	"math"
	"reflect"
	"testing"

	"gin-blog/internal/testkit"
	"gin-blog/models"
	"gin-blog/seed"
)

func TestFill(t *testing.T) {
	testkit.Each(t, func(t *testing.T, store models.Store) {
		rows := 0
		plan := seed.Plan{Users: 3, Posts: 1234, Random: 7, PasswordHash: "hash"}
		if err := seed.Fill(t.Context(), store, plan, func(n int) { rows += n }); err != nil {
			t.Fatal(err)
		}
		if rows != 1237 {
			t.Errorf("progress reported %d rows, want 1237", rows)
		}
		first := texts(t, store)
		if len(first) != 100 {
			t.Fatalf("a page of %d posts", len(first))
		}
		other := testkit.SQLite(t)
		if err := seed.Fill(t.Context(), other, plan, func(int) {}); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(texts(t, other), first) {
			t.Error("the same seed gave other texts")
		}
		if err := seed.Fill(t.Context(), store, plan, func(int) {}); !errors.Is(err, models.ErrDuplicate) {
			t.Errorf("a second time, without a suffix: %v", err)
		}
		plan.Suffix, plan.Posts = "x", 10
		if err := seed.Fill(t.Context(), store, plan, func(int) {}); err != nil {
			t.Errorf("a second time, with a suffix: %v", err)
		}
	})
}

// TestFillNeedsNoMemoryForWhatIsNotStored fills a store by a plan that no memory could hold, until it is canceled.
func TestFillNeedsNoMemoryForWhatIsNotStored(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	plan := seed.Plan{Users: math.MaxInt, Posts: math.MaxInt, PasswordHash: "hash"}
	if err := seed.Fill(ctx, testkit.SQLite(t), plan, func(int) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// texts returns author, title, content and tags of the newest posts: what is the same each time.
func texts(t *testing.T, store models.Store) (texts [][]string) {
	t.Helper()
	page, _, err := store.Posts(t.Context(), models.PostFilter{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range page {
		if p.Author == nil || len(p.Tags) != 2 {
			t.Fatalf("got %+v", p)
		}
		texts = append(texts, append([]string{p.Author.Username, p.Title, p.Content}, p.Tags...))
	}
	return texts
}
