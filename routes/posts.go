package routes

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"gin-blog/middleware"
	"gin-blog/models"
)

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

// postChangeRequest is what changes about a post.
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

// lower makes ASCII letters small; others, which no tag may have, stay what they are.
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
	Author    *authorBody `json:"author"` // null once the account is gone
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

func (a *api) createPost(c *gin.Context) error {
	var in postRequest
	if err := a.decode(c, &in); err != nil {
		return err
	}
	author, now := middleware.CurrentUser(c), a.now()
	post := &models.Post{
		ID: models.NewID(), Title: in.Title, Content: in.Content, Tags: in.Tags,
		AuthorID: author.ID, Author: &models.Author{ID: author.ID, Username: author.Username},
		CreatedAt: now, UpdatedAt: now,
	}
	once, err := idempotency(c, &in, now)
	if err != nil {
		return err
	}
	existing, err := a.Store.CreatePost(c.Request.Context(), post, once)
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

// setValidators names the state of a post, for conditional requests. It returns the ETag.
func setValidators(c *gin.Context, p *models.Post) (etag string) {
	etag = postTag(p.Revision())
	c.Header("ETag", etag)
	c.Header("Last-Modified", p.UpdatedAt.UTC().Format(http.TimeFormat))
	return etag
}

// replacePost is PUT: what is left out is empty afterwards.
func (a *api) replacePost(c *gin.Context) error {
	post, err := a.ownPost(c)
	if err != nil {
		return err
	}
	var in postRequest
	if err := a.decode(c, &in); err != nil {
		return err
	}
	return a.changePost(c, post, models.PostChange{Title: &in.Title, Content: &in.Content, Tags: &in.Tags})
}

// updatePost is PATCH: what is left out stays.
func (a *api) updatePost(c *gin.Context) error {
	post, err := a.ownPost(c)
	if err != nil {
		return err
	}
	var in postChangeRequest
	if err := a.decode(c, &in); err != nil {
		return err
	}
	return a.changePost(c, post, models.PostChange{Title: in.Title, Content: in.Content, Tags: in.Tags})
}

// changePost changes the post that the client has seen, where it says which with If-Match.
func (a *api) changePost(c *gin.Context, post *models.Post, change models.PostChange) (err error) {
	if change.IfVersion, err = ifMatch(c, post); err != nil {
		return err
	}
	change.UpdatedAt = a.now()
	changed, err := a.Store.UpdatePost(c.Request.Context(), post.ID, post.AuthorID, change)
	if err != nil {
		return err
	}
	setValidators(c, changed)
	return render(c, http.StatusOK, newPostBody(changed))
}

func (a *api) deletePost(c *gin.Context) error {
	post, err := a.ownPost(c)
	if err != nil {
		return err
	}
	ifVersion, err := ifMatch(c, post)
	if err != nil {
		return err
	}
	if err := a.Store.DeletePost(c.Request.Context(), post.ID, post.AuthorID, ifVersion); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// ownPost returns the post of the path where the current user may change it: as its author, or as an admin.
func (a *api) ownPost(c *gin.Context) (*models.Post, error) {
	post, err := a.postOfPath(c)
	if err != nil {
		return nil, err
	}
	if u := middleware.CurrentUser(c); u.ID != post.AuthorID && u.Role != models.RoleAdmin {
		return nil, forbidden("Only the author may change this post")
	}
	return post, nil
}

// postOfPath returns the post whose id is in the path.
func (a *api) postOfPath(c *gin.Context) (*models.Post, error) {
	id, err := models.ParseID(c.Param("id"))
	if err != nil {
		return nil, err
	}
	return a.Store.PostByID(c.Request.Context(), id)
}

func (a *api) readPost(c *gin.Context) error {
	post, err := a.postOfPath(c)
	if err != nil {
		return err
	}
	if unchanged(c, setValidators(c, post)) {
		return nil
	}
	return render(c, http.StatusOK, newPostBody(post))
}

func (a *api) listPosts(c *gin.Context) error {
	q, err := parseQuery(c.Request.URL.RawQuery, "limit", "after", "author", "tag", "q")
	if err != nil {
		return err
	}
	filter, any, err := a.postFilter(c.Request.Context(), q)
	if err != nil {
		return err
	}
	var posts []models.Post
	var more bool
	if any {
		if asks(c) { // the revisions cost less than the posts
			page, more, err := a.Store.Revisions(c.Request.Context(), filter)
			if err != nil {
				return err
			}
			if unchanged(c, listTag(page, more)) {
				return nil
			}
		}
		if posts, more, err = a.Store.Posts(c.Request.Context(), filter); err != nil {
			return err
		}
	}
	links := []string{q.link("/posts", "first", models.ID{})}
	if more {
		links = append(links, q.link("/posts", "next", posts[len(posts)-1].ID))
	}
	revisions := make([]models.Revision, len(posts))
	for i := range posts {
		revisions[i] = posts[i].Revision()
	}
	etag := listTag(revisions, more)
	c.Header("Link", strings.Join(links, ", "))
	c.Header("ETag", etag)
	if unchanged(c, etag) {
		return nil
	}
	bodies := make([]postBody, len(posts))
	for i := range posts {
		bodies[i] = newPostBody(&posts[i])
	}
	return render(c, http.StatusOK, bodies)
}

// postFilter is what a query asks for. any is false where no post can be meant.
func (a *api) postFilter(ctx context.Context, q query) (f models.PostFilter, any bool, err error) {
	f = models.PostFilter{After: q.after, Limit: q.limit, Tag: q.values["tag"]}
	if text, ok := q.values["q"]; ok {
		f.Words = models.ParseWords(text)
		if len(f.Words) == 0 { // only signs
			return f, false, nil
		}
	}
	if author, ok := q.values["author"]; ok {
		u, err := a.userByIDOrName(ctx, author)
		if errors.Is(err, models.ErrUserNotFound) {
			return f, false, nil
		}
		if err != nil {
			return f, false, err
		}
		f.AuthorID = u.ID
	}
	return f, true, nil
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
