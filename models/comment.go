package models

import (
	"context"
	"time"
)

// Comment is what a user wrote under a post. It belongs to the post, and goes with it.
type Comment struct {
	ID           ID
	PostID       ID
	PostAuthorID ID     `json:"-"` // who wrote the post, which is no part of the comment's Version
	PostTitle    string `json:"-"` // of the post, which is no part of it either
	Content      string
	AuthorID     ID
	Author       *Author // nil once the author's account is gone
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// Version returns a hash of the comment with the name of its author. Two states of a comment have different versions,
// whoever changed it.
func (c *Comment) Version() string { return version(c) }

// ThreadFilter selects one page of the comments on a post.
type ThreadFilter struct {
	PostID ID
	After  ID  // only comments newer than this one; the zero ID starts with the oldest
	Before ID  // if it is not zero, only the comments right before this one; not together with After
	Limit  int // at most this many comments, at least 1
}

// CommentFilter selects one page of all comments.
type CommentFilter struct {
	AuthorID ID  // only comments of this author; the zero ID for all
	After    ID  // only comments older than this one; the zero ID starts with the newest
	Limit    int // at most this many comments, at least 1
}

// CommentStore keeps the comments on posts. The comments of a post that is deleted are gone at the same moment: no
// method returns or changes them any more. Sweep frees their space later.
type CommentStore interface {
	// CreateComment stores c, with PostID and AuthorID and without Author. It returns ErrPostNotFound if the post is gone;
	// a comment that crosses the deletion of its post is refused, or gone with it. key works as it does for CreatePost,
	// for the comments of one author.
	//
	// It replaces c.ID by a newer one unless that follows the comments that are stored already, as CreatePost does. The
	// comments that one Store stores appear in the order of their ids, so whoever reads on after the last one misses none.
	// Of the comments that several processes store at the same moment, one may still appear before one that was read.
	CreateComment(ctx context.Context, c *Comment, key *Idempotency) (existing *Comment, err error)
	// CommentByID returns the comment with its author, and the author and the title of the post, or ErrCommentNotFound.
	CommentByID(ctx context.Context, id ID) (*Comment, error)
	// Thread returns a page of the comments on a post with their authors, oldest first, and whether there are newer
	// ones or, with Before, older ones. It returns ErrPostNotFound if the post is gone. Its cost depends neither on the
	// number of comments nor on where in the thread the page lies.
	Thread(ctx context.Context, f ThreadFilter) (page []Comment, more bool, err error)
	// Comments returns a page of the comments on all posts with their authors, newest first, and whether there are older
	// ones.
	Comments(ctx context.Context, f CommentFilter) (page []Comment, more bool, err error)
	// UpdateComment changes a comment as UpdatePost changes a post. It returns ErrCommentNotFound if there is none.
	UpdateComment(ctx context.Context, id ID, change func(*Comment) error) (*Comment, error)
	// DeleteComment removes a comment as DeletePost removes a post. It returns ErrCommentNotFound if there is none.
	DeleteComment(ctx context.Context, id ID, check func(*Comment) error) error
}
