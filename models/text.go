package models

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// The lengths of a Text.
const (
	MaxContent = 100_000 // characters
	MaxTags    = 10

	maxTitle = 200 // characters
)

// Text is what a writer writes: in posts and drafts, in requests, forms and files.
type Text struct {
	Title   string   `json:"title"`
	Content string   `json:"content"` // Markdown; empty in drafts only
	Tags    []string `json:"tags"`
}

// ReadingMinutes returns about how long it takes to read the content, at least 1: at 250 words a minute, or at 500
// characters in a script without spaces.
func (t *Text) ReadingMinutes() int {
	words := strings.Count(t.Content, " ") + strings.Count(t.Content, "\n")
	if 30*words < len(t.Content) {
		words = utf8.RuneCountInString(t.Content) / 2
	}
	return 1 + words/250
}

// Clean brings the text of a post into the form in which it is stored: without spaces around the title, with each tag
// as FoldTag returns it, once. It returns a refusal if a rule is broken. What is as before stays and may break a
// rule: another program may have written it. before is nil for a new text.
func (t *Text) Clean(before *Text) error { return t.clean(before, Required, from1To(MaxContent)) }

// CleanDraft is Clean for a draft, which may have no content.
func (t *Text) CleanDraft(before *Text) error { return t.clean(before, upTo(MaxContent)) }

func (t *Text) clean(before *Text, content ...Rule) error {
	var check Check
	if before == nil || t.Title != before.Title {
		t.Title = strings.TrimSpace(t.Title)
		check.Field("title", t.Title, Required, from1To(maxTitle), oneLine)
	}
	if before == nil || t.Content != before.Content {
		check.Field("content", t.Content, append(content, multiline)...)
	}
	if before == nil || !slices.Equal(t.Tags, before.Tags) {
		t.cleanTags(&check)
	}
	return check.Err()
}

// cleanTags makes the tags such as FoldTag returns them, each once, and never nil. Repeated ones count: nobody may have
// read more of the tags than it takes to see that there are too many.
func (t *Text) cleanTags(check *Check) {
	if len(t.Tags) > MaxTags {
		check.Add("tags", fmt.Sprintf("must be at most %d", MaxTags))
		return
	}
	tags := []string{}
	for i, tag := range t.Tags {
		tag = FoldTag(tag)
		check.Field(fmt.Sprintf("tags[%d]", i), tag, Tag)
		if !slices.Contains(tags, tag) {
			tags = append(tags, tag)
		}
	}
	t.Tags = tags
}

// Equal returns whether t and u have the same values. No tags and nil are the same.
func (t Text) Equal(u Text) bool {
	return t.Title == u.Title && t.Content == u.Content && slices.Equal(t.Tags, u.Tags)
}

// Size returns the number of bytes in the title and the content.
func (t Text) Size() int { return len(t.Title) + len(t.Content) }
