package web

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"html/template"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"gin-blog/middleware"
	"gin-blog/models"
)

// threadPageSize is how many comments the page of a post shows at a time.
const threadPageSize = 20

// commentForm is a comment as somebody typed it.
type commentForm struct {
	Content string `form:"content" validate:"required,comment"`
}

// thread is what the page of a post shows of its comments.
type thread struct {
	Comments []commentView
	Earlier  string // the addresses of the pages of comments beside this one, "" for none
	Later    string
	Form     *form  // to write a comment, nil for visitors
	LogIn    string // for visitors, the address to log in
	Feed     string // the address of the feed
}

// commentView is a comment as a page shows it.
type commentView struct {
	*models.Comment
	HTML   template.HTML
	Path   string // of the comment on the page of its post
	Edit   string // the addresses to change it, "" for those who may not
	Delete string
}

// thread returns the page of the comments on a post that a filter selects. With the parameter "comment", it has that
// comment, and begins with it unless that is among the oldest.
func (p *Pages) thread(c *gin.Context, post *models.Post, filter models.ThreadFilter) (_ *thread, err error) {
	if c.Query("comment") != "" {
		if filter, err = p.firstPageIfItHas(c, filter); err != nil {
			return nil, err
		}
	}
	comments, more, err := p.Store.Thread(c.Request.Context(), filter)
	if err != nil {
		return nil, err
	}
	path := escapedPath(post.PagePath())
	t := &thread{Feed: "/feed.atom?post=" + post.ID.Hex()}
	if t.Comments, err = p.commentViews(c, comments, len(post.Content)); err != nil {
		return nil, err
	}
	neighbour := func(name string, id models.ID) string {
		return address(path, url.Values{name: {id.Hex()}}) + "#comments"
	}
	switch {
	case len(comments) == 0 && (!filter.After.IsZero() || !filter.Before.IsZero()):
		t.Earlier = path + "#comments"
	case len(comments) > 0:
		first, last := comments[0].ID, comments[len(comments)-1].ID
		if !filter.After.IsZero() || !filter.Before.IsZero() && more {
			t.Earlier = neighbour("before", first)
		}
		if !filter.Before.IsZero() || more {
			t.Later = neighbour("after", last)
		}
	}
	if middleware.CurrentUser(c) == nil {
		t.LogIn = loginAddress(c.Request.URL.RequestURI())
		return t, nil
	}
	_, t.Form = p.newCommentPage(c, post, values{}, rand.Text())
	return t, nil
}

// firstPageIfItHas returns the filter of the first page of a thread if that reaches to where f begins, and otherwise f.
func (p *Pages) firstPageIfItHas(c *gin.Context, f models.ThreadFilter) (models.ThreadFilter, error) {
	first := models.ThreadFilter{PostID: f.PostID, Limit: f.Limit}
	comments, more, err := p.Store.Thread(c.Request.Context(), first)
	if err != nil {
		return f, err
	}
	if n := len(comments); n > 0 && more && bytes.Compare(comments[n-1].ID[:], f.After[:]) <= 0 {
		return f, nil
	}
	return first, nil
}

// threadFilter reads the parameters of the page of a post: "after", "before" or "comment". Without one, the page has
// the oldest comments.
func threadFilter(query url.Values, post models.ID) (models.ThreadFilter, error) {
	filter := models.ThreadFilter{PostID: post, Limit: threadPageSize}
	for _, name := range []string{"after", "before", "comment"} {
		if !query.Has(name) {
			continue
		}
		id, err := models.ParseID(query.Get(name))
		if err != nil {
			return filter, err
		}
		switch {
		case id.IsZero():
		case name == "after":
			filter.After = id
		case name == "before":
			filter.Before = id
		default:
			filter.After = models.PreviousID(id)
		}
		return filter, nil
	}
	return filter, nil
}

// commentViews renders comments, and adds what the current user may do with them. rest is how many bytes of text the
// page has besides.
func (p *Pages) commentViews(c *gin.Context, comments []models.Comment, rest int) ([]commentView, error) {
	size := rest
	for i := range comments {
		size += len(comments[i].Content)
	}
	if err := middleware.ReserveAnswer(c, 2*size); err != nil {
		return nil, err
	}
	user, views := middleware.CurrentUser(c), make([]commentView, len(comments))
	for i := range comments {
		comment := &comments[i]
		content, err := p.Markdown.Render(c.Request.Context(), comment.Content)
		if err != nil {
			return nil, err
		}
		address := commentAddress(comment.PostID, comment.ID)
		views[i] = commentView{Comment: comment, HTML: content, Path: commentLink(comment.PostID, comment.ID)}
		if user != nil && user.CheckMayEdit(comment) == nil {
			views[i].Edit = address + "/edit"
		}
		if user != nil && user.CheckMayDelete(comment) == nil {
			views[i].Delete = address + "/delete"
		}
	}
	return views, nil
}

// commentAddress returns the beginning of the paths of a comment's forms.
func commentAddress(post, comment models.ID) string {
	return "/p/" + post.Hex() + "/comments/" + comment.Hex()
}

// newCommentPage returns a page with the form to write a comment on a post. key makes one comment of a form that is
// sent twice.
func (p *Pages) newCommentPage(c *gin.Context, post *models.Post, sent values, key string) (*view, *form) {
	f := &form{
		Action: "/p/" + post.ID.Hex() + "/comments", Button: "Comment", Hidden: []hidden{{"key", key}},
		Fields: []field{commentField(sent["content"])},
		Other:  &link{escapedPath(post.PagePath()), "Back to the post"},
	}
	return &view{
		Title: "Comment on: " + post.Title, NoIndex: true, Page: f,
		Calls: []call{newCall("Write a comment", originOf(c), request{
			path: "/posts/" + post.ID.Hex() + "/comments", token: true, body: `{"content": "Thank you"}`,
		})},
	}, f
}

func commentField(content string) field {
	return field{Name: "content", Label: "Your comment", Rows: 5, Value: content, Required: true,
		Hint: "At most 5,000 characters, in Markdown."}
}

// comment creates a comment.
func (p *Pages) comment(c *gin.Context) error {
	sent, err := readForm(c, newCommentFields)
	if err != nil {
		return err
	}
	post, err := p.postOfPath(c)
	if err != nil {
		return err
	}
	key := keyOf(sent)
	v, f := p.newCommentPage(c, post, sent, key)
	if middleware.CurrentUser(c) == nil {
		return p.showTextAfterLogin(c, sent, "form", v, f)
	}
	in := commentForm{longText(sent["content"])}
	if err := p.validator.Check(in); err != nil {
		return p.refuse(c, err, "form", v, f)
	}
	comment, err := p.createComment(c, post, in, key)
	if errors.Is(err, models.ErrKeyReused) {
		v, f = p.newCommentPage(c, post, sent, rand.Text())
		err = errCommentedBefore
	}
	if err != nil {
		return p.refuse(c, err, "form", v, f)
	}
	return redirect(c, http.StatusSeeOther, post.CommentPath(comment.ID))
}

// errCommentedBefore says that another comment was made from a form, whose text somebody changed then.
var errCommentedBefore = models.NewError(models.Conflict,
	"Another comment was written from this page before. Press Comment again to write this one too.")

// createComment stores a comment, within the limits. It returns the comment that was made with the same key before, if
// there is one.
func (p *Pages) createComment(
	c *gin.Context, post *models.Post, in commentForm, key string,
) (*models.Comment, error) {
	author, now := middleware.CurrentUser(c), models.StoredTime(p.Now())
	comment := &models.Comment{
		ID: models.NewID(), PostID: post.ID, Content: in.Content, AuthorID: author.ID, CreatedAt: now, UpdatedAt: now,
	}
	canonical, err := json.Marshal([]string{post.ID.Hex(), in.Content})
	if err != nil {
		return nil, err
	}
	ctx := c.Request.Context()
	err = p.Limits.Comment(ctx, author.ID, func() (stored bool, err error) {
		existing, err := p.Store.CreateComment(ctx, comment, models.NewIdempotency(key, canonical, now))
		if existing != nil {
			comment = existing
		}
		return err == nil && existing == nil, err
	})
	return comment, err
}
