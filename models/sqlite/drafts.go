package sqlite

import (
	"context"
	"errors"
	"slices"
	"time"

	"zombiezen.com/go/sqlite"

	"gin-blog/models"
)

func draftFields(d *models.Draft) []field {
	return slices.Concat(textFields(&d.Text), []field{
		{"id", &d.ID, fixed},
		{"author_id", &d.AuthorID, fixed},
		{"publish_at", (*optionalTime)(&d.PublishAt), changes},
		{"created_at", &d.CreatedAt, fixed},
		{"updated_at", &d.UpdatedAt, changes},
	})
}

var (
	drafts = newTable(table[models.Draft]{
		name: "drafts", record: "draft", missing: models.ErrDraftNotFound, fields: draftFields, from: `drafts`,
		this: `id = ?`, key: byID,
	})
	selectDrafts = drafts.where(`author_id = ? AND id < ? ORDER BY id DESC LIMIT ? + 0`)
)

// selectDueDrafts reads dueFields. The first condition on publish_at is for the index.
const selectDueDrafts = `SELECT id, author_id, publish_at FROM drafts
	WHERE publish_at BETWEEN ?2 AND ?1 AND (publish_at, id) > (?2, ?3) ORDER BY publish_at, id LIMIT ?4 + 0`

func dueFields(d *models.DueDraft) []field {
	return []field{{value: &d.ID}, {value: &d.AuthorID}, {value: &d.PublishAt}}
}

// CreateDraft implements models.DraftStore.
func (s *Store) CreateDraft(ctx context.Context, d *models.Draft) error {
	return s.write(ctx, "create draft", func(conn *sqlite.Conn) error {
		n, err := lookUp[int](conn, `SELECT count(*) FROM drafts WHERE author_id = ?`, d.AuthorID)
		if err != nil {
			return err
		}
		if n >= models.MaxDrafts {
			return models.ErrTooManyDrafts
		}
		return drafts.insert(conn, d)
	})
}

// DraftByID implements models.DraftStore.
func (s *Store) DraftByID(ctx context.Context, id models.ID) (*models.Draft, error) {
	return drafts.read(ctx, s, drafts.find, id)
}

// Drafts implements models.DraftStore.
func (s *Store) Drafts(ctx context.Context, f models.DraftFilter) ([]models.Draft, bool, error) {
	return list(ctx, s.read, "list drafts", f.Limit, draftFields, selectDrafts, f.AuthorID, before(f.After))
}

// UpdateDraft implements models.DraftStore.
func (s *Store) UpdateDraft(
	ctx context.Context, id models.ID, change func(*models.Draft) error,
) (*models.Draft, error) {
	return drafts.update(ctx, s, id, change)
}

// DeleteDraft implements models.DraftStore.
func (s *Store) DeleteDraft(ctx context.Context, id models.ID, check func(*models.Draft) error) error {
	return drafts.remove(ctx, s, id, check)
}

// PublishDraft implements models.DraftStore. One transaction creates the post and removes the draft.
func (s *Store) PublishDraft(
	ctx context.Context, id, author models.ID, publish func(*models.Draft) (*models.Post, error),
) (post *models.Post, created bool, err error) {
	err = s.write(ctx, "publish draft", func(conn *sqlite.Conn) error {
		d, err := drafts.byID(conn, id)
		if errors.Is(err, models.ErrDraftNotFound) || err == nil && d.AuthorID != author {
			post, err = posts.created(conn, author, models.DraftKey(id)) // perhaps it was published before
			if post == nil && err == nil {
				return models.ErrDraftNotFound
			}
			return err
		}
		if err != nil {
			return err
		}
		p, err := publish(d)
		if err != nil {
			return err
		}
		if post, err = createPost(conn, p, models.DraftKey(id)); err != nil {
			return err
		}
		if created = post == nil; created {
			if post, err = posts.byID(conn, p.ID); err != nil {
				return err
			}
		}
		return exec(conn, `DELETE FROM drafts WHERE id = ?`, id)
	})
	if err != nil {
		return nil, false, err
	}
	return post, created, nil
}

// DueDrafts implements models.DraftStore.
func (s *Store) DueDrafts(
	ctx context.Context, at time.Time, after models.DueDraft, limit int,
) ([]models.DueDraft, error) {
	return readAll(ctx, s.read, "find due drafts", dueFields, selectDueDrafts, at, after.PublishAt, after.ID, limit)
}
