package models

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"sync/atomic"
	"time"
)

// ID names a user, a post or another record: the 12 bytes of a MongoDB ObjectID, written as 24 hex digits.
type ID [12]byte

// objectID is the type of an ID in BSON (bsonspec.org).
const objectID = 0x07

// Hex returns the 24 hex digits, in lower case.
func (id ID) Hex() string { return hex.EncodeToString(id[:]) }

// String is Hex, for messages.
func (id ID) String() string { return id.Hex() }

// MarshalText is Hex, for JSON.
func (id ID) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, id[:]), nil }

// UnmarshalText is ParseID, for JSON.
func (id *ID) UnmarshalText(text []byte) (err error) {
	*id, err = ParseID(string(text))
	return err
}

// IsZero returns whether it is the zero ID, which names nothing.
func (id ID) IsZero() bool { return id == ID{} }

// Timestamp returns when the ID was made, to the second.
func (id ID) Timestamp() time.Time { return time.Unix(int64(binary.BigEndian.Uint32(id[:])), 0).UTC() }

// MarshalBSONValue makes MongoDB's driver write an ObjectID.
func (id ID) MarshalBSONValue() (kind byte, value []byte, err error) { return objectID, id[:], nil }

// lastStamp is the stamp of the newest ID that NewID has returned. It belongs to the process, whoever makes the IDs.
var lastStamp atomic.Uint64

// NewID returns an ID that sorts after all IDs that NewID has returned in this process, also if the clock is set back,
// and after those of other processes as far as the clocks agree. It consists of a stamp, which is the time in units of
// 2^-32 s, whose first 4 bytes are the seconds of an ObjectID, and of 4 random bytes. The driver's own ObjectIDs are in
// order only within one process, or to the second.
func NewID() ID { return newIDAt(time.Now(), &lastStamp) }

// newIDAt returns an ID of a time, or a later one if last is not before it, and moves last on.
func newIDAt(at time.Time, last *atomic.Uint64) ID {
	for {
		before := last.Load()
		stamp := max(stampOf(at), nextStamp(before))
		if last.CompareAndSwap(before, stamp) {
			return idWith(stamp)
		}
	}
}

// NewIDAt returns an ID such as NewID would have returned at a time, if that was its first.
func NewIDAt(at time.Time) ID { return idWith(stampOf(at)) }

// IDAfter returns id if it does not sort before newest, and otherwise a new ID that sorts after newest: the ID of a new
// record in a list whose newest record was made by a clock that is ahead. A distant newest does not count.
func IDAfter(id, newest ID) ID {
	if bytes.Compare(id[:], newest[:]) >= 0 || IsDistant(newest) {
		return id
	}
	return idWith(nextStamp(binary.BigEndian.Uint64(newest[:])))
}

// IsDistant returns whether an ID is of the year 2097 or later. No clock makes one, but other programs can.
func IsDistant(id ID) bool { return id[0] >= 0xf0 }

func stampOf(at time.Time) uint64 {
	return uint64(at.Unix())<<32 | uint64(at.Nanosecond())<<32/uint64(time.Second)
}

// nextStamp returns the next stamp that differs in the first 63 bits, by which SQLite knows a post.
func nextStamp(stamp uint64) uint64 { return (stamp | 1) + 1 }

// idWith returns an ID with a stamp.
func idWith(stamp uint64) (id ID) {
	binary.BigEndian.PutUint64(id[:], stamp)
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
	var id ID
	if len(s) != hex.EncodedLen(len(id)) {
		return ID{}, fmt.Errorf("parse id: %w", ErrInvalidID)
	}
	if _, err := hex.Decode(id[:], []byte(s)); err != nil {
		return ID{}, fmt.Errorf("parse id: %w", ErrInvalidID)
	}
	return id, nil
}
