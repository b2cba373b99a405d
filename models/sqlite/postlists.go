package sqlite

import (
	"context"
	"math"
	"slices"
	"strings"

	"zombiezen.com/go/sqlite"

	"gin-blog/models"
)

// Posts implements models.PostStore.
func (s *Store) Posts(ctx context.Context, f models.PostFilter) (posts []models.Post, more bool, err error) {
	page := models.NewPage[models.Post](f.Limit)
	err = s.page(ctx, f, func(row *sqlite.Stmt) bool { return addRow(page, row, scanPost, "title", "content") })
	if err != nil {
		return nil, false, err
	}
	if !f.Before.IsZero() {
		slices.Reverse(page.Rows)
	}
	return page.Rows, page.More, nil
}

// PostLinks implements models.PostStore.
func (s *Store) PostLinks(ctx context.Context, r models.PostRange) (links []models.PostLink, err error) {
	last := int64(math.MaxInt64)
	if !r.Before.IsZero() {
		last = position(r.Before) - 1
	}
	scan := func(row *sqlite.Stmt) models.PostLink {
		return models.PostLink{
			ID: columnID(row, "id"), Title: columnText(row, "title"), UpdatedAt: columnTime(row, "updated_at"),
		}
	}
	err = s.search(ctx, "list links", func(conn *sqlite.Conn) error {
		links, err = queryAll(conn, scan, `SELECT id, title, updated_at FROM posts WHERE position >= ? AND position <= ?
			ORDER BY position LIMIT ? + 0`, position(r.From), last, r.Limit)
		return err
	})
	return links, err
}

// SkipPosts implements models.PostStore.
func (s *Store) SkipPosts(ctx context.Context, from models.ID, n int) (id models.ID, err error) {
	scan := func(row *sqlite.Stmt) models.ID { return columnID(row, "id") }
	err = s.search(ctx, "skip posts", func(conn *sqlite.Conn) error {
		ids, err := queryAll(conn, scan, `SELECT id FROM posts WHERE position >= ? ORDER BY position LIMIT 1 OFFSET ?`,
			position(from), n)
		if len(ids) > 0 {
			id = ids[0]
		}
		return err
	})
	return id, err
}

// page passes the rows of a page to add, until there are no more or add returns false.
func (s *Store) page(
	ctx context.Context, f models.PostFilter, add func(row *sqlite.Stmt) bool,
) error {
	query, args := pageQuery(f)
	run := s.read
	if len(f.Words) > 0 { // the words decide how long it takes
		run = s.search
	}
	return run(ctx, "list posts", func(conn *sqlite.Conn) error { return eachRow(conn, query, args, add) })
}

// pageQuery returns the query for one page and one post more, newest first, or with Before, oldest first. It reads the
// index that fits the filter in its order, without a sort. There are few different texts, so that each connection
// prepares each of them once.
func pageQuery(f models.PostFilter) (query string, args []any) {
	columns, join := postColumns, withAuthor
	from, at := `posts`, `posts.position`
	var conditions []string
	where := func(condition string, arg any) {
		conditions = append(conditions, condition)
		args = append(args, arg)
	}
	if !f.AuthorID.IsZero() {
		columns, join = oneAuthorColumns, ` `
		args = append(args, f.AuthorID[:])
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
	order := ` DESC`
	switch {
	case !f.Before.IsZero():
		where(at+` > `+positionOf, f.Before[:])
		args = append(args, position(f.Before))
		order = ``
	case !f.After.IsZero():
		where(at+` < `+positionOf, f.After[:])
		args = append(args, position(f.After))
	default:
		where(at+` <= ?`, int64(math.MaxInt64))
	}
	query = `SELECT ` + columns + ` FROM ` + from + join + `WHERE ` + strings.Join(conditions, ` AND `)
	// SQLite makes a new plan for each value that is bound to a bare "LIMIT ?", which costs more than reading the
	// page. For "? + 0" it does not.
	return query + ` ORDER BY ` + at + order + ` LIMIT ? + 0`, append(args, int64(f.Limit+1))
}

// scanPost reads postColumns.
func scanPost(row *sqlite.Stmt) models.Post {
	p := scanPostColumns(row)
	if !row.ColumnIsNull(column(row, "author_name")) { // it is NULL if the author is gone
		p.Author = &models.Author{ID: p.AuthorID, Username: columnText(row, "author_name")}
	}
	return p
}

// scanPostColumns reads the columns of a post itself.
func scanPostColumns(row *sqlite.Stmt) models.Post {
	return models.Post{
		ID:        columnID(row, "id"),
		Title:     columnText(row, "title"),
		Content:   columnText(row, "content"),
		Tags:      strings.Fields(columnText(row, "tags")),
		AuthorID:  columnID(row, "author_id"),
		CreatedAt: columnTime(row, "created_at"),
		UpdatedAt: columnTime(row, "updated_at"),
	}
}
