package mongodb

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"gin-blog/models"
)

// commentDocument is in a collection that the tutorial's Express app does not know.
type commentDocument struct {
	ID        models.ID `bson:"_id"`
	Post      models.ID `bson:"post"`
	Content   string    `bson:"content"`
	Author    models.ID `bson:"author"`
	CreatedAt time.Time `bson:"createdAt"`
	UpdatedAt time.Time `bson:"updatedAt"`
	Key       keyFields `bson:",inline"`
}

// UnmarshalBSON implements bson.Unmarshaler.
func (d *commentDocument) UnmarshalBSON(document []byte) error {
	raw := bson.Raw(document)
	*d = commentDocument{
		ID: idField(raw, "_id"), Post: idField(raw, "post"), Content: textField(raw, "content"),
		Author: idField(raw, "author"), CreatedAt: timeField(raw, "createdAt"), UpdatedAt: timeField(raw, "updatedAt"),
	}
	return nil
}

func newCommentDocument(c *models.Comment) commentDocument {
	return commentDocument{
		ID: c.ID, Post: c.PostID, Content: c.Content, Author: c.AuthorID, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt,
	}
}

// comment returns the comment. postAuthor is the author of its post.
func (d *commentDocument) comment(authors map[models.ID]*models.Author, postAuthor models.ID) models.Comment {
	comment := models.Comment{
		ID: d.ID, PostID: d.Post, PostAuthorID: postAuthor, Content: d.Content, AuthorID: d.Author,
		Author: authors[d.Author],
	}
	comment.CreatedAt, comment.UpdatedAt = datedBy(d.ID, d.CreatedAt, d.UpdatedAt)
	return comment
}

// CreateComment implements models.CommentStore. It looks for the post before it stores the comment and again
// afterwards, so it needs no transaction: if the post is deleted in between, the comment is removed again, and if it is
// deleted later, the comment is gone with it.
func (s *Store) CreateComment(
	ctx context.Context, comment *models.Comment, key *models.Idempotency,
) (existing *models.Comment, err error) {
	err = s.run(ctx, "create comment", func(ctx context.Context, c *collections) error {
		if key != nil && c.noCommentKeys != nil {
			return c.noCommentKeys
		}
		postAuthor, err := postAuthor(ctx, c.posts, comment.PostID)
		if err != nil {
			return err
		}
		stored, err := s.insertComment(ctx, c, comment, key)
		if err != nil {
			return err
		}
		if stored != nil {
			existing, err = withCommentAuthor(ctx, c, stored, postAuthor)
			return err
		}
		deleted, err := isMissing(ctx, c.posts, comment.PostID)
		if err == nil && deleted {
			_, _ = c.comments.DeleteOne(ctx, byID(comment.ID)) // nobody sees it, if it stays
			return models.ErrPostNotFound
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return existing, nil
}

// insertComment stores a comment, or returns the one that its author has created with the same key before. Comments on
// one post take turns: an id that is newer than all that are stored is stored before the next one is made.
func (s *Store) insertComment(
	ctx context.Context, c *collections, comment *models.Comment, key *models.Idempotency,
) (existing bson.Raw, err error) {
	turn := s.commentTurns[comment.PostID[len(comment.PostID)-1]%commentTurns]
	if err := turn.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer turn.Release(1)
	newest, err := newestID(ctx, c.comments)
	if err != nil {
		return nil, err
	}
	comment.ID = models.IDAfter(comment.ID, newest)
	document := newCommentDocument(comment)
	document.Key = newKeyFields(key)
	ofDeletedPost := func(ctx context.Context, stored bson.Raw) (bool, error) {
		return isMissing(ctx, c.posts, idField(stored, "post"))
	}
	return createOnce(ctx, c.comments, comment.ID, document, comment.AuthorID, key, ofDeletedPost)
}

// CreateComments implements models.CommentStore.
func (s *Store) CreateComments(ctx context.Context, comments []models.Comment) error {
	documents := make([]commentDocument, len(comments))
	for i := range comments {
		documents[i] = newCommentDocument(&comments[i])
	}
	return s.run(ctx, "create comments", func(ctx context.Context, c *collections) error {
		_, err := c.comments.InsertMany(ctx, documents)
		return err
	})
}

// CommentByID implements models.CommentStore.
func (s *Store) CommentByID(ctx context.Context, id models.ID) (comment *models.Comment, err error) {
	err = s.run(ctx, "find comment", func(ctx context.Context, c *collections) error {
		stored, postAuthor, err := visibleComment(ctx, c.readComments, c.readPosts, byID(id))
		if err != nil {
			return err
		}
		comment, err = withCommentAuthor(ctx, c, stored, postAuthor)
		return err
	})
	return comment, err
}

// visibleComment returns the comment that a filter selects, and the author of its post. If there is no such comment,
// or no such post, it returns models.ErrCommentNotFound.
func visibleComment(
	ctx context.Context, comments, posts *mongo.Collection, filter bson.D,
) (stored bson.Raw, author models.ID, err error) {
	stored, err = comments.FindOne(ctx, filter).Raw()
	if err != nil {
		return nil, models.ID{}, missing(err, models.ErrCommentNotFound)
	}
	author, err = postAuthor(ctx, posts, idField(stored, "post"))
	if errors.Is(err, models.ErrPostNotFound) {
		err = models.ErrCommentNotFound
	}
	return stored, author, err
}

// postAuthor returns the author of a post, or models.ErrPostNotFound.
func postAuthor(ctx context.Context, posts *mongo.Collection, id models.ID) (models.ID, error) {
	authors, err := postAuthors(ctx, posts, id)
	if err != nil {
		return models.ID{}, err
	}
	author, exists := authors[id]
	if !exists {
		return models.ID{}, models.ErrPostNotFound
	}
	return author, nil
}

// postAuthors returns the authors of the posts with these ids, by post, as far as the posts exist.
func postAuthors(
	ctx context.Context, posts *mongo.Collection, ids ...models.ID,
) (map[models.ID]models.ID, error) {
	cursor, err := posts.Find(ctx, anyOf(ids),
		options.Find().SetProjection(bson.D{{Key: "author", Value: 1}}))
	if err != nil {
		return nil, err
	}
	defer closeCursor(ctx, cursor)
	authors := make(map[models.ID]models.ID, len(ids))
	for cursor.Next(ctx) {
		authors[idField(cursor.Current, "_id")] = idField(cursor.Current, "author")
	}
	return authors, cursor.Err()
}

// isMissing returns whether there is no post with this id.
func isMissing(ctx context.Context, posts *mongo.Collection, id models.ID) (bool, error) {
	_, err := postAuthor(ctx, posts, id)
	if errors.Is(err, models.ErrPostNotFound) {
		return true, nil
	}
	return false, err
}

// withCommentAuthor returns the comment of a document with its author. postAuthor is the author of its post.
func withCommentAuthor(
	ctx context.Context, c *collections, stored bson.Raw, postAuthor models.ID,
) (*models.Comment, error) {
	var d commentDocument
	if err := d.UnmarshalBSON(stored); err != nil {
		return nil, err
	}
	authors, err := findAuthors(ctx, c, d.Author)
	if err != nil {
		return nil, err
	}
	return new(d.comment(authors, postAuthor)), nil
}

// UpdateComment implements models.CommentStore.
func (s *Store) UpdateComment(
	ctx context.Context, id, author models.ID, change models.CommentChange,
) (comment *models.Comment, err error) {
	fields := []bson.E{{Key: "content", Value: change.Content}}
	err = s.run(ctx, "update comment", func(ctx context.Context, c *collections) error {
		subject := append(byID(id), bson.E{Key: "author", Value: author})
		stored, postAuthor, err := visibleComment(ctx, c.comments, c.posts, subject)
		if err != nil {
			return err
		}
		filter, err := commentState(subject, stored, change.IfUnchanged)
		if err != nil {
			return err
		}
		authors, err := findAuthors(ctx, c, author) // before the write, so that a failure leaves the comment as it was
		if err != nil {
			return err
		}
		changed, err := updateOne(ctx, c.comments, filter, subject, change.UpdatedAt, fields)
		if errors.Is(err, mongo.ErrNoDocuments) {
			return refusedCommentChange(ctx, c, subject)
		}
		if err != nil {
			return err
		}
		var d commentDocument
		if err := d.UnmarshalBSON(changed); err != nil {
			return err
		}
		comment = new(d.comment(authors, postAuthor))
		return nil
	})
	return comment, err
}

// DeleteComment implements models.CommentStore.
func (s *Store) DeleteComment(ctx context.Context, id models.ID, ifUnchanged *models.Comment) error {
	return s.run(ctx, "delete comment", func(ctx context.Context, c *collections) error {
		stored, _, err := visibleComment(ctx, c.comments, c.posts, byID(id))
		if err != nil {
			return err
		}
		filter, err := commentState(byID(id), stored, ifUnchanged)
		if err != nil {
			return err
		}
		removed, err := deleteOne(ctx, c.comments, id, filter)
		if err == nil && !removed {
			return refusedCommentChange(ctx, c, byID(id))
		}
		return err
	})
}

// commentState restricts the filter that selects a stored comment to its state, unless unchanged is nil. It returns
// models.ErrCommentChanged if the comment is in another state than unchanged.
func commentState(filter bson.D, stored bson.Raw, unchanged *models.Comment) (bson.D, error) {
	if unchanged == nil {
		return filter, nil
	}
	var d commentDocument
	if err := d.UnmarshalBSON(stored); err != nil {
		return nil, err
	}
	if comment := d.comment(nil, unchanged.PostAuthorID); !comment.Equal(unchanged) {
		return nil, models.ErrCommentChanged
	}
	return inState(filter, stored, fieldNames[commentDocument]("_id", "post", "author")), nil
}

// refusedCommentChange returns why a write found no document, though subject selected one before: either the comment
// has changed, or it is gone.
func refusedCommentChange(ctx context.Context, c *collections, subject bson.D) error {
	err := c.comments.FindOne(ctx, subject, options.FindOne().SetProjection(onlyID())).Err()
	if err != nil {
		return missing(err, models.ErrCommentNotFound)
	}
	return models.ErrCommentChanged
}
