package routes

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json/jsontext"

	"gin-blog/internal/auth"
	"gin-blog/middleware"
	"gin-blog/models"
)

// commentStore is what the handlers of comments need of the store.
type commentStore interface {
	CreateComment(ctx context.Context, c *models.Comment, key *models.Idempotency) (existing *models.Comment, err error)
	CommentByID(ctx context.Context, id models.ID) (*models.Comment, error)
	Thread(ctx context.Context, f models.ThreadFilter) (page []models.Comment, more bool, err error)
	Comments(ctx context.Context, f models.CommentFilter) (page []models.Comment, more bool, err error)
	UpdateComment(ctx context.Context, id, author models.ID, change models.CommentChange) (*models.Comment, error)
	DeleteComment(ctx context.Context, id models.ID, ifUnchanged *models.Comment) error
}

// comments are the handlers of comments.
type comments struct {
	*decoder
	store  commentStore
	users  models.UserFinder
	limits *auth.Limits
	now    func() time.Time
}

var (
	// errCommentExcluded says that If-None-Match forbids to change a comment.
	errCommentExcluded = models.NewError(models.Changed, "The comment is in a state that If-None-Match excludes")
	// commentPreconditions are the refusals of conditional writes to comments.
	commentPreconditions = refusedPreconditions{changed: models.ErrCommentChanged, excluded: errCommentExcluded}
)

// commentRequest is a comment as its author sends it.
type commentRequest struct {
	Content string `json:"content" validate:"required,comment"`
}

// commentChangeRequest has the new text of a comment, or nil if it was not sent.
type commentChangeRequest struct {
	Content *string `json:"content" validate:"omitnil,comment"`
}

// keyedComment is what the fingerprint of an Idempotency-Key covers.
type keyedComment struct {
	Post    string `json:"post"`
	Content string `json:"content"`
}

type commentBody struct {
	ID        string      `json:"_id"`
	Post      string      `json:"post"`
	Content   string      `json:"content"`
	Author    *authorBody `json:"author"` // null once the author's account is gone
	CreatedAt timestamp   `json:"createdAt"`
	UpdatedAt timestamp   `json:"updatedAt"`
}

type createdCommentBody struct {
	Message string         `json:"message"`
	Comment jsontext.Value `json:"comment"`
}

func newCommentBody(c *models.Comment) commentBody {
	return commentBody{
		ID: c.ID.Hex(), Post: c.PostID.Hex(), Content: c.Content, Author: newAuthorBody(c.Author),
		CreatedAt: timestamp(c.CreatedAt), UpdatedAt: timestamp(c.UpdatedAt),
	}
}

func newCommentBodies(page []models.Comment) []commentBody {
	bodies := make([]commentBody, len(page))
	for i := range page {
		bodies[i] = newCommentBody(&page[i])
	}
	return bodies
}

func (h *comments) create(c *gin.Context) error {
	post, err := models.ParseID(c.Param("id"))
	if err != nil {
		return err
	}
	var in commentRequest
	if err := h.decode(c, &in); err != nil {
		return err
	}
	author, now := middleware.CurrentUser(c), models.StoredTime(h.now())
	key, err := idempotency(c, keyedComment{Post: post.Hex(), Content: in.Content}, now)
	if err != nil {
		return err
	}
	comment := &models.Comment{
		ID: models.NewID(), PostID: post, Content: in.Content, AuthorID: author.ID,
		Author: author.AsAuthor(), CreatedAt: now, UpdatedAt: now,
	}
	ctx := c.Request.Context()
	var existing *models.Comment
	err = h.limits.Comment(ctx, author.ID, func() (stored bool, err error) {
		existing, err = h.store.CreateComment(ctx, comment, key)
		return err == nil && existing == nil, err
	})
	if err != nil {
		return err
	}
	if existing != nil {
		c.Header("Idempotency-Replayed", "true")
		comment = existing
	}
	body, err := encodeResource(c, newCommentBody(comment), comment.UpdatedAt)
	if err != nil {
		return err
	}
	c.Header("Location", "/comments/"+comment.ID.Hex())
	return render(c, http.StatusCreated, createdCommentBody{Message: "Comment created", Comment: body})
}

// list answers with a page of the comments on a post, oldest first.
func (h *comments) list(c *gin.Context) error {
	post, err := models.ParseID(c.Param("id"))
	if err != nil {
		return err
	}
	q, err := parseQuery(c.Request.URL.RawQuery, "limit", "after")
	if err != nil {
		return err
	}
	filter := models.ThreadFilter{PostID: post, After: q.after, Limit: q.limit}
	page, more, err := h.store.Thread(c.Request.Context(), filter)
	if err != nil {
		return err
	}
	if err := reserveForComments(c, page); err != nil {
		return err
	}
	return renderPage(c, q, "/posts/"+post.Hex()+"/comments", newCommentBodies(page), lastOf(page, more))
}

// listAll answers with a page of the comments on all posts, newest first.
func (h *comments) listAll(c *gin.Context) error {
	q, err := parseQuery(c.Request.URL.RawQuery, "limit", "after", "author")
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	author, err := authorOf(ctx, q, h.users)
	if errors.Is(err, errNothing) {
		return render(c, http.StatusOK, []commentBody{})
	}
	if err != nil {
		return err
	}
	filter := models.CommentFilter{AuthorID: author, After: q.after, Limit: q.limit}
	page, more, err := h.store.Comments(ctx, filter)
	if err != nil {
		return err
	}
	if more {
		c.Header("Link", q.link("/admin/comments", "next", lastOf(page, more)))
	}
	if err := reserveForComments(c, page); err != nil {
		return err
	}
	return render(c, http.StatusOK, newCommentBodies(page))
}

// reserveForComments reserves the memory for an answer with a page of comments.
func reserveForComments(c *gin.Context, page []models.Comment) error {
	size := 0
	for i := range page {
		size += page[i].Size()
	}
	return middleware.ReserveAnswer(c, size)
}

// lastOf returns the id of the last comment of a page if there are more, and the zero ID otherwise.
func lastOf(page []models.Comment, more bool) models.ID {
	if !more {
		return models.ID{}
	}
	return page[len(page)-1].ID
}

func (h *comments) read(c *gin.Context) error {
	comment, err := h.commentOfPath(c)
	if err != nil {
		return err
	}
	return renderComment(c, comment)
}

// update is PATCH. Where the text is left out, or is the same, the comment stays as it is.
func (h *comments) update(c *gin.Context) error {
	comment, err := h.commentOfPath(c)
	if err != nil {
		return err
	}
	author := middleware.CurrentUser(c)
	if err := author.CheckMayEdit(comment); err != nil {
		return err
	}
	var in commentChangeRequest
	if err := h.decode(c, &in); err != nil {
		return err
	}
	ifUnchanged, err := checkPreconditions(c, comment, newCommentBody(comment), comment.UpdatedAt, commentPreconditions)
	if err != nil {
		return err
	}
	if in.Content == nil || *in.Content == comment.Content {
		return renderComment(c, comment)
	}
	changed, err := h.store.UpdateComment(c.Request.Context(), comment.ID, author.ID, models.CommentChange{
		Content: *in.Content, UpdatedAt: models.ChangedAt(h.now(), comment.UpdatedAt), IfUnchanged: ifUnchanged,
	})
	if err != nil {
		return err
	}
	return renderComment(c, changed)
}

func (h *comments) delete(c *gin.Context) error {
	comment, err := h.commentOfPath(c)
	if err != nil {
		return err
	}
	if err := middleware.CurrentUser(c).CheckMayDelete(comment); err != nil {
		return err
	}
	ifUnchanged, err := checkPreconditions(c, comment, newCommentBody(comment), comment.UpdatedAt, commentPreconditions)
	if err != nil {
		return err
	}
	if err := h.store.DeleteComment(c.Request.Context(), comment.ID, ifUnchanged); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// commentOfPath returns the comment in the path.
func (h *comments) commentOfPath(c *gin.Context) (*models.Comment, error) {
	id, err := models.ParseID(c.Param("id"))
	if err != nil {
		return nil, err
	}
	return h.store.CommentByID(c.Request.Context(), id)
}

// renderComment answers with a comment.
func renderComment(c *gin.Context, comment *models.Comment) error {
	return renderResource(c, newCommentBody(comment), comment.UpdatedAt)
}
