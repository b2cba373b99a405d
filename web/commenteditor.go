package web

import (
	"errors"

	"github.com/gin-gonic/gin"

	"gin-blog/blog"
	"gin-blog/internal/urls"
	"gin-blog/middleware"
	"gin-blog/models"
)

var (
	errCommentDeletedMeanwhile = models.NewError(models.NotFound,
		"This comment was deleted in the meantime. Your text is here: press Comment to write it as a new one.")
	// errCommentedBefore says that another comment was made from a form, whose text somebody changed then.
	errCommentedBefore = models.Refuse(models.Conflict, models.ErrKeyReused,
		"You have already posted another comment from this page. Press Comment again to post this one too.")
)

func callToComment(post models.ID) call {
	return call{
		Does: "Write a comment", Request: "POST /posts/" + post.Hex() + "/comments", Body: `{"content": "Thank you"}`,
	}
}

// newCommentEditor is the editor of a new comment on the post in the path. It fails if there is no such post.
func (p *Pages) newCommentEditor(c *gin.Context) (*formPage, error) {
	post, err := p.postOfPath(c)
	if err != nil {
		return nil, err
	}
	e := newFormPage("newcomment", "Comment on: "+post.Title, newCommentForm(post), callToComment(post.ID))
	e.save = func() (string, error) {
		content := e.Form.Value("content")
		comment, _, err := p.Blog.CreateComment(c.Request.Context(), callOf(c), post.ID, content, e.Form.Value("key"))
		if errors.Is(err, models.ErrKeyReused) {
			return "", errCommentedBefore
		}
		if err != nil {
			return "", err
		}
		return urls.Comment(post.ID, post.Title, comment.ID), nil
	}
	return e, nil
}

// newCommentForm returns the form to write a comment on a post. Its key makes one comment of a form that is sent twice.
func newCommentForm(post *models.Post) *form {
	f := newForm(urls.Post(post.ID, "")+"/comments", "content", "key")
	f.limits["content"], f.Other = maxComment, urls.Post(post.ID, post.Title)
	f.newKeys()
	return f
}

// commentEditor is the editor of the comment in the path.
func (p *Pages) commentEditor(c *gin.Context) (*formPage, error) {
	post, id := idOf(c, "post"), idOf(c, "comment")
	at := urls.Comment(post, "", id)
	f := newForm(urls.CommentForms(post, id)+"/edit", "content", "version")
	f.limits["content"], f.Other = maxComment, at
	e := newFormPage("comment", "Edit comment", f,
		call{Does: "Change this comment", Request: "PATCH /comments/" + id.Hex(), Body: `{"content": "A better text"}`})
	e.Present = at
	e.find = func() (*models.Post, map[string]string, error) {
		comment, err := p.commentOfPath(c, blog.MayEdit)
		if err != nil {
			return nil, nil, err
		}
		text := models.Text{Content: comment.Content}
		return &models.Post{Text: text}, valuesOf(text, comment.Version()), nil
	}
	e.save = func() (string, error) {
		call, typed := callIn(c, f.Value("version"), errSavedMeanwhile), f.Value("content")
		_, err := p.Blog.UpdateComment(c.Request.Context(), call, id, func(comment *models.Comment) error {
			if normalizeLines(comment.Content) != typed { // a form cannot tell one sort of line breaks from another
				comment.Content = typed
			}
			return nil
		})
		return at, err
	}
	e.gone = func() error { return p.writeAgain(c, p.newCommentEditor, f, errCommentDeletedMeanwhile) }
	return e, nil
}

// commentOfPath returns the comment in the path, which must be one on the post in the path, if the current user may do
// something with it.
func (p *Pages) commentOfPath(
	c *gin.Context, may func(*models.User, *models.Comment) error,
) (*models.Comment, error) {
	comment, err := p.Blog.Store.CommentByID(c.Request.Context(), idOf(c, "comment"))
	if err == nil && comment.PostID != idOf(c, "post") {
		return nil, models.ErrCommentNotFound
	}
	if err != nil {
		return nil, err
	}
	return comment, may(middleware.CurrentUser(c), comment)
}

// commentDeletion asks before the comment in the path is deleted. The parameter "next" is where to go then.
func (p *Pages) commentDeletion(c *gin.Context) (*formPage, error) {
	comment, err := p.commentOfPath(c, blog.MayDelete)
	if err != nil {
		return nil, err
	}
	author := "a former member"
	if comment.Author != nil {
		author = comment.Author.Username
	}
	back, next := urls.Comment(comment.PostID, "", comment.ID), urls.Post(comment.PostID, "")+"#comments"
	if wanted := c.Query("next"); wanted != "" {
		back = localPath(wanted)
		next = back
	}
	return newDeletion(c, deletion{
		title:  "Delete a comment by " + author,
		notice: "This deletes the comment for good: “" + p.Markdown.Excerpt(comment.Content, excerptLength) + "”",
		does:   "Delete this comment", api: "/comments/" + comment.ID.Hex(), back: back,
		version: comment.Version(), id: comment.ID, remove: p.Blog.DeleteComment, next: next,
	}), nil
}
