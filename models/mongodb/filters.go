package mongodb

import (
	"reflect"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"gin-blog/models"
)

// byID selects one document.
func byID(id models.ID) bson.D { return bson.D{{Key: "_id", Value: bson.ObjectID(id)}} }

// anyOf selects the documents with these ids.
func anyOf(ids []models.ID) bson.D {
	objectIDs := make(bson.A, len(ids))
	for i, id := range ids {
		objectIDs[i] = bson.ObjectID(id)
	}
	return bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: objectIDs}}}}
}

// idsOf returns an id of each row: its own, say, or that of its author.
func idsOf[T any](rows []T, id func(*T) models.ID) []models.ID {
	ids := make([]models.ID, len(rows))
	for i := range rows {
		ids[i] = id(&rows[i])
	}
	return ids
}

// olderThan selects the documents of a page that starts after an id. The zero id starts with the newest. Documents of
// other programs whose id is no ObjectID are left out, because no call can name them: MongoDB compares values of one
// type only.
func olderThan(after models.ID) bson.D {
	if after.IsZero() {
		return bson.D{{Key: "_id", Value: bson.D{{Key: "$lte", Value: models.MaxID()}}}}
	}
	return bson.D{{Key: "_id", Value: bson.D{{Key: "$lt", Value: after}}}}
}

// newerThan selects the documents whose id follows after. The zero id starts with the oldest. As in olderThan, ids that
// are no ObjectID are left out.
func newerThan(after models.ID) bson.D {
	operator := "$gt"
	if after.IsZero() {
		operator = "$gte"
	}
	return bson.D{{Key: "_id", Value: bson.D{{Key: operator, Value: after}}}}
}

// pageAt selects the posts that may be on a page.
func pageAt(f models.PostFilter) bson.D {
	if f.Before.IsZero() {
		return olderThan(f.After)
	}
	return bson.D{{Key: "_id", Value: bson.D{{Key: "$gt", Value: f.Before}}}}
}

// orderOf sorts a page: newest first, or with Before, oldest first.
func orderOf(f models.PostFilter) bson.D {
	if f.Before.IsZero() {
		return bson.D{{Key: "_id", Value: -1}}
	}
	return bson.D{{Key: "_id", Value: 1}}
}

// inRange selects the documents with an id from the one on and before the other, or without an end if that is the zero
// ID.
func inRange(from, before models.ID) bson.D {
	return bson.D{{Key: "$and", Value: bson.A{
		bson.D{{Key: "_id", Value: bson.D{{Key: "$gte", Value: from}}}}, olderThan(before),
	}}}
}

// oldestFirst sorts and limits.
func oldestFirst(limit int) *options.FindOptionsBuilder {
	return options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}).SetLimit(int64(limit))
}

// newestFirst sorts and limits a page so that one round trip fetches it.
func newestFirst(limit int) *options.FindOptionsBuilder {
	return options.Find().SetSort(bson.D{{Key: "_id", Value: -1}}).SetLimit(int64(limit)).SetBatchSize(int32(limit))
}

// atVersion selects documents by a version. Documents of other programs have no version, which counts as 0.
func atVersion(field string, version int64) bson.E {
	if version == 0 {
		return bson.E{Key: field, Value: bson.D{{Key: "$in", Value: bson.A{0, nil}}}}
	}
	return bson.E{Key: field, Value: version}
}

// inState adds to a filter that fields are as they are in a document. It compares them as they are stored, because
// another program may have given them any type.
func inState(filter bson.D, document bson.Raw, fields []string) bson.D {
	for _, field := range fields {
		value, err := document.LookupErr(field)
		if err != nil { // the field is missing
			filter = append(filter, bson.E{Key: field, Value: bson.D{{Key: "$exists", Value: false}}})
			continue
		}
		// $eq, because another program may have stored something that would be an operator
		filter = append(filter, bson.E{Key: field, Value: bson.D{{Key: "$eq", Value: value}}})
	}
	return filter
}

// fieldNames returns the names of the fields of documents, but for those that except names and for inlined ones.
func fieldNames[T any](except ...string) (names []string) {
	for field := range reflect.TypeFor[T]().Fields() {
		if name := fieldName(field); name != "" && !slices.Contains(except, name) {
			names = append(names, name)
		}
	}
	return names
}

// fieldName returns the name of a field in documents, "" for an inlined one.
func fieldName(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("bson"), ",")
	return name
}

// onlyID is the projection that leaves out all but the id.
func onlyID() bson.D { return bson.D{{Key: "_id", Value: 1}} }

// ofType selects values of a type, and arrays that have one.
func ofType(name string) bson.D { return bson.D{{Key: "$type", Value: name}} }

// set is the update that gives fields new values.
func set(fields ...bson.E) bson.D { return bson.D{{Key: "$set", Value: bson.D(fields)}} }

// returnNew makes an update return the document as it is afterwards.
func returnNew() *options.FindOneAndUpdateOptionsBuilder {
	return options.FindOneAndUpdate().SetReturnDocument(options.After)
}
