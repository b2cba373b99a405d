package web

import (
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"gin-blog/internal/urls"
	"gin-blog/models"
)

// moderationPage is what the page for moderators shows.
type moderationPage struct {
	Author   string // whose comments they are, "" for those of all users
	Comments []commentView
	Pager    pager
}

// moderation shows the comments on all posts to admins, newest first.
func (p *Pages) moderation(c *gin.Context) error {
	page := &moderationPage{Author: c.Query("author")}
	w, err := windowOf(c)
	if err != nil {
		return err
	}
	filter := models.CommentFilter{After: w.after, Limit: pageSize}
	query := url.Values{}
	if page.Author != "" {
		author, err := models.FindUser(c.Request.Context(), p.Blog.Store, page.Author)
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
	here := url.Values{"next": {localPath(c.Request.URL.RequestURI())}}
	for i := range page.Comments {
		page.Comments[i].Delete = urls.WithQuery(page.Comments[i].Delete, here)
	}
	page.Pager = pagerOf(w, comments, more, "/moderation", query)
	return p.render(c, http.StatusOK, &view{
		template: "moderation", Title: "Comments", NoIndex: true, Calls: calls, Page: page,
	})
}
