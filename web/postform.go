package web

import (
	"slices"
	"strings"
	"unicode"

	"gin-blog/models"
)

// newTextForm returns the form of a post, with further fields. All that depends on which fields a post has is in this
// file and in the template "text-fields".
func newTextForm(action string, more ...string) *form {
	f := newForm(action, append(more, "title", "tags", "content")...)
	f.limits["content"] = maxContent
	return f
}

// textOf returns the text that somebody typed. Tags stand in one field, with spaces, commas of any script or
// number signs between them. It reads no more of them than it takes to see that there are too many.
func textOf(f *form) models.Text {
	isBetween := func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(",，、،#＃", r) }
	t := models.Text{Title: f.Value("title"), Content: f.Value("content")}
	for tag := range strings.FieldsFuncSeq(f.Value("tags"), isBetween) {
		if len(t.Tags) > models.MaxTags {
			break
		}
		if tag = models.FoldTag(tag); !slices.Contains(t.Tags, tag) {
			t.Tags = append(t.Tags, tag)
		}
	}
	return t
}

// valuesOf returns what the editor of a text in a state shows at first.
func valuesOf(t models.Text, version string) map[string]string {
	return map[string]string{
		"title": t.Title, "tags": strings.Join(t.Tags, ", "), "content": t.Content, "version": version,
	}
}

// typed returns the change that gives a text what somebody typed. A form cannot tell one sort of line breaks from
// another, so those of the text stay if nothing else of it changed.
func typed(in models.Text) func(*models.Text) {
	return func(t *models.Text) {
		content := in.Content
		if normalizeLines(t.Content) == content {
			content = t.Content
		}
		*t = in
		t.Content = content
	}
}

// isTyped returns whether a text is what somebody typed, but for the sort of its line breaks.
func isTyped(in, t models.Text) bool {
	t.Content = normalizeLines(t.Content)
	_ = in.Clean(nil)
	return in.Equal(t)
}
