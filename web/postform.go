package web

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"gin-blog/internal/validation"
	"gin-blog/models"
)

// postForm is a post or a draft as somebody typed it. All that depends on which fields a post has is in this file, but
// for the inputs of newEditor.
type postForm struct {
	Title   string   `form:"title" validate:"required,title"`
	Content string   `form:"content" validate:"required,content"`
	Tags    []string `form:"tags" validate:"tags,dive,tag"`
}

// draftForm is a postForm of a draft, which may be without content.
type draftForm struct {
	Title   string   `form:"title" validate:"required,title"`
	Content string   `form:"content" validate:"draft"`
	Tags    []string `form:"tags" validate:"tags,dive,tag"`
}

// textFields are the fields of a post in a form.
var textFields = func() fields {
	text := fields{}
	for name := range new(postForm).values() {
		text[name] = maxLine
	}
	text["content"] = maxContent
	return text
}()

// newPostForm reads the fields of a post. Tags stand in one field, with commas or spaces between them. It reads no more
// of them than it takes to see that there are too many.
func newPostForm(sent values) *postForm {
	isBetween := func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\t' }
	in := &postForm{Title: strings.TrimSpace(sent["title"]), Content: longText(sent["content"]), Tags: []string{}}
	for tag := range strings.FieldsFuncSeq(strings.ToLower(sent["tags"]), isBetween) {
		if len(in.Tags) > validation.MaxTags {
			break
		}
		if !slices.Contains(in.Tags, tag) {
			in.Tags = append(in.Tags, tag)
		}
	}
	return in
}

// postFormOf returns what a form would have of a post.
func postFormOf(post *models.Post) *postForm {
	return &postForm{Title: post.Title, Content: post.Content, Tags: append([]string{}, post.Tags...)}
}

// values returns what the editor of the post shows at first.
func (f *postForm) values() values {
	return values{"title": f.Title, "tags": strings.Join(f.Tags, ", "), "content": f.Content}
}

// writeTo gives a post the text of the form.
func (f *postForm) writeTo(post *models.Post) {
	post.Title, post.Content, post.Tags = f.Title, f.Content, f.Tags
}

// writeToDraft gives a draft the text of the form.
func (f *postForm) writeToDraft(d *models.Draft) {
	d.Title, d.Content, d.Tags = f.Title, f.Content, f.Tags
}

// asPost returns a draft as the post that it would become, to show it.
func asPost(d *models.Draft) *models.Post { return d.Post(d.UpdatedAt) }

// change returns the change that gives a post or a draft the text of the form. present is what there is.
func (f *postForm) change(present *models.Post) models.PostChange {
	post := *present
	f.writeTo(&post)
	change := post.Text()
	if normalizeLines(present.Content) == f.Content { // a form cannot tell one sort of line breaks from another
		change.Content = nil
	}
	return change
}

// isOf returns whether the form has the text of a post, but for the sort of its line breaks.
func (f *postForm) isOf(post *models.Post) bool {
	other := postFormOf(post)
	other.Content = normalizeLines(other.Content)
	return bytes.Equal(f.canonical(), other.canonical())
}

// canonical returns the post in a form that is the same for the same post.
func (f *postForm) canonical() []byte {
	text, err := json.Marshal(f)
	if err != nil { // which strings never cause
		panic(err)
	}
	return text
}
