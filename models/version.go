package models

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
)

// version returns a hash of all fields of a record, in characters that an ETag and a form may have.
func version(record any) string {
	hash := sha256.New()
	if err := json.NewEncoder(hash).Encode(record); err != nil { // for types that records do not have
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(hash.Sum(nil)[:15])
}
