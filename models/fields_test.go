package models_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

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
	for what, other := range storetest.Variants(t, comment, "PostAuthorID", "PostTitle") {
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

// TestCleanHasARuleForEveryField: a field that is added must have a longest length, and refuse control characters.
func TestCleanHasARuleForEveryField(t *testing.T) {
	for field := range reflect.TypeFor[models.Text]().Fields() {
		for what, broken := range map[string]string{"is long": strings.Repeat("a", 100_001), "has a control": "a\x00"} {
			text := storetest.Filled[models.Text](t)
			switch value := reflect.ValueOf(&text).Elem().FieldByIndex(field.Index).Addr().Interface().(type) {
			case *string:
				*value = broken
			case *[]string:
				*value = []string{broken}
			}
			if text.Clean(nil) == nil || text.CleanDraft(nil) == nil {
				t.Errorf("a text is taken whose %s %s", field.Name, what)
			}
		}
	}
}

// TestVersionOfAnyTime: other programs store times that have no text form in JSON.
func TestVersionOfAnyTime(t *testing.T) {
	versions := map[string]bool{}
	for _, year := range []int{-1, 9999, 10_000, 200_000} {
		versions[(&models.Post{CreatedAt: time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)}).Version()] = true
	}
	if len(versions) != 4 {
		t.Errorf("4 times have %d versions", len(versions))
	}
}
