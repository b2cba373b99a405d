package routes

import (
	"context"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/sync/semaphore"

	"gin-blog/internal/answer"
	"gin-blog/internal/feed"
	"gin-blog/internal/urls"
	"gin-blog/middleware"
	"gin-blog/models"
)

const (
	// sitemapSize is how many posts a sitemap has when the index first names it. Its 0.7 MB are read in 0.05 s from a
	// million posts in SQLite, and the first index of those takes 1.4 s, later ones some milliseconds.
	sitemapSize = 5_000
	// maxSitemapSize is how many posts a sitemap may have after posts were added with older ids, as an import does.
	maxSitemapSize = 2 * sitemapSize
	// sitemapTimeout is how long a request waits for its turn, and how long it may count posts.
	sitemapTimeout = 2 * time.Second
	// sitemapLinkBytes is about how many bytes a link in a sitemap has.
	sitemapLinkBytes = 200
)

// errSitemapsBusy says that a request did not get its turn, or could not count all posts in time: the next one resumes.
var errSitemapsBusy = models.NewError(models.Unavailable, "The sitemaps are busy, try again later")

// sitemaps are the handlers of the sitemaps. A sitemap has the posts from an id on and before another, and the two
// are its name. So it is read without a look at the others, and any process answers for it. They are made one at a
// time, because each costs as much as many pages.
type sitemaps struct {
	*api

	turn *semaphore.Weighted // guards starts, and the making of a sitemap
	// starts are the ids at which sitemaps start, but for the first, each sitemapSize posts after the one before. They
	// stay as they are while posts come and go, so only the posts since the last start need to be counted.
	starts []models.ID
}

func newSitemaps(a *api) *sitemaps { return &sitemaps{api: a, turn: semaphore.NewWeighted(1)} }

// robots answers with robots.txt.
func (h *sitemaps) robots(c *gin.Context) error {
	return renderTagged(c, "text/plain; charset=utf-8", feed.Robots(middleware.OriginOf(c)))
}

// takeTurn waits until no other sitemap is being made. The caller releases the turn.
func (h *sitemaps) takeTurn(ctx context.Context) error {
	ctx, done := models.LimitWait(ctx, models.CallTimeout) // the other one waits for the store
	defer done()
	ctx, cancel := context.WithTimeoutCause(ctx, sitemapTimeout, errSitemapsBusy)
	defer cancel()
	if h.turn.Acquire(ctx, 1) != nil {
		return context.Cause(ctx)
	}
	return nil
}

// index answers with the list of all sitemaps. It is not kept, because read changes it without a commit.
func (h *sitemaps) index(c *gin.Context) error { return h.answer(c, h.list, feed.SitemapIndex) }

// read answers with one sitemap. It is not kept: crawlers read all of them, each once, and would push out what people
// read.
func (h *sitemaps) read(c *gin.Context) error { return h.answer(c, h.pages, feed.Sitemap) }

// answer answers with an XML document of the links that find returns, whose addresses are paths.
func (h *sitemaps) answer(
	c *gin.Context, find func(ctx context.Context, file string) ([]feed.Link, error),
	encode func([]feed.Link) ([]byte, error),
) error {
	if err := h.takeTurn(c.Request.Context()); err != nil {
		return err
	}
	defer h.turn.Release(1)
	links, err := find(c.Request.Context(), c.Param("file"))
	if err != nil {
		return err
	}
	if err := answer.Reserve(c, len(links)*sitemapLinkBytes); err != nil {
		return err
	}
	for i := range links {
		links[i].Address = middleware.OriginOf(c) + links[i].Address
	}
	body, err := encode(links)
	if err != nil {
		return err
	}
	return renderTagged(c, feed.XMLType, body)
}

// list returns the links to all sitemaps. It counts the posts that were added since the last call.
func (h *sitemaps) list(ctx context.Context, _ string) ([]feed.Link, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, sitemapTimeout, errSitemapsBusy)
	defer cancel()
	for {
		from, skipped := models.ID{}, 0 // to the first post, if there is one
		if len(h.starts) > 0 {
			from, skipped = h.starts[len(h.starts)-1], sitemapSize
		}
		next, err := h.Blog.Store.SkipPosts(ctx, from, skipped)
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case err != nil:
			return nil, err
		case next.IsZero():
			return h.named(), nil
		case skipped == 0:
			next = models.ID{} // older posts may still be imported
		}
		h.starts = append(h.starts, next)
	}
}

// named returns the links to the sitemaps that are counted.
func (h *sitemaps) named() []feed.Link {
	links := []feed.Link{{Address: "/sitemaps/pages.xml"}}
	for i, from := range h.starts {
		name := from.Hex()
		if i+1 < len(h.starts) {
			name += "-" + h.starts[i+1].Hex()
		}
		links = append(links, feed.Link{Address: "/sitemaps/" + name + ".xml"})
	}
	return links
}

// pages returns the links of a sitemap. Where it has become too long, the next list counts all posts again, in sitemaps
// of the usual size.
func (h *sitemaps) pages(ctx context.Context, file string) ([]feed.Link, error) {
	if file == "pages.xml" {
		return []feed.Link{{Address: "/"}}, nil
	}
	named, ok := parseSitemapName(file)
	if !ok {
		return nil, errNoPath
	}
	posts, err := h.Blog.Store.PostLinks(ctx, named)
	if err != nil {
		return nil, err
	}
	if len(posts) == 0 { // a sitemap must not be empty
		return nil, errNoPath
	}
	if len(posts) > maxSitemapSize {
		posts = posts[:maxSitemapSize]
		h.starts = nil
	}
	links := make([]feed.Link, len(posts))
	for i := range posts {
		p := &posts[i]
		links[i] = feed.Link{Address: urls.Post(p.ID, p.Title), Updated: feed.Timestamp(p.UpdatedAt)}
	}
	return links, nil
}

// parseSitemapName returns the range of posts of a sitemap: "FROM.xml", or "FROM-BEFORE.xml".
func parseSitemapName(file string) (models.PostRange, bool) {
	name, isXML := strings.CutSuffix(file, ".xml")
	from, before, isClosed := strings.Cut(name, "-")
	posts := models.PostRange{Limit: maxSitemapSize + 1}
	var err, errBefore error
	posts.From, err = models.ParseID(from)
	if isClosed {
		posts.Before, errBefore = models.ParseID(before)
	}
	return posts, isXML && err == nil && errBefore == nil && isClosed == !posts.Before.IsZero()
}
