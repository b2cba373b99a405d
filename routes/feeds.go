package routes

import (
	"context"
	"slices"

	"github.com/gin-gonic/gin"

	"gin-blog/internal/answer"
	"gin-blog/internal/feed"
	"gin-blog/internal/markdown"
	"gin-blog/internal/urls"
	"gin-blog/middleware"
	"gin-blog/models"
)

const (
	// summaryLength is how many characters the summary of a post has at most.
	summaryLength = 280
	// maxHTML is how many bytes of HTML a feed or a page of a list has about. The posts that are left have a summary only
	// in a feed, and are on the next page of a list.
	maxHTML = 2 << 20
)

// feedParameters returns the parameters of the feeds. What readers of feeds add to an address is ignored.
func feedParameters(noComments bool) []string {
	if noComments {
		return []string{"author", "tag"}
	}
	return []string{"author", "tag", "post"}
}

func (h *api) atomFeed(c *gin.Context) error { return h.answerFeed(c, feed.AtomType, feed.Feed.Atom) }

func (h *api) jsonFeed(c *gin.Context) error { return h.answerFeed(c, feed.JSONType, feed.Feed.JSON) }

// answerFeed answers with the feed that the query describes, which KnownQuery has put in order. It sends no
// Last-Modified: the newest entry may be older than before, when another one was deleted.
func (h *api) answerFeed(c *gin.Context, contentType string, encode func(feed.Feed) ([]byte, error)) error {
	address := middleware.OriginOf(c)
	q, err := parseQuery(c.Request.URL.RawQuery, feedParameters(h.NoComments)...)
	if err != nil {
		return err
	}
	find := h.feedOfPosts
	if q.values.Has("post") {
		find = h.feedOfComments
	}
	f, sources, err := find(c.Request.Context(), q)
	if err != nil {
		return err
	}
	f.Page, f.Address = address+f.Page, address+urls.WithQuery(c.Request.URL.Path, q.values)
	f.Language = h.Site.Language.String()
	size := 0
	if f.Entries, size, err = h.feedEntries(c.Request.Context(), address, sources); err != nil {
		return err
	}
	if err := answer.Reserve(c, size); err != nil {
		return err
	}
	body, err := encode(f)
	if err != nil {
		return err
	}
	return renderTagged(c, contentType, body)
}

// source is what becomes an entry: a post, or a comment in the form of a post, and the path of its page.
type source struct {
	models.Post
	path string
}

// feedOfPosts describes the feed of the newest posts that a query selects. Its page is a path.
func (h *api) feedOfPosts(ctx context.Context, q query) (f feed.Feed, sources []source, err error) {
	filter, err := h.postFilter(ctx, q)
	if err != nil {
		return f, nil, err
	}
	posts, _, err := h.Blog.Store.Posts(ctx, filter)
	if err != nil {
		return f, nil, err
	}
	for _, p := range posts {
		sources = append(sources, source{p, urls.Post(p.ID, p.Title)})
	}
	f = feed.Feed{Title: h.Site.Title, Description: h.Site.Description, Page: "/"}
	author, byAuthor := q.values.Get("author"), q.values.Has("author")
	tag, tagged := filter.Tag, filter.Tag != ""
	if tagged {
		q.values.Set("tag", tag) // one feed has one address
	}
	authorPath := f.Page
	if byAuthor && len(posts) > 0 && posts[0].Author != nil { // it may have been an id
		author, authorPath = posts[0].Author.Shown(), urls.Author(posts[0].Author)
	}
	switch {
	case byAuthor && tagged:
		f.Title += ": posts by " + author + " about " + tag
	case byAuthor:
		f.Title, f.Page = f.Title+": posts by "+author, authorPath
	case tagged:
		f.Title, f.Page = f.Title+": posts about "+tag, urls.Tag(tag)
	}
	return f, sources, nil
}

// feedOfComments describes the feed of the newest comments on the post that a query names. Its page is a path.
func (h *api) feedOfComments(ctx context.Context, q query) (f feed.Feed, sources []source, err error) {
	if len(q.values) > 1 {
		return f, nil, models.RefuseFields(nil,
			models.FieldError{Field: "post", Message: "does not go together with other parameters"})
	}
	id, err := models.ParseID(q.values.Get("post"))
	if err != nil {
		return f, nil, err
	}
	post, err := h.Blog.Store.PostByID(ctx, id)
	if err != nil {
		return f, nil, err
	}
	filter := models.ThreadFilter{PostID: id, Before: models.MaxID(), Limit: q.limit}
	comments, _, err := h.Blog.Store.Thread(ctx, filter)
	if err != nil {
		return f, nil, err
	}
	for _, c := range slices.Backward(comments) { // newest first
		sources = append(sources, source{models.Post{
			ID: c.ID, Text: models.Text{Title: "Comment on " + post.Title, Content: c.Content}, Author: c.Author,
			CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt,
		}, urls.Comment(id, post.Title, c.ID)})
	}
	return feed.Feed{Title: h.Site.Title + ": comments on " + post.Title, Page: urls.Post(id, post.Title)}, sources, nil
}

// feedEntries makes the entries of a feed, and returns about how many bytes they have.
func (h *api) feedEntries(
	ctx context.Context, address string, sources []source,
) (entries []feed.Entry, size int, err error) {
	entries = make([]feed.Entry, len(sources))
	for i, s := range sources {
		entries[i] = feed.Entry{
			ID: feed.EntryID(s.ID), Address: feed.Page(address + s.path), Title: s.Title, Tags: s.Tags,
			Summary:   h.Markdown.Excerpt(s.Content, summaryLength),
			Published: feed.Timestamp(s.CreatedAt), Updated: feed.Timestamp(s.UpdatedAt),
		}
		if s.Author != nil {
			entries[i].Authors = []feed.Author{{Name: s.Author.Shown(), Address: address + urls.Author(s.Author)}}
		}
		if size < maxHTML {
			rendered, err := h.Markdown.Render(ctx, s.Content, markdown.Options{})
			if err != nil {
				return nil, 0, err
			}
			entries[i].HTML = feed.HTML(markdown.Among(rendered.HTML, s.ID, address))
			size += len(entries[i].HTML)
		}
	}
	return entries, 2 * size, nil // in XML, "<" takes four bytes
}
