package sqlite

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"strings"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"gin-blog/models"
)

const (
	postColumns = `posts.id, posts.title, posts.content, posts.tags, posts.author_id, users.username, posts.version,
		posts.created_at, posts.updated_at`

	withAuthor = ` LEFT JOIN users ON users.id = posts.author_id `

	// Where the author has a post with the key already, nothing is inserted.
	insertPost = `INSERT INTO posts (position, id, title, content, tags, author_id, version, created_at, updated_at,
			idempotency_key, idempotency_hash)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (author_id, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING`

	selectPost = `SELECT ` + postColumns + ` FROM posts` + withAuthor + `WHERE posts.position = ? AND posts.id = ?`

	selectPostByKey = `SELECT ` + postColumns + `, posts.idempotency_hash FROM posts` + withAuthor + `
		WHERE posts.author_id = ? AND posts.idempotency_key = ?`

	freeKey = `UPDATE posts SET idempotency_key = NULL, idempotency_hash = NULL
		WHERE author_id = ? AND idempotency_key = ? AND created_at < ?`

	updatePost = `UPDATE posts SET title = COALESCE(?, title), content = COALESCE(?, content), tags = COALESCE(?, tags),
		updated_at = ?, version = version + 1 WHERE position = ? AND id = ? AND author_id = ? AND COALESCE(?, version) = version`

	deletePost = `DELETE FROM posts WHERE position = ? AND id = ? AND author_id = ? AND COALESCE(?, version) = version`

	// positionAttempts bounds how often a new post may meet another that was made within the same half nanosecond.
	positionAttempts = 3
)

// position is where a post stands in the list: the first 63 bits of its id.
func position(id models.ID) int64 { return int64(binary.BigEndian.Uint64(id[:8]) >> 1) }

// CreatePost implements models.PostStore.
func (s *Store) CreatePost(ctx context.Context, p *models.Post, once *models.Idempotency) (existing *models.Post, err error) {
	err = s.write(ctx, "create post", func(conn *sqlite.Conn) error {
		if once == nil {
			return createPost(conn, p, nil)
		}
		if err := exec(conn, freeKey, p.AuthorID[:], once.Key, once.Since.UnixMilli()); err != nil {
			return err
		}
		err := createPost(conn, p, once)
		if err == nil && conn.Changes() == 0 {
			existing, err = postByKey(conn, p.AuthorID, once)
		}
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

func createPost(conn *sqlite.Conn, p *models.Post, once *models.Idempotency) (err error) {
	var key, fingerprint any
	if once != nil {
		key, fingerprint = once.Key, once.Fingerprint
	}
	for range positionAttempts {
		err = exec(conn, insertPost, position(p.ID), p.ID[:], p.Title, p.Content, strings.Join(p.Tags, " "), p.AuthorID[:],
			p.Version, p.CreatedAt.UnixMilli(), p.UpdatedAt.UnixMilli(), key, fingerprint)
		if !isDuplicate(err) {
			break
		}
		p.ID = models.NewID()
	}
	return err
}

// postByKey returns the post that was created with a key, if what was sent then is what is sent now.
func postByKey(conn *sqlite.Conn, author models.ID, once *models.Idempotency) (post *models.Post, err error) {
	var fingerprint []byte
	err = sqlitex.Execute(conn, selectPostByKey, &sqlitex.ExecOptions{
		Args: []any{author[:], once.Key},
		ResultFunc: func(row *sqlite.Stmt) error {
			p := readPost(row)
			post = &p
			fingerprint = make([]byte, row.ColumnLen(9))
			row.ColumnBytes(9, fingerprint)
			return nil
		},
	})
	if err == nil && post == nil { // deleted this moment: the client may ask again
		err = models.ErrUnavailable
	}
	if err == nil && !bytes.Equal(fingerprint, once.Fingerprint) {
		return nil, models.ErrKeyReused
	}
	return post, err
}

// PostByID implements models.PostStore.
func (s *Store) PostByID(ctx context.Context, id models.ID) (post *models.Post, err error) {
	err = s.read(ctx, "find post", func(conn *sqlite.Conn) error {
		post, err = postByID(conn, id)
		return err
	})
	return post, err
}

func postByID(conn *sqlite.Conn, id models.ID) (post *models.Post, err error) {
	err = sqlitex.Execute(conn, selectPost, &sqlitex.ExecOptions{
		Args:       []any{position(id), id[:]},
		ResultFunc: func(row *sqlite.Stmt) error { p := readPost(row); post = &p; return nil },
	})
	if err == nil && post == nil {
		err = models.ErrPostNotFound
	}
	return post, err
}

// UpdatePost implements models.PostStore.
func (s *Store) UpdatePost(ctx context.Context, id, author models.ID, change models.PostChange) (post *models.Post, err error) {
	var tags any
	if change.Tags != nil {
		tags = strings.Join(*change.Tags, " ")
	}
	err = s.write(ctx, "update post", func(conn *sqlite.Conn) error {
		err := exec(conn, updatePost, orNull(change.Title), orNull(change.Content), tags, change.UpdatedAt.UnixMilli(),
			position(id), id[:], author[:], orNull(change.IfVersion))
		if err == nil && conn.Changes() == 0 {
			err = whyUnchanged(conn, id, author)
		}
		if err != nil {
			return err
		}
		post, err = postByID(conn, id)
		return err
	})
	return post, err
}

// DeletePost implements models.PostStore.
func (s *Store) DeletePost(ctx context.Context, id, author models.ID, ifVersion *int64) error {
	return s.write(ctx, "delete post", func(conn *sqlite.Conn) error {
		err := exec(conn, deletePost, position(id), id[:], author[:], orNull(ifVersion))
		if err == nil && conn.Changes() == 0 {
			err = whyUnchanged(conn, id, author)
		}
		return err
	})
}

// whyUnchanged tells why a write met no post.
func whyUnchanged(conn *sqlite.Conn, id, author models.ID) error {
	post, err := postByID(conn, id)
	if err == nil && post.AuthorID == author {
		return models.ErrPostChanged
	}
	if err == nil {
		return models.ErrPostNotFound
	}
	return err
}

// Posts implements models.PostStore.
func (s *Store) Posts(ctx context.Context, f models.PostFilter) (page []models.Post, more bool, err error) {
	page = make([]models.Post, 0, f.Limit)
	bytes := 0
	more, err = s.page(ctx, f, postColumns, func(row *sqlite.Stmt) bool {
		size := row.ColumnLen(1) + row.ColumnLen(2)
		if !f.HasRoom(len(page), bytes, size) {
			return false
		}
		page = append(page, readPost(row))
		bytes += size
		return true
	})
	return page, more, err
}

// Revisions implements models.PostStore. It reads neither titles nor contents.
func (s *Store) Revisions(ctx context.Context, f models.PostFilter) (page []models.Revision, more bool, err error) {
	const columns = `posts.id, posts.version, users.username, octet_length(posts.title) + octet_length(posts.content)`
	page = make([]models.Revision, 0, f.Limit)
	bytes := 0
	more, err = s.page(ctx, f, columns, func(row *sqlite.Stmt) bool {
		size := row.ColumnInt(3)
		if !f.HasRoom(len(page), bytes, size) {
			return false
		}
		page = append(page, models.Revision{ID: columnID(row, 0), Version: row.ColumnInt64(1), Author: row.ColumnText(2)})
		bytes += size
		return true
	})
	return page, more, err
}

// page hands the rows of a page to take, until there are no more or take has no room for one.
func (s *Store) page(ctx context.Context, f models.PostFilter, columns string, take func(row *sqlite.Stmt) bool) (more bool, err error) {
	query, args := pageQuery(f, columns)
	read := s.read
	if len(f.Words) > 0 { // how long a search takes depends on the words
		read = s.readLong
	}
	err = read(ctx, "list posts", func(conn *sqlite.Conn) error {
		stmt, err := conn.Prepare(query)
		if err != nil {
			return err
		}
		defer stmt.Reset()
		for i, arg := range args {
			switch arg := arg.(type) {
			case int64:
				stmt.BindInt64(i+1, arg)
			case string:
				stmt.BindText(i+1, arg)
			case []byte:
				stmt.BindBytes(i+1, arg)
			}
		}
		for {
			ok, err := stmt.Step()
			if err != nil || !ok {
				return err
			}
			if !take(stmt) {
				more = true
				return nil
			}
		}
	})
	return more, err
}

// pageQuery is the query for a page: newest first, in the order of the index that serves the filter, without a sort.
// There are few different texts, so that each connection prepares them once.
func pageQuery(f models.PostFilter, columns string) (query string, args []any) {
	from, at := `posts`, `posts.position`
	var conditions []string
	where := func(condition string, arg any) {
		conditions = append(conditions, condition)
		args = append(args, arg)
	}
	switch {
	case len(f.Words) > 0:
		from, at = `posts_search CROSS JOIN posts ON posts.position = posts_search.rowid`, `posts_search.rowid`
		where(`posts_search MATCH ?`, matchAll(f.Words))
		if f.Tag != "" {
			where(`EXISTS (SELECT 1 FROM post_tags WHERE tag = ? AND post_tags.position = posts.position)`, f.Tag)
		}
	case f.Tag != "":
		from, at = `post_tags CROSS JOIN posts ON posts.position = post_tags.position`, `post_tags.position`
		where(`post_tags.tag = ?`, f.Tag)
	}
	switch {
	case f.AuthorID.IsZero():
	case f.Tag != "" && len(f.Words) == 0:
		where(`post_tags.author_id = ?`, f.AuthorID[:])
	default:
		where(`posts.author_id = ?`, f.AuthorID[:])
	}
	before := int64(math.MaxInt64)
	if !f.After.IsZero() {
		before = position(f.After)
	}
	where(at+` < ?`, before)
	query = `SELECT ` + columns + ` FROM ` + from + withAuthor + `WHERE ` + strings.Join(conditions, ` AND `)
	// The planner looks at the value of a bare "LIMIT ?" and plans anew whenever it is bound, which costs more than the
	// whole page; "? + 0" it takes as it comes.
	return query + ` ORDER BY ` + at + ` DESC LIMIT ? + 0`, append(args, int64(f.Limit+1))
}

// matchAll is the FTS5 query for all words. A quoted string is never an operator.
func matchAll(words models.Words) string {
	return `"` + strings.Join(words.AsWritten(), `" AND "`) + `"`
}

// readPost reads postColumns.
func readPost(row *sqlite.Stmt) models.Post {
	p := models.Post{
		ID:        columnID(row, 0),
		Title:     row.ColumnText(1),
		Content:   row.ColumnText(2),
		Tags:      strings.Fields(row.ColumnText(3)),
		AuthorID:  columnID(row, 4),
		Version:   row.ColumnInt64(6),
		CreatedAt: columnTime(row, 7),
		UpdatedAt: columnTime(row, 8),
	}
	if !row.ColumnIsNull(5) { // NULL where the author is gone
		p.Author = &models.Author{ID: p.AuthorID, Username: row.ColumnText(5)}
	}
	return p
}
