package mongodb

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"

	"gin-blog/models"
)

// commentFields are the fields of a collection that the tutorial's Express app does not know.
func commentFields(c *models.Comment) []field {
	return []field{
		{"_id", &c.ID, written},
		{"post", &c.PostID, written},
		{"content", &c.Content, written},
		{"author", &c.AuthorID, written},
		{"createdAt", &c.CreatedAt, written},
		{"updatedAt", &c.UpdatedAt, written},
	}
}

// newComment returns the comment of a document.
func newComment(document bson.Raw) (c models.Comment) {
	read(document, commentFields(&c))
	date(c.ID, &c.CreatedAt, &c.UpdatedAt)
	return c
}

// commentDocument returns the document of a comment with its key.
func commentDocument(c *models.Comment, key models.KeptKey) bson.Raw {
	return write(append(commentFields(c), keyFields(&key)...))
}

// CreateComment implements models.CommentStore. It looks for the post before it stores the comment and again
// afterwards, so it needs no transaction: if the post is deleted in between, the comment is removed again, and if it is
// deleted later, the comment is gone with it.
func (s *Store) CreateComment(
	ctx context.Context, comment *models.Comment, key *models.Idempotency,
) (existing *models.Comment, err error) {
	return get(ctx, s, "create comment", func(ctx context.Context, c *collections) (*models.Comment, error) {
		if refusal := c.refusals["comments"]; key != nil && refusal != nil {
			return nil, refusal
		}
		if isMissing, err := lacks(ctx, c.posts, comment.PostID); err != nil || isMissing {
			return nil, cmp.Or(err, models.ErrPostNotFound)
		}
		stored, err := s.insertComment(ctx, c, comment, key)
		if err != nil {
			return nil, err
		}
		if stored != nil {
			_, existing, err := findComment(ctx, c, c.comments, documentID(stored))
			return existing, err
		}
		isMissing, err := lacks(ctx, c.posts, comment.PostID)
		if err == nil && isMissing {
			_, _ = c.comments.DeleteOne(ctx, byID(comment.ID)) // nobody sees it, if it stays
			return nil, models.ErrPostNotFound
		}
		return nil, err
	})
}

// lacks returns whether no document of a collection has this id.
func lacks(ctx context.Context, in *mongo.Collection, id models.ID) (bool, error) {
	exists, err := hasDocument(ctx, in, byID(id), readconcern.Local())
	return err == nil && !exists, err
}

// insertComment stores a comment, or returns the one that its author has created with the same key before. Comments on
// one post take turns: an id that is newer than all that are stored is stored before the next one is made.
func (s *Store) insertComment(
	ctx context.Context, c *collections, comment *models.Comment, key *models.Idempotency,
) (existing bson.Raw, err error) {
	done, err := s.takeTurn(ctx, comment.PostID)
	if err != nil {
		return nil, err
	}
	defer done()
	newest, err := newestID(ctx, c.comments)
	if err != nil {
		return nil, err
	}
	comment.ID = models.IDAfter(comment.ID, newest)
	return createOnce(ctx, c, c.comments, comment.ID, commentDocument(comment, key.Kept()), comment.AuthorID, key)
}

// CommentByID implements models.CommentStore.
func (s *Store) CommentByID(ctx context.Context, id models.ID) (*models.Comment, error) {
	return get(ctx, s, "find comment", func(ctx context.Context, c *collections) (*models.Comment, error) {
		_, comment, err := findComment(ctx, c, c.readComments, id)
		return comment, err
	})
}

// findComment returns a comment with its author and that of its post, and the document that holds it. If there is no
// such comment, or no such post, it returns models.ErrCommentNotFound.
func findComment(
	ctx context.Context, c *collections, in *mongo.Collection, id models.ID,
) (stored bson.Raw, _ *models.Comment, err error) {
	joins := []mongo.Pipeline{join("author", c.users), join("post", c.posts), c.joinPurges()}
	stored, err = findJoined(ctx, in, byID(id), models.ErrCommentNotFound, joins...)
	if err != nil {
		return nil, nil, err
	}
	post := joinedBy(stored, "post")
	if post == nil {
		return nil, nil, models.ErrCommentNotFound
	}
	comment := newComment(stored)
	comment.Author = joinedAuthor(stored)
	comment.PostAuthorID, comment.PostTitle = idOf(post.Lookup("author")), text(post.Lookup("title"))
	if hasPurges(stored) {
		purged, err := c.purgedUsers(ctx)
		if err != nil || slices.Contains(purged, comment.AuthorID) || slices.Contains(purged, comment.PostAuthorID) {
			return nil, nil, cmp.Or(err, models.ErrCommentNotFound)
		}
	}
	return stored, &comment, nil
}

func (s *Store) commentEntry(ctx context.Context, c *collections, id models.ID) *entry[models.Comment] {
	find := func() (bson.Raw, *models.Comment, error) { return findComment(ctx, c, c.comments, id) }
	return &entry[models.Comment]{s, c.comments, id, commentFields, find}
}

// UpdateComment implements models.CommentStore.
func (s *Store) UpdateComment(
	ctx context.Context, id models.ID, change func(*models.Comment) error,
) (*models.Comment, error) {
	return get(ctx, s, "update comment", func(ctx context.Context, c *collections) (*models.Comment, error) {
		return s.commentEntry(ctx, c, id).update(ctx, func(comment *models.Comment) error {
			changed := *comment
			if err := change(&changed); err != nil {
				return err
			}
			comment.Content, comment.UpdatedAt = changed.Content, changed.UpdatedAt
			return nil
		})
	})
}

// DeleteComment implements models.CommentStore.
func (s *Store) DeleteComment(ctx context.Context, id models.ID, check func(*models.Comment) error) error {
	return s.run(ctx, "delete comment", func(ctx context.Context, c *collections) error {
		return s.commentEntry(ctx, c, id).remove(ctx, check, deleteOne)
	})
}

// Thread implements models.CommentStore. It looks for the post after it has read the comments: if the post exists
// then, no sweep had begun to remove any of them.
func (s *Store) Thread(
	ctx context.Context, f models.ThreadFilter,
) (comments []models.Comment, more bool, err error) {
	filter, order := newerThan(f.After), 1
	if !f.Before.IsZero() {
		filter, order = olderThan(f.Before), -1
	}
	filter = append(filter, bson.E{Key: "post", Value: f.PostID})
	page, err := get(ctx, s, "list comments", inTurn(s.pages,
		func(ctx context.Context, c *collections) (*models.Page[models.Comment], error) {
			hidden, err := c.purgedUsers(ctx)
			if err != nil {
				return nil, err
			}
			cursor, err := c.readComments.Find(ctx, notBy(filter, hidden), pageOf(f.Limit, order))
			page, err := findPage(ctx, cursor, err, f.Limit, newComment, nil)
			if err != nil {
				return nil, err
			}
			posts, err := commentedPosts(ctx, c.readPosts, hidden, f.PostID)
			if err != nil {
				return nil, err
			}
			post, exists := posts[f.PostID]
			if !exists {
				return nil, models.ErrPostNotFound
			}
			for i := range page.Rows {
				page.Rows[i].PostAuthorID, page.Rows[i].PostTitle = post.author, post.title
			}
			return page, addAuthors(ctx, c, page.Rows, commentAuthor)
		}))
	return rowsOf(page, !f.Before.IsZero(), err)
}

// maxBatch is how many comments at most are read at a time to find those that are to be seen.
const maxBatch = 256

// Comments implements models.CommentStore. While the comments of a deleted post wait to be swept, it passes over them.
func (s *Store) Comments(
	ctx context.Context, f models.CommentFilter,
) (comments []models.Comment, more bool, err error) {
	page, err := get(ctx, s, "list all comments", inTurn(s.pages,
		func(ctx context.Context, c *collections) (*models.Page[models.Comment], error) {
			hidden, err := c.purgedUsers(ctx)
			if err != nil {
				return nil, err
			}
			page := models.NewPage[models.Comment](f.Limit)
			for batch, mayBeMore := f.Limit, true; mayBeMore && !page.More; batch = min(2*batch, maxBatch) {
				filter := olderThan(f.After)
				if !f.AuthorID.IsZero() {
					filter = append(filter, bson.E{Key: "author", Value: f.AuthorID})
				}
				cursor, err := c.readComments.Find(ctx, notBy(filter, hidden), pageOf(batch, -1))
				found, err := findAll(ctx, cursor, err, newComment)
				if err != nil {
					return nil, err
				}
				if mayBeMore = len(found) > batch; mayBeMore {
					f.After = found[batch].ID
				}
				if err := addVisible(ctx, c, page, found, hidden); err != nil {
					return nil, err
				}
			}
			return page, addAuthors(ctx, c, page.Rows, commentAuthor)
		}))
	return rowsOf(page, false, err)
}

// addVisible adds to a page the comments whose post exists, as far as they fit.
func addVisible(
	ctx context.Context, c *collections, page *models.Page[models.Comment], comments []models.Comment,
	hidden []models.ID,
) error {
	ids := idsOf(comments, func(comment *models.Comment) models.ID { return comment.PostID })
	posts, err := commentedPosts(ctx, c.readPosts, hidden, ids...)
	for _, comment := range comments {
		post, exists := posts[comment.PostID]
		comment.PostAuthorID, comment.PostTitle = post.author, post.title
		if exists && !page.Add(comment) {
			break
		}
	}
	return err
}

// commentAuthor returns the author of a comment, for addAuthors.
func commentAuthor(comment *models.Comment) (models.ID, **models.Author) {
	return comment.AuthorID, &comment.Author
}

// commentedPost is what a comment has of its post.
type commentedPost struct {
	author models.ID
	title  string
}

// commentedPosts returns the posts with these ids, as far as they exist, and none by hidden authors.
func commentedPosts(
	ctx context.Context, posts *mongo.Collection, hidden []models.ID, ids ...models.ID,
) (map[models.ID]commentedPost, error) {
	found, err := findByID(ctx, posts, ids, func(post bson.Raw) commentedPost {
		return commentedPost{idOf(post.Lookup("author")), text(post.Lookup("title"))}
	}, "author", "title")
	maps.DeleteFunc(found, func(_ models.ID, post commentedPost) bool { return slices.Contains(hidden, post.author) })
	return found, err
}
