package routes

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json/jsontext"

	"gin-blog/internal/validation"
	"gin-blog/middleware"
	"gin-blog/models"
)

// postStore is what the handlers of posts need of the store.
type postStore interface {
	CreatePost(ctx context.Context, p *models.Post, key *models.Idempotency) (existing *models.Post, err error)
	PostByID(ctx context.Context, id models.ID) (*models.Post, error)
	Posts(ctx context.Context, f models.PostFilter) (page []models.Post, more bool, err error)
	UpdatePost(ctx context.Context, id, author models.ID, change models.PostChange) (*models.Post, error)
	DeletePost(ctx context.Context, id, author models.ID, ifUnchanged *models.Post) error
}

// posts are the handlers under /posts.
type posts struct {
	*decoder
	store postStore
	users models.UserFinder
	now   func() time.Time
}

var (
	// errExcluded says that If-None-Match forbids to change a post.
	errExcluded = models.NewError(models.Changed, "The post is in a state that If-None-Match excludes")
	// postPreconditions are the refusals of conditional writes to posts.
	postPreconditions = refusedPreconditions{changed: models.ErrPostChanged, excluded: errExcluded}
	// errNothing says that nothing can match a query.
	errNothing = errors.New("nothing can match")
)

// postRequest is a whole post as its author sends it.
type postRequest struct {
	Title   string   `json:"title" validate:"required,title"`
	Content string   `json:"content" validate:"required,content"`
	Tags    []string `json:"tags" validate:"tags,dive,tag"`
}

func (r *postRequest) normalize() { validation.NormalizePost(&r.Title, &r.Tags) }

// postChangeRequest has the new values of a post. A field that is nil was not sent.
type postChangeRequest struct {
	Title   *string   `json:"title" validate:"omitnil,title"`
	Content *string   `json:"content" validate:"omitnil,content"`
	Tags    *[]string `json:"tags" validate:"omitnil,tags,dive,tag"`
}

func (r *postChangeRequest) normalize() { validation.NormalizePost(r.Title, r.Tags) }

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
	Message string         `json:"message"`
	Post    jsontext.Value `json:"post"`
}

func (h *posts) create(c *gin.Context) error {
	var in postRequest
	if err := h.decode(c, &in); err != nil {
		return err
	}
	author, now := middleware.CurrentUser(c), models.StoredTime(h.now())
	post := &models.Post{
		ID: models.NewID(), Title: in.Title, Content: in.Content, Tags: in.Tags,
		AuthorID: author.ID, Author: author.AsAuthor(),
		CreatedAt: now, UpdatedAt: now,
	}
	key, err := idempotency(c, &in, now)
	if err != nil {
		return err
	}
	if err := reserveForWrite(c, *post); err != nil {
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
	return renderCreatedPost(c, post)
}

// renderCreatedPost answers with a post that was created.
func renderCreatedPost(c *gin.Context, p *models.Post) error {
	body, err := encodeResource(c, newPostBody(p), p.UpdatedAt)
	if err != nil {
		return err
	}
	c.Header("Location", "/posts/"+p.ID.Hex())
	return render(c, http.StatusCreated, createdBody{Message: "Post created", Post: body})
}

// renderPost answers with a post.
func renderPost(c *gin.Context, p *models.Post) error {
	return renderResource(c, newPostBody(p), p.UpdatedAt)
}

// reserveForWrite reserves the memory for the answer to a write that makes post. In JSON, each character may get a
// backslash.
func reserveForWrite(c *gin.Context, post models.Post) error {
	return middleware.ReserveAnswer(c, textSize(post)*2)
}

// textSize returns how many bytes the texts of posts have, which is almost all of the answers with them.
func textSize(posts ...models.Post) int {
	size := 0
	for i := range posts {
		size += posts[i].Size()
	}
	return size
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

// changePost makes a change, if the request's preconditions hold. A change that changes nothing leaves the post as it
// is.
func (h *posts) changePost(c *gin.Context, post *models.Post, change models.PostChange) (err error) {
	change.IfUnchanged, err = checkPreconditions(c, post, newPostBody(post), post.UpdatedAt, postPreconditions)
	if err != nil {
		return err
	}
	if change.ChangesNothing(post) {
		return renderPost(c, post)
	}
	after := *post
	if change.Content != nil {
		after.Content = *change.Content
	}
	if err := reserveForWrite(c, after); err != nil {
		return err
	}
	change.UpdatedAt = models.ChangedAt(h.now(), post.UpdatedAt)
	changed, err := h.store.UpdatePost(c.Request.Context(), post.ID, post.AuthorID, change)
	if err != nil {
		return err
	}
	return renderPost(c, changed)
}

func (h *posts) delete(c *gin.Context) error {
	post, err := h.ownPost(c)
	if err != nil {
		return err
	}
	ifUnchanged, err := checkPreconditions(c, post, newPostBody(post), post.UpdatedAt, postPreconditions)
	if err != nil {
		return err
	}
	if err := h.store.DeletePost(c.Request.Context(), post.ID, post.AuthorID, ifUnchanged); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// ownPost returns the post in the path if the current user may change it.
func (h *posts) ownPost(c *gin.Context) (*models.Post, error) {
	post, err := h.postOfPath(c)
	if err != nil {
		return nil, err
	}
	if err := middleware.CurrentUser(c).CheckMayChange(post); err != nil {
		return nil, err
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
	if err := middleware.ReserveAnswer(c, textSize(*post)); err != nil {
		return err
	}
	return renderPost(c, post)
}

func (h *posts) list(c *gin.Context) error {
	q, err := parseQuery(c.Request.URL.RawQuery, "limit", "after", "author", "tag", "q")
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	filter, err := postFilter(ctx, h.users, q)
	if errors.Is(err, errNothing) {
		return renderPosts(c, q, nil, false)
	}
	if err != nil {
		return err
	}
	page, more, err := h.store.Posts(ctx, filter)
	if err != nil {
		return err
	}
	return renderPosts(c, q, page, more)
}

// renderPosts answers with a page of posts.
func renderPosts(c *gin.Context, q query, page []models.Post, more bool) error {
	if err := middleware.ReserveAnswer(c, textSize(page...)); err != nil {
		return err
	}
	bodies := make([]postBody, len(page))
	for i := range page {
		bodies[i] = newPostBody(&page[i])
	}
	next := models.ID{}
	if more {
		next = page[len(page)-1].ID
	}
	return renderPage(c, q, "/posts", bodies, next)
}

// postFilter returns the filter that a query describes, or errNothing.
func postFilter(ctx context.Context, users models.UserFinder, q query) (models.PostFilter, error) {
	f := models.PostFilter{After: q.after, Limit: q.limit, Tag: q.values["tag"]}
	if text, ok := q.values["q"]; ok {
		f.Words = models.ParseWords(text)
		if len(f.Words) == 0 { // the text has only signs
			return f, errNothing
		}
	}
	var err error
	f.AuthorID, err = authorOf(ctx, q, users)
	return f, err
}

// authorOf returns the author that a query asks for, the zero ID if it asks for none, or errNothing for an unknown one.
func authorOf(ctx context.Context, q query, users models.UserFinder) (models.ID, error) {
	author, ok := q.values["author"]
	if !ok {
		return models.ID{}, nil
	}
	u, err := models.FindUser(ctx, users, author)
	if errors.Is(err, models.ErrUserNotFound) {
		return models.ID{}, errNothing
	}
	if err != nil {
		return models.ID{}, err
	}
	return u.ID, nil
}

func newPostBody(p *models.Post) postBody {
	return postBody{
		ID: p.ID.Hex(), Title: p.Title, Content: p.Content, Tags: p.Tags, Author: newAuthorBody(p.Author),
		CreatedAt: timestamp(p.CreatedAt), UpdatedAt: timestamp(p.UpdatedAt),
	}
}

// newAuthorBody returns nil for no author.
func newAuthorBody(a *models.Author) *authorBody {
	if a == nil {
		return nil
	}
	return &authorBody{ID: a.ID.Hex(), Username: a.Username}
}
