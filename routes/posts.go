package routes

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"gin-blog/middleware"
	"gin-blog/models"
)

const (
	defaultPageSize = 20
	maxPageSize     = 100
)

// postRequest is a whole post as its author sends it.
type postRequest struct {
	Title   string   `json:"title" validate:"required,title"`
	Content string   `json:"content" validate:"required,content"`
	Tags    []string `json:"tags" validate:"tags,dive,tag"`
}

func (r *postRequest) normalize() {
	r.Title = strings.TrimSpace(r.Title)
	for i, tag := range r.Tags {
		r.Tags[i] = strings.ToLower(tag)
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
	if err := a.Store.CreatePost(c.Request.Context(), post); err != nil {
		return err
	}
	c.Header("Location", "/posts/"+post.ID.Hex())
	return render(c, http.StatusCreated, createdBody{Message: "Post created", Post: newPostBody(post)})
}

func (a *api) readPost(c *gin.Context) error {
	id, err := models.ParseID(c.Param("id"))
	if err != nil {
		return err
	}
	post, err := a.Store.PostByID(c.Request.Context(), id)
	if err != nil {
		return err
	}
	return render(c, http.StatusOK, newPostBody(post))
}

func (a *api) listPosts(c *gin.Context) error {
	filter, err := postFilter(c.Request.URL.RawQuery)
	if err != nil {
		return err
	}
	limit := filter.Limit
	filter.Limit++ // one more than asked for tells whether there is a next page
	posts, err := a.Store.Posts(c.Request.Context(), filter)
	if err != nil {
		return err
	}
	if len(posts) > limit {
		posts = posts[:limit]
		c.Header("Link", nextPage(limit, posts[limit-1].ID))
	}
	bodies := make([]postBody, len(posts))
	for i := range posts {
		bodies[i] = newPostBody(&posts[i])
	}
	return render(c, http.StatusOK, bodies)
}

// postFilter reads the query of the list. Every parameter may occur once.
func postFilter(rawQuery string) (models.PostFilter, error) {
	filter := models.PostFilter{Limit: defaultPageSize}
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return filter, badRequest("The query is not URL-encoded")
	}
	var wrong []models.FieldError
	refuse := func(name, message string) { wrong = append(wrong, models.FieldError{Field: name, Message: message}) }
	for _, name := range slices.Sorted(maps.Keys(query)) {
		values := query[name]
		if len(values) > 1 {
			refuse(name, "occurs twice")
			continue
		}
		switch value := values[0]; name {
		case "limit":
			filter.Limit, err = strconv.Atoi(value)
			if err != nil || filter.Limit < 1 || filter.Limit > maxPageSize {
				refuse(name, fmt.Sprintf("must be 1 to %d", maxPageSize))
			}
		case "after":
			filter.After, err = models.ParseID(value)
			if err != nil || filter.After.IsZero() {
				refuse(name, "must be the _id of the last post of the page before")
			}
		default:
			refuse(name, "is not a known parameter")
		}
	}
	if wrong != nil {
		return filter, &models.ValidationError{Fields: wrong}
	}
	return filter, nil
}

// nextPage is the Link header (RFC 8288) to the page behind last. It is relative, so that it is right behind any proxy.
func nextPage(limit int, last models.ID) string {
	query := url.Values{"limit": {strconv.Itoa(limit)}, "after": {last.Hex()}}
	return fmt.Sprintf(`</posts?%s>; rel="next"`, query.Encode())
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
