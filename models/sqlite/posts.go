package sqlite

import (
	"context"
	"strings"

	"zombiezen.com/go/sqlite"

	"gin-blog/models"
)

const (
	// postColumns are the columns that scanPost reads.
	postColumns = `posts.id, posts.title, posts.content, posts.tags, posts.author_id, posts.created_at,
		posts.updated_at, users.username AS author_name`

	withAuthor = ` LEFT JOIN users ON users.id = posts.author_id `

	// oneAuthorColumns are postColumns for posts of one author, who is looked up once, without a join.
	oneAuthorColumns = `posts.id, posts.title, posts.content, posts.tags, posts.author_id, posts.created_at,
		posts.updated_at, (SELECT username FROM users WHERE id = ?) AS author_name`

	// If the author has a post with the same key, nothing is inserted.
	insertPost = `INSERT INTO posts (position, id, title, content, tags, author_id, created_at, updated_at,
			idempotency_key, idempotency_hash)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (author_id, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING`

	selectPost = `SELECT ` + postColumns + ` FROM posts` + withAuthor + `WHERE ` + thisPost

	selectPostByKey = `SELECT ` + postColumns + `, posts.idempotency_hash FROM posts` + withAuthor + `
		WHERE posts.author_id = ? AND posts.idempotency_key = ?`

	freeKey = `UPDATE posts SET idempotency_key = NULL, idempotency_hash = NULL
		WHERE author_id = ? AND idempotency_key = ? AND created_at < ?`

	updatePost = `UPDATE posts SET title = COALESCE(?, title), content = COALESCE(?, content), tags = COALESCE(?, tags),
		updated_at = max(?, updated_at) WHERE ` + thisPost + ` AND author_id = ?`

	deletePost = `DELETE FROM posts WHERE ` + thisPost + ` AND author_id = ?`

	// ifUnchanged restricts updatePost and deletePost to one state of the post.
	ifUnchanged = ` AND title = ? AND content = ? AND tags = ? AND created_at = ? AND updated_at = ?`
)

// CreatePost implements models.PostStore.
func (s *Store) CreatePost(
	ctx context.Context, p *models.Post, key *models.Idempotency,
) (existing *models.Post, err error) {
	err = s.write(ctx, "create post", func(conn *sqlite.Conn) error {
		if p.ID, err = postIDAfter(conn, p.ID); err != nil {
			return err
		}
		insert := func() error { return createPost(conn, p, key) }
		existing, err = createOnce(conn, p.AuthorID, key, freeKey, insert, func() (*models.Post, error) {
			return postByKey(conn, p.AuthorID, key)
		})
		return err
	})
	return existing, err
}

// CreatePosts implements models.PostStore.
func (s *Store) CreatePosts(ctx context.Context, posts []models.Post) error {
	return s.write(ctx, "create posts", func(conn *sqlite.Conn) error {
		for i := range posts {
			if err := createPost(conn, &posts[i], nil); err != nil {
				return err
			}
		}
		return nil
	})
}

// createPost inserts a post. Should another post have the same position, it takes a new id.
func createPost(conn *sqlite.Conn, p *models.Post, key *models.Idempotency) error {
	text, fingerprint := keyColumns(key)
	insert := func() error {
		return exec(conn, insertPost, position(p.ID), p.ID[:], p.Title, p.Content, joinTags(p.Tags), p.AuthorID[:],
			p.CreatedAt.UnixMilli(), p.UpdatedAt.UnixMilli(), text, fingerprint)
	}
	return models.CreateUnique(insert, func() (_ bool, err error) {
		p.ID, err = postIDAfter(conn, models.NewID())
		return false, err
	})
}

// postIDAfter returns id if its position is after those of all posts, and otherwise a new ID for which that holds.
func postIDAfter(conn *sqlite.Conn, id models.ID) (models.ID, error) {
	last, err := queryAll(conn, scanInt, `SELECT position FROM posts ORDER BY position DESC LIMIT 1`)
	if err != nil || len(last) == 0 {
		return id, err
	}
	return models.IDAfter(id, lastIDAt(last[0])), nil
}

// postByKey returns the post that was created with a key, or models.ErrPostNotFound.
func postByKey(conn *sqlite.Conn, author models.ID, key *models.Idempotency) (*models.Post, error) {
	return rowByKey(conn, models.ErrPostNotFound, scanPost, selectPostByKey, author, key)
}

// PostByID implements models.PostStore.
func (s *Store) PostByID(ctx context.Context, id models.ID) (post *models.Post, err error) {
	err = s.read(ctx, "find post", func(conn *sqlite.Conn) error {
		post, err = postByID(conn, id)
		return err
	})
	return post, err
}

func postByID(conn *sqlite.Conn, id models.ID) (*models.Post, error) {
	return queryOne(conn, models.ErrPostNotFound, scanPost, selectPost, id[:], position(id), id[:])
}

// UpdatePost implements models.PostStore.
func (s *Store) UpdatePost(
	ctx context.Context, id, author models.ID, change models.PostChange,
) (post *models.Post, err error) {
	var tags any
	if change.Tags != nil {
		tags = joinTags(*change.Tags)
	}
	statement, args := onlyIfUnchanged(updatePost, change.IfUnchanged,
		orNull(change.Title), orNull(change.Content), tags, change.UpdatedAt.UnixMilli(),
		id[:], position(id), id[:], author[:])
	err = s.write(ctx, "update post", func(conn *sqlite.Conn) error {
		if err := exec(conn, statement, args...); err != nil {
			return err
		}
		if conn.Changes() == 0 {
			return refusedChange(conn, id, author)
		}
		post, err = postByID(conn, id)
		return err
	})
	return post, err
}

// DeletePost implements models.PostStore.
func (s *Store) DeletePost(ctx context.Context, id, author models.ID, ifUnchanged *models.Post) error {
	statement, args := onlyIfUnchanged(deletePost, ifUnchanged, id[:], position(id), id[:], author[:])
	return s.write(ctx, "delete post", func(conn *sqlite.Conn) error {
		err := exec(conn, statement, args...)
		if err == nil && conn.Changes() == 0 {
			return refusedChange(conn, id, author)
		}
		return err
	})
}

// onlyIfUnchanged restricts a statement to one state of a post, unless that is nil.
func onlyIfUnchanged(statement string, p *models.Post, args ...any) (string, []any) {
	if p == nil {
		return statement, args
	}
	return statement + ifUnchanged,
		append(args, p.Title, p.Content, joinTags(p.Tags), p.CreatedAt.UnixMilli(), p.UpdatedAt.UnixMilli())
}

// joinTags returns tags as they are stored.
func joinTags(tags []string) string { return strings.Join(tags, " ") }

// refusedChange returns why a write found no row: models.ErrPostChanged if the author has the post in another
// version, and models.ErrPostNotFound otherwise.
func refusedChange(conn *sqlite.Conn, id, author models.ID) error {
	post, err := postByID(conn, id)
	if err != nil {
		return err
	}
	if post.AuthorID != author {
		return models.ErrPostNotFound
	}
	return models.ErrPostChanged
}
