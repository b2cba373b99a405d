package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"gin-blog/models"
)

// changeCases are the cases of the methods that change or remove one record as a function decides.
var changeCases = []testCase{
	{"users change by functions", usersChange},
	{"posts change by functions", postsChange},
	{"comments change by functions", commentsChange},
	{"drafts change by functions", draftsChange},
	{"the result of a change is what is stored", resultsAreStored},
}

// sets returns a change that is never refused.
func sets[T any](set func(*T)) func(*T) error {
	return func(record *T) error {
		set(record)
		return nil
	}
}

// setTitle returns a change of a post.
func setTitle(title string) func(*models.Post) error {
	return sets(func(p *models.Post) { p.Title = title })
}

// setContent returns a change of a post.
func setContent(content string) func(*models.Post) error {
	return sets(func(p *models.Post) { p.Content = content })
}

// always is a check that refuses nothing, and a change that changes nothing.
func always[T any](*T) error { return nil }

// errRefused is what functions of tests refuse with.
var errRefused = errors.New("refused by a test")

// kind is how records of a type are found, changed and removed, with a record that is stored.
type kind[T any] struct {
	store   models.Store
	id      models.ID
	text    func(*T) *string // a text that changes may set
	fixed   []string         // the fields that stay whatever a change does
	missing error
	find    func(context.Context, models.ID) (*T, error)
	update  func(context.Context, models.ID, func(*T) error) (*T, error)
	remove  func(context.Context, models.ID, func(*T) error) error // nil where a record is removed without a check
}

func usersChange(t *testing.T, store models.Store) {
	changeRecords(t, kind[models.User]{
		store: store, id: newUser(t, store, "alice").ID, text: func(u *models.User) *string { return &u.Bio },
		fixed: []string{"ID", "Username", "Role", "PasswordHash", "PasswordVersion", "CreatedAt",
			"TokensSince", "SuspendedAt", "SuspendedFor"},
		missing: models.ErrUserNotFound, find: store.UserByID, update: store.UpdateUser,
	})
}

func postsChange(t *testing.T, store models.Store) {
	changeRecords(t, kind[models.Post]{
		store: store, id: storedPost(t, store, newUser(t, store, "alice"), "My Post").ID,
		text:    func(p *models.Post) *string { return &p.Title },
		fixed:   []string{"ID", "AuthorID", "Author", "CreatedAt"},
		missing: models.ErrPostNotFound, find: store.PostByID, update: store.UpdatePost, remove: store.DeletePost,
	})
}

func commentsChange(t *testing.T, store models.Store) {
	alice, bob := newUser(t, store, "alice"), newUser(t, store, "bob")
	changeRecords(t, kind[models.Comment]{
		store: store, id: newComment(t, store, storedPost(t, store, alice, "My Post"), bob, "Nice").ID,
		text:    func(c *models.Comment) *string { return &c.Content },
		fixed:   []string{"ID", "PostID", "PostAuthorID", "PostTitle", "AuthorID", "Author", "CreatedAt"},
		missing: models.ErrCommentNotFound, find: store.CommentByID, update: store.UpdateComment,
		remove: store.DeleteComment,
	})
}

func draftsChange(t *testing.T, store models.Store) {
	changeRecords(t, kind[models.Draft]{
		store: store, id: createDraft(t, store, newDraft(newUser(t, store, "alice"), "Draft")).ID,
		text:    func(d *models.Draft) *string { return &d.Title },
		fixed:   []string{"ID", "AuthorID", "CreatedAt", "Foreign"},
		missing: models.ErrDraftNotFound, find: store.DraftByID, update: store.UpdateDraft, remove: store.DeleteDraft,
	})
}

// changeRecords has the cases of every kind of record.
func changeRecords[T any](t *testing.T, k kind[T]) {
	everyFieldIsStored(t, k)
	fixedFieldsStay(t, k)
	nothingIsStored(t, k)
	noChangeIsLost(t, k)
	if k.remove != nil {
		removalsAreChecked(t, k)
	}
	called := false
	_, err := k.update(t.Context(), models.NewID(), func(*T) error { called = true; return nil })
	if !errors.Is(err, k.missing) || called {
		t.Errorf("change an unknown record: got %v, want %v; the function was called: %v", err, k.missing, called)
	}
}

// stored returns the record as it is stored.
func (k kind[T]) stored(t *testing.T) T {
	t.Helper()
	record, err := k.find(t.Context(), k.id)
	if err != nil {
		t.Fatalf("find: %v", err)
	}
	return *record
}

// everyFieldIsStored changes one field after another.
func everyFieldIsStored[T any](t *testing.T, k kind[T]) {
	t.Helper()
	for what, want := range Variants(t, k.stored(t), k.fixed...) {
		if what == "UpdatedAt zero" { // which no record has
			continue
		}
		before := k.stored(t)
		got, err := k.update(t.Context(), k.id, func(record *T) error {
			if !reflect.DeepEqual(*record, before) {
				t.Errorf("the function got %+v, want what is stored: %+v", *record, before)
			}
			*record = want
			return nil
		})
		if err != nil || !reflect.DeepEqual(*got, want) {
			t.Errorf("change %s: got %+v, %v, want %+v", what, got, err, want)
		}
		if got := k.stored(t); !reflect.DeepEqual(got, want) {
			t.Errorf("read after the change of %s: got %+v, want %+v", what, got, want)
		}
	}
}

// fixedFieldsStay sets every field, also those that are not to be changed.
func fixedFieldsStay[T any](t *testing.T, k kind[T]) {
	t.Helper()
	before, other := k.stored(t), Filled[T](t)
	want := other
	for _, name := range k.fixed {
		reflect.ValueOf(&want).Elem().FieldByName(name).Set(reflect.ValueOf(before).FieldByName(name))
	}
	got, err := k.update(t.Context(), k.id, sets(func(record *T) { *record = other }))
	if err != nil || !reflect.DeepEqual(*got, want) {
		t.Errorf("change all: got %+v, %v, want %+v", got, err, want)
	}
	if got := k.stored(t); !reflect.DeepEqual(got, want) {
		t.Errorf("read after the change of all: got %+v, want %+v", got, want)
	}
}

// nothingIsStored by changes that are refused, or that change nothing.
func nothingIsStored[T any](t *testing.T, k kind[T]) {
	t.Helper()
	before, commits := k.stored(t), dataVersion(t, k.store)
	_, err := k.update(t.Context(), k.id, func(record *T) error {
		*record = Filled[T](t)
		return fmt.Errorf("%w once", errRefused)
	})
	if !errors.Is(err, errRefused) {
		t.Errorf("a change that is refused: got %v, want that error", err)
	}
	onlyFixed := func(record *T) {
		other := reflect.ValueOf(Filled[T](t))
		for _, name := range k.fixed {
			reflect.ValueOf(record).Elem().FieldByName(name).Set(other.FieldByName(name))
		}
	}
	for what, change := range map[string]func(*T) error{"no field": always[T], "fixed fields": sets(onlyFixed)} {
		if got, err := k.update(t.Context(), k.id, change); err != nil || !reflect.DeepEqual(*got, before) {
			t.Errorf("change %s: got %+v, %v, want %+v", what, got, err, before)
		}
	}
	if got := k.stored(t); !reflect.DeepEqual(got, before) {
		t.Errorf("changes of nothing have stored %+v, before %+v", got, before)
	}
	if now := dataVersion(t, k.store); now != commits && now*commits != 0 {
		t.Error("changes of nothing were committed")
	}
}

// dataVersion returns what a store says that changes with every commit, and 0 for a store that does not say at once.
func dataVersion(t *testing.T, store models.Store) int64 {
	t.Helper()
	versioned, ok := store.(models.Versioned)
	if !ok {
		return 0
	}
	version, _ := versioned.DataVersion(t.Context())
	return version
}

// noChangeIsLost: many changes at once each build on the one before, and of many that expect one state, one wins.
func noChangeIsLost[T any](t *testing.T, k kind[T]) {
	t.Helper()
	var made [crowd]bool
	won := atOnce(t, crowd, func(i int) error {
		_, err := k.update(t.Context(), k.id, sets(func(record *T) { *k.text(record) += fmt.Sprintf("<%d>", i) }))
		made[i] = err == nil
		return err
	}, models.ErrContended)
	record := k.stored(t)
	for i := range made {
		if times := strings.Count(*k.text(&record), fmt.Sprintf("<%d>", i)); times > 1 || made[i] != (times == 1) {
			t.Errorf("change %d was made: %v, and is there %d times", i, made[i], times)
		}
	}
	if won == 0 {
		t.Error("no change was made")
	}

	state := k.stored(t)
	won = atOnce(t, 20, func(i int) error {
		return second(k.update(t.Context(), k.id, func(record *T) error {
			*k.text(record) += "!"
			return unlessChanged(*record, state, k)
		}))
	}, errRefused, models.ErrContended)
	if won != 1 {
		t.Errorf("%d of 20 changes of one state were made, want 1", won)
	}
}

// unlessChanged refuses a record that had another text than a state, before a mark was added.
func unlessChanged[T any](record, state T, k kind[T]) error {
	if *k.text(&record) != *k.text(&state)+"!" {
		return errRefused
	}
	return nil
}

// removalsAreChecked removes the record.
func removalsAreChecked[T any](t *testing.T, k kind[T]) {
	t.Helper()
	state := k.stored(t)
	err := k.remove(t.Context(), k.id, func(record *T) error {
		if !reflect.DeepEqual(*record, state) {
			t.Errorf("the check got %+v, want %+v", *record, state)
		}
		return errRefused
	})
	if got := k.stored(t); !errors.Is(err, errRefused) || !reflect.DeepEqual(got, state) {
		t.Errorf("a removal that is refused: got %v, and left %+v", err, got)
	}
	check := func(record *T) error {
		if !reflect.DeepEqual(*record, state) {
			return errRefused
		}
		return nil
	}
	won := atOnce(t, 10, func(i int) error {
		if i%2 == 0 {
			return k.remove(t.Context(), k.id, check)
		}
		return second(k.update(t.Context(), k.id, func(record *T) error {
			err := check(record)
			*k.text(record) += "last"
			return err
		}))
	}, errRefused, k.missing, models.ErrContended)
	if won != 1 {
		t.Errorf("%d of 10 changes and removals of one state succeeded, want 1", won)
	}
	if err := k.remove(t.Context(), k.id, always); err != nil && !errors.Is(err, k.missing) {
		t.Errorf("remove: %v", err)
	}
	_, found := k.find(t.Context(), k.id)
	_, changed := k.update(t.Context(), k.id, always)
	for what, err := range map[string]error{
		"find": found, "change": changed, "remove": k.remove(t.Context(), k.id, always),
	} {
		if !errors.Is(err, k.missing) {
			t.Errorf("%s what was removed: got %v, want %v", what, err, k.missing)
		}
	}
}

// resultsAreStored: a store keeps times and tags in a form of its own, and the result of a change has that form, so
// that it has the version of what is read next.
func resultsAreStored(t *testing.T, store models.Store) {
	alice := newUser(t, store, "alice")
	exact := now().Add(time.Hour + 123*time.Microsecond)
	for _, tags := range [][]string{{"gin", "go"}, {}, nil} {
		post := storedPost(t, store, alice, "My Post")
		got, err := store.UpdatePost(t.Context(), post.ID, sets(func(p *models.Post) { p.Tags, p.UpdatedAt = tags, exact }))
		if err != nil || !slices.Equal(got.Tags, tags) || !got.UpdatedAt.Equal(models.StoredTime(exact)) {
			t.Fatalf("change the post: %+v, %v", got, err)
		}
		if read, err := store.PostByID(t.Context(), post.ID); err != nil || read.Version() != got.Version() {
			t.Errorf("the post is %+v, %v, and the change returned %+v", read, err, got)
		}
	}
	draft := createDraft(t, store, newDraft(alice, "Draft"))
	got, err := store.UpdateDraft(t.Context(), draft.ID, sets(func(d *models.Draft) { d.PublishAt = exact }))
	if err != nil || !got.PublishAt.Equal(models.StoredTime(exact)) {
		t.Fatalf("change the draft: %+v, %v", got, err)
	}
	if read, err := store.DraftByID(t.Context(), draft.ID); err != nil || read.Version() != got.Version() {
		t.Errorf("the draft is %+v, %v, and the change returned %+v", read, err, got)
	}
}
