package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gin-blog/models"
)

// publishCases are the cases of models.DraftStore about publishing.
var publishCases = []testCase{
	{"a draft becomes a post", draftBecomesAPost},
	{"many publishes of a draft make one post", manyPublishesMakeOnePost},
	{"a draft is published or deleted", publishAgainstDelete},
	{"a published draft has every change", publishAgainstEdit},
	{"drafts are due at their time", draftsAreDue},
}

// becomePost publishes a draft in any state, at a time.
func becomePost(at time.Time) func(*models.Draft) (*models.Post, error) {
	return func(d *models.Draft) (*models.Post, error) { return d.Post(at), nil }
}

// publish publishes a draft in any state, now.
func publish(t *testing.T, store models.Store, d *models.Draft) (*models.Post, bool, error) {
	return store.PublishDraft(t.Context(), d.ID, d.AuthorID, becomePost(now()))
}

func draftBecomesAPost(t *testing.T, store models.Store) {
	alice, bob := newUser(t, store, "alice"), newUser(t, store, "bob")
	d := newDraft(alice, "Draft")
	d.Tags, d.PublishAt = []string{"go"}, now().Add(time.Hour)
	createDraft(t, store, d)
	createPosts(t, store, alice, 1)

	theirs := *d
	theirs.AuthorID = bob.ID
	if _, _, err := publish(t, store, &theirs); !errors.Is(err, models.ErrDraftNotFound) {
		t.Errorf("publish as another author: got %v, want ErrDraftNotFound", err)
	}
	at := now().Add(time.Minute)
	publicationIsRefused(t, store, d)
	post, created, err := store.PublishDraft(t.Context(), d.ID, alice.ID, becomePost(at))
	if err != nil || !created {
		t.Fatalf("publish: got %+v, %v, %v", post, created, err)
	}
	want := &models.Post{
		ID: post.ID, Text: models.Text{Title: "Draft", Content: "Hello", Tags: []string{"go"}},
		AuthorID: alice.ID, Author: &models.Author{ID: alice.ID, Username: "alice"}, CreatedAt: at,
		UpdatedAt: at,
	}
	if !reflect.DeepEqual(post, want) || post.ID == d.ID {
		t.Errorf("the post is %+v, want %+v with a new id", post, want)
	}
	if got := titles(t, store, models.PostFilter{Tag: "go", Words: models.ParseWords("hello")}); len(got) != 1 {
		t.Errorf("the search finds %v, want the post", got)
	}
	if got := titles(t, store, models.PostFilter{}); !reflect.DeepEqual(got, []string{"Draft", "Post 0"}) {
		t.Errorf("the list is %v, want the post first", got)
	}
	if _, err := store.DraftByID(t.Context(), d.ID); !errors.Is(err, models.ErrDraftNotFound) {
		t.Errorf("the draft: got %v, want ErrDraftNotFound", err)
	}

	again, created, err := store.PublishDraft(t.Context(), d.ID, alice.ID,
		func(*models.Draft) (*models.Post, error) { return nil, errRefused })
	if err != nil || created || !reflect.DeepEqual(again, post) {
		t.Errorf("publish a year later: got %+v, %v, %v, want the same post", again, created, err)
	}
	if err := store.DeletePost(t.Context(), post.ID, always); err != nil {
		t.Fatalf("delete the post: %v", err)
	}
	for _, d := range []*models.Draft{d, newDraft(alice, "unknown")} {
		if _, _, err := publish(t, store, d); !errors.Is(err, models.ErrDraftNotFound) {
			t.Errorf("publish what is gone: got %v, want ErrDraftNotFound", err)
		}
	}
}

// publicationIsRefused by the function, which sees the draft as it is stored.
func publicationIsRefused(t *testing.T, store models.Store, d *models.Draft) {
	t.Helper()
	_, _, err := store.PublishDraft(t.Context(), d.ID, d.AuthorID, func(got *models.Draft) (*models.Post, error) {
		if !reflect.DeepEqual(got, d) {
			t.Errorf("the function got %+v, want %+v", got, d)
		}
		got.Title = "changed"
		return got.Post(now()), errRefused
	})
	if !errors.Is(err, errRefused) {
		t.Errorf("a publication that is refused: got %v, want that error", err)
	}
	if got, err := store.DraftByID(t.Context(), d.ID); err != nil || !reflect.DeepEqual(got, d) {
		t.Errorf("the draft: got %+v, %v, want it as it was", got, err)
	}
	if got := titles(t, store, models.PostFilter{}); slices.Contains(got, d.Title) || slices.Contains(got, "changed") {
		t.Errorf("a publication that was refused made a post: %v", got)
	}
}

func manyPublishesMakeOnePost(t *testing.T, store models.Store) {
	alice := newUser(t, store, "alice")
	d := createDraft(t, store, newDraft(alice, "Draft"))
	posts, created := make([]*models.Post, crowd), make([]bool, crowd)
	won := atOnce(t, crowd, func(i int) (err error) {
		posts[i], created[i], err = publish(t, store, d)
		return err
	})
	if won != crowd {
		t.Fatalf("%d of %d publishes succeeded, want all", won, crowd)
	}
	times := 0
	for i, p := range posts {
		if p.ID != posts[0].ID || p.Author == nil || p.Author.Username != "alice" || p.Title != "Draft" {
			t.Errorf("got %+v, want the post %s", p, posts[0].ID.Hex())
		}
		if created[i] {
			times++
		}
	}
	if got := titles(t, store, models.PostFilter{}); len(got) != 1 || times != 1 {
		t.Errorf("the posts are %v, and %d calls say that they created one, want 1", got, times)
	}
	if page, _, err := store.Drafts(t.Context(), models.DraftFilter{AuthorID: alice.ID, Limit: 9}); len(page) != 0 {
		t.Errorf("the drafts are %v, %v, want none", page, err)
	}
}

func publishAgainstDelete(t *testing.T, store models.Store) {
	alice := newUser(t, store, "alice")
	for round := range 20 {
		d := createDraft(t, store, newDraft(alice, fmt.Sprint(round)))
		var published, deleted error
		var calls sync.WaitGroup
		calls.Go(func() { _, _, published = publish(t, store, d) })
		calls.Go(func() { deleted = store.DeleteDraft(t.Context(), d.ID, always) })
		calls.Wait()
		isPosted := len(titles(t, store, models.PostFilter{Words: models.ParseWords(d.Title)})) == 1
		switch {
		case published == nil && isPosted && (errors.Is(deleted, models.ErrDraftNotFound) ||
			errors.Is(deleted, models.ErrDraftPublishing)):
		case deleted == nil && !isPosted && errors.Is(published, models.ErrDraftNotFound):
		default:
			t.Errorf("publish: %v, delete: %v, and the post exists: %v", published, deleted, isPosted)
		}
		if _, err := store.DraftByID(t.Context(), d.ID); !errors.Is(err, models.ErrDraftNotFound) {
			t.Errorf("the draft: got %v, want ErrDraftNotFound", err)
		}
	}
}

// publishAgainstEdit: the post has the last change that was acknowledged, and later ones are refused.
func publishAgainstEdit(t *testing.T, store models.Store) {
	alice := newUser(t, store, "alice")
	for range 10 {
		d := createDraft(t, store, newDraft(alice, "Draft"))
		started, last := make(chan struct{}), "Hello"
		var published atomic.Bool
		var calls sync.WaitGroup
		calls.Go(func() {
			for n := 0; ; n++ {
				content := fmt.Sprintf("change %d", n)
				late := published.Load()
				_, err := store.UpdateDraft(t.Context(), d.ID, sets(func(d *models.Draft) { d.Content = content }))
				if n == 2 {
					close(started)
				}
				if errors.Is(err, models.ErrDraftNotFound) || errors.Is(err, models.ErrDraftPublishing) {
					return
				}
				if err != nil || late {
					t.Errorf("change: got %v, and the draft was published before: %v", err, late)
					return
				}
				last = content
			}
		})
		<-started
		post, _, err := publish(t, store, d)
		published.Store(true)
		calls.Wait()
		if err != nil {
			t.Fatalf("publish: %v", err)
		}
		if post.Content != last {
			t.Errorf("the post has %q, and %q was acknowledged last", post.Content, last)
		}
	}
}

func draftsAreDue(t *testing.T, store models.Store) {
	alice, bob := newUser(t, store, "alice"), newUser(t, store, "bob")
	noon := now()
	var drafts []*models.Draft
	for i, author := range []*models.User{alice, bob, alice} {
		d := newDraft(author, fmt.Sprint(i))
		d.PublishAt = noon.Add(time.Duration(-i) * time.Minute)
		drafts = append(drafts, createDraft(t, store, d))
	}
	createDraft(t, store, newDraft(alice, "never"))
	names := func(at time.Time, limit int) (ids []models.DueDraft) {
		t.Helper()
		due, err := store.DueDrafts(t.Context(), at, models.DueDraft{}, limit)
		if err != nil {
			t.Fatalf("due drafts: %v", err)
		}
		return due
	}
	name := func(i int) models.DueDraft {
		return models.DueDraft{ID: drafts[i].ID, AuthorID: drafts[i].AuthorID, PublishAt: drafts[i].PublishAt}
	}
	for _, c := range []struct {
		at    time.Time
		limit int
		want  []models.DueDraft
	}{
		{noon, 10, []models.DueDraft{name(2), name(1), name(0)}},
		{noon, 2, []models.DueDraft{name(2), name(1)}},
		{noon.Add(-time.Millisecond), 10, []models.DueDraft{name(2), name(1)}},
		{noon.Add(-time.Hour), 10, nil},
	} {
		if got := names(c.at, c.limit); !reflect.DeepEqual(got, c.want) {
			t.Errorf("at %s, limit %d: got %v, want %v", c.at, c.limit, got, c.want)
		}
	}

	dueDraftsAreRead(t, store, drafts, noon)
	publishWhenDue(t, store, drafts, noon)
	if got := names(noon, 10); got != nil {
		t.Errorf("afterwards, %v are due, want none", got)
	}
}

// dueDraftsAreRead reads the drafts that are due in pages, beside others of the same time.
func dueDraftsAreRead(t *testing.T, store models.Store, drafts []*models.Draft, noon time.Time) {
	t.Helper()
	want := []models.ID{drafts[2].ID, drafts[1].ID, drafts[0].ID}
	same := make([]models.Draft, 5)
	for i := range same {
		same[i] = *newDraft(&models.User{ID: drafts[0].AuthorID}, "same time")
		same[i].PublishAt = noon.Add(time.Millisecond)
		want = append(want, same[i].ID)
	}
	if err := store.(models.Bulk).DraftTable().Insert(t.Context(), same); err != nil {
		t.Fatal(err)
	}
	for limit := 1; limit <= 3; limit++ {
		var got []models.ID
		for after := (models.DueDraft{}); ; {
			page, err := store.DueDrafts(t.Context(), noon.Add(time.Second), after, limit)
			if err != nil || len(page) > limit {
				t.Fatalf("a page of %d: %v, %v", limit, page, err)
			}
			for _, d := range page {
				got, after = append(got, d.ID), d
			}
			if len(page) < limit || len(got) > len(want) {
				break
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("pages of %d have %v, want %v", limit, got, want)
		}
	}
	for i := range same {
		if err := store.DeleteDraft(t.Context(), same[i].ID, always); err != nil {
			t.Fatal(err)
		}
	}
}

// publishWhenDue publishes one of three drafts, of alice, bob and alice, that were due at noon. The others change
// before.
func publishWhenDue(t *testing.T, store models.Store, drafts []*models.Draft, noon time.Time) {
	t.Helper()
	publishAt := func(d *models.Draft, at time.Time) (*models.Post, bool, error) {
		return store.PublishDraft(t.Context(), d.ID, d.AuthorID, func(d *models.Draft) (*models.Post, error) {
			if d.PublishAt.IsZero() || d.PublishAt.After(at) {
				return nil, models.ErrForeignDraft
			}
			return d.Post(at), nil
		})
	}
	if _, _, err := publishAt(drafts[0], noon.Add(-time.Second)); !errors.Is(err, models.ErrForeignDraft) {
		t.Errorf("publish a second early: got %v, want ErrDraftNotDue", err)
	}
	later := noon.Add(time.Hour)
	change := sets(func(d *models.Draft) { d.PublishAt = later })
	if _, err := store.UpdateDraft(t.Context(), drafts[1].ID, change); err != nil {
		t.Fatalf("change the time: %v", err)
	}
	never := sets(func(d *models.Draft) { d.PublishAt = time.Time{} })
	if _, err := store.UpdateDraft(t.Context(), drafts[2].ID, never); err != nil {
		t.Fatalf("clear the time: %v", err)
	}
	for _, d := range drafts[1:] { // they were due when they were listed
		if _, _, err := publishAt(d, noon); !errors.Is(err, models.ErrForeignDraft) {
			t.Errorf("publish %s, which is no longer due: got %v, want ErrDraftNotDue", d.Title, err)
		}
	}
	post, created, err := publishAt(drafts[0], noon)
	if err != nil || !created || post.Title != "0" {
		t.Errorf("publish in time: got %+v, %v, %v", post, created, err)
	}
}
