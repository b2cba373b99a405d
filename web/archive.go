package web

import (
	"context"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"gin-blog/internal/urls"
	"gin-blog/models"
)

// archiveSize is how many links a page of the archive has.
const archiveSize = models.FewLinks - 1

// archivePage has the links to some posts, newest first.
type archivePage struct {
	Years []archiveYear
	Pager pager
}

type archiveYear struct {
	Year  int
	Posts []models.PostLink
}

// archive shows the titles of all posts by year.
func (p *Pages) archive(c *gin.Context) error {
	w, err := windowOf(c)
	if err != nil {
		return err
	}
	posts := models.PostRange{Before: w.after, Limit: archiveSize + 1, Newest: true}
	links, err := p.Blog.Store.PostLinks(c.Request.Context(), posts)
	if err != nil {
		return err
	}
	var page archivePage
	if !w.after.IsZero() {
		page.Pager.Previous = "/archive"
	}
	if len(links) > archiveSize {
		links = links[:archiveSize]
		page.Pager.Next = urls.WithQuery("/archive", url.Values{"after": {links[archiveSize-1].ID.Hex()}})
	}
	for _, link := range links {
		year := link.CreatedAt.In(p.Site.Zone).Year()
		if n := len(page.Years); n == 0 || page.Years[n-1].Year != year {
			page.Years = append(page.Years, archiveYear{Year: year})
		}
		last := &page.Years[len(page.Years)-1]
		last.Posts = append(last.Posts, link)
	}
	return p.render(c, http.StatusOK, &view{
		template: "archive", Title: "Archive", Description: "All posts, by year.", Path: "/archive", Page: page,
		Calls: []call{{Does: "All posts", Request: "GET /posts?limit=100", Public: true}},
	})
}

// tags shows all tags, and how many posts have each.
func (p *Pages) tags(c *gin.Context) error {
	tags, err := p.Blog.Tags(c.Request.Context())
	if err != nil {
		return err
	}
	return p.render(c, http.StatusOK, &view{
		template: "tags", Title: "Tags", Description: "All tags, the most used first.", Path: "/tags", Page: tags,
		Calls: []call{{Does: "These tags", Request: "GET /posts/tags", Public: true}},
	})
}

// feed leads to the feed of all posts.
func (p *Pages) feed(c *gin.Context) error {
	return redirect(c, http.StatusMovedPermanently, "/feed.atom")
}

// neighbors returns the posts before and after one in the archive, nil where there is none.
func (p *Pages) neighbors(ctx context.Context, id models.ID) (older, newer *models.PostLink, err error) {
	before, err := p.Blog.Store.PostLinks(ctx, models.PostRange{Before: id, Limit: 1, Newest: true})
	if err != nil {
		return nil, nil, err
	}
	after, err := p.Blog.Store.PostLinks(ctx, models.PostRange{From: id, Limit: 2})
	if err != nil {
		return nil, nil, err
	}
	if len(before) > 0 {
		older = &before[0]
	}
	if n := len(after); n > 0 && after[n-1].ID != id {
		newer = &after[n-1]
	}
	return older, newer, nil
}
