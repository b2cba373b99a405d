package models

import (
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// ID names a user, a post or a session: the 12 bytes of a MongoDB ObjectID, written as 24 hex digits.
// IDs made later sort after IDs made earlier, to the second across processes and exactly within one.
type ID = bson.ObjectID

// NewID returns an ID that no process has made before.
func NewID() ID { return bson.NewObjectID() }

// ParseID reads the 24 hex digits of an ID. Anything else is ErrInvalidID.
func ParseID(s string) (ID, error) {
	id, err := bson.ObjectIDFromHex(s)
	if err != nil {
		return ID{}, fmt.Errorf("parse id: %w", ErrInvalidID)
	}
	return id, nil
}
