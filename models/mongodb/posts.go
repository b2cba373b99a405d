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

// postDocument is a post as the tutorial's Express app stores it, with fields of ours that it passes over.
type postDocument struct {
	ID        models.ID `bson:"_id"`
	Title     string    `bson:"title"`
	Content   string    `bson:"content"`
	Tags      []string  `bson:"tags,omitempty"`
	Author    models.ID `bson:"author"`
	CreatedAt time.Time `bson:"createdAt"`
	UpdatedAt time.Time `bson:"updatedAt,omitempty"`
}

func (d *postDocument) post(authors map[models.ID]*models.Author) models.Post {
	p := models.Post{
		ID: d.ID, Title: d.Title, Content: d.Content, Tags: d.Tags,
		AuthorID: d.Author, Author: authors[d.Author], CreatedAt: d.CreatedAt, UpdatedAt: d.UpdatedAt,
	}
	if p.CreatedAt.IsZero() {
		p.CreatedAt = d.ID.Timestamp()
	}
	if p.UpdatedAt.IsZero() {
		p.UpdatedAt = p.CreatedAt
	}
	return p
}

// CreatePost implements models.PostStore.
func (s *Store) CreatePost(ctx context.Context, p *models.Post) error {
	c, err := s.collections()
	if err != nil {
		return err
	}
	_, err = c.posts.InsertOne(ctx, postDocument{
		ID: p.ID, Title: p.Title, Content: p.Content, Tags: p.Tags,
		Author: p.AuthorID, CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt,
	})
	return wrap("create post", err)
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
func (s *Store) Posts(ctx context.Context, f models.PostFilter) ([]models.Post, error) {
	c, err := s.collections()
	if err != nil {
		return nil, err
	}
	cursor, err := c.posts.Find(ctx, olderThan(f.After), newestFirst(f.Limit))
	if err != nil {
		return nil, wrap("list posts", err)
	}
	documents := make([]postDocument, 0, f.Limit)
	if err := cursor.All(ctx, &documents); err != nil {
		return nil, wrap("list posts", err)
	}
	return withAuthors(ctx, c, documents)
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
	err = c.posts.FindOneAndUpdate(ctx, postOf(author, id), bson.D{{Key: "$set", Value: set}},
		options.FindOneAndUpdate().SetReturnDocument(options.After)).Decode(&d)
	if errors.Is(err, mongo.ErrNoDocuments) {
		err = models.ErrPostNotFound
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
func (s *Store) DeletePost(ctx context.Context, id, author models.ID) error {
	c, err := s.collections()
	if err != nil {
		return err
	}
	result, err := c.posts.DeleteOne(ctx, postOf(author, id))
	if err == nil && result.DeletedCount == 0 {
		err = models.ErrPostNotFound
	}
	return wrap("delete post", err)
}

// postOf selects a post where it has this author.
func postOf(author, id models.ID) bson.D {
	return append(byID(id), bson.E{Key: "author", Value: author})
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
