package models_test

import (
	"reflect"
	"testing"

	"gin-blog/models"
	"gin-blog/models/storetest"
)

// eachField calls test for each field of T but the named ones, with two values that differ in that field alone.
func eachField[T any](t *testing.T, test func(name string, a, b T), except ...string) {
	t.Helper()
	a, other := storetest.Filled[T](t), storetest.Filled[T](t)
	for field := range reflect.TypeFor[T]().Fields() {
		b := a
		for _, name := range except {
			if field.Name == name {
				reflect.ValueOf(&other).Elem().FieldByIndex(field.Index).Set(reflect.ValueOf(a).FieldByIndex(field.Index))
			}
		}
		reflect.ValueOf(&b).Elem().FieldByIndex(field.Index).Set(reflect.ValueOf(other).FieldByIndex(field.Index))
		if !reflect.DeepEqual(a, b) {
			test(field.Name, a, b)
		}
	}
}

// TestEqualComparesEveryField: a field that is added must be compared, or a conditional write would overlook it.
func TestEqualComparesEveryField(t *testing.T) {
	eachField(t, func(name string, a, b models.Post) {
		if a.Equal(&b) || !a.Equal(&a) {
			t.Errorf("Post.Equal overlooks %s", name)
		}
	}, "Author")
	eachField(t, func(name string, a, b models.Draft) {
		if a.Equal(&b) || !a.Equal(&a) {
			t.Errorf("Draft.Equal overlooks %s", name)
		}
	})
}

// TestChangesNothingComparesEveryField: a change of a field that is added is not taken for none.
func TestChangesNothingComparesEveryField(t *testing.T) {
	post, draft := storetest.Filled[models.Post](t), storetest.Filled[models.Draft](t)
	for field, value := range reflect.ValueOf(storetest.Filled[models.PostChange](t)).Fields() {
		var change models.PostChange
		reflect.ValueOf(&change).Elem().FieldByIndex(field.Index).Set(value)
		if isNew := field.Name != "UpdatedAt" && field.Name != "IfUnchanged"; change.ChangesNothing(&post) == isNew {
			t.Errorf("PostChange.ChangesNothing overlooks %s", field.Name)
		}
	}
	for field, value := range reflect.ValueOf(storetest.Filled[models.DraftChange](t)).Fields() {
		var change models.DraftChange
		reflect.ValueOf(&change).Elem().FieldByIndex(field.Index).Set(value)
		if isNew := field.Name != "UpdatedAt" && field.Name != "IfUnchanged"; change.ChangesNothing(&draft) == isNew {
			t.Errorf("DraftChange.ChangesNothing overlooks %s", field.Name)
		}
	}
}

// TestTextHasEveryField: what a change can set is passed on whole, from one post to another and to a draft.
func TestTextHasEveryField(t *testing.T) {
	post := storetest.Filled[models.Post](t)
	text := post.Text()
	if !text.ChangesNothing(&post) {
		t.Errorf("the text of %+v is %+v", post, text)
	}
	change := storetest.Filled[models.PostChange](t)
	draftChange := reflect.ValueOf(change.DraftChange())
	for field, value := range reflect.ValueOf(change).Fields() {
		if field.Name == "IfUnchanged" {
			continue
		}
		if field.Name != "UpdatedAt" && reflect.ValueOf(text).FieldByIndex(field.Index).IsNil() {
			t.Errorf("Post.Text overlooks %s", field.Name)
		}
		if draftChange.FieldByName(field.Name).Interface() != value.Interface() {
			t.Errorf("PostChange.DraftChange overlooks %s", field.Name)
		}
	}
}

// TestDraftBecomesAPostWhole: what a draft and a post both have is passed on, and what a post can be told to change, a
// draft can be told too.
func TestDraftBecomesAPostWhole(t *testing.T) {
	draft := storetest.Filled[models.Draft](t)
	post := draft.Post(draft.CreatedAt)
	post.UpdatedAt = draft.UpdatedAt // a post begins with the time at which it was published
	for field, value := range reflect.ValueOf(*post).Fields() {
		kept, ok := reflect.TypeFor[models.Draft]().FieldByName(field.Name)
		if !ok || field.Name == "ID" {
			continue
		}
		if want := reflect.ValueOf(draft).FieldByIndex(kept.Index); !reflect.DeepEqual(value.Interface(), want.Interface()) {
			t.Errorf("the post has %s %v, the draft had %v", field.Name, value, want)
		}
	}
	for field := range reflect.TypeFor[models.PostChange]().Fields() {
		if _, ok := reflect.TypeFor[models.DraftChange]().FieldByName(field.Name); !ok {
			t.Errorf("a draft has no %s", field.Name)
		}
	}
}
