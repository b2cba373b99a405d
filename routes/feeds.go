package routes

import (
	"context"
	"errors"
	"net/url"
	"slices"

	"github.com/gin-gonic/gin"

	"gin-blog/internal/feed"
	"gin-blog/internal/httperror"
	"gin-blog/internal/markdown"
	"gin-blog/internal/urls"
	"gin-blog/internal/validation"
	"gin-blog/middleware"
	"gin-blog/models"
)

const (
	// summaryLength is how many characters the summary of a post has at most.
	summaryLength = 280
	// maxFeedHTML is how many bytes of HTML a feed has about. The posts that are left have a summary only.
	maxFeedHTML = 2 << 20
)

// feeds are the handlers of the feeds of posts, and of the comments on a post.
type feeds struct {
	store      feedStore
	users      models.UserFinder
	site       *urls.Address
	markdown   *markdown.Renderer
	parameters []string // of the query
}

// feedParameters returns the parameters of the feeds. What readers of feeds add to an address is ignored.
func feedParameters(noComments bool) []string {
	if noComments {
		return []string{"author", "tag"}
	}
	return []string{"author", "tag", "post"}
}

// feedStore is what the handlers of feeds need of the store.
type feedStore interface {
	Posts(ctx context.Context, f models.PostFilter) (page []models.Post, more bool, err error)
	PostByID(ctx context.Context, id models.ID) (*models.Post, error)
	Thread(ctx context.Context, f models.ThreadFilter) (page []models.Comment, more bool, err error)
}

func (h *feeds) atom(c *gin.Context) error {
	return h.answer(c, "/feed.atom", feed.AtomType, (*feed.Feed).Atom)
}

func (h *feeds) json(c *gin.Context) error {
	return h.answer(c, "/feed.json", feed.JSONType, (*feed.Feed).JSON)
}

// answer answers with the feed that the query describes. It sends no Last-Modified: the newest entry may be older than
// before, when another one was deleted.
func (h *feeds) answer(
	c *gin.Context, path, contentType string, encode func(*feed.Feed) ([]byte, error),
) error {
	address, err := h.site.Of(c.Request)
	if err != nil {
		return err
	}
	q, err := parseQuery(c.Request.URL.RawQuery, h.parameters...)
	if err != nil {
		return err
	}
	find := h.posts
	if _, ok := q.values["post"]; ok {
		find = h.comments
	}
	f, size, err := find(c.Request.Context(), address, path, q)
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
	return renderTagged(c, contentType, body)
}

// posts returns the feed of the newest posts that a query selects, and about how many bytes it has.
func (h *feeds) posts(ctx context.Context, address, path string, q query) (*feed.Feed, int, error) {
	filter, err := postFilter(ctx, h.users, q)
	var posts []models.Post
	if err == nil {
		posts, _, err = h.store.Posts(ctx, filter)
	}
	if err != nil && !errors.Is(err, errNothing) {
		return nil, 0, err
	}
	f := describeFeed(address, path, q, posts)
	htmlSize := 0
	for i := range posts {
		p := &posts[i]
		entry := feed.Entry{
			ID: p.ID, Address: address + p.PagePath(), Title: p.Title, Tags: p.Tags,
			Published: p.CreatedAt, Updated: p.UpdatedAt,
		}
		if err := h.addEntry(ctx, f, address, entry, p.Content, p.Author, &htmlSize); err != nil {
			return nil, 0, err
		}
	}
	return f, 2 * htmlSize, nil // in XML, "<" takes four bytes
}

// comments returns the feed of the newest comments on the post that a query names, and about how many bytes it has.
func (h *feeds) comments(ctx context.Context, address, path string, q query) (*feed.Feed, int, error) {
	if len(q.values) > 1 {
		return nil, 0, httperror.Invalid(nil,
			validation.FieldError{Field: "post", Message: "does not go together with other parameters"})
	}
	id, err := models.ParseID(q.values["post"])
	if err != nil {
		return nil, 0, err
	}
	post, err := h.store.PostByID(ctx, id)
	if err != nil {
		return nil, 0, err
	}
	filter := models.ThreadFilter{PostID: id, Before: models.MaxID(), Limit: q.limit}
	comments, _, err := h.store.Thread(ctx, filter)
	if err != nil {
		return nil, 0, err
	}
	f := &feed.Feed{
		Title:   urls.Name + ": comments on " + post.Title,
		Address: feedAddress(address, path, q), Page: address + post.PagePath(),
	}
	htmlSize := 0
	for _, c := range slices.Backward(comments) { // newest first
		entry := feed.Entry{
			ID: c.ID, Address: address + post.CommentPath(c.ID), Title: "Comment on " + post.Title,
			Published: c.CreatedAt, Updated: c.UpdatedAt,
		}
		if err := h.addEntry(ctx, f, address, entry, c.Content, c.Author, &htmlSize); err != nil {
			return nil, 0, err
		}
	}
	return f, 2 * htmlSize, nil
}

// feedAddress returns the address of the feed that a query selects.
func feedAddress(address, path string, q query) string {
	parameters := url.Values{}
	for name, value := range q.values {
		parameters.Set(name, value)
	}
	if len(parameters) > 0 {
		path += "?" + parameters.Encode()
	}
	return address + path
}

// describeFeed returns a feed of posts without its entries.
func describeFeed(address, path string, q query, posts []models.Post) *feed.Feed {
	f := &feed.Feed{Title: urls.Name, Address: feedAddress(address, path, q), Page: address + "/"}
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
			f.Page = address + urls.AuthorPath(posts[0].Author)
		}
	case tagged:
		f.Title += ": posts about " + tag
		f.Page = address + urls.TagPath(tag)
	}
	return f
}

// addEntry adds an entry with its content and its author, and adds the bytes of its HTML to htmlSize.
func (h *feeds) addEntry(
	ctx context.Context, f *feed.Feed, address string, entry feed.Entry, content string, author *models.Author,
	htmlSize *int,
) error {
	entry.Summary = h.markdown.Excerpt(content, summaryLength)
	if author != nil {
		entry.Author = &feed.Author{Name: author.Username, Address: address + urls.AuthorPath(author)}
	}
	if *htmlSize < maxFeedHTML {
		rendered, err := h.markdown.Render(ctx, content)
		if err != nil {
			return err
		}
		entry.HTML = string(rendered)
		*htmlSize += len(rendered)
	}
	f.Entries = append(f.Entries, entry)
	return nil
}

// keepBySite keeps answers that have absolute links, separately for each address of the site.
func keepBySite(k *middleware.Keeper, address *urls.Address) gin.HandlerFunc {
	return middleware.Handle(func(c *gin.Context) error {
		base, err := address.Of(c.Request)
		if err != nil {
			return err
		}
		k.KeepBy(c, base)
		return nil
	})
}
