package models

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// ID names a user, a post or a session: the 12 bytes of a MongoDB ObjectID, written as 24 hex digits.
type ID = bson.ObjectID

// NewID returns an ID that sorts after all IDs made before, by any process, as far as the clocks agree. It consists
// of the time in units of 2^-32 s, whose first 4 bytes are the seconds of an ObjectID, and of 4 random bytes. The
// driver's own ObjectIDs are in order only within one process, or to the second.
func NewID() ID { return NewIDAt(time.Now()) }

// NewIDAt returns an ID such as NewID would have returned at a time.
func NewIDAt(at time.Time) ID {
	var id ID
	binary.BigEndian.PutUint32(id[0:], uint32(at.Unix()))
	binary.BigEndian.PutUint32(id[4:], uint32(uint64(at.Nanosecond())<<32/uint64(time.Second)))
	rand.Read(id[8:]) // never fails
	return id
}

// MaxID returns the ID that sorts after all others.
func MaxID() ID { return ID(bytes.Repeat([]byte{0xff}, len(ID{}))) }

// PreviousID returns the ID that sorts right before id, which is not the zero ID.
func PreviousID(id ID) ID {
	for i := len(id) - 1; i >= 0; i-- {
		id[i]--
		if id[i] != 0xff { // nothing to borrow
			break
		}
	}
	return id
}

// ParseID reads an ID of 24 hex digits, or returns ErrInvalidID.
func ParseID(s string) (ID, error) {
	id, err := bson.ObjectIDFromHex(s)
	if err != nil {
		return ID{}, fmt.Errorf("parse id: %w", ErrInvalidID)
	}
	return id, nil
}
