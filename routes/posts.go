package routes

import (
	"context"
	"errors"

	"github.com/gin-gonic/gin"

	"gin-blog/models"
)

type postBody struct {
	ID string `json:"_id"`
	models.Text
	Author *models.Author `json:"author"` // null once the author's account is gone
	stamps
}

// listTags answers with the tags and how many posts have each, the most used first.
func (h *api) listTags(c *gin.Context) error {
	tags, err := h.Blog.Tags(c.Request.Context())
	if err != nil {
		return err
	}
	return renderTaggedJSON(c, append([]models.TagCount{}, tags...))
}

func (h *api) createPost(c *gin.Context) error {
	var in models.Text
	if err := h.decode(c, &in); err != nil {
		return err
	}
	key, err := idempotencyKey(c)
	if err != nil {
		return err
	}
	post, isNew, err := h.Blog.CreatePost(c.Request.Context(), callOf(c), in, key)
	if err != nil {
		return err
	}
	markReplayed(c, isNew)
	return renderCreated(c, "post", post, nil, newPostBody)
}

// changePost is PUT and PATCH.
func (h *api) changePost(c *gin.Context) error {
	change, err := decodeChange(h.decoder, c, func(b *postBody) *models.Text { return &b.Text })
	if err != nil {
		return err
	}
	post, err := h.Blog.UpdatePost(c.Request.Context(), callOf(c), idOf(c), func(p *models.Post) (err error) {
		p.Text, err = change(newPostBody(p))
		return err
	})
	return renderResource(c, post, err, newPostBody)
}

func (h *api) deletePost(c *gin.Context) error {
	return done(c, h.Blog.DeletePost(c.Request.Context(), callOf(c), idOf(c)))
}

func (h *api) readPost(c *gin.Context) error {
	q, err := parseQuery(c.Request.URL.RawQuery, "view")
	if err != nil {
		return err
	}
	post, err := h.Blog.Store.PostByID(c.Request.Context(), idOf(c))
	if err != nil || !q.values.Has("view") {
		return renderResource(c, post, err, newPostBody)
	}
	views, err := h.viewPosts(c, q, []models.Post{*post})
	if err != nil {
		return err
	}
	return renderTaggedJSON(c, views[0]) // without Last-Modified: its address may change when the post does not
}

func (h *api) listPosts(c *gin.Context) error {
	q, err := parseQuery(c.Request.URL.RawQuery, "limit", "after", "before", "author", "tag", "q", "view")
	if err != nil {
		return err
	}
	filter, err := h.postFilter(c.Request.Context(), q)
	if err != nil {
		return err
	}
	page, more, err := h.Blog.Store.Posts(c.Request.Context(), filter)
	if err != nil {
		return err
	}
	if q.values.Has("view") {
		return h.renderViews(c, q, page, more)
	}
	return renderPage(c, q, page, more, newPostBody)
}

// postFilter returns the filter that a query describes.
func (h *api) postFilter(ctx context.Context, q query) (f models.PostFilter, err error) {
	f = models.PostFilter{After: q.after, Before: q.before, Limit: q.limit}
	if f.AuthorID, err = authorOf(ctx, q, h.Blog.Store); err != nil {
		return f, err
	}
	f.Tag, err = h.Blog.FindTag(ctx, q.values.Get("tag"))
	if q.values.Has("q") {
		f.Words = models.ParseWords(q.values.Get("q"))
		if len(f.Words) == 0 { // the text has only signs
			f.AuthorID = nobody()
		}
	}
	return f, err
}

// nobody returns an ID that no user has.
func nobody() models.ID { return models.MaxID() }

// authorOf returns the author that a query asks for, the zero ID if it asks for none, or nobody for an unknown one.
func authorOf(ctx context.Context, q query, users models.UserStore) (models.ID, error) {
	if !q.values.Has("author") {
		return models.ID{}, nil
	}
	u, err := models.FindUser(ctx, users, q.values.Get("author"))
	if errors.Is(err, models.ErrUserNotFound) {
		return nobody(), nil
	}
	if err != nil {
		return models.ID{}, err
	}
	return u.ID, nil
}

func newPostBody(p *models.Post) postBody {
	return postBody{p.ID.Hex(), p.Text, p.Author, stamps{timestamp(p.CreatedAt), timestamp(p.UpdatedAt)}}
}
