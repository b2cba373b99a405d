package sqlite

import (
	"context"
	"strings"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"gin-blog/models"
)

const (
	postColumns = `posts.id, posts.title, posts.content, posts.tags, posts.author_id, users.username,
		posts.created_at, posts.updated_at`

	insertPost = `INSERT INTO posts (id, title, content, tags, author_id, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)`

	updatePost = `UPDATE posts SET title = COALESCE(?, title), content = COALESCE(?, content), tags = COALESCE(?, tags),
		updated_at = ? WHERE id = ? AND author_id = ?`

	selectPost = `SELECT ` + postColumns + ` FROM posts LEFT JOIN users ON users.id = posts.author_id WHERE posts.id = ?`

	// The planner looks at the value of a bare "LIMIT ?" and plans anew whenever it is bound, which costs more than the
	// whole page; "? + 0" it takes as it comes.
	selectPosts = `SELECT ` + postColumns + ` FROM posts LEFT JOIN users ON users.id = posts.author_id
		WHERE posts.id < ? ORDER BY posts.id DESC LIMIT ? + 0`
)

// CreatePost implements models.PostStore.
func (s *Store) CreatePost(ctx context.Context, p *models.Post) error {
	return s.write(ctx, "create post", func(conn *sqlite.Conn) error {
		return exec(conn, insertPost, p.ID[:], p.Title, p.Content, strings.Join(p.Tags, " "), p.AuthorID[:],
			p.CreatedAt.UnixMilli(), p.UpdatedAt.UnixMilli())
	})
}

// PostByID implements models.PostStore.
func (s *Store) PostByID(ctx context.Context, id models.ID) (*models.Post, error) {
	posts, err := s.posts(ctx, "find post", 1, selectPost, id[:])
	if err != nil {
		return nil, err
	}
	if len(posts) == 0 {
		return nil, models.ErrPostNotFound
	}
	return &posts[0], nil
}

// Posts implements models.PostStore.
func (s *Store) Posts(ctx context.Context, f models.PostFilter) ([]models.Post, error) {
	return s.posts(ctx, "list posts", f.Limit, selectPosts, before(f.After), f.Limit)
}

// UpdatePost implements models.PostStore.
func (s *Store) UpdatePost(ctx context.Context, id, author models.ID, change models.PostChange) (*models.Post, error) {
	var tags any
	if change.Tags != nil {
		tags = strings.Join(*change.Tags, " ")
	}
	var post *models.Post
	err := s.write(ctx, "update post", func(conn *sqlite.Conn) (err error) {
		end, err := sqlitex.ImmediateTransaction(conn)
		if err != nil {
			return err
		}
		defer end(&err)
		err = execOne(conn, models.ErrPostNotFound, updatePost,
			orNull(change.Title), orNull(change.Content), tags, change.UpdatedAt.UnixMilli(), id[:], author[:])
		if err != nil {
			return err
		}
		return sqlitex.Execute(conn, selectPost, &sqlitex.ExecOptions{
			Args:       []any{id[:]},
			ResultFunc: func(row *sqlite.Stmt) error { p := readPost(row); post = &p; return nil },
		})
	})
	if err != nil {
		return nil, err
	}
	return post, nil
}

// DeletePost implements models.PostStore.
func (s *Store) DeletePost(ctx context.Context, id, author models.ID) error {
	return s.write(ctx, "delete post", func(conn *sqlite.Conn) error {
		return execOne(conn, models.ErrPostNotFound, `DELETE FROM posts WHERE id = ? AND author_id = ?`, id[:], author[:])
	})
}

// posts returns what a query over postColumns finds, n posts or fewer.
func (s *Store) posts(ctx context.Context, doing string, n int, query string, args ...any) ([]models.Post, error) {
	posts := make([]models.Post, 0, n)
	err := s.read(ctx, doing, func(conn *sqlite.Conn) error {
		return sqlitex.Execute(conn, query, &sqlitex.ExecOptions{
			Args:       args,
			ResultFunc: func(row *sqlite.Stmt) error { posts = append(posts, readPost(row)); return nil },
		})
	})
	if err != nil {
		return nil, err
	}
	return posts, nil
}

// readPost reads postColumns.
func readPost(row *sqlite.Stmt) models.Post {
	p := models.Post{
		ID:        columnID(row, 0),
		Title:     row.ColumnText(1),
		Content:   row.ColumnText(2),
		Tags:      strings.Fields(row.ColumnText(3)),
		AuthorID:  columnID(row, 4),
		CreatedAt: columnTime(row, 6),
		UpdatedAt: columnTime(row, 7),
	}
	if !row.ColumnIsNull(5) { // NULL where the author is gone
		p.Author = &models.Author{ID: p.AuthorID, Username: row.ColumnText(5)}
	}
	return p
}
