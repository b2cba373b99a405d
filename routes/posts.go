package routes

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"gin-blog/middleware"
	"gin-blog/models"
)

// postStore is what the handlers of posts need of the store.
type postStore interface {
	CreatePost(ctx context.Context, p *models.Post, key *models.Idempotency) (existing *models.Post, err error)
	PostByID(ctx context.Context, id models.ID) (*models.Post, error)
	Posts(ctx context.Context, f models.PostFilter) (page []models.Post, more bool, err error)
	Revisions(ctx context.Context, f models.PostFilter) (page []models.Revision, more bool, err error)
	UpdatePost(ctx context.Context, id, author models.ID, change models.PostChange) (*models.Post, error)
	DeletePost(ctx context.Context, id, author models.ID, ifVersion *int64) error
}

// posts are the handlers under /posts.
type posts struct {
	*decoder
	store postStore
	users userFinder
	now   func() time.Time
}

// errNotAuthor says that a user may not change a post.
var errNotAuthor = models.NewError(models.Forbidden, "Only the author may change this post")

// postRequest is a whole post as its author sends it.
type postRequest struct {
	Title   string   `json:"title" validate:"required,title"`
	Content string   `json:"content" validate:"required,content"`
	Tags    []string `json:"tags" validate:"tags,dive,tag"`
}

func (r *postRequest) normalize() {
	r.Title = strings.TrimSpace(r.Title)
	lower(r.Tags)
}

// postChangeRequest has the new values of a post. A field that is nil was not sent.
type postChangeRequest struct {
	Title   *string   `json:"title" validate:"omitnil,title"`
	Content *string   `json:"content" validate:"omitnil,content"`
	Tags    *[]string `json:"tags" validate:"omitnil,tags,dive,tag"`
}

func (r *postChangeRequest) normalize() {
	if r.Title != nil {
		*r.Title = strings.TrimSpace(*r.Title)
	}
	if r.Tags != nil {
		lower(*r.Tags)
	}
}

// lower turns ASCII letters into lower case. Other letters stay, and are refused later.
func lower(tags []string) {
	for i, tag := range tags {
		tags[i] = strings.Map(func(r rune) rune {
			if r >= 'A' && r <= 'Z' {
				return r + 'a' - 'A'
			}
			return r
		}, tag)
	}
}

type postBody struct {
	ID        string      `json:"_id"`
	Title     string      `json:"title"`
	Content   string      `json:"content"`
	Tags      []string    `json:"tags"`
	Author    *authorBody `json:"author"` // null once the author's account is gone
	CreatedAt timestamp   `json:"createdAt"`
	UpdatedAt timestamp   `json:"updatedAt"`
}

type authorBody struct {
	ID       string `json:"_id"`
	Username string `json:"username"`
}

type createdBody struct {
	Message string   `json:"message"`
	Post    postBody `json:"post"`
}

func (h *posts) create(c *gin.Context) error {
	var in postRequest
	if err := h.decode(c, &in); err != nil {
		return err
	}
	author, now := middleware.CurrentUser(c), models.StoredTime(h.now())
	post := &models.Post{
		ID: models.NewID(), Title: in.Title, Content: in.Content, Tags: in.Tags,
		AuthorID: author.ID, Author: &models.Author{ID: author.ID, Username: author.Username},
		CreatedAt: now, UpdatedAt: now,
	}
	key, err := idempotency(c, &in, now)
	if err != nil {
		return err
	}
	existing, err := h.store.CreatePost(c.Request.Context(), post, key)
	if err != nil {
		return err
	}
	if existing != nil {
		c.Header("Idempotency-Replayed", "true")
		post = existing
	}
	c.Header("Location", "/posts/"+post.ID.Hex())
	setValidators(c, post)
	return render(c, http.StatusCreated, createdBody{Message: "Post created", Post: newPostBody(post)})
}

// setValidators sets the headers that conditional requests refer to. It returns the ETag.
func setValidators(c *gin.Context, p *models.Post) (etag string) {
	etag = postTag(p.Revision())
	c.Header("ETag", etag)
	c.Header("Last-Modified", p.UpdatedAt.UTC().Format(http.TimeFormat))
	return etag
}

// replace is PUT: a field that is left out becomes empty.
func (h *posts) replace(c *gin.Context) error {
	post, err := h.ownPost(c)
	if err != nil {
		return err
	}
	var in postRequest
	if err := h.decode(c, &in); err != nil {
		return err
	}
	return h.changePost(c, post, models.PostChange{Title: &in.Title, Content: &in.Content, Tags: &in.Tags})
}

// update is PATCH: a field that is left out stays.
func (h *posts) update(c *gin.Context) error {
	post, err := h.ownPost(c)
	if err != nil {
		return err
	}
	var in postChangeRequest
	if err := h.decode(c, &in); err != nil {
		return err
	}
	return h.changePost(c, post, models.PostChange{Title: in.Title, Content: in.Content, Tags: in.Tags})
}

// changePost makes a change, unless If-Match names another state of the post.
func (h *posts) changePost(c *gin.Context, post *models.Post, change models.PostChange) (err error) {
	if change.IfVersion, err = ifMatch(c, post); err != nil {
		return err
	}
	change.UpdatedAt = models.StoredTime(h.now())
	changed, err := h.store.UpdatePost(c.Request.Context(), post.ID, post.AuthorID, change)
	if err != nil {
		return err
	}
	setValidators(c, changed)
	return render(c, http.StatusOK, newPostBody(changed))
}

func (h *posts) delete(c *gin.Context) error {
	post, err := h.ownPost(c)
	if err != nil {
		return err
	}
	ifVersion, err := ifMatch(c, post)
	if err != nil {
		return err
	}
	if err := h.store.DeletePost(c.Request.Context(), post.ID, post.AuthorID, ifVersion); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// ownPost returns the post in the path if the current user may change it, which its author and admins may.
func (h *posts) ownPost(c *gin.Context) (*models.Post, error) {
	post, err := h.postOfPath(c)
	if err != nil {
		return nil, err
	}
	if u := middleware.CurrentUser(c); u.ID != post.AuthorID && u.Role != models.RoleAdmin {
		return nil, errNotAuthor
	}
	return post, nil
}

// postOfPath returns the post in the path.
func (h *posts) postOfPath(c *gin.Context) (*models.Post, error) {
	id, err := models.ParseID(c.Param("id"))
	if err != nil {
		return nil, err
	}
	return h.store.PostByID(c.Request.Context(), id)
}

func (h *posts) read(c *gin.Context) error {
	post, err := h.postOfPath(c)
	if err != nil {
		return err
	}
	if notModified(c, setValidators(c, post)) {
		return nil
	}
	return render(c, http.StatusOK, newPostBody(post))
}

func (h *posts) list(c *gin.Context) error {
	q, err := parseQuery(c.Request.URL.RawQuery, "limit", "after", "author", "tag", "q")
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	filter, err := h.filter(ctx, q)
	if errors.Is(err, errNothing) {
		return renderPage(c, q, nil, false)
	}
	if err != nil {
		return err
	}
	if c.GetHeader("If-None-Match") != "" { // the revisions cost less than the posts
		revisions, more, err := h.store.Revisions(ctx, filter)
		if err != nil {
			return err
		}
		if notModified(c, listTag(revisions, more)) {
			return nil
		}
	}
	page, more, err := h.store.Posts(ctx, filter)
	if err != nil {
		return err
	}
	return renderPage(c, q, page, more)
}

// renderPage answers with a page of posts, and links to the first page and, if there are more posts, to the next.
func renderPage(c *gin.Context, q query, page []models.Post, more bool) error {
	links := []string{q.link("/posts", "first", models.ID{})}
	if more {
		links = append(links, q.link("/posts", "next", page[len(page)-1].ID))
	}
	c.Header("Link", strings.Join(links, ", "))
	revisions := make([]models.Revision, len(page))
	bodies := make([]postBody, len(page))
	for i := range page {
		revisions[i] = page[i].Revision()
		bodies[i] = newPostBody(&page[i])
	}
	etag := listTag(revisions, more)
	c.Header("ETag", etag)
	if notModified(c, etag) {
		return nil
	}
	return render(c, http.StatusOK, bodies)
}

// errNothing says that no post can match a query.
var errNothing = errors.New("no post can match")

// filter returns the filter that a query describes, or errNothing.
func (h *posts) filter(ctx context.Context, q query) (models.PostFilter, error) {
	f := models.PostFilter{After: q.after, Limit: q.limit, Tag: q.values["tag"]}
	if text, ok := q.values["q"]; ok {
		f.Words = models.ParseWords(text)
		if len(f.Words) == 0 { // the text has only signs
			return f, errNothing
		}
	}
	if author, ok := q.values["author"]; ok {
		u, err := findUser(ctx, h.users, author)
		if errors.Is(err, models.ErrUserNotFound) {
			return f, errNothing
		}
		if err != nil {
			return f, err
		}
		f.AuthorID = u.ID
	}
	return f, nil
}

func newPostBody(p *models.Post) postBody {
	body := postBody{
		ID: p.ID.Hex(), Title: p.Title, Content: p.Content, Tags: p.Tags,
		CreatedAt: timestamp(p.CreatedAt), UpdatedAt: timestamp(p.UpdatedAt),
	}
	if p.Author != nil {
		body.Author = &authorBody{ID: p.Author.ID.Hex(), Username: p.Author.Username}
	}
	return body
}
