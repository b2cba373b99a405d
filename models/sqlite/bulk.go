package sqlite

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"

	"gin-blog/models"
)

var _ models.Bulk = (*Store)(nil)

// table implements models.Table.
type table[T models.Record] struct {
	store *Store
	name  string
	// query reads the rows that follow an id, in order. after returns its first parameters; the last one is the number
	// of rows.
	query string
	after func(id models.ID) []any
	scan  func(*sqlite.Stmt) T
	// last is the column by which the rows are in the order of ids.
	last   string
	insert func(*sqlite.Conn, *T) error
}

// keptColumns are the columns that scanKept reads.
const keptColumns = `id, title, content, tags, author_id, created_at, updated_at, idempotency_key, idempotency_hash`

// keptCommentColumns are the columns that scanKeptComment reads.
const keptCommentColumns = `comments.id, posts.id AS post_id, comments.content, comments.author_id, comments.created_at,
	comments.updated_at, comments.idempotency_key, comments.idempotency_hash`

// UserTable implements models.Bulk.
func (s *Store) UserTable() models.Table[models.User] {
	return &table[models.User]{
		store: s, name: "users", last: "id",
		query:  `SELECT ` + userColumns + ` FROM users WHERE id > ? ORDER BY id LIMIT ? + 0`,
		after:  afterID,
		scan:   scanUser,
		insert: createUser,
	}
}

// SessionTable implements models.Bulk.
func (s *Store) SessionTable(liveAt time.Time) models.Table[models.Session] {
	return &table[models.Session]{
		store: s, name: "sessions", last: "id",
		query: `SELECT ` + sessionColumns + fromLiveSessions + `
			WHERE sessions.id > ? AND sessions.expires_at > ? ORDER BY sessions.id LIMIT ? + 0`,
		after: func(id models.ID) []any { return []any{id[:], liveAt.UnixMilli()} },
		scan:  scanSession,
		insert: func(conn *sqlite.Conn, session *models.Session) error {
			return ifUserExists(createSession(conn, session))
		},
	}
}

// PostTable implements models.Bulk.
func (s *Store) PostTable() models.Table[models.KeptPost] {
	return &table[models.KeptPost]{
		store: s, name: "posts", last: "position",
		query: `SELECT ` + keptColumns + ` FROM posts WHERE position > ` + positionOf + ` ORDER BY position LIMIT ? + 0`,
		after: func(id models.ID) []any {
			if id.IsZero() { // position 0 may be in use
				return []any{id[:], int64(math.MinInt64)}
			}
			return []any{id[:], position(id)}
		},
		scan:   scanKept,
		insert: insertKept,
	}
}

// CommentTable implements models.Bulk.
func (s *Store) CommentTable() models.Table[models.KeptComment] {
	return &table[models.KeptComment]{
		store: s, name: "comments", last: "id",
		query: `SELECT ` + keptCommentColumns + ` FROM comments JOIN posts ON posts.position = comments.post
			WHERE comments.id > ? ORDER BY comments.id LIMIT ? + 0`,
		after:  afterID,
		scan:   scanKeptComment,
		insert: insertKeptComment,
	}
}

// DraftTable implements models.Bulk.
func (s *Store) DraftTable() models.Table[models.Draft] {
	return &table[models.Draft]{
		store: s, name: "drafts", last: "id",
		query: `SELECT ` + draftColumns + ` FROM drafts WHERE id > ? ORDER BY id LIMIT ? + 0`,
		after: afterID,
		scan:  scanDraft,
		insert: func(conn *sqlite.Conn, d *models.Draft) error {
			if err := checkTags(d.ID, d.Title, d.Tags); err != nil {
				return err
			}
			return ifUserExists(createDraft(conn, d, anyNumber))
		},
	}
}

// afterID is table.after for a query that takes the id alone.
func afterID(id models.ID) []any { return []any{id[:]} }

// Name implements models.Table.
func (t *table[T]) Name() string { return t.name }

// Count implements models.Table.
func (t *table[T]) Count(ctx context.Context) (n int, err error) {
	err = t.store.read(ctx, "count "+t.name, func(conn *sqlite.Conn) error {
		n, err = pragma(conn, `SELECT count(*) FROM `+t.name)
		return err
	})
	return n, err
}

// Last implements models.Table. No id in SQLite is foreign.
func (t *table[T]) Last(ctx context.Context) (id models.ID, foreign bool, err error) {
	err = t.store.read(ctx, "find last of "+t.name, func(conn *sqlite.Conn) error {
		ids, err := queryAll(conn, scanID, `SELECT id FROM `+t.name+` ORDER BY `+t.last+` DESC LIMIT 1`)
		if len(ids) > 0 {
			id = ids[0]
		}
		return err
	})
	return id, false, err
}

// Read implements models.Table.
func (t *table[T]) Read(ctx context.Context, after models.ID, limit int) (records []T, next models.ID, err error) {
	page := models.NewPage[T](limit)
	err = t.store.read(ctx, "read "+t.name, func(conn *sqlite.Conn) error {
		return eachRow(conn, t.query, append(t.after(after), int64(limit+1)), func(row *sqlite.Stmt) bool {
			record := t.scan(row)
			if !page.Reserve(record.Size()) {
				return false
			}
			page.Rows = append(page.Rows, record)
			return true
		})
	})
	if err == nil && page.More {
		next = page.Rows[len(page.Rows)-1].RecordID()
	}
	return page.Rows, next, err
}

// Insert implements models.Table. It stores all records or none.
func (t *table[T]) Insert(ctx context.Context, records []T) error {
	return t.store.write(ctx, "insert into "+t.name, func(conn *sqlite.Conn) error {
		for i := range records {
			if err := t.insert(conn, &records[i]); err != nil {
				return fmt.Errorf("record %s: %w", records[i].RecordID().Hex(), err)
			}
		}
		return nil
	})
}

// ifUserExists makes an insert of what belongs to a user who does not exist a success, which stores nothing: nobody
// could find it.
func ifUserExists(err error) error {
	if errors.Is(err, models.ErrUserNotFound) {
		return nil
	}
	return err
}

// scanKept reads keptColumns.
func scanKept(row *sqlite.Stmt) models.KeptPost {
	return models.KeptPost{Post: scanPostColumns(row), KeptKey: scanKeptKey(row)}
}

// insertKeptComment stores a comment, unless its post does not exist.
func insertKeptComment(conn *sqlite.Conn, c *models.KeptComment) error {
	key, hash := keptKeyColumns(c.KeptKey)
	return execComment(conn, insertComment, &c.Comment, key, hash)
}

// scanKeptComment reads keptCommentColumns.
func scanKeptComment(row *sqlite.Stmt) models.KeptComment {
	return models.KeptComment{Comment: scanCommentColumns(row), KeptKey: scanKeptKey(row)}
}

// checkTags returns an error if another program gave a text tags that would not come back as they are: they are stored
// with spaces in between, and the triggers that index them make a JSON array of them.
func checkTags(id models.ID, title string, tags []string) error {
	breaksJSON := func(r rune) bool { return r < ' ' || r == '"' || r == '\\' }
	for _, tag := range tags {
		if fields := strings.Fields(tag); len(fields) != 1 || fields[0] != tag || strings.ContainsFunc(tag, breaksJSON) {
			return fmt.Errorf("SQLite cannot keep the tag %q of %s (%q): rename the tag", tag, id.Hex(), title)
		}
	}
	return nil
}

// CopySource implements models.Bulk.
func (s *Store) CopySource(ctx context.Context) (address string, err error) {
	err = s.read(ctx, "find copy source", func(conn *sqlite.Conn) (err error) {
		address, err = findCopySource(conn)
		return err
	})
	return address, err
}

// findCopySource returns the address of the store of which a file is an unfinished copy, or "".
func findCopySource(conn *sqlite.Conn) (address string, err error) {
	text := func(row *sqlite.Stmt) string { return row.ColumnText(0) }
	rows, err := queryAll(conn, text, `SELECT address FROM copy_source`)
	if len(rows) > 0 {
		address = rows[0]
	}
	return address, err
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
