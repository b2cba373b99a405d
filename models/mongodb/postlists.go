package mongodb

import (
	"context"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"gin-blog/models"
)

// Posts implements models.PostStore.
func (s *Store) Posts(ctx context.Context, f models.PostFilter) (posts []models.Post, more bool, err error) {
	if len(f.Words) > 0 { // the server may have to look at every post
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, models.SearchTimeout)
		defer cancel()
	}
	err = s.run(ctx, "list posts", func(ctx context.Context, c *collections) error {
		page, err := findPage(ctx, c, f)
		if err != nil {
			return err
		}
		more = page.More
		posts, err = withAuthors(ctx, c, page.Rows)
		return err
	})
	return posts, more, err
}

// findPage fetches the posts of one page, without their authors.
func findPage(ctx context.Context, c *collections, f models.PostFilter) (*models.Page[postDocument], error) {
	cursor, err := c.posts.Find(ctx, c.pageFilter(f), pageOptions(f))
	if err != nil {
		return nil, err
	}
	defer cursor.Close(ctx)

	page := models.NewPage[postDocument](f.Limit)
	for cursor.Next(ctx) {
		var d postDocument
		if err := cursor.Decode(&d); err != nil {
			return nil, err
		}
		if !f.Words.OccurIn(d.Title, d.Content) {
			continue
		}
		if !page.Reserve(len(d.Title) + len(d.Content)) {
			return page, nil
		}
		page.Rows = append(page.Rows, d)
	}
	return page, cursor.Err()
}

// pageFilter returns the part of a filter that the server can check. A text index finds the posts that contain the
// words somewhere; OccurIn then checks that they are whole words.
func (c *collections) pageFilter(f models.PostFilter) bson.D {
	filter := olderThan(f.After)
	if !f.AuthorID.IsZero() {
		filter = append(filter, bson.E{Key: "author", Value: f.AuthorID})
	}
	if f.Tag != "" {
		filter = append(filter, bson.E{Key: "tags", Value: f.Tag})
	}
	if len(f.Words) > 0 && c.hasText {
		all := `"` + strings.Join(f.Words.AsWritten(), `" "`) + `"`
		filter = append(filter, bson.E{Key: "$text", Value: bson.D{{Key: "$search", Value: all}}})
	}
	return filter
}

// pageOptions fetches a page and one post more in one round trip. A search fetches more until it has found enough.
func pageOptions(f models.PostFilter) *options.FindOptionsBuilder {
	if len(f.Words) > 0 {
		return options.Find().SetSort(bson.D{{Key: "_id", Value: -1}})
	}
	return newestFirst(f.Limit + 1)
}
