package web

import (
	"context"
	"errors"
	"html/template"
	"net/http"

	"github.com/gin-gonic/gin"

	"gin-blog/blog"
	"gin-blog/internal/answer"
	"gin-blog/internal/urls"
	"gin-blog/middleware"
	"gin-blog/models"
)

// postPage is what the page of a post shows.
type postPage struct {
	article
	MayChange    bool
	Missing      []string         // what somebody who may change it may expect there in vain
	Bio          template.HTML    // of the author, empty if they wrote none
	Older, Newer *models.PostLink // nil where there is none
	Thread       *thread          // nil if there are no comments at all
}

// post shows a post. Its id decides; an address with another slug is redirected.
func (p *Pages) post(c *gin.Context) error {
	post, err := p.postOfPath(c)
	if err != nil {
		return err
	}
	comments, err := windowOf(c)
	if err != nil {
		return err
	}
	path := urls.Post(post.ID, post.Title)
	if c.Request.URL.Path != path {
		return redirect(c, http.StatusPermanentRedirect, urls.WithQuery(path, c.Request.URL.Query()))
	}
	if err := answer.Reserve(c, 2*len(post.Content)); err != nil {
		return err
	}
	var page postPage
	if page.article, err = p.article(c.Request.Context(), post); err != nil {
		return err
	}
	if page.Bio, err = p.bioOf(c.Request.Context(), post.Author); err != nil {
		return err
	}
	if !p.NoComments {
		if page.Thread, err = p.thread(c, post, comments); err != nil {
			return err
		}
	}
	if page.Older, page.Newer, err = p.neighbors(c.Request.Context(), post.ID); err != nil {
		return err
	}
	if user := middleware.CurrentUser(c); user != nil && blog.MayChange(user, post) == nil {
		page.MayChange = true
		if page.Missing, err = p.Markdown.Missing(c.Request.Context(), post.Content); err != nil {
			return err
		}
	}
	return p.render(c, http.StatusOK, &view{
		template: "post", Title: post.Title, Description: p.Markdown.Excerpt(post.Content, 160), Path: path,
		Published: post.CreatedAt, Image: page.Image, Calls: p.postCalls(post.ID, page.MayChange), Page: page,
	})
}

// bioOf returns what an author says about themselves. It returns nothing for nil and for a former member.
func (p *Pages) bioOf(ctx context.Context, author *models.Author) (template.HTML, error) {
	if author == nil {
		return "", nil
	}
	user, err := p.Blog.Store.UserByID(ctx, author.ID)
	if errors.Is(err, models.ErrUserNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return p.bio(ctx, user)
}

func (p *Pages) postCalls(id models.ID, mayChange bool) []call {
	path := "/posts/" + id.Hex()
	calls := []call{{Does: "This post", Request: "GET " + path, Public: true}}
	if mayChange {
		calls = append(calls, call{Does: "Change its title", Request: "PATCH " + path, Body: `{"title": "A better title"}`},
			call{Does: "Delete it", Request: "DELETE " + path})
	}
	if p.NoComments {
		return calls
	}
	return append(calls, call{Does: "Its comments", Request: "GET " + path + "/comments", Public: true}, callToComment(id))
}

// postOfPath returns the post in the path.
func (p *Pages) postOfPath(c *gin.Context) (*models.Post, error) {
	return p.Blog.Store.PostByID(c.Request.Context(), idOf(c, "post"))
}
