package mongodb

import (
	"go.mongodb.org/mongo-driver/v2/bson"
)

// Other programs keep documents in the same collections. What gin-blog does without being asked for that very document,
// such as publishing drafts and sweeping, it does only to documents that it wrote itself. Its drafts and comments carry
// no mark, so the functions of this file compare a document with what gin-blog would have written.

// wrote returns whether each field of a document is in again, with the same type and value, and the needed fields are
// there. again is the document as gin-blog would write it. A document that is older than a field lacks it.
func wrote(document bson.Raw, again any, needed ...string) bool {
	rewritten, err := bson.Marshal(again)
	if err != nil {
		return false
	}
	elements, err := document.Elements()
	if err != nil {
		return false
	}
	for _, e := range elements {
		if value, err := bson.Raw(rewritten).LookupErr(e.Key()); err != nil || !value.Equal(e.Value()) {
			return false
		}
	}
	for _, name := range needed {
		if _, err := document.LookupErr(name); err != nil {
			return false
		}
	}
	return true
}

// wroteUser returns whether gin-blog wrote the document of a user.
func wroteUser(document bson.Raw) bool {
	var d userDocument
	return d.UnmarshalBSON(document) == nil && wrote(document, d, "role", "createdAt")
}

// wroteDraft returns whether gin-blog wrote the document of a draft, or was asked to publish it.
func wroteDraft(document bson.Raw) bool {
	var d draftDocument
	if err := d.UnmarshalBSON(document); err != nil {
		return false
	}
	isAsked := d.PublishAtAsked || d.Publishing && !d.PublishingAs.IsZero()
	return isAsked || wrote(document, d, "author", "tags", "createdAt", "updatedAt")
}

// maybeDraft selects the drafts that wroteDraft may accept, as far as the server can tell.
func maybeDraft() bson.D {
	return bson.D{
		{Key: "author", Value: ofType("objectId")},
		{Key: "createdAt", Value: ofType("date")},
		{Key: "updatedAt", Value: ofType("date")},
	}
}

// wroteComment returns whether gin-blog wrote the document of a comment.
func wroteComment(document bson.Raw) bool {
	var d commentDocument
	if err := d.UnmarshalBSON(document); err != nil {
		return false
	}
	d.Key = keyFields(keptKey(document))
	return wrote(document, d, "post", "author", "content", "createdAt", "updatedAt")
}

// ownSession selects the sessions of gin-blog. No other program has both of these fields.
func ownSession() bson.D {
	return bson.D{{Key: "refreshId", Value: ofType("string")}, {Key: "previousRefreshId", Value: ofType("string")}}
}
