package web_test

import (
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"gin-blog/internal/testkit"
	"gin-blog/models"
)

// textFields returns the fields of a post that people write, by their names in forms.
func textFields() map[string]reflect.StructField {
	fields := map[string]reflect.StructField{}
	for field := range reflect.TypeFor[models.Text]().Fields() {
		fields[field.Tag.Get("json")] = field
	}
	return fields
}

// fillEach writes another text into each field of an editor.
func fillEach(t *testing.T, form *filledForm, text string) *filledForm {
	t.Helper()
	for name := range textFields() {
		if !form.values.Has(name) {
			t.Errorf("%s: the editor has no field %s", form.page.path, name)
		}
		form.values.Set(name, text+name)
	}
	return form
}

// wantEach checks that a post or a draft has what fillEach wrote.
func wantEach(t *testing.T, stored any, text string) {
	t.Helper()
	for name, field := range textFields() {
		got := reflect.ValueOf(stored).Elem().FieldByName(field.Name).Interface()
		if tags, ok := got.([]string); ok {
			got = strings.Join(tags, " ")
		}
		if got != text+name {
			t.Errorf("%T: %s is %q, want %q", stored, field.Name, got, text+name)
		}
	}
}

// wantForm checks that an editor shows what fillEach wrote.
func wantForm(t *testing.T, values url.Values, text string) {
	t.Helper()
	for name := range textFields() {
		if got := values.Get(name); got != text+name {
			t.Errorf("the editor shows %q as %s, want %q", got, name, text+name)
		}
	}
}

// showsEach checks that a page shows to its readers what fillEach wrote.
func showsEach(p *page, text string) {
	for name := range textFields() {
		p.shows(text + name)
	}
}

// newestPost returns the post that was created last.
func (s *server) newestPost(t *testing.T) *models.Post {
	t.Helper()
	page, _, err := s.store.Posts(t.Context(), models.PostFilter{Limit: 1})
	if err != nil || len(page) == 0 {
		t.Fatalf("%d posts, %v", len(page), err)
	}
	return &page[0]
}

// TestEditorsKeepEveryField: a field of posts that is added must be in every editor, or an edit on a page loses it.
func TestEditorsKeepEveryField(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		b := s.user(t, "alice")
		next := func() { s.ahead.Add(int64(time.Second)) }

		preview := fillEach(t, b.get("/new").form("Preview"), "a").send().is(200)
		wantForm(t, preview.form("Publish").values, "a")
		showsEach(preview, "a")
		showsEach(preview.form("Publish").send().is(303).follow(), "a")
		post := s.newestPost(t)
		wantEach(t, post, "a")
		edit := "/p/" + post.ID.Hex() + "/edit"
		wantForm(t, b.get(edit).form("Save").values, "a")

		fillEach(t, b.get("/new").form("Save as draft"), "b").send().is(303)
		draft := &s.drafts(t, "alice")[0]
		wantEach(t, draft, "b")
		wantForm(t, b.get(draftPath(draft)).form("Publish").values, "b")

		crossed := fillEach(t, b.get(edit).form("Save"), "d")
		for name := range textFields() { // one field alone is a change, too
			next()
			form := b.get(edit).form("Save")
			form.values.Set(name, "c"+name)
			form.send().is(303)
			form = b.get(draftPath(draft)).form("Save draft")
			form.values.Set(name, "c"+name)
			form.send().is(303)
		}
		wantEach(t, s.newestPost(t), "c")
		wantEach(t, &s.drafts(t, "alice")[0], "c")
		conflict := crossed.send().is(412)
		showsEach(conflict, "c")
		wantForm(t, conflict.form("Save").values, "d")

		form := fillEach(t, b.get(draftPath(draft)).form("Publish"), "e")
		b.get("/account").form("Log out").send().is(303)
		login := form.send().is(403).form("Log in")
		again := login.fill("Username", "alice").fill("Password", testkit.Password).send().is(200)
		wantForm(t, again.form("Publish").values, "e")
		next()
		again.form("Publish").send().is(303)
		wantEach(t, s.newestPost(t), "e")
		if titles := s.posts(t); len(titles) != 2 {
			t.Errorf("the posts are %q", titles)
		}
	})
}
