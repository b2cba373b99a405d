package mongodb

import (
	"strconv"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"gin-blog/models"
)

// The functions of this file read fields of documents, without reflection. Other programs write to the database too,
// and a field of an unexpected type must not make a whole page fail: where text is expected, a number or a boolean
// becomes text, as in Mongoose; everything else becomes the zero value, as does a field that is missing.

// textField returns a field as text.
func textField(d bson.Raw, name string) string { return text(d.Lookup(name)) }

func text(v bson.RawValue) string {
	switch v.Type {
	case bson.TypeString:
		return v.StringValue()
	case bson.TypeInt32:
		return strconv.FormatInt(int64(v.Int32()), 10)
	case bson.TypeInt64:
		return strconv.FormatInt(v.Int64(), 10)
	case bson.TypeDouble:
		return strconv.FormatFloat(v.Double(), 'f', -1, 64)
	case bson.TypeBoolean:
		return strconv.FormatBool(v.Boolean())
	}
	return ""
}

// textsField returns the elements of an array as texts, nil for no array.
func textsField(d bson.Raw, name string) []string {
	array, ok := d.Lookup(name).ArrayOK()
	if !ok {
		return nil
	}
	values, err := array.Values()
	if err != nil {
		return nil
	}
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = text(value)
	}
	return texts
}

// bytesField returns binary data.
func bytesField(d bson.Raw, name string) []byte {
	_, data, _ := d.Lookup(name).BinaryOK()
	return data
}

// idField returns an id.
func idField(d bson.Raw, name string) models.ID {
	id, _ := d.Lookup(name).ObjectIDOK()
	return models.ID(id)
}

// timeField returns a time in UTC.
func timeField(d bson.Raw, name string) time.Time {
	milliseconds, ok := d.Lookup(name).DateTimeOK()
	if !ok {
		return time.Time{}
	}
	return time.UnixMilli(milliseconds).UTC()
}

// intField returns a whole number.
func intField(d bson.Raw, name string) int64 {
	n, _ := d.Lookup(name).AsInt64OK()
	return n
}

// boolField returns whether a field is true.
func boolField(d bson.Raw, name string) bool {
	truth, _ := d.Lookup(name).BooleanOK()
	return truth
}

// datedBy returns when a record was created and changed. A record of another program that lacks the first time has the
// one in its id, and one that lacks the second has never changed.
func datedBy(id models.ID, created, updated time.Time) (time.Time, time.Time) {
	if created.IsZero() {
		created = id.Timestamp()
	}
	if updated.IsZero() {
		updated = created
	}
	return created, updated
}
