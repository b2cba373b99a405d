package mongodb

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"gin-blog/models"
)

// postDocument is a post as the tutorial's Express app stores it, with fields of ours that it passes over.
type postDocument struct {
	ID        models.ID `bson:"_id"`
	Title     string    `bson:"title"`
	Content   string    `bson:"content"`
	Tags      []string  `bson:"tags,omitempty"`
	Author    models.ID `bson:"author"`
	CreatedAt time.Time `bson:"createdAt"`
	UpdatedAt time.Time `bson:"updatedAt,omitempty"`
	Version   int64     `bson:"version,omitempty"`

	IdempotencyKey  string `bson:"idempotencyKey,omitempty"`
	IdempotencyHash []byte `bson:"idempotencyHash,omitempty"`
}

func newPostDocument(p *models.Post) postDocument {
	return postDocument{
		ID: p.ID, Title: p.Title, Content: p.Content, Tags: p.Tags,
		Author: p.AuthorID, CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt, Version: p.Version,
	}
}

func (d *postDocument) post(authors map[models.ID]*models.Author) models.Post {
	p := models.Post{
		ID: d.ID, Title: d.Title, Content: d.Content, Tags: d.Tags,
		AuthorID: d.Author, Author: authors[d.Author], Version: d.Version, CreatedAt: d.CreatedAt, UpdatedAt: d.UpdatedAt,
	}
	if p.CreatedAt.IsZero() {
		p.CreatedAt = d.ID.Timestamp()
	}
	if p.UpdatedAt.IsZero() {
		p.UpdatedAt = p.CreatedAt
	}
	return p
}

// CreatePost implements models.PostStore. Post and key are one document, so one write makes both or neither, also on a server
// without transactions.
func (s *Store) CreatePost(ctx context.Context, p *models.Post, once *models.Idempotency) (existing *models.Post, err error) {
	c, err := s.collections()
	if err != nil {
		return nil, err
	}
	document := newPostDocument(p)
	if once == nil {
		_, err := c.posts.InsertOne(ctx, document)
		if mongo.IsDuplicateKeyError(err) {
			// The id is new, so the post under it is this one: the driver repeats a write that got no answer, and not every
			// server still knows after a crash that it has taken it.
			return nil, nil
		}
		return nil, wrap("create post", err)
	}
	document.IdempotencyKey, document.IdempotencyHash = once.Key, once.Fingerprint
	for range createAttempts {
		_, err = c.posts.InsertOne(ctx, document)
		if !mongo.IsDuplicateKeyError(err) {
			return nil, wrap("create post", err)
		}
		existing, err := postByKey(ctx, c, p.AuthorID, once)
		if existing != nil || err != nil {
			return existing, err
		}
	}
	return nil, wrap("create post", err)
}

// postByKey returns the post that was created with a key, if what was sent then is what is sent now. It returns nil where
// the key is free again.
func postByKey(ctx context.Context, c *collections, author models.ID, once *models.Idempotency) (*models.Post, error) {
	var d postDocument
	err := c.posts.FindOne(ctx, bson.D{{Key: "author", Value: author}, {Key: "idempotencyKey", Value: append(isString(), bson.E{Key: "$eq", Value: once.Key})}}).Decode(&d)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return nil, nil
	}
	if err != nil {
		return nil, wrap("find post by key", err)
	}
	if d.CreatedAt.Before(once.Since) {
		_, err := c.posts.UpdateOne(ctx, append(byID(d.ID), bson.E{Key: "idempotencyKey", Value: once.Key}),
			bson.D{{Key: "$unset", Value: bson.D{{Key: "idempotencyKey", Value: ""}, {Key: "idempotencyHash", Value: ""}}}})
		return nil, wrap("free a key", err)
	}
	if !bytes.Equal(d.IdempotencyHash, once.Fingerprint) {
		return nil, wrap("create post", models.ErrKeyReused)
	}
	posts, err := withAuthors(ctx, c, []postDocument{d})
	if err != nil {
		return nil, err
	}
	return &posts[0], nil
}

// CreatePosts implements models.PostStore.
func (s *Store) CreatePosts(ctx context.Context, posts []models.Post) error {
	c, err := s.collections()
	if err != nil {
		return err
	}
	documents := make([]postDocument, len(posts))
	for i := range posts {
		documents[i] = newPostDocument(&posts[i])
	}
	_, err = c.posts.InsertMany(ctx, documents)
	return wrap("create posts", err)
}

// PostByID implements models.PostStore.
func (s *Store) PostByID(ctx context.Context, id models.ID) (*models.Post, error) {
	c, err := s.collections()
	if err != nil {
		return nil, err
	}
	var d postDocument
	err = c.posts.FindOne(ctx, byID(id)).Decode(&d)
	if errors.Is(err, mongo.ErrNoDocuments) {
		err = models.ErrPostNotFound
	}
	if err != nil {
		return nil, wrap("find post", err)
	}
	posts, err := withAuthors(ctx, c, []postDocument{d})
	if err != nil {
		return nil, err
	}
	return &posts[0], nil
}

// Posts implements models.PostStore.
func (s *Store) Posts(ctx context.Context, f models.PostFilter) (page []models.Post, more bool, err error) {
	c, err := s.collections()
	if err != nil {
		return nil, false, err
	}
	if len(f.Words) > 0 { // may have to look at every post
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, searchPatience)
		defer cancel()
	}
	cursor, err := c.posts.Find(ctx, c.pageFilter(f), pageOptions(f))
	if err != nil {
		return nil, false, wrap("list posts", err)
	}
	defer cursor.Close(ctx)

	documents := make([]postDocument, 0, f.Limit)
	size := 0
	for cursor.Next(ctx) {
		var d postDocument
		if err := cursor.Decode(&d); err != nil {
			return nil, false, wrap("list posts", err)
		}
		if !f.Words.OccurIn(d.Title, d.Content) {
			continue
		}
		if more = !f.HasRoom(len(documents), size, len(d.Title)+len(d.Content)); more {
			break
		}
		documents = append(documents, d)
		size += len(d.Title) + len(d.Content)
	}
	if err := cursor.Err(); err != nil {
		return nil, false, wrap("list posts", err)
	}
	page, err = withAuthors(ctx, c, documents)
	return page, more, err
}

// searchPatience is how long a search may take.
const searchPatience = 2 * time.Second

// pageFilter is what the server can tell of a filter. With a text index it finds the posts that hold the words somewhere;
// whether as whole words, OccurIn tells.
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

// pageOptions fetch a page with one post more in one round trip; a search goes on until it has found enough.
func pageOptions(f models.PostFilter) *options.FindOptionsBuilder {
	if len(f.Words) > 0 {
		return options.Find().SetSort(bson.D{{Key: "_id", Value: -1}})
	}
	return newestFirst(f.Limit + 1)
}

// Revisions implements models.PostStore.
func (s *Store) Revisions(ctx context.Context, f models.PostFilter) (page []models.Revision, more bool, err error) {
	posts, more, err := s.Posts(ctx, f)
	if err != nil {
		return nil, false, err
	}
	page = make([]models.Revision, len(posts))
	for i := range posts {
		page[i] = posts[i].Revision()
	}
	return page, more, nil
}

// UpdatePost implements models.PostStore.
func (s *Store) UpdatePost(ctx context.Context, id, author models.ID, change models.PostChange) (*models.Post, error) {
	c, err := s.collections()
	if err != nil {
		return nil, err
	}
	set := bson.D{{Key: "updatedAt", Value: change.UpdatedAt}}
	if change.Title != nil {
		set = append(set, bson.E{Key: "title", Value: *change.Title})
	}
	if change.Content != nil {
		set = append(set, bson.E{Key: "content", Value: *change.Content})
	}
	if change.Tags != nil {
		set = append(set, bson.E{Key: "tags", Value: *change.Tags})
	}
	var d postDocument
	update := bson.D{{Key: "$set", Value: set}, {Key: "$inc", Value: bson.D{{Key: "version", Value: 1}}}}
	err = c.posts.FindOneAndUpdate(ctx, postOf(author, id, change.IfVersion), update,
		options.FindOneAndUpdate().SetReturnDocument(options.After)).Decode(&d)
	if errors.Is(err, mongo.ErrNoDocuments) {
		err = whyUnchanged(ctx, c, id, author)
	}
	if err != nil {
		return nil, wrap("update post", err)
	}
	posts, err := withAuthors(ctx, c, []postDocument{d})
	if err != nil {
		return nil, err
	}
	return &posts[0], nil
}

// DeletePost implements models.PostStore.
func (s *Store) DeletePost(ctx context.Context, id, author models.ID, ifVersion *int64) error {
	c, err := s.collections()
	if err != nil {
		return err
	}
	result, err := c.posts.DeleteOne(ctx, postOf(author, id, ifVersion))
	if err == nil && result.DeletedCount == 0 {
		err = whyUnchanged(ctx, c, id, author)
	}
	return wrap("delete post", err)
}

// postOf selects a post where it has this author and, unless version is nil, this version.
func postOf(author, id models.ID, version *int64) bson.D {
	filter := append(byID(id), bson.E{Key: "author", Value: author})
	if version != nil {
		filter = append(filter, atVersion("version", *version))
	}
	return filter
}

// whyUnchanged tells why a write met no post.
func whyUnchanged(ctx context.Context, c *collections, id, author models.ID) error {
	err := c.posts.FindOne(ctx, postOf(author, id, nil), options.FindOne().SetProjection(onlyID())).Err()
	switch {
	case errors.Is(err, mongo.ErrNoDocuments):
		return models.ErrPostNotFound
	case err != nil:
		return err
	}
	return models.ErrPostChanged
}

// withAuthors finds the authors of all the posts in one round trip. Mongoose calls it populate.
func withAuthors(ctx context.Context, c *collections, documents []postDocument) ([]models.Post, error) {
	posts := make([]models.Post, len(documents))
	if len(documents) == 0 {
		return posts, nil
	}
	authors := make(map[models.ID]*models.Author)
	for _, d := range documents {
		authors[d.Author] = nil
	}
	ids := make(bson.A, 0, len(authors))
	for id := range authors {
		ids = append(ids, id)
	}
	cursor, err := c.users.Find(ctx,
		bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: ids}}}},
		options.Find().SetProjection(bson.D{{Key: "username", Value: 1}}))
	if err != nil {
		return nil, wrap("find authors", err)
	}
	var users []userDocument
	if err := cursor.All(ctx, &users); err != nil {
		return nil, wrap("find authors", err)
	}
	for _, u := range users {
		authors[u.ID] = &models.Author{ID: u.ID, Username: u.Username}
	}
	for i := range documents {
		posts[i] = documents[i].post(authors)
	}
	return posts, nil
}
