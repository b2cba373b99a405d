package routes

import (
	"context"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/sync/semaphore"

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
)

var (
	// errSitemapsBusy says that a request did not get its turn.
	errSitemapsBusy = models.NewError(models.Unavailable, "The sitemaps are busy, try again later")
	// errCounting says that the sitemap index is not finished: the next request goes on where this one stopped.
	errCounting = models.NewError(models.Unavailable, "The sitemaps are being counted, try again later")
)

// sitemaps are the handlers of the sitemaps. A sitemap has the posts from an id on and before another, and the two
// are its name. So it is read without a look at the others, and any process answers for it. They are made one at a
// time, because each costs as much as many pages.
type sitemaps struct {
	store sitemapStore
	site  *urls.Address

	turn *semaphore.Weighted // guards starts, and the making of a sitemap
	// starts are the ids at which sitemaps start, but for the first, each sitemapSize posts after the one before. They
	// stay as they are while posts come and go, so only the posts since the last start need to be counted.
	starts []models.ID
}

// sitemapStore is what the handlers of sitemaps need of the store.
type sitemapStore interface {
	PostLinks(ctx context.Context, r models.PostRange) ([]models.PostLink, error)
	SkipPosts(ctx context.Context, from models.ID, n int) (models.ID, error)
}

func newSitemaps(store sitemapStore, address *urls.Address) *sitemaps {
	return &sitemaps{store: store, site: address, turn: semaphore.NewWeighted(1)}
}

// robots answers with robots.txt.
func (h *sitemaps) robots(c *gin.Context) error {
	address, err := h.site.Of(c.Request)
	if err != nil {
		return err
	}
	return renderTagged(c, "text/plain; charset=utf-8", feed.Robots(address))
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
func (h *sitemaps) index(c *gin.Context) error {
	address, err := h.site.Of(c.Request)
	if err != nil {
		return err
	}
	starts, err := h.count(c.Request.Context())
	if err != nil {
		return err
	}
	addresses := []string{address + "/sitemaps/pages.xml"}
	for i, from := range starts {
		name := from.Hex()
		if i+1 < len(starts) {
			name += "-" + starts[i+1].Hex()
		}
		addresses = append(addresses, address+"/sitemaps/"+name+".xml")
	}
	body, err := feed.SitemapIndex(addresses)
	return answerXML(c, body, err)
}

// count returns the ids at which sitemaps start. It counts the posts that were added since the last call. Where they
// are too many for one request, it returns errCounting, and the next call goes on.
func (h *sitemaps) count(ctx context.Context) ([]models.ID, error) {
	if err := h.takeTurn(ctx); err != nil {
		return nil, err
	}
	defer h.turn.Release(1)
	ctx, cancel := context.WithTimeoutCause(ctx, sitemapTimeout, errCounting)
	defer cancel()
	if h.starts == nil {
		first, err := h.store.SkipPosts(ctx, models.ID{}, 0)
		if err != nil || first.IsZero() {
			return nil, err
		}
		h.starts = []models.ID{{}} // older posts may still be imported
	}
	for ctx.Err() == nil {
		next, err := h.store.SkipPosts(ctx, h.starts[len(h.starts)-1], sitemapSize)
		if err != nil && ctx.Err() == nil {
			return nil, err
		}
		if err == nil && next.IsZero() {
			return h.starts[:len(h.starts):len(h.starts)], nil
		}
		if err == nil {
			h.starts = append(h.starts, next)
		}
	}
	return nil, context.Cause(ctx)
}

// read answers with one sitemap. It is not kept: crawlers read all of them, each once, and would push out what people
// read.
func (h *sitemaps) read(c *gin.Context) error {
	address, err := h.site.Of(c.Request)
	if err != nil {
		return err
	}
	name, isXML := strings.CutSuffix(c.Param("file"), ".xml")
	if name == "pages" && isXML {
		body, err := feed.Sitemap([]feed.Link{{Address: address + "/"}})
		return answerXML(c, body, err)
	}
	posts, ok := parseSitemapName(name)
	if !ok || !isXML {
		return errNoPath
	}
	body, err := h.make(c, address, posts)
	return answerXML(c, body, err)
}

// make returns the sitemap of a range of posts. Where that has become too long, the next index counts all posts again,
// in sitemaps of the usual size.
func (h *sitemaps) make(c *gin.Context, address string, posts models.PostRange) ([]byte, error) {
	ctx := c.Request.Context()
	if err := h.takeTurn(ctx); err != nil {
		return nil, err
	}
	defer h.turn.Release(1)
	links, err := h.store.PostLinks(ctx, posts)
	if err != nil {
		return nil, err
	}
	if len(links) == 0 { // a sitemap must not be empty
		return nil, errNoPath
	}
	if len(links) > maxSitemapSize {
		links = links[:maxSitemapSize]
		h.starts = nil
	}
	if err := middleware.ReserveAnswer(c, len(links)*sitemapLinkBytes); err != nil {
		return nil, err
	}
	pages := make([]feed.Link, len(links))
	for i := range links {
		pages[i] = feed.Link{Address: address + links[i].PagePath(), Updated: links[i].UpdatedAt}
	}
	return feed.Sitemap(pages)
}

// sitemapLinkBytes is about how many bytes a link in a sitemap has.
const sitemapLinkBytes = 200

// parseSitemapName returns the range of posts of a sitemap: "FROM", or "FROM-BEFORE".
func parseSitemapName(name string) (models.PostRange, bool) {
	posts := models.PostRange{Limit: maxSitemapSize + 1}
	from, before, isClosed := strings.Cut(name, "-")
	var err error
	if posts.From, err = models.ParseID(from); err != nil {
		return posts, false
	}
	if isClosed {
		if posts.Before, err = models.ParseID(before); err != nil || posts.Before.IsZero() {
			return posts, false
		}
	}
	return posts, true
}

// answerXML answers with an XML document, or returns err.
func answerXML(c *gin.Context, body []byte, err error) error {
	if err != nil {
		return err
	}
	return renderTagged(c, feed.XMLType, body)
}
