package sqlite

import (
	"bytes"
	"errors"
	"time"

	"zombiezen.com/go/sqlite"

	"gin-blog/models"
)

// keyFields are the columns of the key that a post or a comment was created with.
func keyFields(k *models.KeptKey) []field {
	return []field{
		{"idempotency_key", (*optionalText)(&k.IdempotencyKey), fixed},
		{"idempotency_hash", &k.IdempotencyHash, fixed},
	}
}

// created returns the record that an author created with a key, which may be nil, or nil if there is none. It frees the
// key of a record that was created before key.Since, or that no query finds any more. If the record has another
// fingerprint than the key, created returns models.ErrKeyReused.
func (t *table[T]) created(conn *sqlite.Conn, author models.ID, key *models.Idempotency) (*T, error) {
	if key == nil {
		return nil, nil
	}
	var id models.ID
	var createdAt time.Time
	var hash []byte
	fields := []field{{value: &id}, {value: &createdAt}, {value: &hash}}
	args := []any{author, key.Key}
	err := eachRow(conn, t.byKey(), args, func(row *sqlite.Stmt) bool { scan(row, fields); return true })
	if err != nil || id.IsZero() {
		return nil, err
	}
	record, err := t.byID(conn, id)
	switch {
	case err != nil && !errors.Is(err, t.missing):
		return nil, err
	case err != nil || createdAt.UnixMilli() < key.Since.UnixMilli():
		return nil, exec(conn, `UPDATE `+t.name+` SET idempotency_key = NULL, idempotency_hash = NULL
			WHERE author_id = ? AND idempotency_key = ?`, author, key.Key)
	case !bytes.Equal(hash, key.Fingerprint):
		return nil, models.ErrKeyReused
	}
	return record, nil
}

// byKey returns the query that tells whether a key of an author stands for a record.
func (t *table[T]) byKey() string {
	return `SELECT id, created_at, idempotency_hash FROM ` + t.name + ` WHERE author_id = ? AND idempotency_key = ?`
}
