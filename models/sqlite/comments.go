package sqlite

import (
	"context"
	"slices"
	"time"

	"zombiezen.com/go/sqlite"

	"gin-blog/models"
)

const (
	// commentColumns are the columns that scanComment reads.
	commentColumns = `comments.id, posts.id AS post_id, posts.author_id AS post_author_id, comments.content,
		comments.author_id, comments.created_at, comments.updated_at, users.username AS author_name`

	// fromComments leaves out the comments of deleted posts.
	fromComments = ` FROM comments CROSS JOIN posts ON posts.position = comments.post
		LEFT JOIN users ON users.id = comments.author_id `

	// insertComment inserts nothing if the post does not exist.
	insertComment = `INSERT INTO comments (post, id, content, author_id, created_at, updated_at,
			idempotency_key, idempotency_hash)
		SELECT position, ?, ?, ?, ?, ?, ?, ? FROM posts WHERE ` + thisPost

	// insertCommentOnce inserts nothing either if the author has a comment with the same key.
	insertCommentOnce = insertComment + `
		ON CONFLICT (author_id, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING`

	selectComment = `SELECT ` + commentColumns + fromComments + `WHERE comments.id = ?`

	selectCommentByKey = `SELECT ` + commentColumns + `, comments.idempotency_hash` + fromComments +
		`WHERE comments.author_id = ? AND comments.idempotency_key = ?`

	// selectThread and selectThreadBefore return no row if the post does not exist, and one row without a comment if there
	// are no comments.
	selectThread = `SELECT ` + commentColumns + ` FROM posts
		LEFT JOIN comments ON comments.post = posts.position AND comments.id > ?
		LEFT JOIN users ON users.id = comments.author_id
		WHERE ` + thisPost + ` ORDER BY comments.id LIMIT ? + 0`

	selectThreadBefore = `SELECT ` + commentColumns + ` FROM posts
		LEFT JOIN comments ON comments.post = posts.position AND comments.id < ?
		LEFT JOIN users ON users.id = comments.author_id
		WHERE ` + thisPost + ` ORDER BY comments.id DESC LIMIT ? + 0`

	selectComments = `SELECT ` + commentColumns + fromComments +
		`WHERE comments.id < ? ORDER BY comments.id DESC LIMIT ? + 0`

	selectCommentsOf = `SELECT ` + commentColumns + fromComments +
		`WHERE comments.author_id = ? AND comments.id < ? ORDER BY comments.id DESC LIMIT ? + 0`

	ofPost = ` EXISTS (SELECT 1 FROM posts WHERE posts.position = comments.post)`

	freeCommentKey = `UPDATE comments SET idempotency_key = NULL, idempotency_hash = NULL
		WHERE author_id = ? AND idempotency_key = ? AND (created_at < ? OR NOT` + ofPost + `)`

	updateComment = `UPDATE comments SET content = ?, updated_at = max(?, updated_at) WHERE id = ? AND author_id = ?`

	deleteComment = `DELETE FROM comments WHERE id = ? AND` + ofPost

	// commentUnchanged restricts updateComment and deleteComment to one state of the comment.
	commentUnchanged = ` AND content = ? AND created_at = ? AND updated_at = ?`

	// sweepComments removes nothing if there is a post at that position again.
	sweepComments = `DELETE FROM comments WHERE post = ?1
		AND id IN (SELECT id FROM comments WHERE post = ?1 ORDER BY id LIMIT ?2)
		AND NOT EXISTS (SELECT 1 FROM posts WHERE position = ?1)`
)

// CreateComment implements models.CommentStore. The id is made when the comment's turn to be written has come, so a
// reader that has seen a comment has seen those before it too.
func (s *Store) CreateComment(
	ctx context.Context, c *models.Comment, key *models.Idempotency,
) (existing *models.Comment, err error) {
	err = s.write(ctx, "create comment", func(conn *sqlite.Conn) error {
		if err := setCommentID(conn, c); err != nil {
			return err
		}
		insert := func() error { return insertCommentRow(conn, c, key) }
		existing, err = createOnce(conn, c.AuthorID, key, freeCommentKey, insert, func() (*models.Comment, error) {
			return rowByKey(conn, models.ErrPostNotFound, scanComment, selectCommentByKey, c.AuthorID, key)
		})
		if err == nil && conn.Changes() == 0 && existing == nil {
			return models.ErrPostNotFound
		}
		return err
	})
	return existing, err
}

// CreateComments implements models.CommentStore.
func (s *Store) CreateComments(ctx context.Context, comments []models.Comment) error {
	return s.write(ctx, "create comments", func(conn *sqlite.Conn) error {
		for i := range comments {
			if err := insertCommentRow(conn, &comments[i], nil); err != nil {
				return err
			}
			if conn.Changes() == 0 {
				return models.ErrPostNotFound
			}
		}
		return nil
	})
}

// setCommentID gives a comment a new ID, after those of all comments.
func setCommentID(conn *sqlite.Conn, c *models.Comment) error {
	c.ID = models.NewID()
	newest, err := queryAll(conn, scanID, `SELECT id FROM comments ORDER BY id DESC LIMIT 1`)
	if err == nil && len(newest) > 0 {
		c.ID = models.IDAfter(c.ID, newest[0])
	}
	return err
}

// insertCommentRow inserts a comment. Should another comment have the same id, it takes a new one.
func insertCommentRow(conn *sqlite.Conn, c *models.Comment, key *models.Idempotency) error {
	text, fingerprint := keyColumns(key)
	insert := func() error {
		return execComment(conn, insertCommentOnce, c, text, fingerprint)
	}
	return models.CreateUnique(insert, func() (bool, error) { return false, setCommentID(conn, c) })
}

// execComment runs insertComment or insertCommentOnce. key and hash are NULL for none.
func execComment(conn *sqlite.Conn, statement string, c *models.Comment, key, hash any) error {
	return exec(conn, statement, c.ID[:], c.Content, c.AuthorID[:], c.CreatedAt.UnixMilli(), c.UpdatedAt.UnixMilli(),
		key, hash, c.PostID[:], position(c.PostID), c.PostID[:])
}

// CommentByID implements models.CommentStore.
func (s *Store) CommentByID(ctx context.Context, id models.ID) (comment *models.Comment, err error) {
	err = s.read(ctx, "find comment", func(conn *sqlite.Conn) error {
		comment, err = commentByID(conn, id)
		return err
	})
	return comment, err
}

func commentByID(conn *sqlite.Conn, id models.ID) (*models.Comment, error) {
	return queryOne(conn, models.ErrCommentNotFound, scanComment, selectComment, id[:])
}

// Thread implements models.CommentStore.
func (s *Store) Thread(ctx context.Context, f models.ThreadFilter) ([]models.Comment, bool, error) {
	query, from := selectThread, f.After
	if !f.Before.IsZero() {
		query, from = selectThreadBefore, f.Before
	}
	postExists := false
	page := models.NewPage[models.Comment](f.Limit)
	err := s.read(ctx, "list comments", func(conn *sqlite.Conn) error {
		args := []any{from[:], f.PostID[:], position(f.PostID), f.PostID[:], int64(f.Limit + 1)}
		err := eachRow(conn, query, args, func(row *sqlite.Stmt) bool {
			postExists = true
			return !row.ColumnIsNull(column(row, "id")) && addRow(page, row, scanComment, "content")
		})
		if err == nil && !postExists {
			return models.ErrPostNotFound
		}
		return err
	})
	if err != nil {
		return nil, false, err
	}
	if !f.Before.IsZero() {
		slices.Reverse(page.Rows)
	}
	return page.Rows, page.More, nil
}

// Comments implements models.CommentStore.
func (s *Store) Comments(ctx context.Context, f models.CommentFilter) ([]models.Comment, bool, error) {
	query, args := selectComments, []any{before(f.After), int64(f.Limit + 1)}
	if !f.AuthorID.IsZero() {
		query, args = selectCommentsOf, append([]any{f.AuthorID[:]}, args...)
	}
	page := models.NewPage[models.Comment](f.Limit)
	err := s.read(ctx, "list all comments", func(conn *sqlite.Conn) error {
		return eachRow(conn, query, args, func(row *sqlite.Stmt) bool { return addRow(page, row, scanComment, "content") })
	})
	if err != nil {
		return nil, false, err
	}
	return page.Rows, page.More, nil
}

// UpdateComment implements models.CommentStore.
func (s *Store) UpdateComment(
	ctx context.Context, id, author models.ID, change models.CommentChange,
) (comment *models.Comment, err error) {
	statement, args := onlyIfCommentUnchanged(updateComment, change.IfUnchanged,
		change.Content, change.UpdatedAt.UnixMilli(), id[:], author[:])
	err = s.write(ctx, "update comment", func(conn *sqlite.Conn) error {
		if err := exec(conn, statement, args...); err != nil {
			return err
		}
		changed := conn.Changes() > 0
		comment, err = commentByID(conn, id) // finds nothing if the post is gone, which undoes the change
		switch {
		case err != nil:
			return err
		case comment.AuthorID != author:
			return models.ErrCommentNotFound
		case !changed:
			return models.ErrCommentChanged
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return comment, nil
}

// DeleteComment implements models.CommentStore.
func (s *Store) DeleteComment(ctx context.Context, id models.ID, ifUnchanged *models.Comment) error {
	statement, args := onlyIfCommentUnchanged(deleteComment, ifUnchanged, id[:])
	return s.write(ctx, "delete comment", func(conn *sqlite.Conn) error {
		err := exec(conn, statement, args...)
		if err != nil || conn.Changes() > 0 {
			return err
		}
		if _, err := commentByID(conn, id); err != nil {
			return err
		}
		return models.ErrCommentChanged
	})
}

// onlyIfCommentUnchanged restricts a statement to one state of a comment, unless that is nil.
func onlyIfCommentUnchanged(statement string, c *models.Comment, args ...any) (string, []any) {
	if c == nil {
		return statement, args
	}
	return statement + commentUnchanged,
		append(args, c.Content, c.CreatedAt.UnixMilli(), c.UpdatedAt.UnixMilli())
}

// Sweep implements models.Store. Only comments are left to it: foreign keys remove the drafts and sessions of an
// account with it. It need not wait for models.SweepDelay: a comment is written in a transaction that finds its post.
func (s *Store) Sweep(ctx context.Context, _ time.Time) (more bool, err error) {
	var deleted []int64
	err = s.read(ctx, "find deleted posts", func(conn *sqlite.Conn) error {
		scan := func(row *sqlite.Stmt) int64 { return row.ColumnInt64(0) }
		deleted, err = queryAll(conn, scan, `SELECT position FROM deleted_posts LIMIT 1`)
		return err
	})
	if err != nil || len(deleted) == 0 {
		return false, err
	}
	err = s.write(ctx, "sweep comments", func(conn *sqlite.Conn) error {
		if err := exec(conn, sweepComments, deleted[0], models.SweepStep); err != nil || conn.Changes() == models.SweepStep {
			return err
		}
		return exec(conn, `DELETE FROM deleted_posts WHERE position = ?`, deleted[0])
	})
	return err == nil, err
}

// scanComment reads commentColumns.
func scanComment(row *sqlite.Stmt) models.Comment {
	c := scanCommentColumns(row)
	c.PostAuthorID = columnID(row, "post_author_id")
	if !row.ColumnIsNull(column(row, "author_name")) { // it is NULL if the author is gone
		c.Author = &models.Author{ID: c.AuthorID, Username: columnText(row, "author_name")}
	}
	return c
}

// scanCommentColumns reads the columns of a comment itself, and the id of its post.
func scanCommentColumns(row *sqlite.Stmt) models.Comment {
	return models.Comment{
		ID:        columnID(row, "id"),
		PostID:    columnID(row, "post_id"),
		Content:   columnText(row, "content"),
		AuthorID:  columnID(row, "author_id"),
		CreatedAt: columnTime(row, "created_at"),
		UpdatedAt: columnTime(row, "updated_at"),
	}
}
