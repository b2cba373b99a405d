package mongodb

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"gin-blog/models"
)

// postDocument has the fields of the tutorial's Express app, and more that the app ignores.
type postDocument struct {
	ID        models.ID `bson:"_id"`
	Title     string    `bson:"title"`
	Content   string    `bson:"content"`
	Tags      []string  `bson:"tags,omitempty"`
	Author    models.ID `bson:"author,omitempty"`
	CreatedAt time.Time `bson:"createdAt"`
	UpdatedAt time.Time `bson:"updatedAt,omitempty"`
	Key       keyFields `bson:",inline"`
}

// UnmarshalBSON implements bson.Unmarshaler.
func (d *postDocument) UnmarshalBSON(document []byte) error {
	raw := bson.Raw(document)
	*d = postDocument{
		ID: idField(raw, "_id"), Title: textField(raw, "title"), Content: textField(raw, "content"),
		Tags: textsField(raw, "tags"), Author: idField(raw, "author"),
		CreatedAt: timeField(raw, "createdAt"), UpdatedAt: timeField(raw, "updatedAt"),
	}
	return nil
}

func newPostDocument(p *models.Post) postDocument {
	return postDocument{
		ID: p.ID, Title: p.Title, Content: p.Content, Tags: p.Tags,
		Author: p.AuthorID, CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt,
	}
}

func (d *postDocument) post(authors map[models.ID]*models.Author) models.Post {
	p := models.Post{
		ID: d.ID, Title: d.Title, Content: d.Content, Tags: d.Tags,
		AuthorID: d.Author, Author: authors[d.Author],
	}
	p.CreatedAt, p.UpdatedAt = datedBy(d.ID, d.CreatedAt, d.UpdatedAt)
	return p
}

// CreatePost implements models.PostStore.
func (s *Store) CreatePost(
	ctx context.Context, p *models.Post, key *models.Idempotency,
) (existing *models.Post, err error) {
	err = s.run(ctx, "create post", func(ctx context.Context, c *collections) error {
		if key != nil && c.noPostKeys != nil {
			return c.noPostKeys
		}
		existing, err = createPost(ctx, c, p, key)
		return err
	})
	if err != nil {
		return nil, err
	}
	return existing, nil
}

// createPost stores a post. If its author has created one with the same key before, it returns that instead.
func createPost(
	ctx context.Context, c *collections, p *models.Post, key *models.Idempotency,
) (existing *models.Post, err error) {
	newest, err := newestID(ctx, c.posts)
	if err != nil {
		return nil, err
	}
	p.ID = models.IDAfter(p.ID, newest)
	document := newPostDocument(p)
	document.Key = newKeyFields(key)
	stored, err := createOnce(ctx, c.posts, p.ID, document, p.AuthorID, key, neverGone)
	if err != nil || stored == nil {
		return nil, err
	}
	return postWithAuthor(ctx, c, stored)
}

// postWithAuthor is withAuthor for a document as it is stored.
func postWithAuthor(ctx context.Context, c *collections, stored bson.Raw) (*models.Post, error) {
	var d postDocument
	if err := d.UnmarshalBSON(stored); err != nil {
		return nil, err
	}
	return withAuthor(ctx, c, d)
}

// CreatePosts implements models.PostStore.
func (s *Store) CreatePosts(ctx context.Context, posts []models.Post) error {
	documents := make([]postDocument, len(posts))
	for i := range posts {
		documents[i] = newPostDocument(&posts[i])
	}
	return s.run(ctx, "create posts", func(ctx context.Context, c *collections) error {
		_, err := c.posts.InsertMany(ctx, documents)
		return err
	})
}

// PostByID implements models.PostStore.
func (s *Store) PostByID(ctx context.Context, id models.ID) (post *models.Post, err error) {
	err = s.run(ctx, "find post", func(ctx context.Context, c *collections) error {
		var d postDocument
		if err := c.readPosts.FindOne(ctx, byID(id)).Decode(&d); err != nil {
			return missing(err, models.ErrPostNotFound)
		}
		post, err = withAuthor(ctx, c, d)
		return err
	})
	return post, err
}

// UpdatePost implements models.PostStore.
func (s *Store) UpdatePost(
	ctx context.Context, id, author models.ID, change models.PostChange,
) (post *models.Post, err error) {
	fields := changedFields(change)
	err = s.run(ctx, "update post", func(ctx context.Context, c *collections) error {
		filter, err := c.stateFilter(ctx, id, author, change.IfUnchanged)
		if err != nil {
			return err
		}
		authors, err := findAuthors(ctx, c, author) // before the write, so that a failure leaves the post as it was
		if err != nil {
			return err
		}
		changed, err := updateOne(ctx, c.posts, filter, postOf(author, id), change.UpdatedAt, fields)
		if errors.Is(err, mongo.ErrNoDocuments) {
			return refusedChange(ctx, c, id, author)
		}
		if err != nil {
			return err
		}
		var d postDocument
		if err := d.UnmarshalBSON(changed); err != nil {
			return err
		}
		post = new(d.post(authors))
		return nil
	})
	return post, err
}

// changedFields returns the fields of a post after a change.
func changedFields(change models.PostChange) []bson.E {
	fields := changedTexts(change.Title, change.Content)
	if change.Tags != nil {
		fields = append(fields, bson.E{Key: "tags", Value: *change.Tags})
	}
	return fields
}

// changedTexts returns the fields that posts and drafts have in common after a change. A nil text stays as it is.
func changedTexts(title, content *string) (fields []bson.E) {
	if title != nil {
		fields = append(fields, bson.E{Key: "title", Value: *title})
	}
	if content != nil {
		fields = append(fields, bson.E{Key: "content", Value: *content})
	}
	return fields
}

// DeletePost implements models.PostStore.
func (s *Store) DeletePost(ctx context.Context, id, author models.ID, ifUnchanged *models.Post) error {
	return s.run(ctx, "delete post", func(ctx context.Context, c *collections) error {
		filter, err := c.stateFilter(ctx, id, author, ifUnchanged)
		if err != nil {
			return err
		}
		removed, err := deletePost(ctx, c, id, filter)
		if err == nil && !removed {
			return refusedChange(ctx, c, id, author)
		}
		return err
	})
}

// postOf selects a post if it has this author. The zero ID selects posts whose author is no id, or missing: they
// belong to other programs.
func postOf(author, id models.ID) bson.D {
	if author.IsZero() {
		notID := bson.D{{Key: "$not", Value: bson.D{{Key: "$type", Value: "objectId"}}}}
		return append(byID(id), bson.E{Key: "author", Value: notID})
	}
	return append(byID(id), bson.E{Key: "author", Value: author})
}

// stateFilter selects a post if it has this author and, unless unchanged is nil, that state. It returns
// models.ErrPostNotFound, or models.ErrPostChanged if the post is in another state.
func (c *collections) stateFilter(
	ctx context.Context, id, author models.ID, unchanged *models.Post,
) (bson.D, error) {
	filter := postOf(author, id)
	if unchanged == nil {
		return filter, nil
	}
	stored, err := c.posts.FindOne(ctx, filter).Raw()
	if err != nil {
		return nil, missing(err, models.ErrPostNotFound)
	}
	var d postDocument
	if err := d.UnmarshalBSON(stored); err != nil {
		return nil, err
	}
	if p := d.post(nil); !p.Equal(unchanged) {
		return nil, models.ErrPostChanged
	}
	return inState(filter, stored, fieldNames[postDocument]("_id", "author")), nil
}

// refusedChange returns why a write found no document: models.ErrPostChanged if the author has the post in another
// version, and models.ErrPostNotFound otherwise.
func refusedChange(ctx context.Context, c *collections, id, author models.ID) error {
	err := c.posts.FindOne(ctx, postOf(author, id), options.FindOne().SetProjection(onlyID())).Err()
	if err != nil {
		return missing(err, models.ErrPostNotFound)
	}
	return models.ErrPostChanged
}

// withAuthor is withAuthors for one post.
func withAuthor(ctx context.Context, c *collections, d postDocument) (*models.Post, error) {
	posts, err := withAuthors(ctx, c, []postDocument{d})
	if err != nil {
		return nil, err
	}
	return &posts[0], nil
}

// withAuthors fetches the authors of all posts in one round trip, which Mongoose calls populate.
func withAuthors(ctx context.Context, c *collections, documents []postDocument) ([]models.Post, error) {
	posts := make([]models.Post, len(documents))
	if len(documents) == 0 {
		return posts, nil
	}
	authors, err := findAuthors(ctx, c, idsOf(documents, func(d *postDocument) models.ID { return d.Author })...)
	if err != nil {
		return nil, err
	}
	for i := range documents {
		posts[i] = documents[i].post(authors)
	}
	return posts, nil
}

// findAuthors returns the authors with these ids, as far as they exist.
func findAuthors(ctx context.Context, c *collections, ids ...models.ID) (map[models.ID]*models.Author, error) {
	slices.SortFunc(ids, func(a, b models.ID) int { return bytes.Compare(a[:], b[:]) })
	ids = slices.Compact(ids)
	cursor, err := c.users.Find(ctx,
		anyOf(ids),
		options.Find().SetProjection(bson.D{{Key: "username", Value: 1}}))
	if err != nil {
		return nil, err
	}
	defer closeCursor(ctx, cursor)
	authors := make(map[models.ID]*models.Author, len(ids))
	for cursor.Next(ctx) {
		author := &models.Author{ID: idField(cursor.Current, "_id"), Username: textField(cursor.Current, "username")}
		authors[author.ID] = author
	}
	return authors, cursor.Err()
}
