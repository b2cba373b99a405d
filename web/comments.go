package web

import (
	"bytes"
	"html/template"
	"net/url"

	"github.com/gin-gonic/gin"

	"gin-blog/blog"
	"gin-blog/internal/answer"
	"gin-blog/internal/markdown"
	"gin-blog/internal/urls"
	"gin-blog/middleware"
	"gin-blog/models"
)

// thread is what the page of a post shows of its comments.
type thread struct {
	Comments []commentView
	Count    int // of all comments, 0 if they do not fit on the page
	Pager    pager
	Form     *form  // to write a comment, nil for visitors
	LogIn    string // for visitors, the address to log in
	Feed     string // the address of the feed
}

// commentView is a comment as a page shows it.
type commentView struct {
	*models.Comment
	HTML   template.HTML
	ByHost bool   // whether the author of the post wrote it
	Path   string // of the comment on the page of its post
	Edit   string // the addresses to change it, "" for those who may not
	Delete string
}

// thread returns the comments on a post that a window selects. With the parameter "comment", they have that comment,
// and begin with it unless that is among the oldest.
func (p *Pages) thread(c *gin.Context, post *models.Post, w window) (_ *thread, err error) {
	if c.Query("comment") != "" {
		if w, err = p.firstPageIfItHas(c, post.ID, w); err != nil {
			return nil, err
		}
	}
	comments, more, err := p.Blog.Store.Thread(c.Request.Context(), w.ofThread(post.ID))
	if err != nil {
		return nil, err
	}
	t := &thread{
		Pager: pagerOf(w, comments, more, urls.Post(post.ID, post.Title), url.Values{}),
		Feed:  "/feed.atom?post=" + post.ID.Hex(),
	}
	if t.Comments, err = p.commentViews(c, comments, len(post.Content)); err != nil {
		return nil, err
	}
	if t.Pager == (pager{}) {
		t.Count = len(comments)
	}
	if middleware.CurrentUser(c) == nil {
		t.LogIn = loginAddress(c.Request.URL.RequestURI() + "#comments")
	} else {
		t.Form = newCommentForm(post)
	}
	return t, nil
}

// ofThread returns the filter of the comments on a post that a window selects.
func (w window) ofThread(post models.ID) models.ThreadFilter {
	return models.ThreadFilter{PostID: post, After: w.after, Before: w.before, Limit: pageSize}
}

// firstPageIfItHas returns the window of the first page of a thread if that reaches to where w begins, and otherwise w.
func (p *Pages) firstPageIfItHas(c *gin.Context, post models.ID, w window) (window, error) {
	comments, more, err := p.Blog.Store.Thread(c.Request.Context(), window{}.ofThread(post))
	if err != nil {
		return w, err
	}
	if n := len(comments); n > 0 && more && bytes.Compare(comments[n-1].ID[:], w.after[:]) <= 0 {
		return w, nil
	}
	return window{}, nil
}

// commentViews renders comments, and adds what the current user may do with them. rest is how many bytes of text the
// page has besides.
func (p *Pages) commentViews(c *gin.Context, comments []models.Comment, rest int) ([]commentView, error) {
	size := rest
	for i := range comments {
		size += len(comments[i].Content)
	}
	if err := answer.Reserve(c, 2*size); err != nil {
		return nil, err
	}
	user, views := middleware.CurrentUser(c), make([]commentView, len(comments))
	for i := range comments {
		comment := &comments[i]
		content, err := p.Markdown.Render(c.Request.Context(), comment.Content, markdown.Options{})
		if err != nil {
			return nil, err
		}
		forms := urls.CommentForms(comment.PostID, comment.ID)
		html := markdown.Among(content.HTML, comment.ID, "")
		path := urls.Comment(comment.PostID, comment.PostTitle, comment.ID)
		views[i] = commentView{Comment: comment, HTML: html, Path: path}
		views[i].ByHost = comment.Author != nil && comment.AuthorID == comment.PostAuthorID
		if user != nil && blog.MayEdit(user, comment) == nil {
			views[i].Edit = forms + "/edit"
		}
		if user != nil && blog.MayDelete(user, comment) == nil {
			views[i].Delete = forms + "/delete"
		}
	}
	return views, nil
}
