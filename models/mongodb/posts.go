package mongodb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"

	"gin-blog/models"
)

// textFields are the fields of what a writer writes.
func textFields(t *models.Text) []field {
	return []field{{"title", &t.Title, written}, {"content", &t.Content, written}, {"tags", &t.Tags, written}}
}

// postFields are the fields of the tutorial's Express app, and more that the app ignores.
func postFields(p *models.Post) []field {
	return append([]field{
		{"_id", &p.ID, written},
		{"author", &p.AuthorID, omitted},
		{"createdAt", &p.CreatedAt, written},
		{"updatedAt", &p.UpdatedAt, omitted},
		termField(p),
	}, textFields(&p.Text)...)
}

// termField has the terms by which a search finds a post.
func termField(p *models.Post) field {
	terms := func() any { return append([]string{}, models.SearchTerms(p.Title, p.Content)...) }
	return field{searchTerms, derived(terms), written}
}

// newPost returns the post of a document.
func newPost(document bson.Raw) (p models.Post) {
	read(document, postFields(&p))
	date(p.ID, &p.CreatedAt, &p.UpdatedAt)
	return p
}

// postDocument returns the document of a post with its key.
func postDocument(p *models.Post, key models.KeptKey) bson.Raw {
	return write(append(postFields(p), keyFields(&key)...))
}

// CreatePost implements models.PostStore.
func (s *Store) CreatePost(
	ctx context.Context, p *models.Post, key *models.Idempotency,
) (existing *models.Post, err error) {
	return get(ctx, s, "create post", func(ctx context.Context, c *collections) (*models.Post, error) {
		if refusal := c.refusals["posts"]; key != nil && refusal != nil {
			return nil, refusal
		}
		newest, err := newestID(ctx, c.posts)
		if err != nil {
			return nil, err
		}
		p.ID = models.IDAfter(p.ID, newest)
		stored, err := createOnce(ctx, c, c.posts, p.ID, postDocument(p, key.Kept()), p.AuthorID, key)
		if err != nil || stored == nil {
			return nil, err
		}
		_, post, err := findPost(ctx, c, c.posts, documentID(stored))
		return post, err
	})
}

// PostByID implements models.PostStore.
func (s *Store) PostByID(ctx context.Context, id models.ID) (*models.Post, error) {
	return get(ctx, s, "find post", func(ctx context.Context, c *collections) (*models.Post, error) {
		_, post, err := findPost(ctx, c, c.readPosts, id)
		return post, err
	})
}

// findPost returns a post with its author, and the document that holds it, or models.ErrPostNotFound.
func findPost(
	ctx context.Context, c *collections, in *mongo.Collection, id models.ID,
) (stored bson.Raw, _ *models.Post, err error) {
	stored, err = findJoined(ctx, in, byID(id), models.ErrPostNotFound, join("author", c.users))
	if err != nil {
		return nil, nil, err
	}
	p := newPost(stored)
	p.Author = joinedAuthor(stored)
	if lacksAuthor(p) {
		purged, err := c.purgedUsers(ctx)
		if err != nil || slices.Contains(purged, p.AuthorID) {
			return nil, nil, cmp.Or(err, models.ErrPostNotFound)
		}
	}
	return stored, &p, nil
}

func (s *Store) postEntry(ctx context.Context, c *collections, id models.ID) *entry[models.Post] {
	find := func() (bson.Raw, *models.Post, error) { return findPost(ctx, c, c.posts, id) }
	return &entry[models.Post]{s, c.posts, id, postFields, find}
}

// UpdatePost implements models.PostStore.
func (s *Store) UpdatePost(
	ctx context.Context, id models.ID, change func(*models.Post) error,
) (*models.Post, error) {
	return get(ctx, s, "update post", func(ctx context.Context, c *collections) (*models.Post, error) {
		return s.postEntry(ctx, c, id).update(ctx, func(p *models.Post) error {
			changed := *p
			if err := change(&changed); err != nil {
				return err
			}
			p.Text, p.UpdatedAt = changed.Text, changed.UpdatedAt
			return nil
		})
	})
}

// DeletePost implements models.PostStore.
func (s *Store) DeletePost(ctx context.Context, id models.ID, check func(*models.Post) error) error {
	return s.run(ctx, "delete post", func(ctx context.Context, c *collections) error {
		return s.postEntry(ctx, c, id).remove(ctx, check, c.deletePost)
	})
}

// Posts implements models.PostStore.
func (s *Store) Posts(ctx context.Context, f models.PostFilter) (posts []models.Post, more bool, err error) {
	findPosts, turns := s.findPosts, s.pages
	if len(f.Words) > 0 { // the server may have to look at every post
		findPosts, turns = s.search, s.searches
	}
	page, err := get(ctx, s, "list posts", inTurn(turns,
		func(ctx context.Context, c *collections) (*models.Page[models.Post], error) {
			var hidden []models.ID
			for {
				page, err := findPosts(ctx, c, f, hidden)
				if err != nil {
					return nil, err
				}
				err = addAuthors(ctx, c, page.Rows, func(p *models.Post) (models.ID, **models.Author) {
					return p.AuthorID, &p.Author
				})
				if err != nil || !slices.ContainsFunc(page.Rows, lacksAuthor) {
					return page, err
				}
				// Only then it may be that the author was purged.
				purged, err := c.purgedUsers(ctx)
				isHidden := func(p models.Post) bool { return lacksAuthor(p) && slices.Contains(purged, p.AuthorID) }
				if err != nil || !slices.ContainsFunc(page.Rows, isHidden) {
					return page, err
				}
				hidden = purged
			}
		}))
	return rowsOf(page, !f.Before.IsZero(), err)
}

// lacksAuthor returns whether the author of a post is gone.
func lacksAuthor(p models.Post) bool { return p.Author == nil && !p.AuthorID.IsZero() }

// PostLinks implements models.PostStore.
func (s *Store) PostLinks(ctx context.Context, r models.PostRange) ([]models.PostLink, error) {
	order := 1
	if r.Newest {
		order = -1
	}
	find := only("title", "createdAt", "updatedAt").SetSort(byIDs(order)).SetLimit(int64(r.Limit)).
		SetBatchSize(int32(r.Limit))
	turns := s.pages
	if r.Limit > models.FewLinks { // there may be 50,000
		turns = s.searches
	}
	return get(ctx, s, "list links", inTurn(turns,
		func(ctx context.Context, c *collections) ([]models.PostLink, error) {
			hidden, err := c.purgedUsers(ctx)
			if err != nil {
				return nil, err
			}
			cursor, err := c.readPosts.Find(ctx, notBy(inRange(r.From, r.Before), hidden), find)
			return findAll(ctx, cursor, err, func(document bson.Raw) models.PostLink {
				p := newPost(document)
				return models.PostLink{ID: p.ID, Title: p.Title, CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt}
			})
		}))
}

// Tags implements models.PostStore.
func (s *Store) Tags(ctx context.Context) ([]models.TagCount, error) {
	return get(ctx, s, "count tags", inTurn(s.searches,
		func(ctx context.Context, c *collections) ([]models.TagCount, error) {
			hidden, err := c.purgedUsers(ctx)
			if err != nil {
				return nil, err
			}
			cursor, err := c.readPosts.Aggregate(ctx, mongo.Pipeline{
				{{Key: "$match", Value: notBy(bson.D{}, hidden)}},
				{{Key: "$project", Value: bson.D{{Key: "tags", Value: 1}}}},
				{{Key: "$unwind", Value: "$tags"}},
				{{Key: "$match", Value: bson.D{{Key: "tags", Value: ofType("string")}}}},
				{{Key: "$group", Value: bson.D{
					{Key: "_id", Value: "$tags"}, {Key: "posts", Value: bson.D{{Key: "$sum", Value: 1}}},
				}}},
				{{Key: "$sort", Value: bson.D{{Key: "posts", Value: -1}, {Key: "_id", Value: 1}}}},
				{{Key: "$limit", Value: models.MaxTagCounts}},
			}, options.Aggregate().SetBatchSize(models.MaxTagCounts))
			return findAll(ctx, cursor, err, func(group bson.Raw) models.TagCount {
				posts, _ := group.Lookup("posts").AsInt64OK()
				return models.TagCount{Tag: text(group.Lookup("_id")), Posts: int(posts)}
			})
		}))
}

// SkipPosts implements models.PostStore.
func (s *Store) SkipPosts(ctx context.Context, from models.ID, n int) (models.ID, error) {
	return get(ctx, s, "skip posts", inTurn(s.searches, func(ctx context.Context, c *collections) (models.ID, error) {
		hidden, err := c.purgedUsers(ctx)
		if err != nil {
			return models.ID{}, err
		}
		find := options.FindOne().SetProjection(onlyID()).SetSort(byIDs(1)).SetSkip(int64(n))
		raw, err := c.readPosts.FindOne(ctx, notBy(inRange(from, models.ID{}), hidden), find).Raw()
		return documentID(raw), missing(err, nil)
	}))
}

// search is findPosts for a filter with words. It returns models.ErrSearchTooLong after models.SearchTimeout.
func (s *Store) search(
	ctx context.Context, c *collections, f models.PostFilter, hidden []models.ID,
) (*models.Page[models.Post], error) {
	limited, cancel := context.WithTimeout(ctx, models.SearchTimeout)
	defer cancel()
	page, err := s.findPosts(limited, c, f, hidden)
	if !mongo.IsTimeout(err) || ctx.Err() != nil {
		return page, err
	}
	// Either the search was too much for the server, or the server does not answer at all. ctx lasts long enough to ask.
	if away := s.client.Ping(ctx, readpref.Primary()); away != nil {
		return nil, errors.Join(err, away)
	}
	return nil, fmt.Errorf("%w: %w", models.ErrSearchTooLong, err)
}

// findPosts returns the posts of one page, without their authors, and none by hidden ones.
func (s *Store) findPosts(
	ctx context.Context, c *collections, f models.PostFilter, hidden []models.ID,
) (*models.Page[models.Post], error) {
	cursor, err := s.openPage(ctx, c, f, hidden)
	return findPage(ctx, cursor, err, f.Limit, newPost, func(p *models.Post) bool {
		return f.Words.OccurIn(p.Title, p.Content)
	})
}

// pageFilter returns the part of a filter that the server can check. The terms narrow a search down, and OccurIn looks
// at the texts.
func (s *Store) pageFilter(f models.PostFilter) bson.D {
	filter := olderThan(f.After)
	if !f.Before.IsZero() {
		filter = newerThan(f.Before)
	}
	if !f.AuthorID.IsZero() {
		filter = append(filter, bson.E{Key: "author", Value: f.AuthorID})
	}
	if f.Tag != "" {
		filter = append(filter, bson.E{Key: "tags", Value: f.Tag})
	}
	if len(f.Words) > 0 && s.hasTerms.Load() {
		terms := f.Words.Terms()
		var condition any = bson.D{{Key: "$all", Value: terms}}
		if len(terms) == 1 { // lesser servers look up this form only
			condition = terms[0]
		}
		filter = append(filter, bson.E{Key: searchTerms, Value: condition})
	}
	return filter
}

// openPage returns a cursor for a page and one post more, in one round trip. A search fetches more until it has found
// enough. The driver's Find tells the server no time limit, so a search is a command of its own: for commands, the
// driver adds maxTimeMS from the deadline of ctx, and the server gives up when the client does.
func (s *Store) openPage(
	ctx context.Context, c *collections, f models.PostFilter, hidden []models.ID,
) (*mongo.Cursor, error) {
	filter, order := notBy(s.pageFilter(f), hidden), -1
	if !f.Before.IsZero() {
		order = 1
	}
	if len(f.Words) == 0 {
		return c.readPosts.Find(ctx, filter, pageOf(f.Limit, order).SetProjection(withoutTerms()))
	}
	find := bson.D{
		{Key: "find", Value: c.readPosts.Name()},
		{Key: "filter", Value: filter},
		{Key: "sort", Value: byIDs(order)},
		{Key: "projection", Value: withoutTerms()},
	}
	return s.db.RunCommandCursor(ctx, find, options.RunCmd().SetReadPreference(s.readPreference))
}
