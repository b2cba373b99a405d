package sqlite

import (
	"context"
	"slices"

	"zombiezen.com/go/sqlite"

	"gin-blog/models"
)

func commentFields(c *models.Comment) []field {
	return []field{
		{"id", &c.ID, fixed},
		{"content", &c.Content, changes},
		{"author_id", &c.AuthorID, fixed},
		{"created_at", &c.CreatedAt, fixed},
		{"updated_at", &c.UpdatedAt, changes},
		{"posts.id", &c.PostID, joined},
		{"posts.author_id", &c.PostAuthorID, joined},
		{"posts.title", &c.PostTitle, joined},
		{authorName, author{&c.Author, &c.AuthorID}, joined},
	}
}

// keptCommentFields are what is copied of a comment.
func keptCommentFields(c *models.KeptComment) []field {
	return slices.Concat(own(commentFields(&c.Comment)), keyFields(&c.KeptKey), []field{{"posts.id", &c.PostID, joined}})
}

var (
	// comments leaves out the comments of deleted posts, and what purged users wrote.
	comments = newTable(table[models.Comment]{
		name: "comments", record: "comment", missing: models.ErrCommentNotFound, fields: commentFields,
		from: `comments CROSS JOIN posts ON posts.position = comments.post AND ` + shownPosts + ` AND ` + shownComments + `
			LEFT JOIN users ON users.id = comments.author_id`,
		this: `comments.id = ?`, key: byID,
	})
	keptComments = newTable(table[models.KeptComment]{
		name: "comments", fields: keptCommentFields, from: `comments JOIN posts ON posts.position = comments.post
			AND ` + shownPosts + ` AND ` + shownComments,
		place: `post`, placeIs: `(SELECT posts.position FROM posts WHERE ` + thisShownPost + `)`,
	})
	selectComments   = comments.where(`comments.id < ? ORDER BY comments.id DESC LIMIT ? + 0`)
	selectCommentsOf = comments.where(`comments.author_id = ? AND comments.id < ?
		ORDER BY comments.id DESC LIMIT ? + 0`)

	selectThread       = selectOfPost(`>`, ``)
	selectThreadBefore = selectOfPost(`<`, `DESC`)
)

// selectOfPost returns the query for the comments on a post on one side of an id. It finds nothing if the post does not
// exist, and one row without a comment if there are no comments.
func selectOfPost(side, order string) string {
	return `SELECT ` + columns("comments", commentFields(new(models.Comment))) + ` FROM posts
		LEFT JOIN comments ON comments.post = posts.position AND comments.id ` + side + ` ?
			AND ` + shownComments + `
		LEFT JOIN users ON users.id = comments.author_id
		WHERE ` + thisShownPost + ` ORDER BY comments.id ` + order + ` LIMIT ? + 0`
}

// CreateComment implements models.CommentStore. The id is made when the comment's turn to be written has come, so a
// reader that has seen a comment has seen those before it too.
func (s *Store) CreateComment(
	ctx context.Context, c *models.Comment, key *models.Idempotency,
) (existing *models.Comment, err error) {
	err = s.write(ctx, "create comment", func(conn *sqlite.Conn) error {
		if existing, err = comments.created(conn, c.AuthorID, key); err != nil || existing != nil {
			return err
		}
		newest, err := lookUp[models.ID](conn, `SELECT id FROM comments ORDER BY id DESC LIMIT 1`)
		if err != nil {
			return err
		}
		c.ID = models.IDAfter(models.NewID(), newest)
		return keptComments.insert(conn, &models.KeptComment{Comment: *c, KeptKey: key.Kept()}, postKey(c.PostID)...)
	})
	return existing, err
}

// CommentByID implements models.CommentStore.
func (s *Store) CommentByID(ctx context.Context, id models.ID) (*models.Comment, error) {
	return comments.read(ctx, s, comments.find, id)
}

// Thread implements models.CommentStore.
func (s *Store) Thread(ctx context.Context, f models.ThreadFilter) (page []models.Comment, more bool, err error) {
	query, from := selectThread, f.After
	if !f.Before.IsZero() {
		query, from = selectThreadBefore, f.Before
	}
	err = s.read(ctx, "list comments", func(conn *sqlite.Conn) error {
		page, more, err = readPage(conn, f.Limit, commentFields, query, append([]any{from}, postKey(f.PostID)...)...)
		if err == nil && len(page) == 0 {
			return models.ErrPostNotFound
		}
		return err
	})
	if err != nil {
		return nil, false, err
	}
	if page[0].ID.IsZero() { // no comment
		page = page[:0]
	}
	if !f.Before.IsZero() {
		slices.Reverse(page)
	}
	return page, more, nil
}

// Comments implements models.CommentStore.
func (s *Store) Comments(ctx context.Context, f models.CommentFilter) ([]models.Comment, bool, error) {
	query, args := selectComments, []any{before(f.After)}
	if !f.AuthorID.IsZero() {
		query, args = selectCommentsOf, []any{f.AuthorID, before(f.After)}
	}
	return list(ctx, s.read, "list all comments", f.Limit, commentFields, query, args...)
}

// UpdateComment implements models.CommentStore.
func (s *Store) UpdateComment(
	ctx context.Context, id models.ID, change func(*models.Comment) error,
) (*models.Comment, error) {
	return comments.update(ctx, s, id, change)
}

// DeleteComment implements models.CommentStore.
func (s *Store) DeleteComment(ctx context.Context, id models.ID, check func(*models.Comment) error) error {
	return comments.remove(ctx, s, id, check)
}
