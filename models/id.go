package models

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// ID names a user, a post or a session: the 12 bytes of a MongoDB ObjectID, written as 24 hex digits.
type ID = bson.ObjectID

// NewID returns an ID that no process has made before and that sorts after all that were made earlier, by whichever
// process, as far as their clocks agree: the time in units of 2^-32 s, of which the first 4 bytes are an ObjectID's
// seconds, then 4 random bytes. The driver's own ObjectIDs keep order only within one process, or to the second.
func NewID() ID {
	var id ID
	now := time.Now()
	binary.BigEndian.PutUint32(id[0:], uint32(now.Unix()))
	binary.BigEndian.PutUint32(id[4:], uint32(uint64(now.Nanosecond())<<32/uint64(time.Second)))
	rand.Read(id[8:]) // never fails
	return id
}

// ParseID reads the 24 hex digits of an ID. Anything else is ErrInvalidID.
func ParseID(s string) (ID, error) {
	id, err := bson.ObjectIDFromHex(s)
	if err != nil {
		return ID{}, fmt.Errorf("parse id: %w", ErrInvalidID)
	}
	return id, nil
}
