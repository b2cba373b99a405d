package web

import (
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"gin-blog/middleware"
	"gin-blog/models"
)

// moderationPage is what the page for moderators shows.
type moderationPage struct {
	Author   string // whose comments they are, "" for those of all users
	Comments []commentView
	Older    string // the address of the next page, "" for none
}

// moderation shows the comments on all posts to admins, newest first.
func (p *Pages) moderation(c *gin.Context) error {
	user := middleware.CurrentUser(c)
	if user.Role != models.RoleAdmin {
		return middleware.ErrRoleRequired
	}
	page := &moderationPage{Author: c.Query("author")}
	filter := models.CommentFilter{Limit: pageSize}
	query := url.Values{}
	if page.Author != "" {
		author, err := models.FindUser(c.Request.Context(), p.Store, page.Author)
		if err != nil {
			return err
		}
		filter.AuthorID = author.ID
		query.Set("author", page.Author)
	}
	calls := []call{newCall("These comments", originOf(c), request{path: address("/admin/comments", query), token: true})}
	if after := c.Query("after"); after != "" {
		var err error
		if filter.After, err = models.ParseID(after); err != nil {
			return err
		}
	}
	comments, more, err := p.Store.Comments(c.Request.Context(), filter)
	if err != nil {
		return err
	}
	if page.Comments, err = p.commentViews(c, comments, 0); err != nil {
		return err
	}
	here := url.Values{"next": {localPath(c.Request.URL.RequestURI())}}
	for i := range page.Comments {
		page.Comments[i].Delete = address(page.Comments[i].Delete, here)
	}
	if more {
		query.Set("after", comments[len(comments)-1].ID.Hex())
		page.Older = address("/moderation", query)
	}
	return p.render(c, http.StatusOK, "moderation", &view{Title: "Comments", NoIndex: true, Calls: calls, Page: page})
}
