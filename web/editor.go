package web

import (
	"crypto/rand"
	"errors"
	"html/template"
	"net/http"

	"github.com/gin-gonic/gin"

	"gin-blog/middleware"
	"gin-blog/models"
)

// editorPage is what the page of an editor shows.
type editorPage struct {
	Heading string
	Form    *form
	// Preview is the post as it would be, nil for none.
	Preview *article
	// Theirs is the post or the draft as somebody else saved it meanwhile, nil where nobody did.
	Theirs *models.Post
	// Present is where the present state is shown, "" for a new post.
	Present string
	Back    *link  // nil for a new post
	Done    string // what was just done
	Delete  string // where to delete what is edited, "" for nowhere
}

// showTheirs shows what was saved meanwhile above the form, and says so. It does that again when the form is sent for
// its preview, or with a mistake.
func (page *editorPage) showTheirs(theirs *models.Post, conflict error) {
	page.Theirs, page.Form.Alert = theirs, conflict.Error()
	page.Form.Hidden = append(page.Form.Hidden, hidden{"conflict", "1"})
}

// article is a post with its rendered content.
type article struct {
	Post    *models.Post
	Content template.HTML
}

// newEditor returns the page of an editor with what is in the fields. Everything else that the form needs is in hidden.
func newEditor(action, first string, sent values, hiddenFields ...hidden) (*view, *editorPage) {
	page := &editorPage{Heading: "New post", Form: &form{
		Action: action, Button: first, More: []button{{Do: "preview", Text: "Preview"}}, Hidden: hiddenFields,
		Fields: []field{
			{Name: "title", Label: "Title", Type: "text", Value: sent["title"], Required: true},
			{Name: "tags", Label: "Tags", Type: "text", Value: sent["tags"], Verbatim: true,
				Hint: "At most 10, with spaces or commas between them. Each is of a-z, 0-9 and -."},
			{Name: "content", Label: "Text", Rows: 18, Value: sent["content"], Required: true,
				Prefix: "post-", // main has the id "content"
				Hint:   "Markdown: **bold**, `code`, lists, tables, links, and images by https."},
		},
	}}
	return &view{Title: page.Heading, NoIndex: true, Page: page}, page
}

// preview puts the post as it would be above the form.
func (p *Pages) preview(c *gin.Context, page *editorPage, post models.Post, in *postForm) error {
	in.writeTo(&post)
	content, err := p.Markdown.Render(c.Request.Context(), post.Content)
	if err != nil {
		return err
	}
	page.Preview = &article{Post: &post, Content: content}
	return nil
}

// write shows an empty editor.
func (p *Pages) write(c *gin.Context) error {
	v, _ := p.newPostEditorAnew(c, values{})
	return p.render(c, http.StatusOK, "editor", v)
}

// newPostEditor returns the editor of a new post. key makes one post of a form that is sent twice, and draft, an id,
// makes one draft. The form goes to another address than that of the page: a POST makes a browser drop the page that it
// has of that address (RFC 9111, section 4.4). Who then goes back would have the same text with another key.
func (p *Pages) newPostEditor(c *gin.Context, sent values, key, draft string) (*view, *editorPage) {
	v, page := newEditor("/new?sent", "Publish", sent, hidden{"key", key}, hidden{"draft", draft})
	page.Form.Notice = "To publish it at a time of your choice, save it as a draft first."
	page.Form.More = []button{
		{Do: "draft", Text: "Save as draft", TakesUnfinished: true}, {Do: "preview", Text: "Preview"},
	}
	v.Calls = []call{
		newCall("Write a post", originOf(c), request{
			path: "/posts", token: true, body: `{"title": "My post", "content": "Hello", "tags": ["go"]}`,
		}),
		newCall("Write a draft", originOf(c), request{path: "/drafts", token: true, body: `{"title": "My draft"}`}),
	}
	return v, page
}

// newPostEditorAnew is newPostEditor for a form that was not sent yet, with what was typed into another.
func (p *Pages) newPostEditorAnew(c *gin.Context, sent values) (*view, *editorPage) {
	return p.newPostEditor(c, sent, rand.Text(), models.NewID().Hex())
}

// publish creates a post, or shows what it would be.
func (p *Pages) publish(c *gin.Context) error {
	sent, err := readForm(c, newPostFields)
	if err != nil {
		return err
	}
	key := keyOf(sent)
	v, page := p.newPostEditor(c, sent, key, sent["draft"])
	if middleware.CurrentUser(c) == nil {
		return p.showTextAfterLogin(c, sent, "editor", v, page.Form)
	}
	in := newPostForm(sent)
	if sent["do"] == "draft" {
		return p.saveAsDraft(c, sent, in, v, page)
	}
	if err := p.validator.Check(in); err != nil {
		return p.refuse(c, err, "editor", v, page.Form)
	}
	author, now := middleware.CurrentUser(c), models.StoredTime(p.Now())
	post := &models.Post{
		ID: models.NewID(), AuthorID: author.ID, Author: author.AsAuthor(), CreatedAt: now, UpdatedAt: now,
	}
	if sent["do"] == "preview" {
		if err := p.preview(c, page, *post, in); err != nil {
			return p.refuse(c, err, "editor", v, page.Form)
		}
		return p.render(c, http.StatusOK, "editor", v)
	}
	in.writeTo(post)
	existing, err := p.Store.CreatePost(c.Request.Context(), post, models.NewIdempotency(key, in.canonical(), now))
	if errors.Is(err, models.ErrKeyReused) {
		v, page = p.newPostEditorAnew(c, sent)
		err = errPublishedBefore
	}
	if err != nil {
		return p.refuse(c, err, "editor", v, page.Form)
	}
	if existing != nil {
		post = existing
	}
	return redirect(c, http.StatusSeeOther, escapedPath(post.PagePath()))
}

var (
	errPublishedBefore = models.NewError(models.Conflict,
		"Another text was published from this page before. Press Publish again to publish this one too.")
	errDeletedMeanwhile = models.NewError(models.NotFound,
		"This post was deleted meanwhile. Your text is here: press Publish to publish it as a new post.")
	errChangedBeforeDelete = models.NewError(models.Changed,
		"This post was changed meanwhile, so it was not deleted. Read it again first.")
	errSavedMeanwhile = models.NewError(models.Changed,
		"Nothing was saved: this post was changed meanwhile. Both texts are below. "+
			"Press Save to replace that one by yours.")
)

// edit shows the editor of a post.
func (p *Pages) edit(c *gin.Context) error {
	post, err := p.ownPost(c)
	if err != nil {
		return err
	}
	v, _ := p.editorOf(c, post.ID, postFormOf(post).values(), versionOf(post))
	return p.render(c, http.StatusOK, "editor", v)
}

// editorOf returns the editor of the post with an id. version is the state of the post that the text was made from.
func (p *Pages) editorOf(c *gin.Context, id models.ID, sent values, version string) (*view, *editorPage) {
	v, page := newEditor("/p/"+id.Hex()+"/edit", "Save", sent, hidden{"version", version})
	v.Title, page.Heading, page.Present = "Edit post", "Edit post", "/p/"+id.Hex()
	page.Back = &link{page.Present, "Back to the post"}
	v.Calls = []call{newCall("Change this post", originOf(c), request{
		method: http.MethodPatch, path: "/posts/" + id.Hex(), token: true, body: `{"content": "A better text"}`,
	})}
	return v, page
}

// versionOf returns a text that tells the states of a post apart.
func versionOf(post *models.Post) string {
	return versionTag(post.UpdatedAt, string(postFormOf(post).canonical()))
}

// save changes a post, or shows what it would be.
func (p *Pages) save(c *gin.Context) error {
	sent, err := readForm(c, editFields)
	if err != nil {
		return err
	}
	id, err := models.ParsePageID(c.Param("post"))
	if err != nil {
		return errNoPage
	}
	v, page := p.editorOf(c, id, sent, sent["version"])
	if middleware.CurrentUser(c) == nil {
		return p.showTextAfterLogin(c, sent, "editor", v, page.Form)
	}
	post, err := p.ownPost(c)
	if errors.Is(err, models.ErrPostNotFound) {
		v, page = p.newPostEditorAnew(c, sent)
		err = errDeletedMeanwhile
	}
	if err != nil {
		return p.refuse(c, err, "editor", v, page.Form)
	}
	if sent["conflict"] != "" {
		page.showTheirs(post, errSavedMeanwhile)
	}
	in := newPostForm(sent)
	if err := p.validator.Check(in); err != nil {
		return p.refuse(c, err, "editor", v, page.Form)
	}
	if sent["do"] == "preview" {
		if err := p.preview(c, page, *post, in); err != nil {
			return p.refuse(c, err, "editor", v, page.Form)
		}
		return p.render(c, http.StatusOK, "editor", v)
	}
	return p.update(c, post, in, sent)
}

// update changes a post if it is still in the state that the text was made from. Otherwise it shows both texts.
func (p *Pages) update(c *gin.Context, post *models.Post, in *postForm, sent values) error {
	change := in.change(post)
	if change.ChangesNothing(post) {
		return redirect(c, http.StatusSeeOther, escapedPath(post.PagePath()))
	}
	if sent["version"] != versionOf(post) {
		return p.showBoth(c, post, sent)
	}
	change.UpdatedAt, change.IfUnchanged = models.ChangedAt(p.Now(), post.UpdatedAt), post
	changed, err := p.Store.UpdatePost(c.Request.Context(), post.ID, post.AuthorID, change)
	if errors.Is(err, models.ErrPostChanged) { // since it was read above
		if post, err = p.Store.PostByID(c.Request.Context(), post.ID); err == nil {
			return p.showBoth(c, post, sent)
		}
	}
	if err != nil {
		v, page := p.editorOf(c, post.ID, sent, sent["version"])
		return p.refuse(c, err, "editor", v, page.Form)
	}
	return redirect(c, http.StatusSeeOther, escapedPath(changed.PagePath()))
}

// showBoth shows a post as it is now, and the editor with what was typed. To save then replaces the present state.
func (p *Pages) showBoth(c *gin.Context, post *models.Post, sent values) error {
	v, page := p.editorOf(c, post.ID, sent, versionOf(post))
	page.showTheirs(post, errSavedMeanwhile)
	return p.refuse(c, errSavedMeanwhile, "editor", v, page.Form)
}

// confirmDelete asks before a post is deleted.
func (p *Pages) confirmDelete(c *gin.Context) error {
	post, err := p.ownPost(c)
	if err != nil {
		return err
	}
	return p.confirm(c, deletion{
		title: "Delete: " + post.Title, notice: "This deletes the post for good. Nobody can bring it back.",
		does: "Delete this post", api: "/posts/" + post.ID.Hex(), action: "/p/" + post.ID.Hex() + "/delete",
		back: escapedPath(post.PagePath()), hidden: []hidden{{"version", versionOf(post)}},
	})
}

// remove deletes a post, if it is still as it was when the question was asked.
func (p *Pages) remove(c *gin.Context) error {
	sent, err := readForm(c, deletionFields)
	if err != nil {
		return err
	}
	post, err := p.ownPost(c)
	if err != nil {
		return err
	}
	if sent["version"] != versionOf(post) {
		return errChangedBeforeDelete
	}
	err = p.Store.DeletePost(c.Request.Context(), post.ID, post.AuthorID, post)
	if errors.Is(err, models.ErrPostChanged) {
		return errChangedBeforeDelete
	}
	if err != nil {
		return err
	}
	return redirect(c, http.StatusSeeOther, "/")
}

// ownPost returns the post in the path if the current user may change it.
func (p *Pages) ownPost(c *gin.Context) (*models.Post, error) {
	post, err := p.postOfPath(c)
	if err != nil {
		return nil, err
	}
	return post, middleware.CurrentUser(c).CheckMayChange(post)
}
