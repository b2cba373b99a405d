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

// draftCases are the cases of models.DraftStore that are not about publishing.
var draftCases = []testCase{
	{"drafts come back as they were stored", draftsComeBack},
	{"drafts are no posts", draftsAreNoPosts},
	{"pages hold every draft of an author once", pagesHoldEveryDraftOnce},
	{"an author has at most 1000 drafts", draftsAreLimited},
	{"drafts go with their author", draftsGoWithTheirAuthor},
}

// newDraft makes a draft that is not stored yet.
func newDraft(author *models.User, title string) *models.Draft {
	return &models.Draft{
		ID: models.NewID(), Text: models.Text{Title: title, Content: "Hello", Tags: []string{}},
		AuthorID: author.ID, CreatedAt: now(), UpdatedAt: now(),
	}
}

// createDraft stores a draft.
func createDraft(t *testing.T, store models.Store, d *models.Draft) *models.Draft {
	t.Helper()
	if err := store.CreateDraft(t.Context(), d); err != nil {
		t.Fatalf("create draft %s: %v", d.Title, err)
	}
	return d
}

func draftsComeBack(t *testing.T, store models.Store) {
	alice, bob := newUser(t, store, "alice"), newUser(t, store, "bob")
	empty := newDraft(alice, "Empty")
	empty.Content = ""
	full := newDraft(alice, "It's a \u202edraft")
	full.Content, full.Tags, full.PublishAt = "日本語\r\n🦫", []string{"go", "gin-gonic"}, now().Add(time.Hour)
	for _, want := range []*models.Draft{empty, full} {
		createDraft(t, store, want)
		got, err := store.DraftByID(t.Context(), want.ID)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("read: got %+v, %v, want %+v", got, err, want)
		}
		if err := store.CreateDraft(t.Context(), want); !errors.Is(err, models.ErrDuplicate) {
			t.Errorf("create it again: got %v, want ErrDuplicate", err)
		}
		for name, author := range map[string]models.ID{"another": bob.ID, "no": {}} {
			if page, more, err := store.Drafts(t.Context(), models.DraftFilter{AuthorID: author, Limit: 10}); err != nil ||
				more || page == nil || len(page) != 0 {
				t.Errorf("list of %s author: got %v, %v, want an empty page", name, page, err)
			}
		}
	}
	page, more, err := store.Drafts(t.Context(), models.DraftFilter{AuthorID: alice.ID, Limit: 10})
	if want := []models.Draft{*full, *empty}; err != nil || more || !reflect.DeepEqual(page, want) {
		t.Errorf("list: got %+v, %v, want %+v", page, err, want)
	}
	if _, err := store.DraftByID(t.Context(), models.NewID()); !errors.Is(err, models.ErrDraftNotFound) {
		t.Errorf("read an unknown id: got %v, want ErrDraftNotFound", err)
	}
}

func draftsAreNoPosts(t *testing.T, store models.Store) {
	alice := newUser(t, store, "alice")
	d := newDraft(alice, "Secret")
	d.Tags = []string{"go"}
	createDraft(t, store, d)
	for _, f := range []models.PostFilter{
		{}, {AuthorID: alice.ID}, {Tag: "go"}, {AuthorID: alice.ID, Tag: "go"}, {Words: models.ParseWords("secret hello")},
	} {
		if got := titles(t, store, f); got != nil {
			t.Errorf("posts %+v: got %v, want none", f, got)
		}
	}
	if got, err := store.PostByID(t.Context(), d.ID); !errors.Is(err, models.ErrPostNotFound) {
		t.Errorf("the draft as a post: got %+v, %v, want ErrPostNotFound", got, err)
	}
	if _, err := store.UpdatePost(t.Context(), d.ID, setTitle("new")); !errors.Is(err, models.ErrPostNotFound) {
		t.Errorf("change the draft as a post: got %v, want ErrPostNotFound", err)
	}
	if err := store.DeletePost(t.Context(), d.ID, always); !errors.Is(err, models.ErrPostNotFound) {
		t.Errorf("delete the draft as a post: got %v, want ErrPostNotFound", err)
	}
}

func pagesHoldEveryDraftOnce(t *testing.T, store models.Store) {
	alice, bob := newUser(t, store, "alice"), newUser(t, store, "bob")
	var want []models.ID
	for i := range 12 {
		want = append([]models.ID{createDraft(t, store, newDraft(alice, fmt.Sprint(i))).ID}, want...)
		createDraft(t, store, newDraft(bob, "bob's"))
	}
	for _, limit := range []int{1, 5, 12, 100} {
		var got []models.ID
		f := models.DraftFilter{AuthorID: alice.ID, Limit: limit}
		for more := true; more; {
			page, next, err := store.Drafts(t.Context(), f)
			if err != nil || len(page) == 0 || len(page) > limit {
				t.Fatalf("a page of %d, %v, want at most %d", len(page), err, limit)
			}
			for _, d := range page {
				got = append(got, d.ID)
			}
			f.After, more = page[len(page)-1].ID, next
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("pages of %d: got %d drafts, want all %d, newest first", limit, len(got), len(want))
		}
	}
	for range 3 {
		long := newDraft(bob, "long")
		long.Content = strings.Repeat("x", models.MaxPageBytes/3)
		createDraft(t, store, long)
	}
	page, more, err := store.Drafts(t.Context(), models.DraftFilter{AuthorID: bob.ID, Limit: 5})
	if err != nil || len(page) != 2 || !more {
		t.Errorf("a page of %d long drafts, more %v, %v, want 2 and more", len(page), more, err)
	}
}

func draftsAreLimited(t *testing.T, store models.Store) {
	alice, bob := newUser(t, store, "alice"), newUser(t, store, "bob")
	drafts := make([]models.Draft, models.MaxDrafts-2)
	for i := range drafts {
		drafts[i] = *newDraft(alice, "one of many")
	}
	if err := asBulk(t, store).DraftTable().Insert(t.Context(), drafts); err != nil {
		t.Fatalf("insert drafts: %v", err)
	}
	created := atOnce(t, 4, func(int) error {
		return store.CreateDraft(t.Context(), newDraft(alice, "one of too many"))
	}, models.ErrTooManyDrafts)
	for { // one after the other, the rest fits
		err := store.CreateDraft(t.Context(), newDraft(alice, "the rest"))
		if errors.Is(err, models.ErrTooManyDrafts) {
			break
		}
		if created++; err != nil || created > 2 {
			t.Fatalf("create draft %d of 2: %v", created, err)
		}
	}
	if created != 2 {
		t.Errorf("%d drafts were created beside the other %d, want 2", created, len(drafts))
	}
	createDraft(t, store, newDraft(bob, "bob's"))
	if err := store.DeleteDraft(t.Context(), drafts[0].ID, always); err != nil {
		t.Fatalf("delete: %v", err)
	}
	createDraft(t, store, newDraft(alice, "in its place"))
}

func draftsGoWithTheirAuthor(t *testing.T, store models.Store) {
	alice, bob := newUser(t, store, "alice"), newUser(t, store, "bob")
	timed := newDraft(alice, "Timed")
	timed.PublishAt = now()
	createDraft(t, store, timed)
	kept := createDraft(t, store, newDraft(bob, "bob's"))
	if err := store.DeleteUser(t.Context(), alice.ID); err != nil {
		t.Fatalf("delete: %v", err)
	}
	if got, err := store.DraftByID(t.Context(), timed.ID); !errors.Is(err, models.ErrDraftNotFound) {
		t.Errorf("a draft of the user: got %+v, %v, want ErrDraftNotFound", got, err)
	}
	if due, err := store.DueDrafts(t.Context(), now().Add(time.Hour), models.DueDraft{}, 10); err != nil || len(due) != 0 {
		t.Errorf("due drafts: %v, %v, want none", due, err)
	}
	if _, _, err := publish(t, store, timed); !errors.Is(err, models.ErrDraftNotFound) {
		t.Errorf("publish: got %v, want ErrDraftNotFound", err)
	}
	if got := titles(t, store, models.PostFilter{}); got != nil {
		t.Errorf("posts: %v, want none", got)
	}
	if _, err := store.DraftByID(t.Context(), kept.ID); err != nil {
		t.Errorf("another user's draft: %v", err)
	}
}
