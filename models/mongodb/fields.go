package mongodb

import (
	"reflect"
	"slices"
	"strconv"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"gin-blog/models"
)

// field is a field of a document. Each type of record has one list of them, by which it is read, written and compared.
type field struct {
	name string
	at   any  // points to the value in the record, of one of the types in read, or is derived
	zero zero // how the document says that there is no value
}

// zero is how a document says that there is no value.
type zero int

const (
	written zero = iota // by the zero value; no texts are an empty array
	omitted             // the field is missing
	null
)

// derived returns what a field has that follows from other fields. It is written, but not read: see Derive.
type derived func() any

// read sets what the fields point to. It does so without reflection. Other programs write to the database too, and a
// field of an unexpected type must not make a whole page fail: where text is expected, a number or a boolean becomes
// text, as in Mongoose; everything else becomes the zero value, as does a field that is missing.
func read(document bson.Raw, fields []field) {
	for _, f := range fields {
		value := document.Lookup(f.name)
		switch at := f.at.(type) {
		case *string:
			*at = text(value)
		case *models.Role:
			*at = models.Role(text(value))
		case *[]string:
			*at = texts(value)
		case *[]byte:
			_, *at, _ = value.BinaryOK()
		case *time.Time:
			*at = timeOf(value)
		case *models.ID:
			*at = idOf(value)
		case *int64:
			*at, _ = value.AsInt64OK()
		case *bool:
			*at, _ = value.BooleanOK()
		}
	}
}

// write returns the document that holds what the fields point to.
func write(fields []field) bson.Raw {
	d := bson.D{}
	for _, f := range fields {
		var value any
		if derive, ok := f.at.(derived); ok {
			value = derive()
		} else {
			value = reflect.ValueOf(f.at).Elem().Interface()
		}
		isZero := reflect.ValueOf(value).IsZero()
		switch at := f.at.(type) {
		case *[]string:
			value, isZero = append([]string{}, *at...), len(*at) == 0
		case *time.Time:
			isZero = at.IsZero()
		}
		if isZero && f.zero == null {
			value = nil
		}
		if !isZero || f.zero != omitted {
			d = append(d, bson.E{Key: f.name, Value: value})
		}
	}
	document, err := bson.Marshal(d)
	if err != nil { // for types that fields do not have
		panic(err)
	}
	return document
}

// text returns a value as text.
func text(v bson.RawValue) string {
	switch v.Type {
	case bson.TypeString:
		return v.StringValue()
	case bson.TypeInt32, bson.TypeInt64:
		return strconv.FormatInt(v.AsInt64(), 10)
	case bson.TypeDouble:
		return strconv.FormatFloat(v.Double(), 'f', -1, 64)
	case bson.TypeBoolean:
		return strconv.FormatBool(v.Boolean())
	}
	return ""
}

// texts returns the elements of an array as texts, none for no array.
func texts(v bson.RawValue) []string {
	array, _ := v.ArrayOK()
	values, _ := array.Values()
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = text(value)
	}
	return texts
}

// idOf returns an id.
func idOf(v bson.RawValue) models.ID {
	id, _ := v.ObjectIDOK()
	return models.ID(id)
}

// timeOf returns a time in UTC.
func timeOf(v bson.RawValue) time.Time {
	milliseconds, ok := v.DateTimeOK()
	if !ok {
		return time.Time{}
	}
	return time.UnixMilli(milliseconds).UTC()
}

// date completes the times of a record that has an id. One of another program that lacks the time of its creation has
// the one in its id, and one that lacks the other time has never changed.
func date(id models.ID, created, updated *time.Time) {
	if created.IsZero() {
		*created = id.Timestamp()
	}
	if updated.IsZero() {
		*updated = *created
	}
}

// Other programs keep documents in the same collections. What gin-blog does without being asked for that very document,
// such as publishing drafts and sweeping, it does only to documents that it wrote itself. Its drafts and comments carry
// no mark, so the functions of this file compare a document with what gin-blog would have written.

// wrote returns whether each field of a document has the same type and value in again, and the needed fields are there.
// again is the document as gin-blog would write it. A document that is older than a field lacks it.
func wrote(document, again bson.Raw, needed ...string) bool {
	elements, err := document.Elements()
	if err != nil {
		return false
	}
	for _, e := range elements {
		if value, err := again.LookupErr(e.Key()); err != nil || !value.Equal(e.Value()) {
			return false
		}
	}
	return !slices.ContainsFunc(needed, func(name string) bool {
		_, err := document.LookupErr(name)
		return err != nil
	})
}

// rewrite reads fields from a document, and returns the document as gin-blog would write it.
func rewrite(document bson.Raw, fields []field) bson.Raw {
	read(document, fields)
	return write(fields)
}

// wroteUser returns whether gin-blog wrote the document of a user.
func wroteUser(document bson.Raw) bool {
	return wrote(document, rewrite(document, accountFields(new(account))), "role", "createdAt")
}

// wroteDraft returns whether gin-blog wrote the document of a draft, or was asked to publish it.
func wroteDraft(document bson.Raw) bool {
	var d draft
	again := rewrite(document, draftFields(&d))
	return d.publishAtAsked || d.isBegun() || wrote(document, again, "author", "tags", "createdAt", "updatedAt")
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
	var c models.Comment
	read(document, commentFields(&c))
	return wrote(document, commentDocument(&c, keptKey(document)), "post", "author", "content", "createdAt", "updatedAt")
}

// ownSession selects the sessions of gin-blog. No other program has both of these fields.
func ownSession() bson.D {
	return bson.D{{Key: "refreshId", Value: ofType("string")}, {Key: "previousRefreshId", Value: ofType("string")}}
}
