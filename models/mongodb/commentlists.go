package mongodb

import (
	"context"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"gin-blog/models"
)

// Thread implements models.CommentStore. It looks for the post after it has read the comments: if the post exists
// then, no sweep had begun to remove any of them.
func (s *Store) Thread(
	ctx context.Context, f models.ThreadFilter,
) (comments []models.Comment, more bool, err error) {
	filter := bson.D{
		{Key: "post", Value: f.PostID},
		{Key: "_id", Value: bson.D{{Key: "$gt", Value: f.After}}},
	}
	find := oldestFirst(f.Limit + 1).SetBatchSize(int32(f.Limit + 1))
	if !f.Before.IsZero() {
		filter, find = append(olderThan(f.Before), bson.E{Key: "post", Value: f.PostID}), newestFirst(f.Limit+1)
	}
	err = s.run(ctx, "list comments", func(ctx context.Context, c *collections) error {
		if err := s.pages.Acquire(ctx, 1); err != nil {
			return err
		}
		defer s.pages.Release(1)
		documents, err := findComments(ctx, c, filter, find)
		if err != nil {
			return err
		}
		author, err := postAuthor(ctx, c.readPosts, f.PostID)
		if err != nil {
			return err
		}
		page := pageOfComments(documents, f.Limit)
		more = page.More
		if !f.Before.IsZero() {
			slices.Reverse(page.Rows)
		}
		comments, err = withCommentAuthors(ctx, c, page.Rows, map[models.ID]models.ID{f.PostID: author})
		return err
	})
	return comments, more, err
}

// maxBatch is how many comments at most are read at a time to find those that are to be seen.
const maxBatch = 256

// Comments implements models.CommentStore. While the comments of a deleted post wait to be swept, it passes over them.
func (s *Store) Comments(
	ctx context.Context, f models.CommentFilter,
) (comments []models.Comment, more bool, err error) {
	err = s.run(ctx, "list all comments", func(ctx context.Context, c *collections) error {
		if err := s.pages.Acquire(ctx, 1); err != nil {
			return err
		}
		defer s.pages.Release(1)
		var visible []commentDocument
		authors := map[models.ID]models.ID{} // of the posts, by post
		after, batch := f.After, f.Limit+1
		for len(visible) <= f.Limit {
			filter := olderThan(after)
			if !f.AuthorID.IsZero() {
				filter = append(filter, bson.E{Key: "author", Value: f.AuthorID})
			}
			documents, err := findComments(ctx, c, filter, newestFirst(batch))
			if err != nil {
				return err
			}
			if len(documents) == 0 {
				break
			}
			after, batch = documents[len(documents)-1].ID, min(2*batch, maxBatch)
			found, err := postAuthors(ctx, c.readPosts, postsOf(documents)...)
			if err != nil {
				return err
			}
			for i := range documents {
				author, exists := found[documents[i].Post]
				if exists {
					authors[documents[i].Post] = author
					visible = append(visible, documents[i])
				}
			}
		}
		page := pageOfComments(visible, f.Limit)
		more = page.More
		comments, err = withCommentAuthors(ctx, c, page.Rows, authors)
		return err
	})
	return comments, more, err
}

// findComments returns the comments that a filter selects, without their authors.
func findComments(
	ctx context.Context, c *collections, filter bson.D, page *options.FindOptionsBuilder,
) ([]commentDocument, error) {
	cursor, err := c.readComments.Find(ctx, filter, page)
	return findAll[commentDocument](ctx, cursor, err)
}

// postsOf returns the posts of comments.
func postsOf(documents []commentDocument) []models.ID {
	return idsOf(documents, func(d *commentDocument) models.ID { return d.Post })
}

// pageOfComments returns the beginning of documents that fits on a page.
func pageOfComments(documents []commentDocument, limit int) *models.Page[commentDocument] {
	page := models.NewPage[commentDocument](limit)
	for i := range documents {
		if !page.Reserve(len(documents[i].Content)) {
			break
		}
		page.Rows = append(page.Rows, documents[i])
	}
	return page
}

// withCommentAuthors fetches the authors of all comments in one round trip. postAuthors has the authors of their posts.
func withCommentAuthors(
	ctx context.Context, c *collections, documents []commentDocument, postAuthors map[models.ID]models.ID,
) ([]models.Comment, error) {
	comments := make([]models.Comment, len(documents))
	if len(documents) == 0 {
		return comments, nil
	}
	authors, err := findAuthors(ctx, c, idsOf(documents, func(d *commentDocument) models.ID { return d.Author })...)
	if err != nil {
		return nil, err
	}
	for i := range documents {
		comments[i] = documents[i].comment(authors, postAuthors[documents[i].Post])
	}
	return comments, nil
}
