package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"zombiezen.com/go/sqlite"

	"gin-blog/models"
)

var _ models.Bulk = (*Store)(nil)

// bulkTable implements models.Table.
type bulkTable[T models.Record] struct {
	*table[T]
	store    *Store
	orderBy  string                       // the column by which the rows are in the order of ids
	follow   string                       // the condition for the rows that follow an id
	after    func(id models.ID) []any     // the parameters of follow
	insertAs func(*sqlite.Conn, *T) error // nil for what the table does
	gone     error                        // if what a record belongs to does not exist: nobody could find the record
}

// UserTable implements models.Bulk.
func (s *Store) UserTable() models.Table[models.User] {
	return &bulkTable[models.User]{
		table: users, store: s, orderBy: `id`, follow: `id > ?`, after: byID,
	}
}

// SessionTable implements models.Bulk.
func (s *Store) SessionTable(liveAt time.Time) models.Table[models.Session] {
	return &bulkTable[models.Session]{
		table: liveSessions, store: s, orderBy: `sessions.id`,
		follow: `sessions.expires_at > ? AND sessions.id > ?`,
		after:  func(id models.ID) []any { return []any{liveAt, id} },
		gone:   models.ErrUserNotFound,
	}
}

// PostTable implements models.Bulk.
func (s *Store) PostTable() models.Table[models.KeptPost] {
	return &bulkTable[models.KeptPost]{
		table: keptPosts, store: s, orderBy: `position`, after: postKey, insertAs: insertKept,
		follow: shownPosts + ` AND position >= ` + positionOf + ` AND id > ?`,
	}
}

// CommentTable implements models.Bulk.
func (s *Store) CommentTable() models.Table[models.KeptComment] {
	return &bulkTable[models.KeptComment]{
		table: keptComments, store: s, orderBy: `comments.id`, follow: `comments.id > ?`, after: byID,
		insertAs: func(conn *sqlite.Conn, c *models.KeptComment) error {
			return keptComments.insert(conn, c, postKey(c.PostID)...)
		},
		gone: models.ErrPostNotFound,
	}
}

// DraftTable implements models.Bulk.
func (s *Store) DraftTable() models.Table[models.Draft] {
	return &bulkTable[models.Draft]{
		table: drafts, store: s, orderBy: `id`, follow: `id > ?`, after: byID, gone: models.ErrUserNotFound,
	}
}

// AccessTokenTable implements models.Bulk.
func (s *Store) AccessTokenTable() models.Table[models.AccessToken] {
	return &bulkTable[models.AccessToken]{
		table: liveTokens, store: s, orderBy: `access_tokens.id`, follow: `access_tokens.id > ?`, after: byID,
		gone: models.ErrUserNotFound,
	}
}

// LogTable implements models.Bulk.
func (s *Store) LogTable() models.Table[models.LogEntry] {
	return &bulkTable[models.LogEntry]{table: adminLog, store: s, orderBy: `id`, follow: `id > ?`, after: byID}
}

// Name implements models.Table.
func (t *bulkTable[T]) Name() string { return t.name }

// Count implements models.Table.
func (t *bulkTable[T]) Count(ctx context.Context) (int, error) {
	return readValue[int](ctx, t.store.read, "count "+t.name, `SELECT count(*) FROM `+t.name)
}

// Last implements models.Table. No id in SQLite is foreign.
func (t *bulkTable[T]) Last(ctx context.Context) (id models.ID, foreign bool, err error) {
	id, err = readValue[models.ID](ctx, t.store.read, "find last of "+t.name,
		`SELECT id FROM `+t.name+` ORDER BY `+t.orderBy+` DESC LIMIT 1`)
	return id, false, err
}

// Read implements models.Table.
func (t *bulkTable[T]) Read(ctx context.Context, after models.ID, limit int) (records []T, next models.ID, err error) {
	query := t.where(t.follow + ` ORDER BY ` + t.orderBy + ` LIMIT ? + 0`)
	records, more, err := list(ctx, t.store.read, "read "+t.name, limit, t.fields, query, t.after(after)...)
	if more {
		next = records[len(records)-1].RecordID()
	}
	return records, next, err
}

// Insert implements models.Table. It stores all records or none.
func (t *bulkTable[T]) Insert(ctx context.Context, records []T) error {
	insert := t.insertAs
	if insert == nil {
		insert = func(conn *sqlite.Conn, record *T) error { return t.insert(conn, record) }
	}
	return t.store.write(ctx, "insert into "+t.name, func(conn *sqlite.Conn) error {
		for i := range records {
			if err := insert(conn, &records[i]); err != nil && !errors.Is(err, t.gone) {
				return fmt.Errorf("record %s: %w", records[i].RecordID().Hex(), err)
			}
		}
		return nil
	})
}

// selectCopySource finds the address of the store of which a file is an unfinished copy.
const selectCopySource = `SELECT address FROM copy_source`

// CopySource implements models.Bulk.
func (s *Store) CopySource(ctx context.Context) (address string, err error) {
	return readValue[string](ctx, s.read, "find copy source", selectCopySource)
}

// SetCopySource implements models.Bulk.
func (s *Store) SetCopySource(ctx context.Context, address string) error {
	return s.write(ctx, "set copy source", func(conn *sqlite.Conn) error {
		if err := exec(conn, `DELETE FROM copy_source`); err != nil || address == "" {
			return err
		}
		return exec(conn, `INSERT INTO copy_source (address) VALUES (?)`, address)
	})
}
