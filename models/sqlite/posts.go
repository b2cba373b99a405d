package sqlite

import (
	"context"
	"slices"

	"zombiezen.com/go/sqlite"

	"gin-blog/models"
)

func postFields(p *models.Post) []field {
	return slices.Concat(textFields(&p.Text), []field{
		{"id", &p.ID, fixed},
		{"author_id", &p.AuthorID, fixed},
		{"created_at", &p.CreatedAt, fixed},
		{"updated_at", &p.UpdatedAt, changes},
		{authorName, author{&p.Author, &p.AuthorID}, joined},
	})
}

// thisShownPost is the condition for one post that a query may find. Its parameters are postKey.
const thisShownPost = thisPost + ` AND ` + shownPosts

const authorName = `users.username || char(10) || users.name`

var posts = newTable(table[models.Post]{
	name: "posts", record: "post", missing: models.ErrPostNotFound, fields: postFields,
	from: `posts LEFT JOIN users ON users.id = posts.author_id`, this: thisShownPost, key: postKey,
})

// CreatePost implements models.PostStore.
func (s *Store) CreatePost(
	ctx context.Context, p *models.Post, key *models.Idempotency,
) (existing *models.Post, err error) {
	err = s.write(ctx, "create post", func(conn *sqlite.Conn) error {
		existing, err = createPost(conn, p, key)
		return err
	})
	return existing, err
}

// createPost inserts a post, or returns the one that its author has created with the same key before. Should another
// post have the same position, it takes a new id.
func createPost(conn *sqlite.Conn, p *models.Post, key *models.Idempotency) (existing *models.Post, err error) {
	if existing, err = posts.created(conn, p.AuthorID, key); err != nil || existing != nil {
		return existing, err
	}
	if p.ID, err = postIDAfter(conn, p.ID); err != nil {
		return nil, err
	}
	insert := func() error {
		return keptPosts.insert(conn, &models.KeptPost{Post: *p, KeptKey: key.Kept()}, position(p.ID))
	}
	return nil, models.CreateUnique(insert, func() (_ bool, err error) {
		p.ID, err = postIDAfter(conn, models.NewID())
		return false, err
	})
}

// postIDAfter returns id if its position is after those of all posts, and otherwise a new ID for which that holds.
func postIDAfter(conn *sqlite.Conn, id models.ID) (models.ID, error) {
	last, err := lookUp[int64](conn, `SELECT position FROM posts ORDER BY position DESC LIMIT 1`)
	return models.IDAfter(id, lastIDAt(last)), err
}

// PostByID implements models.PostStore.
func (s *Store) PostByID(ctx context.Context, id models.ID) (*models.Post, error) {
	return posts.read(ctx, s, posts.find, postKey(id)...)
}

// UpdatePost implements models.PostStore.
func (s *Store) UpdatePost(ctx context.Context, id models.ID, change func(*models.Post) error) (*models.Post, error) {
	return posts.update(ctx, s, id, change)
}

// DeletePost implements models.PostStore.
func (s *Store) DeletePost(ctx context.Context, id models.ID, check func(*models.Post) error) error {
	return posts.remove(ctx, s, id, check)
}
