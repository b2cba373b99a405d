package mongodb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"

	"gin-blog/models"
)

// Posts implements models.PostStore.
func (s *Store) Posts(ctx context.Context, f models.PostFilter) (posts []models.Post, more bool, err error) {
	findPage, turns := s.findPage, s.pages
	if len(f.Words) > 0 { // the server may have to look at every post
		findPage, turns = s.search, s.searches
	}
	err = s.run(ctx, "list posts", func(ctx context.Context, c *collections) error {
		if err := turns.Acquire(ctx, 1); err != nil {
			return err
		}
		defer turns.Release(1)
		page, err := findPage(ctx, c, f)
		if err != nil {
			return err
		}
		more = page.More
		if !f.Before.IsZero() {
			slices.Reverse(page.Rows)
		}
		posts, err = withAuthors(ctx, c, page.Rows)
		return err
	})
	return posts, more, err
}

// PostLinks implements models.PostStore.
func (s *Store) PostLinks(ctx context.Context, r models.PostRange) (links []models.PostLink, err error) {
	fields := bson.D{{Key: "title", Value: 1}, {Key: "createdAt", Value: 1}, {Key: "updatedAt", Value: 1}}
	find := oldestFirst(r.Limit).SetProjection(fields).SetBatchSize(int32(r.Limit))
	err = s.run(ctx, "list links", func(ctx context.Context, c *collections) error {
		if err := s.searches.Acquire(ctx, 1); err != nil {
			return err
		}
		defer s.searches.Release(1)
		cursor, err := c.readPosts.Find(ctx, inRange(r.From, r.Before), find)
		documents, err := findAll[postDocument](ctx, cursor, err)
		links = make([]models.PostLink, len(documents))
		for i := range documents {
			post := documents[i].post(nil)
			links[i] = models.PostLink{ID: post.ID, Title: post.Title, UpdatedAt: post.UpdatedAt}
		}
		return err
	})
	return links, err
}

// SkipPosts implements models.PostStore.
func (s *Store) SkipPosts(ctx context.Context, from models.ID, n int) (id models.ID, err error) {
	find := oldestFirst(1).SetProjection(bson.D{{Key: "_id", Value: 1}}).SetSkip(int64(n))
	err = s.run(ctx, "skip posts", func(ctx context.Context, c *collections) error {
		if err := s.searches.Acquire(ctx, 1); err != nil {
			return err
		}
		defer s.searches.Release(1)
		cursor, err := c.readPosts.Find(ctx, inRange(from, models.ID{}), find)
		documents, err := findAll[postDocument](ctx, cursor, err)
		if len(documents) > 0 {
			id = documents[0].ID
		}
		return err
	})
	return id, err
}

// search is findPage for a filter with words. It returns models.ErrSearchTooLong after models.SearchTimeout.
func (s *Store) search(ctx context.Context, c *collections, f models.PostFilter) (*models.Page[postDocument], error) {
	limited, cancel := context.WithTimeout(ctx, models.SearchTimeout)
	defer cancel()
	page, err := s.findPage(limited, c, f)
	if !mongo.IsTimeout(err) || ctx.Err() != nil {
		return page, err
	}
	// Either the search was too much for the server, or the server does not answer at all. ctx lasts long enough to ask.
	if away := s.client.Ping(ctx, readpref.Primary()); away != nil {
		return nil, errors.Join(err, away)
	}
	return nil, fmt.Errorf("%w: %w", models.ErrSearchTooLong, err)
}

// findPage fetches the posts of one page, without their authors.
func (s *Store) findPage(
	ctx context.Context, c *collections, f models.PostFilter,
) (*models.Page[postDocument], error) {
	cursor, err := s.openPage(ctx, c, f)
	if err != nil {
		return nil, err
	}
	defer closeCursor(ctx, cursor)

	page := models.NewPage[postDocument](f.Limit)
	for cursor.Next(ctx) {
		var d postDocument
		if err := d.UnmarshalBSON(cursor.Current); err != nil { // Decode would copy the document first
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
	filter := pageAt(f)
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

// openPage returns a cursor for a page and one post more, in one round trip. A search fetches more until it has found
// enough. The driver's Find tells the server no time limit, so a search is a command of its own: for commands, the
// driver adds maxTimeMS from the deadline of ctx, and the server gives up when the client does.
func (s *Store) openPage(ctx context.Context, c *collections, f models.PostFilter) (*mongo.Cursor, error) {
	filter := c.pageFilter(f)
	if len(f.Words) == 0 {
		return c.readPosts.Find(ctx, filter, newestFirst(f.Limit+1).SetSort(orderOf(f)))
	}
	find := bson.D{
		{Key: "find", Value: c.readPosts.Name()},
		{Key: "filter", Value: filter},
		{Key: "sort", Value: orderOf(f)},
	}
	return s.db.RunCommandCursor(ctx, find, options.RunCmd().SetReadPreference(s.readPreference))
}
