package sqlite

import (
	"bytes"

	"zombiezen.com/go/sqlite"

	"gin-blog/models"
)

// keyColumns returns what a row keeps of the key that it was created with: NULL where there is none.
func keyColumns(key *models.Idempotency) (text, fingerprint any) {
	if key == nil {
		return nil, nil
	}
	return key.Key, key.Fingerprint
}

// createOnce runs insert, which inserts nothing if the author has created a row with the same key before; then it
// returns that row, as find does. The statement free takes the author, the text of the key and a time. It frees the key
// of a row that was created before that time. key may be nil.
func createOnce[T any](
	conn *sqlite.Conn, author models.ID, key *models.Idempotency, free string, insert func() error,
	find func() (*T, error),
) (existing *T, err error) {
	if key == nil {
		return nil, insert()
	}
	if err := exec(conn, free, author[:], key.Key, key.Since.UnixMilli()); err != nil {
		return nil, err
	}
	if err := insert(); err != nil || conn.Changes() > 0 {
		return nil, err
	}
	return find()
}

// keptKeyColumns is keyColumns for a row that comes from another store.
func keptKeyColumns(key models.KeptKey) (text, fingerprint any) {
	if key.IdempotencyKey == "" {
		return nil, nil
	}
	return key.IdempotencyKey, key.IdempotencyHash
}

// scanKeptKey reads the two columns of a key.
func scanKeptKey(row *sqlite.Stmt) (key models.KeptKey) {
	if row.ColumnIsNull(column(row, "idempotency_key")) {
		return key
	}
	key.IdempotencyKey = columnText(row, "idempotency_key")
	key.IdempotencyHash = columnBytes(row, "idempotency_hash")
	return key
}

// rowByKey returns the row that an author created with a key, or missing if there is none. The query takes the author
// and the text of the key, and returns the columns that scan reads, and idempotency_hash. If that differs from the
// key's, rowByKey returns models.ErrKeyReused.
func rowByKey[T any](
	conn *sqlite.Conn, missing error, scan func(*sqlite.Stmt) T, query string, author models.ID,
	key *models.Idempotency,
) (*T, error) {
	type keyedRow struct {
		row         T
		fingerprint []byte
	}
	found, err := queryOne(conn, missing, func(row *sqlite.Stmt) keyedRow {
		return keyedRow{scan(row), columnBytes(row, "idempotency_hash")}
	}, query, author[:], key.Key)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(found.fingerprint, key.Fingerprint) {
		return nil, models.ErrKeyReused
	}
	return &found.row, nil
}
