package blog

import (
	"cmp"
	"context"

	"gin-blog/models"
)

var (
	// ErrNotCommentAuthor says that somebody else wrote a comment.
	ErrNotCommentAuthor = models.NewError(models.Forbidden, "Only the author may change this comment")
	// ErrMayNotDelete says that a comment is not the caller's to delete.
	ErrMayNotDelete = models.NewError(models.Forbidden,
		"Only its author, the author of the post and admins may delete this comment")
)

// MayEdit returns nil if u may change the text of a comment, which only its author may, or ErrNotCommentAuthor.
func MayEdit(u *models.User, c *models.Comment) error {
	if u.ID != c.AuthorID {
		return ErrNotCommentAuthor
	}
	return nil
}

// MayDelete returns nil if u may delete a comment, which its author, the author of the post and admins may, or
// ErrMayNotDelete.
func MayDelete(u *models.User, c *models.Comment) error {
	if u.ID != c.AuthorID && u.ID != c.PostAuthorID && u.Role != models.RoleAdmin {
		return ErrMayNotDelete
	}
	return nil
}

// CreateComment creates a comment of the caller on a post. key works as it does for CreatePost. It returns
// models.ErrPostNotFound if the post is gone, and an auth.ErrTooManyAttempts if the caller comments too often.
func (b *Blog) CreateComment(
	ctx context.Context, call Call, post models.ID, content, key string,
) (comment *models.Comment, isNew bool, err error) {
	if err := models.CheckField("content", content, models.CommentText); err != nil {
		return nil, false, err
	}
	now := b.now()
	comment = &models.Comment{
		ID: models.NewID(), PostID: post, Content: content, AuthorID: call.User.ID, Author: call.User.AsAuthor(),
		CreatedAt: now, UpdatedAt: now,
	}
	idempotency, err := b.idempotency(key, struct {
		Post    models.ID `json:"post"`
		Content string    `json:"content"`
	}{post, content})
	if err != nil {
		return nil, false, err
	}
	if err := call.reserve(len(content)); err != nil {
		return nil, false, err
	}
	var existing *models.Comment
	err = b.Limits.Comment(ctx, call.User.ID, func() (stored bool, err error) {
		existing, err = b.Store.CreateComment(ctx, comment, idempotency)
		return err == nil && existing == nil, err
	})
	if err != nil || existing != nil {
		return existing, false, err
	}
	return comment, true, nil
}

// UpdateComment changes the text of a comment of the caller. The same text leaves the comment as it is. change is
// called as that of UpdatePost is.
func (b *Blog) UpdateComment(
	ctx context.Context, call Call, id models.ID, change func(*models.Comment) error,
) (*models.Comment, error) {
	return b.Store.UpdateComment(ctx, id, func(c *models.Comment) error {
		if err := MayEdit(call.User, c); err != nil {
			return err
		}
		before := *c
		refusal := change(c)
		unchanged := c.Content == before.Content
		if !unchanged {
			if err := models.CheckField("content", c.Content, models.CommentText); err != nil {
				return err
			}
		}
		err := cmp.Or(call.check(State{before.Version, before.UpdatedAt, unchanged}), refusal)
		if err != nil || unchanged {
			return err
		}
		c.UpdatedAt = models.ChangedAt(b.Now(), c.UpdatedAt)
		return call.reserve(len(c.Content))
	})
}

// DeleteComment deletes a comment.
func (b *Blog) DeleteComment(ctx context.Context, call Call, id models.ID) error {
	return b.Store.DeleteComment(ctx, id, func(c *models.Comment) error {
		if err := MayDelete(call.User, c); err != nil {
			return err
		}
		return call.check(State{Version: c.Version, UpdatedAt: c.UpdatedAt})
	})
}
