package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/gin-gonic/gin"

	"gin-blog/internal/urls"
	"gin-blog/models"
)

// moderationPage is what the page for moderators shows.
type moderationPage struct {
	Author   string // whose comments they are, "" for those of all users
	Comments []commentView
	Pager    pager
	Here     string // the address of the page
}

// moderation shows the comments on all posts to admins, newest first.
func (p *Pages) moderation(c *gin.Context) error {
	page := &moderationPage{Author: c.Query("author"), Here: urls.WithQuery("/moderation", moderated(c))}
	w, err := windowOf(c)
	if err != nil {
		return err
	}
	filter := models.CommentFilter{After: w.after, Limit: pageSize}
	query := url.Values{}
	if page.Author != "" {
		author, err := models.FindUser(c.Request.Context(), p.Blog.Store, page.Author)
		if errors.Is(err, models.ErrUserNotFound) && len(page.Author) <= maxTagLength {
			author, err = &models.User{ID: models.NewID()}, nil // has written nothing
		}
		if err != nil {
			return err
		}
		filter.AuthorID = author.ID
		query.Set("author", page.Author)
	}
	calls := []call{{Does: "These comments", Request: "GET " + urls.WithQuery("/admin/comments", query)}}
	comments, more, err := p.Blog.Store.Comments(c.Request.Context(), filter)
	if err != nil {
		return err
	}
	if page.Comments, err = p.commentViews(c, comments, 0); err != nil {
		return err
	}
	for i := range page.Comments {
		page.Comments[i].Delete = withNext(page.Comments[i].Delete, page.Here)
	}
	page.Pager = pagerOf(w, comments, more, "/moderation", query)
	return p.render(c, http.StatusOK, &view{
		template: "moderation", Title: "Comments", NoIndex: true, Calls: calls, Page: page,
	})
}

// moderated returns the query that selects the comments of a page for moderators.
func moderated(c *gin.Context) url.Values {
	query := c.Request.URL.Query()
	query.Del("done") // what was done, was done before
	return query
}

// deleteSelected deletes the comments that a form names, once the user has confirmed that.
func (p *Pages) deleteSelected(c *gin.Context) error {
	query := moderated(c)
	here := urls.WithQuery("/moderation", query)
	f := newForm(here)
	for i := range pageSize {
		f.limits["comment"+strconv.Itoa(i)] = maxLine
	}
	if err := f.read(c); err != nil {
		return err
	}
	f.Other, f.Kept = here, map[string]string{"do": "delete"}
	ids := map[models.ID]bool{}
	for name := range f.limits {
		text := f.Value(name)
		if text == "" {
			continue
		}
		id, err := models.ParseID(text)
		if err != nil {
			return err
		}
		ids[id], f.Kept[name] = true, text
	}
	if len(ids) == 0 {
		query.Set("done", "none")
		return redirect(c, http.StatusSeeOther, urls.WithQuery("/moderation", query))
	}
	if f.Value("do") != "delete" {
		count := countComments(len(ids))
		f.Notice = "This deletes " + count + " for good."
		return p.render(c, http.StatusOK, &view{template: "delete", Title: "Delete " + count, NoIndex: true, Form: f})
	}
	for id := range ids {
		err := p.Blog.DeleteComment(c.Request.Context(), callOf(c), id)
		if err != nil && !errors.Is(err, models.ErrCommentNotFound) { // which is gone already
			return err
		}
	}
	query.Set("done", "deleted")
	return redirect(c, http.StatusSeeOther, urls.WithQuery("/moderation", query))
}

// countComments writes how many comments there are.
func countComments(n int) string {
	if n == 1 {
		return "1 comment"
	}
	return fmt.Sprintf("%d comments", n)
}
