package mongodb

import (
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"

	"gin-blog/models"
)

// The functions of this file read and write documents as mongoexport and mongoimport do: as Extended JSON
// (https://www.mongodb.com/docs/manual/reference/mongodb-extended-json/), one document a line.

// FormatUser returns a user as a line without its end. The password hash is in it only if withHash is true.
func FormatUser(u *models.User, withHash bool) ([]byte, error) {
	d := newUserDocument(u)
	d.PasswordVersion = 0 // it counts for sessions, which stay behind
	if !withHash {
		d.Password = ""
	}
	return formatDocument(d)
}

// FormatPost returns a post as a line without its end.
func FormatPost(p *models.Post) ([]byte, error) { return formatDocument(newPostDocument(p)) }

func formatDocument(document any) ([]byte, error) {
	const canonical, escapeHTML = false, false
	line, err := bson.MarshalExtJSON(document, canonical, escapeHTML)
	if err != nil {
		return nil, fmt.Errorf("write extended JSON: %w", err)
	}
	return line, nil
}

// ParseUser reads what FormatUser returned, or what the Express app keeps of a user.
func ParseUser(line []byte) (*models.User, error) {
	raw, err := parseDocument(line)
	if err != nil {
		return nil, err
	}
	var d userDocument
	err = d.UnmarshalBSON(raw)
	return d.user(), err
}

// ParsePost reads what FormatPost returned, or what the Express app keeps of a post.
func ParsePost(line []byte) (*models.Post, error) {
	raw, err := parseDocument(line)
	if err != nil {
		return nil, err
	}
	var d postDocument
	err = d.UnmarshalBSON(raw)
	return new(d.post(nil)), err
}

// errNoObjectID is about documents that no call could name.
var errNoObjectID = errors.New(`its _id is no ObjectID: {"$oid": "…"}`)

// parseDocument reads one document, which must have an ObjectID.
func parseDocument(line []byte) (bson.Raw, error) {
	var raw bson.Raw
	if err := bson.UnmarshalExtJSON(line, false, &raw); err != nil {
		return nil, fmt.Errorf("it is no extended JSON: %w", err)
	}
	if idField(raw, "_id").IsZero() {
		return nil, errNoObjectID
	}
	return raw, nil
}
