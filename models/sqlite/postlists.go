package sqlite

import (
	"context"
	"math"
	"slices"
	"strings"

	"gin-blog/models"
)

// Posts implements models.PostStore.
func (s *Store) Posts(ctx context.Context, f models.PostFilter) (posts []models.Post, more bool, err error) {
	query, args := pageQuery(f)
	run := s.read
	if len(f.Words) > 0 { // the words decide how long it takes
		run = s.search
	}
	posts, more, err = list(ctx, run, "list posts", f.Limit, postFields, query, args...)
	if !f.Before.IsZero() {
		slices.Reverse(posts)
	}
	return posts, more, err
}

func linkFields(l *models.PostLink) []field {
	return []field{{value: &l.ID}, {value: &l.Title}, {value: &l.CreatedAt}, {value: &l.UpdatedAt}}
}

// PostLinks implements models.PostStore.
func (s *Store) PostLinks(ctx context.Context, r models.PostRange) ([]models.PostLink, error) {
	last := int64(math.MaxInt64)
	if !r.Before.IsZero() {
		last = position(r.Before) - 1
	}
	order := ``
	if r.Newest {
		order = ` DESC`
	}
	run := s.read
	if r.Limit > models.FewLinks { // there may be 50,000
		run = s.search
	}
	return readAll(ctx, run, "list links", linkFields, `SELECT id, title, created_at, updated_at FROM posts
		WHERE position >= ? AND position <= ? AND `+shownPosts+` ORDER BY position`+order+` LIMIT ? + 0`,
		position(r.From), last, r.Limit)
}

// Tags implements models.PostStore.
func (s *Store) Tags(ctx context.Context) ([]models.TagCount, error) {
	fields := func(c *models.TagCount) []field { return []field{{value: &c.Tag}, {value: &c.Posts}} }
	return readAll(ctx, s.search, "count tags", fields, `SELECT tag, count(*) AS posts FROM post_tags
		WHERE author_id NOT IN (SELECT id FROM purged_users) GROUP BY tag
		ORDER BY posts DESC, tag LIMIT ? + 0`, models.MaxTagCounts)
}

// SkipPosts implements models.PostStore.
func (s *Store) SkipPosts(ctx context.Context, from models.ID, n int) (models.ID, error) {
	return readValue[models.ID](ctx, s.search, "skip posts",
		`SELECT id FROM posts WHERE position >= ? AND `+shownPosts+` ORDER BY position LIMIT 1 OFFSET ?`,
		position(from), n)
}

var (
	pageColumns = columns("posts", postFields(new(models.Post)))
	// pageColumnsOfOne are for posts of one author, who is looked up once, without a join.
	pageColumnsOfOne = strings.Replace(pageColumns, authorName, `(SELECT `+authorName+` FROM users WHERE id = ?)`, 1)
)

// pageQuery returns the query for a page, newest first, or with Before, oldest first. Its last parameter, the number of
// posts, is not among args. It reads the index that fits the filter in its order, without a sort. There are few
// different texts, so that each connection prepares each of them once.
func pageQuery(f models.PostFilter) (query string, args []any) {
	columns, join := pageColumns, ` LEFT JOIN users ON users.id = posts.author_id `
	from, at := `posts`, `posts.position`
	conditions := []string{shownPosts}
	where := func(condition string, arg any) {
		conditions = append(conditions, condition)
		args = append(args, arg)
	}
	if !f.AuthorID.IsZero() {
		columns, join = pageColumnsOfOne, ` `
		args = append(args, f.AuthorID)
	}
	switch {
	case len(f.Words) > 0:
		from, at = `posts_search CROSS JOIN posts ON posts.position = posts_search.rowid`, `posts_search.rowid`
		where(`posts_search MATCH ?`, matchAll(f.Words.Terms()))
		if !f.Words.AreTerms() {
			where(`has_words(?, posts.title, posts.content)`, string(f.Words))
		}
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
		where(`post_tags.author_id = ?`, f.AuthorID)
	default:
		where(`posts.author_id = ?`, f.AuthorID)
	}
	order := ` DESC`
	switch {
	case !f.Before.IsZero():
		where(at+` > `+positionOf, f.Before)
		args = append(args, position(f.Before))
		order = ``
	case !f.After.IsZero():
		where(at+` < `+positionOf, f.After)
		args = append(args, position(f.After))
	default:
		where(at+` <= ?`, int64(math.MaxInt64))
	}
	query = `SELECT ` + columns + ` FROM ` + from + join + `WHERE ` + strings.Join(conditions, ` AND `)
	// SQLite makes a new plan for each value that is bound to a bare "LIMIT ?", which costs more than reading the
	// page. For "? + 0" it does not.
	return query + ` ORDER BY ` + at + order + ` LIMIT ? + 0`, args
}

// matchAll returns the FTS5 query for all terms. A quoted string is never an operator.
func matchAll(terms []string) string { return `("` + strings.Join(terms, `" AND "`) + `")` }
