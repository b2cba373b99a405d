package models

import (
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// version returns a hash of all fields of a record, in characters that an ETag and a form may have. Another program may
// have stored a year that no text form of a time has, so times are numbers.
func version(record any) string {
	hash := sha256.New()
	millis := func(t time.Time) ([]byte, error) { return strconv.AppendInt(nil, t.UnixMilli(), 10), nil }
	err := json.MarshalWrite(hash, record, jsontext.AllowInvalidUTF8(true), json.WithMarshalers(json.MarshalFunc(millis)))
	if err != nil { // for types that records do not have
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(hash.Sum(nil)[:15])
}
