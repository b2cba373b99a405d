package seed_test

import (
	"context"
	"errors"
	"math"
	"reflect"
	"testing"
	"time"

	"gin-blog/internal/seed"
	"gin-blog/internal/testkit"
	"gin-blog/models"
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

// TestTimesAreSpread: the posts are spread over the past months, the newest first in the list, and no author is younger
// than a post.
func TestTimesAreSpread(t *testing.T) {
	testkit.Each(t, func(t *testing.T, store models.Store) {
		start := time.Now()
		plan := seed.Plan{Users: 5, Posts: 90, Random: 3, PasswordHash: "hash"}
		if err := seed.Fill(t.Context(), store, plan, func(int) {}); err != nil {
			t.Fatal(err)
		}
		page, _, err := store.Posts(t.Context(), models.PostFilter{Limit: 100})
		if err != nil || len(page) != plan.Posts {
			t.Fatalf("%d posts, %v", len(page), err)
		}
		const day = 24 * time.Hour
		for i, p := range page {
			age := start.Sub(p.CreatedAt)
			if from := time.Duration(2*i) * day; age < from-time.Minute || age > from+2*day+time.Minute {
				t.Errorf("post %d of %d is %s old", i, len(page), age)
			}
			if difference := p.ID.Timestamp().Sub(p.CreatedAt).Abs(); difference > time.Second {
				t.Errorf("the id of post %d has another time, by %s", i, difference)
			}
			if author, err := store.UserByID(t.Context(), p.AuthorID); err != nil || author.CreatedAt.After(p.CreatedAt) {
				t.Errorf("the author of post %d: %+v, %v", i, author, err)
			}
		}
		if _, err := store.UserByUsername(t.Context(), seed.FirstUsername(plan)); err != nil {
			t.Errorf("the first user %s: %v", seed.FirstUsername(plan), err)
		}
	})
}

// TestTextsKeepTheRules: what is seeded could have been written by the API.
func TestTextsKeepTheRules(t *testing.T) {
	store := testkit.SQLite(t)
	plan := seed.Plan{Users: 100, Posts: 500, PasswordHash: "h"}
	if err := seed.Fill(t.Context(), store, plan, func(int) {}); err != nil {
		t.Fatal(err)
	}
	users, err := store.Users(t.Context(), models.UserFilter{Limit: 100})
	if err != nil || len(users) != 100 {
		t.Fatalf("%d users, %v", len(users), err)
	}
	for _, u := range users {
		var check models.Check
		check.Field("username", u.Username, models.Required, models.Username)
		check.Field("name", u.Name, models.Name)
		check.Field("email", u.Email, models.Email)
		check.Field("bio", u.Bio, models.Bio)
		if err := check.Err(); err != nil {
			t.Errorf("%+v: %v", u, err)
		}
	}
	titles := map[string]bool{}
	filter := models.PostFilter{Limit: 100}
	for more := true; more; {
		var page []models.Post
		if page, more, err = store.Posts(t.Context(), filter); err != nil {
			t.Fatal(err)
		}
		for _, p := range page {
			titles[p.Title] = true
			if err := p.Clean(nil); err != nil {
				t.Errorf("%+v: %v", p, err)
			}
		}
		filter.After = page[len(page)-1].ID
	}
	if len(titles) < 40 {
		t.Errorf("only %d titles", len(titles))
	}
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
