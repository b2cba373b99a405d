package models_test

import (
	"reflect"
	"testing"

	"gin-blog/models"
	"gin-blog/models/storetest"
)

// TestEqualComparesEveryField: a field that is added must be compared, or a change of it alone would not be stored.
func TestEqualComparesEveryField(t *testing.T) {
	text := storetest.Filled[models.Text](t)
	if !text.Equal(text) {
		t.Error("a text does not equal itself")
	}
	for what, other := range storetest.Variants(t, text) {
		if text.Equal(other) {
			t.Errorf("Text.Equal overlooks %s", what)
		}
	}
}

// TestVersionCoversEveryField: two states that differ in any field have different versions.
func TestVersionCoversEveryField(t *testing.T) {
	post, draft, comment := storetest.Filled[models.Post](t), storetest.Filled[models.Draft](t),
		storetest.Filled[models.Comment](t)
	for what, other := range storetest.Variants(t, post) {
		if post.Version() == other.Version() {
			t.Errorf("Post.Version overlooks %s", what)
		}
	}
	for what, other := range storetest.Variants(t, draft, "Foreign") {
		if draft.Version() == other.Version() {
			t.Errorf("Draft.Version overlooks %s", what)
		}
	}
	for what, other := range storetest.Variants(t, comment, "PostAuthorID") {
		if comment.Version() == other.Version() {
			t.Errorf("Comment.Version overlooks %s", what)
		}
	}
}

// TestCleanKeepsEveryField: a field that is added is not lost on the way to the store.
func TestCleanKeepsEveryField(t *testing.T) {
	text := storetest.Filled[models.Text](t)
	clean := text
	if err := clean.Clean(nil); err != nil || !reflect.DeepEqual(clean, text) {
		t.Errorf("got %+v, %v, want %+v", clean, err, text)
	}
}
