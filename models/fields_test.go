package models_test

import (
	"reflect"
	"testing"

	"gin-blog/models"
	"gin-blog/models/storetest"
)

// TestEqualComparesEveryField: a field that is added must be compared, or a conditional write would overlook it.
func TestEqualComparesEveryField(t *testing.T) {
	post, draft := storetest.Filled[models.Post](t), storetest.Filled[models.Draft](t)
	if !post.Equal(&post) || !draft.Equal(&draft) {
		t.Error("a post or a draft does not equal itself")
	}
	for what, other := range storetest.Variants(t, post, "Author") {
		if post.Equal(&other) {
			t.Errorf("Post.Equal overlooks %s", what)
		}
	}
	for what, other := range storetest.Variants(t, draft) {
		if draft.Equal(&other) {
			t.Errorf("Draft.Equal overlooks %s", what)
		}
	}
}

// TestChangesNothingComparesEveryField: a change of a field that is added is not taken for none.
func TestChangesNothingComparesEveryField(t *testing.T) {
	post, draft := storetest.Filled[models.Post](t), storetest.Filled[models.Draft](t)
	for field, value := range reflect.ValueOf(storetest.Filled[models.PostChange](t)).Fields() {
		var change models.PostChange
		reflect.ValueOf(&change).Elem().FieldByIndex(field.Index).Set(value)
		if change.ChangesNothing(&post) == storetest.IsNewValue(field) {
			t.Errorf("PostChange.ChangesNothing overlooks %s", field.Name)
		}
	}
	for field, value := range reflect.ValueOf(storetest.Filled[models.DraftChange](t)).Fields() {
		var change models.DraftChange
		reflect.ValueOf(&change).Elem().FieldByIndex(field.Index).Set(value)
		if change.ChangesNothing(&draft) == storetest.IsNewValue(field) {
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
		if storetest.IsNewValue(field) && reflect.ValueOf(text).FieldByIndex(field.Index).IsNil() {
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
