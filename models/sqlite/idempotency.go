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

// keyOf returns what is kept of a key, which may be nil.
func keyOf(key *models.Idempotency) (kept models.KeptKey) {
	if key != nil {
		kept = models.KeptKey{IdempotencyKey: key.Key, IdempotencyHash: key.Fingerprint}
	}
	return kept
}

// created returns the record that an author created with a key, which may be nil, or nil if there is none. It frees the
// key of a record that was created before key.Since, or that no query finds any more. If the record has another
// fingerprint than the key, created returns models.ErrKeyReused.
func (t *table[T]) created(conn *sqlite.Conn, author models.ID, key *models.Idempotency) (*T, error) {
	if key == nil {
		return nil, nil
	}
	found, err := queryAll(conn, keyedFields, t.byKey(), author, key.Key)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	record, err := t.byID(conn, found[0].id)
	switch {
	case err != nil && !errors.Is(err, t.missing):
		return nil, err
	case err != nil || found[0].createdAt.UnixMilli() < key.Since.UnixMilli():
		return nil, exec(conn, `UPDATE `+t.name+` SET idempotency_key = NULL, idempotency_hash = NULL
			WHERE author_id = ? AND idempotency_key = ?`, author, key.Key)
	case !bytes.Equal(found[0].hash, key.Fingerprint):
		return nil, models.ErrKeyReused
	}
	return record, nil
}

// byKey returns the query for keyedFields of the record that an author created with a key.
func (t *table[T]) byKey() string {
	return `SELECT id, created_at, idempotency_hash FROM ` + t.name + ` WHERE author_id = ? AND idempotency_key = ?`
}

// keyed is what tells whether a key stands for a record.
type keyed struct {
	id        models.ID
	createdAt time.Time
	hash      []byte
}

func keyedFields(k *keyed) []field {
	return []field{{value: &k.id}, {value: &k.createdAt}, {value: &k.hash}}
}
