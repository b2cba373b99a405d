package models

import (
	"crypto/sha256"
	"strings"
	"time"
)

// keyTTL is how long an Idempotency-Key is remembered.
const keyTTL = 24 * time.Hour

// Idempotency identifies a request to create something, so that sending it again creates no second one.
type Idempotency struct {
	Key         string    // chosen by the client, for what one author creates
	Fingerprint []byte    // a hash of what the client sent
	Since       time.Time // keys of what was created before count no more
}

// NewIdempotency returns the Idempotency of a request that is sent at now. content is what the client sent, in a form
// that is the same each time.
func NewIdempotency(key string, content []byte, now time.Time) *Idempotency {
	hash := sha256.Sum256(content)
	return &Idempotency{Key: key, Fingerprint: hash[:], Since: now.Add(-keyTTL)}
}

// Kept returns what a record keeps of i, which may be nil.
func (i *Idempotency) Kept() KeptKey {
	if i == nil {
		return KeptKey{}
	}
	return KeptKey{IdempotencyKey: i.Key, IdempotencyHash: i.Fingerprint}
}

// IsIdempotencyKey returns whether a client may choose s as a key: 1 to 255 visible ASCII characters.
func IsIdempotencyKey(s string) bool {
	invisible := func(r rune) bool { return r < '!' || r > '~' }
	return s != "" && len(s) <= 255 && !strings.ContainsFunc(s, invisible)
}
