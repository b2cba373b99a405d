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
	{"drafts come back to their author alone", draftsComeBack},
	{"drafts are no posts", draftsAreNoPosts},
	{"drafts change if they are the author's", draftsChange},
	{"states guard changes of drafts", statesGuardDrafts},
	{"a time to publish needs content", timeNeedsContent},
	{"pages hold every draft of an author once", pagesHoldEveryDraftOnce},
	{"an author has at most 1000 drafts", draftsAreLimited},
	{"drafts go with their author", draftsGoWithTheirAuthor},
}

// newDraft makes a draft that is not stored yet.
func newDraft(author *models.User, title string) *models.Draft {
	return &models.Draft{
		ID: models.NewID(), Title: title, Content: "Hello", Tags: []string{}, AuthorID: author.ID,
		CreatedAt: now(), UpdatedAt: now(),
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
		got, err := store.DraftByID(t.Context(), want.ID, alice.ID)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("read: got %+v, %v, want %+v", got, err, want)
		}
		for name, author := range map[string]models.ID{"another": bob.ID, "no": {}} {
			if got, err := store.DraftByID(t.Context(), want.ID, author); !errors.Is(err, models.ErrDraftNotFound) {
				t.Errorf("read as %s author: got %+v, %v, want ErrDraftNotFound", name, got, err)
			}
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
	if _, err := store.DraftByID(t.Context(), models.NewID(), alice.ID); !errors.Is(err, models.ErrDraftNotFound) {
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
	change := models.PostChange{Title: new("new"), UpdatedAt: now()}
	if _, err := store.UpdatePost(t.Context(), d.ID, alice.ID, change); !errors.Is(err, models.ErrPostNotFound) {
		t.Errorf("change the draft as a post: got %v, want ErrPostNotFound", err)
	}
	if err := store.DeletePost(t.Context(), d.ID, alice.ID, nil); !errors.Is(err, models.ErrPostNotFound) {
		t.Errorf("delete the draft as a post: got %v, want ErrPostNotFound", err)
	}
}

func draftsChange(t *testing.T, store models.Store) {
	alice, bob := newUser(t, store, "alice"), newUser(t, store, "bob")
	want := *createDraft(t, store, newDraft(alice, "Draft"))
	tags, soon := []string{"gin", "go"}, now().Add(time.Hour)
	for i, step := range []struct {
		change models.DraftChange
		then   func()
	}{
		{models.DraftChange{Title: new("Title")}, func() { want.Title = "Title" }},
		{models.DraftChange{Content: new("a\x00b"), Tags: &tags}, func() { want.Content, want.Tags = "a\x00b", tags }},
		{models.DraftChange{PublishAt: &soon}, func() { want.PublishAt = soon }},
		{models.DraftChange{Title: new("T")}, func() { want.Title = "T" }},
		{models.DraftChange{PublishAt: new(time.Time)}, func() { want.PublishAt = time.Time{} }},
		{models.DraftChange{Content: new(""), Tags: &[]string{}}, func() { want.Content, want.Tags = "", []string{} }},
		{models.DraftChange{Content: new("x"), PublishAt: &soon}, func() { want.Content, want.PublishAt = "x", soon }},
		{models.DraftChange{Content: new(""), PublishAt: new(time.Time)}, func() {
			want.Content, want.PublishAt = "", time.Time{}
		}},
	} {
		step.change.UpdatedAt = now().Add(time.Duration(i) * time.Minute)
		want.UpdatedAt = step.change.UpdatedAt
		step.then()
		got, err := store.UpdateDraft(t.Context(), want.ID, alice.ID, step.change)
		if err != nil || !reflect.DeepEqual(got, &want) {
			t.Errorf("change %d: got %+v, %v, want %+v", i, got, err, want)
		}
		got, err = store.DraftByID(t.Context(), want.ID, alice.ID)
		if err != nil || !reflect.DeepEqual(got, &want) {
			t.Errorf("read after change %d: got %+v, %v, want %+v", i, got, err, want)
		}
	}
	change := models.DraftChange{Title: new("stolen"), UpdatedAt: now()}
	for name, of := range map[string]struct{ id, author models.ID }{
		"another author's": {want.ID, bob.ID}, "an unknown": {models.NewID(), alice.ID},
	} {
		if _, err := store.UpdateDraft(t.Context(), of.id, of.author, change); !errors.Is(err, models.ErrDraftNotFound) {
			t.Errorf("change %s draft: got %v, want ErrDraftNotFound", name, err)
		}
		if err := store.DeleteDraft(t.Context(), of.id, of.author, nil); !errors.Is(err, models.ErrDraftNotFound) {
			t.Errorf("delete %s draft: got %v, want ErrDraftNotFound", name, err)
		}
	}
	if err := store.DeleteDraft(t.Context(), want.ID, alice.ID, nil); err != nil {
		t.Errorf("delete: %v", err)
	}
	if err := store.DeleteDraft(t.Context(), want.ID, alice.ID, nil); !errors.Is(err, models.ErrDraftNotFound) {
		t.Errorf("delete again: got %v, want ErrDraftNotFound", err)
	}
}

func statesGuardDrafts(t *testing.T, store models.Store) {
	alice := newUser(t, store, "alice")
	first := newDraft(alice, "first")
	first.Tags, first.PublishAt = []string{"go"}, now().Add(time.Hour)
	createDraft(t, store, first)
	won := atOnce(t, 20, func(i int) error {
		return second(store.UpdateDraft(t.Context(), first.ID, alice.ID, models.DraftChange{
			Title: new(fmt.Sprintf("by %d", i)), UpdatedAt: now(), IfUnchanged: first,
		}))
	}, models.ErrDraftChanged)
	if won != 1 {
		t.Errorf("%d of 20 changes of one state succeeded, want 1", won)
	}
	got, err := store.DraftByID(t.Context(), first.ID, alice.ID)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	for field, other := range Variants(t, *got, "ID", "AuthorID") {
		change := models.DraftChange{Title: new("lost"), UpdatedAt: now(), IfUnchanged: &other}
		if _, err := store.UpdateDraft(t.Context(), got.ID, alice.ID, change); !errors.Is(err, models.ErrDraftChanged) {
			t.Errorf("change with another %s: got %v, want ErrDraftChanged", field, err)
		}
		if err := store.DeleteDraft(t.Context(), got.ID, alice.ID, &other); !errors.Is(err, models.ErrDraftChanged) {
			t.Errorf("delete with another %s: got %v, want ErrDraftChanged", field, err)
		}
		p := models.Publication{At: now(), IfUnchanged: &other}
		if _, _, err := store.PublishDraft(t.Context(), got.ID, alice.ID, p); !errors.Is(err, models.ErrDraftChanged) {
			t.Errorf("publish with another %s: got %v, want ErrDraftChanged", field, err)
		}
	}
	never := time.Time{}
	change := models.DraftChange{PublishAt: &never, UpdatedAt: now(), IfUnchanged: got}
	last, err := store.UpdateDraft(t.Context(), got.ID, alice.ID, change)
	if err != nil || !last.PublishAt.IsZero() {
		t.Fatalf("change this state: %+v, %v", last, err)
	}
	if err := store.DeleteDraft(t.Context(), last.ID, alice.ID, last); err != nil {
		t.Errorf("delete this state: %v", err)
	}
}

func timeNeedsContent(t *testing.T, store models.Store) {
	alice := newUser(t, store, "alice")
	soon, never := now().Add(time.Hour), time.Time{}
	both := newDraft(alice, "Time without content")
	both.Content, both.PublishAt = "", soon
	if err := store.CreateDraft(t.Context(), both); !errors.Is(err, models.ErrDraftEmpty) {
		t.Errorf("create: got %v, want ErrDraftEmpty", err)
	}
	empty, timed := newDraft(alice, "Empty"), newDraft(alice, "Timed")
	empty.Content, timed.PublishAt = "", soon
	for name, c := range map[string]struct {
		draft  *models.Draft
		change models.DraftChange
	}{
		"a time for an empty draft":   {empty, models.DraftChange{PublishAt: &soon}},
		"a time, and no content":      {empty, models.DraftChange{PublishAt: &soon, Content: new("")}},
		"no content beside a time":    {timed, models.DraftChange{Content: new("")}},
		"no content, and a new time":  {timed, models.DraftChange{Content: new(""), PublishAt: &soon}},
		"no content of a known state": {timed, models.DraftChange{Content: new(""), IfUnchanged: timed}},
	} {
		draft := *c.draft
		draft.ID = models.NewID()
		createDraft(t, store, &draft)
		if c.change.IfUnchanged != nil {
			c.change.IfUnchanged = &draft
		}
		c.change.UpdatedAt = now().Add(time.Minute)
		if got, err := store.UpdateDraft(t.Context(), draft.ID, alice.ID, c.change); !errors.Is(err, models.ErrDraftEmpty) {
			t.Errorf("%s: got %+v, %v, want ErrDraftEmpty", name, got, err)
		}
		if got, err := store.DraftByID(t.Context(), draft.ID, alice.ID); err != nil || !reflect.DeepEqual(got, &draft) {
			t.Errorf("%s: left %+v, %v, want %+v", name, got, err, draft)
		}
	}
	// One empties the draft while another sets a time: never both.
	for range 10 {
		d := createDraft(t, store, newDraft(alice, "Raced"))
		atOnce(t, 2, func(i int) error {
			change := models.DraftChange{PublishAt: &soon, UpdatedAt: now()}
			if i == 0 {
				change = models.DraftChange{Content: new(""), UpdatedAt: now()}
			}
			return second(store.UpdateDraft(t.Context(), d.ID, alice.ID, change))
		}, models.ErrDraftEmpty)
		got, err := store.DraftByID(t.Context(), d.ID, alice.ID)
		if err != nil || got.Content == "" && !got.PublishAt.Equal(never) {
			t.Errorf("both changes were made: %+v, %v", got, err)
		}
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
	if err := store.DeleteDraft(t.Context(), drafts[0].ID, alice.ID, nil); err != nil {
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
	if got, err := store.DraftByID(t.Context(), timed.ID, alice.ID); !errors.Is(err, models.ErrDraftNotFound) {
		t.Errorf("a draft of the user: got %+v, %v, want ErrDraftNotFound", got, err)
	}
	if due, err := store.DueDrafts(t.Context(), now().Add(time.Hour), models.DueDraft{}, 10); err != nil || len(due) != 0 {
		t.Errorf("due drafts: %v, %v, want none", due, err)
	}
	_, _, err := store.PublishDraft(t.Context(), timed.ID, alice.ID, models.Publication{At: now()})
	if !errors.Is(err, models.ErrDraftNotFound) {
		t.Errorf("publish: got %v, want ErrDraftNotFound", err)
	}
	if got := titles(t, store, models.PostFilter{}); got != nil {
		t.Errorf("posts: %v, want none", got)
	}
	if _, err := store.DraftByID(t.Context(), kept.ID, bob.ID); err != nil {
		t.Errorf("another user's draft: %v", err)
	}
}
