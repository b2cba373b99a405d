package sqlite

import (
	"context"
	"errors"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"

	"gin-blog/models"
)

const (
	// draftColumns are the columns that scanDraft reads.
	draftColumns = `id, title, content, tags, author_id, publish_at, created_at, updated_at`

	// insertDraft inserts nothing if the author has as many drafts as the last parameter says, unless that is negative.
	insertDraft = `INSERT INTO drafts (` + draftColumns + `) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8
		WHERE ?9 < 0 OR (SELECT count(*) FROM drafts WHERE author_id = ?5) < ?9`

	selectDraft = `SELECT ` + draftColumns + ` FROM drafts WHERE id = ? AND author_id = ?`

	selectDrafts = `SELECT ` + draftColumns + ` FROM drafts WHERE author_id = ? AND id < ? ORDER BY id DESC LIMIT ? + 0`

	// The first condition on publish_at is for the index.
	selectDueDrafts = `SELECT id, author_id, publish_at FROM drafts
		WHERE publish_at BETWEEN ?2 AND ?1 AND (publish_at, id) > (?2, ?3) ORDER BY publish_at, id LIMIT ?4 + 0`

	updateDraft = `UPDATE drafts SET title = COALESCE(?, title), content = COALESCE(?, content), tags = COALESCE(?, tags),
		publish_at = CASE WHEN ? THEN ? ELSE publish_at END, updated_at = max(?, updated_at) WHERE id = ? AND author_id = ?`

	deleteDraft = `DELETE FROM drafts WHERE id = ? AND author_id = ?`

	// ifDraftUnchanged restricts updateDraft and deleteDraft to one state of the draft.
	ifDraftUnchanged = ifUnchanged + ` AND publish_at IS ?`
)

// CreateDraft implements models.DraftStore.
func (s *Store) CreateDraft(ctx context.Context, d *models.Draft) error {
	return s.write(ctx, "create draft", func(conn *sqlite.Conn) error { return createDraft(conn, d, models.MaxDrafts) })
}

// anyNumber is no limit for createDraft.
const anyNumber = -1

// createDraft inserts a draft if its author has fewer than limit.
func createDraft(conn *sqlite.Conn, d *models.Draft, limit int) error {
	err := execOne(conn, models.ErrTooManyDrafts, insertDraft, d.ID[:], d.Title, d.Content, joinTags(d.Tags),
		d.AuthorID[:], timeOrNull(d.PublishAt), d.CreatedAt.UnixMilli(), d.UpdatedAt.UnixMilli(), limit)
	if sqlite.ErrCode(err) == sqlite.ResultConstraintForeignKey {
		return models.ErrUserNotFound
	}
	return emptyDraft(err)
}

// DraftByID implements models.DraftStore.
func (s *Store) DraftByID(ctx context.Context, id, author models.ID) (d *models.Draft, err error) {
	err = s.read(ctx, "find draft", func(conn *sqlite.Conn) error {
		d, err = draftByID(conn, id, author)
		return err
	})
	return d, err
}

func draftByID(conn *sqlite.Conn, id, author models.ID) (*models.Draft, error) {
	return queryOne(conn, models.ErrDraftNotFound, scanDraft, selectDraft, id[:], author[:])
}

// Drafts implements models.DraftStore.
func (s *Store) Drafts(ctx context.Context, f models.DraftFilter) (drafts []models.Draft, more bool, err error) {
	page := models.NewPage[models.Draft](f.Limit)
	err = s.read(ctx, "list drafts", func(conn *sqlite.Conn) error {
		return eachRow(conn, selectDrafts, []any{f.AuthorID[:], before(f.After), int64(f.Limit + 1)},
			func(row *sqlite.Stmt) bool { return addRow(page, row, scanDraft, "title", "content") })
	})
	if err != nil {
		return nil, false, err
	}
	return page.Rows, page.More, nil
}

// UpdateDraft implements models.DraftStore.
func (s *Store) UpdateDraft(
	ctx context.Context, id, author models.ID, change models.DraftChange,
) (d *models.Draft, err error) {
	var tags, publishAt any
	if change.Tags != nil {
		tags = joinTags(*change.Tags)
	}
	if change.PublishAt != nil {
		publishAt = timeOrNull(*change.PublishAt)
	}
	statement, args := onlyIfDraftUnchanged(updateDraft, change.IfUnchanged, orNull(change.Title), orNull(change.Content),
		tags, change.PublishAt != nil, publishAt, change.UpdatedAt.UnixMilli(), id[:], author[:])
	err = s.write(ctx, "update draft", func(conn *sqlite.Conn) error {
		if err := exec(conn, statement, args...); err != nil {
			return emptyDraft(err)
		}
		changed := conn.Changes() > 0
		if d, err = draftByID(conn, id, author); err == nil && !changed {
			return models.ErrDraftChanged
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return d, nil
}

// DeleteDraft implements models.DraftStore.
func (s *Store) DeleteDraft(ctx context.Context, id, author models.ID, ifUnchanged *models.Draft) error {
	statement, args := onlyIfDraftUnchanged(deleteDraft, ifUnchanged, id[:], author[:])
	return s.write(ctx, "delete draft", func(conn *sqlite.Conn) error {
		err := exec(conn, statement, args...)
		if err != nil || conn.Changes() > 0 {
			return err
		}
		if _, err := draftByID(conn, id, author); err != nil {
			return err
		}
		return models.ErrDraftChanged
	})
}

// PublishDraft implements models.DraftStore. One transaction creates the post and removes the draft.
func (s *Store) PublishDraft(
	ctx context.Context, id, author models.ID, p models.Publication,
) (post *models.Post, created bool, err error) {
	key := models.DraftKey(id)
	err = s.write(ctx, "publish draft", func(conn *sqlite.Conn) error {
		d, err := draftByID(conn, id, author)
		if errors.Is(err, models.ErrDraftNotFound) { // perhaps it was published before
			post, err = postByKey(conn, author, key)
			if errors.Is(err, models.ErrPostNotFound) {
				return models.ErrDraftNotFound
			}
			return err
		}
		if err != nil {
			return err
		}
		if err := p.Check(d); err != nil {
			return err
		}
		newPost := d.Post(p.At)
		if newPost.ID, err = postIDAfter(conn, newPost.ID); err != nil {
			return err
		}
		if err := createPost(conn, newPost, key); err != nil {
			return err
		}
		created = conn.Changes() > 0
		if err := exec(conn, deleteDraft, id[:], author[:]); err != nil {
			return err
		}
		post, err = postByKey(conn, author, key)
		return err
	})
	if err != nil {
		return nil, false, err
	}
	return post, created, nil
}

// DueDrafts implements models.DraftStore.
func (s *Store) DueDrafts(
	ctx context.Context, at time.Time, after models.DueDraft, limit int,
) (due []models.DueDraft, err error) {
	scan := func(row *sqlite.Stmt) models.DueDraft {
		return models.DueDraft{
			ID: columnID(row, "id"), AuthorID: columnID(row, "author_id"), PublishAt: columnTime(row, "publish_at"),
		}
	}
	err = s.read(ctx, "find due drafts", func(conn *sqlite.Conn) error {
		due, err = queryAll(conn, scan, selectDueDrafts, at.UnixMilli(),
			after.PublishAt.UnixMilli(), after.ID[:], limit)
		return err
	})
	return due, err
}

// onlyIfDraftUnchanged restricts a statement to one state of a draft, unless that is nil.
func onlyIfDraftUnchanged(statement string, d *models.Draft, args ...any) (string, []any) {
	if d == nil {
		return statement, args
	}
	return statement + ifDraftUnchanged, append(args, d.Title, d.Content, joinTags(d.Tags), d.CreatedAt.UnixMilli(),
		d.UpdatedAt.UnixMilli(), timeOrNull(d.PublishAt))
}

// emptyDraft turns the refusal of the table's CHECK into models.ErrDraftEmpty.
func emptyDraft(err error) error {
	if sqlite.ErrCode(err) == sqlite.ResultConstraintCheck {
		return models.ErrDraftEmpty
	}
	return err
}

// timeOrNull returns a time as it is stored. The zero time is NULL.
func timeOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

// scanDraft reads draftColumns.
func scanDraft(row *sqlite.Stmt) models.Draft {
	d := models.Draft{
		ID:        columnID(row, "id"),
		Title:     columnText(row, "title"),
		Content:   columnText(row, "content"),
		Tags:      strings.Fields(columnText(row, "tags")),
		AuthorID:  columnID(row, "author_id"),
		CreatedAt: columnTime(row, "created_at"),
		UpdatedAt: columnTime(row, "updated_at"),
	}
	if !row.ColumnIsNull(column(row, "publish_at")) {
		d.PublishAt = columnTime(row, "publish_at")
	}
	return d
}
