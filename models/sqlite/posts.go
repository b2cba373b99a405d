package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"strings"

	"gin-blog/models"
)

const (
	postColumns = `posts.id, posts.title, posts.content, posts.tags, posts.author_id, users.username,
		posts.created_at, posts.updated_at`

	insertPost = `INSERT INTO posts (id, title, content, tags, author_id, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)`

	selectPostByID = `SELECT ` + postColumns + ` FROM posts LEFT JOIN users ON users.id = posts.author_id WHERE posts.id = ?`

	selectPosts = `SELECT ` + postColumns + ` FROM posts LEFT JOIN users ON users.id = posts.author_id
		WHERE posts.id < ? ORDER BY posts.id DESC LIMIT ?`
)

// CreatePost implements models.PostStore.
func (s *Store) CreatePost(ctx context.Context, p *models.Post) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := s.stmts.createPost.ExecContext(ctx, p.ID[:], p.Title, p.Content, strings.Join(p.Tags, " "), p.AuthorID[:],
		millis(p.CreatedAt), millis(p.UpdatedAt))
	return wrap("create post", err)
}

// PostByID implements models.PostStore.
func (s *Store) PostByID(ctx context.Context, id models.ID) (*models.Post, error) {
	var r postRow
	err := s.stmts.postByID.QueryRowContext(ctx, id[:]).Scan(r.columns()...)
	if errors.Is(err, sql.ErrNoRows) {
		err = models.ErrPostNotFound
	}
	if err != nil {
		return nil, wrap("find post", err)
	}
	post := r.post()
	return &post, nil
}

// Posts implements models.PostStore.
func (s *Store) Posts(ctx context.Context, f models.PostFilter) ([]models.Post, error) {
	before := f.After[:]
	if f.After.IsZero() {
		before = bytes.Repeat([]byte{0xff}, len(f.After)) // sorts after every id
	}
	rows, err := s.stmts.posts.QueryContext(ctx, before, f.Limit)
	if err != nil {
		return nil, wrap("list posts", err)
	}
	defer rows.Close()

	posts := make([]models.Post, 0, f.Limit)
	var r postRow
	columns := r.columns()
	for rows.Next() {
		if err := rows.Scan(columns...); err != nil {
			return nil, wrap("list posts", err)
		}
		posts = append(posts, r.post())
	}
	return posts, wrap("list posts", rows.Err())
}

// postRow receives postColumns.
type postRow struct {
	id, authorID         idColumn
	title, content, tags string
	username             sql.NullString // NULL where the author is gone
	createdAt, updatedAt int64
}

func (r *postRow) columns() []any {
	return []any{&r.id, &r.title, &r.content, &r.tags, &r.authorID, &r.username, &r.createdAt, &r.updatedAt}
}

func (r *postRow) post() models.Post {
	p := models.Post{
		ID: models.ID(r.id), Title: r.title, Content: r.content, Tags: strings.Fields(r.tags),
		AuthorID: models.ID(r.authorID), CreatedAt: fromMillis(r.createdAt), UpdatedAt: fromMillis(r.updatedAt),
	}
	if r.username.Valid {
		p.Author = &models.Author{ID: p.AuthorID, Username: r.username.String}
	}
	return p
}
