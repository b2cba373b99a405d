package routes

import (
	"github.com/gin-gonic/gin"

	"gin-blog/models"
)

// commentRequest is a comment as its author sends it.
type commentRequest struct {
	Content string `json:"content"`
}

type commentBody struct {
	ID   string `json:"_id"`
	Post string `json:"post"`
	commentRequest
	Author *models.Author `json:"author"` // null once the author's account is gone
	stamps
}

func newCommentBody(c *models.Comment) commentBody {
	return commentBody{
		c.ID.Hex(), c.PostID.Hex(), commentRequest{c.Content}, c.Author,
		stamps{timestamp(c.CreatedAt), timestamp(c.UpdatedAt)},
	}
}

func (h *api) createComment(c *gin.Context) error {
	var in commentRequest
	if err := h.decode(c, &in); err != nil {
		return err
	}
	key, err := idempotencyKey(c)
	if err != nil {
		return err
	}
	comment, isNew, err := h.Blog.CreateComment(c.Request.Context(), callOf(c), idOf(c), in.Content, key)
	if err != nil {
		return err
	}
	markReplayed(c, isNew)
	return renderCreated(c, "comment", comment, nil, newCommentBody)
}

// listComments answers with a page of the comments on a post, oldest first.
func (h *api) listComments(c *gin.Context) error {
	q, err := parseQuery(c.Request.URL.RawQuery, "limit", "after")
	if err != nil {
		return err
	}
	filter := models.ThreadFilter{PostID: idOf(c), After: q.after, Limit: q.limit}
	page, more, err := h.Blog.Store.Thread(c.Request.Context(), filter)
	if err != nil {
		return err
	}
	return renderPage(c, q, page, more, newCommentBody)
}

// listAllComments answers with a page of the comments on all posts, newest first.
func (h *api) listAllComments(c *gin.Context) error {
	q, err := parseQuery(c.Request.URL.RawQuery, "limit", "after", "author")
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	author, err := authorOf(ctx, q, h.Blog.Store)
	if err != nil {
		return err
	}
	page, more, err := h.Blog.Store.Comments(ctx, models.CommentFilter{AuthorID: author, After: q.after, Limit: q.limit})
	if err != nil {
		return err
	}
	return renderPage(c, q, page, more, newCommentBody)
}

func (h *api) readComment(c *gin.Context) error {
	comment, err := h.Blog.Store.CommentByID(c.Request.Context(), idOf(c))
	return renderResource(c, comment, err, newCommentBody)
}

// updateComment is PATCH. Where the text is left out, or is the same, the comment stays as it is.
func (h *api) updateComment(c *gin.Context) error {
	change, err := decodeChange(h.decoder, c, func(b *commentBody) *commentRequest { return &b.commentRequest })
	if err != nil {
		return err
	}
	comment, err := h.Blog.UpdateComment(c.Request.Context(), callOf(c), idOf(c), func(comment *models.Comment) error {
		in, err := change(newCommentBody(comment))
		comment.Content = in.Content
		return err
	})
	return renderResource(c, comment, err, newCommentBody)
}

func (h *api) deleteComment(c *gin.Context) error {
	return done(c, h.Blog.DeleteComment(c.Request.Context(), callOf(c), idOf(c)))
}
