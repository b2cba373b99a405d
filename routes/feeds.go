package routes

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"gin-blog/feed"
	"gin-blog/markdown"
	"gin-blog/middleware"
	"gin-blog/models"
	"gin-blog/site"
)

const (
	// summaryLength is how many characters the summary of a post has at most.
	summaryLength = 280
	// maxFeedHTML is how many bytes of HTML a feed has about. The posts that are left have a summary only.
	maxFeedHTML = 2 << 20
)

// feeds are the handlers of the feeds of posts.
type feeds struct {
	store    feedStore
	users    models.UserFinder
	site     *site.Address
	markdown *markdown.Renderer
}

// feedStore is what the handlers of feeds need of the store.
type feedStore interface {
	Posts(ctx context.Context, f models.PostFilter) (page []models.Post, more bool, err error)
}

func (h *feeds) atom(c *gin.Context) error {
	return h.answer(c, "/feed.atom", feed.AtomType, (*feed.Feed).Atom)
}

func (h *feeds) json(c *gin.Context) error {
	return h.answer(c, "/feed.json", feed.JSONType, (*feed.Feed).JSON)
}

// answer answers with the feed that the query describes. It sends no Last-Modified: the newest of the posts may be
// older than before, when another one was deleted.
func (h *feeds) answer(
	c *gin.Context, path, contentType string, encode func(*feed.Feed) ([]byte, error),
) error {
	address, err := h.site.Of(c.Request)
	if err != nil {
		return err
	}
	q, err := parseQuery(c.Request.URL.RawQuery, "author", "tag")
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	filter, err := postFilter(ctx, h.users, q)
	var posts []models.Post
	if err == nil {
		posts, _, err = h.store.Posts(ctx, filter)
	}
	if err != nil && !errors.Is(err, errNothing) {
		return err
	}
	f := describeFeed(address, path, q, posts)
	size, err := h.addEntries(ctx, f, address, posts)
	if err != nil {
		return err
	}
	if err := middleware.ReserveAnswer(c, size); err != nil {
		return err
	}
	body, err := encode(f)
	if err != nil {
		return err
	}
	c.Header("ETag", middleware.ContentTag(body, ""))
	middleware.SetAnswer(c, http.StatusOK, contentType, body)
	return nil
}

// describeFeed returns a feed of posts without its entries.
func describeFeed(address, path string, q query, posts []models.Post) *feed.Feed {
	f := &feed.Feed{Title: site.Name, Address: address + path, Page: address + "/"}
	parameters := url.Values{}
	for name, value := range q.values {
		parameters.Set(name, value)
	}
	if len(parameters) > 0 {
		f.Address += "?" + parameters.Encode()
	}
	author, byAuthor := q.values["author"]
	tag, tagged := q.values["tag"]
	known := len(posts) > 0 && posts[0].Author != nil
	if byAuthor && known { // it may have been an id
		author = posts[0].Author.Username
	}
	switch {
	case byAuthor && tagged:
		f.Title += ": posts by " + author + " about " + tag
	case byAuthor:
		f.Title += ": posts by " + author
		if known {
			f.Page = address + site.AuthorPath(posts[0].Author)
		}
	case tagged:
		f.Title += ": posts about " + tag
		f.Page = address + site.TagPath(tag)
	}
	return f
}

// addEntries adds an entry for each post, and returns about how many bytes the feed then has.
func (h *feeds) addEntries(
	ctx context.Context, f *feed.Feed, address string, posts []models.Post,
) (size int, err error) {
	htmlSize := 0
	for i := range posts {
		p := &posts[i]
		entry := feed.Entry{
			ID: p.ID, Address: address + p.PagePath(), Title: p.Title, Tags: p.Tags,
			Summary:   h.markdown.Excerpt(p.Content, summaryLength),
			Published: p.CreatedAt, Updated: p.UpdatedAt,
		}
		if p.Author != nil {
			entry.Author = &feed.Author{Name: p.Author.Username, Address: address + site.AuthorPath(p.Author)}
		}
		if htmlSize < maxFeedHTML {
			rendered, err := h.markdown.Render(ctx, p.Content)
			if err != nil {
				return 0, err
			}
			entry.HTML = string(rendered)
			htmlSize += len(rendered)
		}
		f.Entries = append(f.Entries, entry)
	}
	return 2 * htmlSize, nil // in XML, "<" takes four bytes
}

// keepBySite keeps answers that have absolute links, separately for each address of the site.
func keepBySite(k *middleware.Keeper, address *site.Address) gin.HandlerFunc {
	return middleware.Handle(func(c *gin.Context) error {
		base, err := address.Of(c.Request)
		if err != nil {
			return err
		}
		k.KeepBy(c, base)
		return nil
	})
}
