package web

import (
	"html/template"
	"net/http"

	"github.com/gin-gonic/gin"

	"gin-blog/middleware"
	"gin-blog/models"
)

// postPage is what the page of a post shows.
type postPage struct {
	Post      *models.Post
	Content   template.HTML
	MayChange bool
	Edit      string // addresses
	Delete    string
	Thread    *thread // nil if there are no comments at all
}

// post shows a post. Its id decides; an address with another slug is redirected.
func (p *Pages) post(c *gin.Context) error {
	post, err := p.postOfPath(c)
	if err != nil {
		return err
	}
	comments, err := threadFilter(c.Request.URL.Query(), post.ID)
	if err != nil {
		return err
	}
	path := post.PagePath()
	if c.Request.URL.Path != path {
		return redirect(c, http.StatusPermanentRedirect, address(escapedPath(path), c.Request.URL.Query()))
	}
	if err := middleware.ReserveAnswer(c, 2*len(post.Content)); err != nil {
		return err
	}
	content, err := p.Markdown.Render(c.Request.Context(), post.Content)
	if err != nil {
		return err
	}
	page := postPage{
		Post: post, Content: content,
		Edit: "/p/" + post.ID.Hex() + "/edit", Delete: "/p/" + post.ID.Hex() + "/delete",
	}
	if !p.NoComments {
		if page.Thread, err = p.thread(c, post, comments); err != nil {
			return err
		}
	}
	if user := middleware.CurrentUser(c); user != nil {
		page.MayChange = user.CheckMayChange(post) == nil
	}
	return p.render(c, http.StatusOK, "post", &view{
		Title: post.Title, Description: p.Markdown.Excerpt(post.Content, 160), Path: escapedPath(path),
		Published: post.CreatedAt, Calls: p.postCalls(c, post, page.MayChange), Page: page,
	})
}

func (p *Pages) postCalls(c *gin.Context, post *models.Post, mayChange bool) []call {
	origin, path := originOf(c), "/posts/"+post.ID.Hex()
	calls := []call{newCall("This post", origin, request{path: path})}
	if mayChange {
		calls = append(calls,
			newCall("Change its title", origin,
				request{method: http.MethodPatch, path: path, token: true, body: `{"title": "A better title"}`}),
			newCall("Delete it", origin, request{method: http.MethodDelete, path: path, token: true}))
	}
	if p.NoComments {
		return calls
	}
	return append(calls, newCall("Its comments", origin, request{path: path + "/comments"}),
		newCall("Write a comment", origin,
			request{path: path + "/comments", token: true, body: `{"content": "Thank you"}`}))
}

// postOfPath returns the post whose id ends the parameter "post".
func (p *Pages) postOfPath(c *gin.Context) (*models.Post, error) {
	id, err := models.ParsePageID(c.Param("post"))
	if err != nil {
		return nil, errNoPage
	}
	return p.Store.PostByID(c.Request.Context(), id)
}
