package web

import (
	"crypto/rand"
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"gin-blog/middleware"
	"gin-blog/models"
)

var (
	errCommentSavedMeanwhile = models.NewError(models.Changed,
		"Nothing was saved: this comment was changed meanwhile. Both texts are below. "+
			"Press Save to replace that one by yours.")
	errCommentDeletedMeanwhile = models.NewError(models.NotFound,
		"This comment was deleted meanwhile. Your text is here: press Comment to write it as a new one.")
	errCommentChangedBeforeDelete = models.NewError(models.Changed,
		"This comment was changed meanwhile, so it was not deleted. Read it again first.")
)

// commentPage is what the page to edit a comment shows.
type commentPage struct {
	Form *form
	// Theirs is the comment as it was saved meanwhile, nil if it was not.
	Theirs *models.Comment
}

// commentOfPath returns the comment in the path, which must be one on the post in the path.
func (p *Pages) commentOfPath(c *gin.Context) (*models.Comment, error) {
	post, err := models.ParsePageID(c.Param("post"))
	if err != nil {
		return nil, errNoPage
	}
	id, err := models.ParseID(c.Param("comment"))
	if err != nil {
		return nil, errNoPage
	}
	comment, err := p.Store.CommentByID(c.Request.Context(), id)
	if err == nil && comment.PostID != post {
		return nil, models.ErrCommentNotFound
	}
	return comment, err
}

// ownComment returns the comment in the path if the current user may change its text.
func (p *Pages) ownComment(c *gin.Context) (*models.Comment, error) {
	comment, err := p.commentOfPath(c)
	if err != nil {
		return nil, err
	}
	return comment, middleware.CurrentUser(c).CheckMayEdit(comment)
}

// commentVersion returns a text that tells the states of a comment apart.
func commentVersion(comment *models.Comment) string {
	return versionTag(comment.UpdatedAt, comment.Content)
}

// commentEditor returns the page to edit a comment. version is the state of the comment that the text was made from.
func (p *Pages) commentEditor(c *gin.Context, post, id models.ID, content, version string) (*view, *commentPage) {
	page := &commentPage{Form: &form{
		Action: commentAddress(post, id) + "/edit", Button: "Save", Hidden: []hidden{{"version", version}},
		Fields: []field{commentField(content)},
		Other:  &link{commentLink(post, id), "Back to the comment"},
	}}
	return &view{
		Title: "Edit comment", NoIndex: true, Page: page,
		Calls: []call{newCall("Change this comment", originOf(c), request{
			method: http.MethodPatch, path: "/comments/" + id.Hex(), token: true, body: `{"content": "A better text"}`,
		})},
	}, page
}

// commentLink returns the address of a comment on the page of its post, whose title is not known here.
func commentLink(post, comment models.ID) string {
	return "/p/" + post.Hex() + "?comment=" + comment.Hex() + "#comment-" + comment.Hex()
}

// editComment shows the editor of a comment.
func (p *Pages) editComment(c *gin.Context) error {
	comment, err := p.ownComment(c)
	if err != nil {
		return err
	}
	v, _ := p.commentEditor(c, comment.PostID, comment.ID, comment.Content, commentVersion(comment))
	return p.render(c, http.StatusOK, "comment", v)
}

// saveComment changes a comment if it is still in the state that the text was made from. Otherwise it shows both texts.
func (p *Pages) saveComment(c *gin.Context) error {
	sent, err := readForm(c, commentFields)
	if err != nil {
		return err
	}
	post, err := models.ParsePageID(c.Param("post"))
	if err != nil {
		return errNoPage
	}
	id, err := models.ParseID(c.Param("comment"))
	if err != nil {
		return errNoPage
	}
	v, page := p.commentEditor(c, post, id, sent["content"], sent["version"])
	if middleware.CurrentUser(c) == nil {
		return p.showTextAfterLogin(c, sent, "comment", v, page.Form)
	}
	comment, err := p.ownComment(c)
	if errors.Is(err, models.ErrCommentNotFound) {
		return p.rewriteComment(c, sent)
	}
	in := commentForm{longText(sent["content"])}
	if err == nil {
		err = p.validator.Check(in)
	}
	if err != nil {
		return p.refuse(c, err, "comment", v, page.Form)
	}
	if normalizeLines(comment.Content) == in.Content { // a form cannot tell one sort of line breaks from another
		return redirect(c, http.StatusSeeOther, commentLink(post, id))
	}
	if sent["version"] != commentVersion(comment) {
		return p.showBothComments(c, comment, in)
	}
	_, err = p.Store.UpdateComment(c.Request.Context(), id, comment.AuthorID, models.CommentChange{
		Content: in.Content, UpdatedAt: models.ChangedAt(p.Now(), comment.UpdatedAt), IfUnchanged: comment,
	})
	if errors.Is(err, models.ErrCommentChanged) { // since it was read above
		if comment, err = p.ownComment(c); err == nil {
			return p.showBothComments(c, comment, in)
		}
	}
	if err != nil {
		return p.refuse(c, err, "comment", v, page.Form)
	}
	return redirect(c, http.StatusSeeOther, commentLink(post, id))
}

// showBothComments shows a comment as it is now, and the editor with what was typed. To save then replaces the present
// state.
func (p *Pages) showBothComments(c *gin.Context, comment *models.Comment, in commentForm) error {
	v, page := p.commentEditor(c, comment.PostID, comment.ID, in.Content, commentVersion(comment))
	page.Theirs = comment
	return p.refuse(c, errCommentSavedMeanwhile, "comment", v, page.Form)
}

// rewriteComment offers what was typed for a comment that is gone as a new one, unless the post is gone too.
func (p *Pages) rewriteComment(c *gin.Context, sent values) error {
	post, err := p.postOfPath(c)
	if err != nil {
		return err
	}
	v, f := p.newCommentPage(c, post, sent, rand.Text())
	return p.refuse(c, errCommentDeletedMeanwhile, "form", v, f)
}

// confirmDeleteComment asks before a comment is deleted. The parameter "next" is where to go then.
func (p *Pages) confirmDeleteComment(c *gin.Context) error {
	comment, err := p.deletableComment(c)
	if err != nil {
		return err
	}
	author := "somebody who left"
	if comment.Author != nil {
		author = comment.Author.Username
	}
	next := c.Query("next")
	back := commentLink(comment.PostID, comment.ID)
	if next != "" {
		next = localPath(next)
		back = next
	}
	return p.confirm(c, deletion{
		title:  "Delete a comment by " + author,
		notice: "This deletes the comment for good: “" + p.Markdown.Excerpt(comment.Content, excerptLength) + "”",
		does:   "Delete this comment", api: "/comments/" + comment.ID.Hex(),
		action: commentAddress(comment.PostID, comment.ID) + "/delete", back: back,
		hidden: []hidden{{"version", commentVersion(comment)}, {"next", next}},
	})
}

// removeComment deletes a comment, if it is still as it was when the question was asked.
func (p *Pages) removeComment(c *gin.Context) error {
	sent, err := readForm(c, deletionFields)
	if err != nil {
		return err
	}
	comment, err := p.deletableComment(c)
	if err != nil {
		return err
	}
	if sent["version"] != commentVersion(comment) {
		return errCommentChangedBeforeDelete
	}
	err = p.Store.DeleteComment(c.Request.Context(), comment.ID, comment)
	if errors.Is(err, models.ErrCommentChanged) {
		return errCommentChangedBeforeDelete
	}
	if err != nil {
		return err
	}
	if next := sent["next"]; next != "" {
		return redirect(c, http.StatusSeeOther, localPath(next))
	}
	return redirect(c, http.StatusSeeOther, "/p/"+comment.PostID.Hex()+"#comments")
}

// deletableComment returns the comment in the path if the current user may delete it.
func (p *Pages) deletableComment(c *gin.Context) (*models.Comment, error) {
	comment, err := p.commentOfPath(c)
	if err != nil {
		return nil, err
	}
	return comment, middleware.CurrentUser(c).CheckMayDelete(comment)
}
