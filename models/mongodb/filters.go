package mongodb

import (
	"cmp"
	"context"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"gin-blog/models"
)

// byID selects one document.
func byID(id models.ID) bson.D { return bson.D{{Key: "_id", Value: bson.ObjectID(id)}} }

// anyOf selects the documents with these ids.
func anyOf(ids []models.ID) bson.D {
	return bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: ids}}}}
}

// documentID returns the id of a document.
func documentID(document bson.Raw) models.ID { return idOf(document.Lookup("_id")) }

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

// inRange selects the documents with an id from the one on and before the other, or without an end if that is the zero
// ID.
func inRange(from, before models.ID) bson.D {
	start := bson.D{{Key: "_id", Value: bson.D{{Key: "$gte", Value: from}}}}
	return bson.D{{Key: "$and", Value: bson.A{start, olderThan(before)}}}
}

// byIDs is the order of ids, or if it is -1, the reverse one.
func byIDs(order int) bson.D { return bson.D{{Key: "_id", Value: order}} }

// pageOf sorts by ids, and limits a page, and one document more, so that one round trip fetches them.
func pageOf(limit, order int) *options.FindOptionsBuilder {
	return options.Find().SetSort(byIDs(order)).SetLimit(int64(limit + 1)).SetBatchSize(int32(limit + 1))
}

// onlyID is the projection that leaves out all but the id.
func onlyID() bson.D { return bson.D{{Key: "_id", Value: 1}} }

// ofType selects values of a type, and arrays that have one.
func ofType(name string) bson.D { return bson.D{{Key: "$type", Value: name}} }

// set is the update that gives fields new values.
func set(fields ...bson.E) bson.D { return bson.D{{Key: "$set", Value: bson.D(fields)}} }

// joined is how the name of a field begins in which join puts what it finds.
const joined = "joined_"

// join makes findJoined find the document whose id another document has in a field. It leaves out what is long and not
// needed.
func join(field string, from *mongo.Collection) mongo.Pipeline {
	return mongo.Pipeline{
		{{Key: "$lookup", Value: bson.D{
			{Key: "from", Value: from.Name()},
			{Key: "localField", Value: field},
			{Key: "foreignField", Value: "_id"},
			{Key: "as", Value: joined + field},
		}}},
		{{Key: "$project", Value: append(withoutTerms(),
			bson.E{Key: joined + field + ".content", Value: 0}, bson.E{Key: joined + field + "." + searchTerms, Value: 0})}},
	}
}

// findJoined returns the document that a filter selects, in one round trip with those of joins. It returns refusal if
// there is none.
func findJoined(
	ctx context.Context, in *mongo.Collection, filter bson.D, refusal error, joins ...mongo.Pipeline,
) (bson.Raw, error) {
	pipeline := append(mongo.Pipeline{{{Key: "$match", Value: filter}}}, slices.Concat(joins...)...)
	cursor, err := in.Aggregate(ctx, pipeline)
	found, err := findAll(ctx, cursor, err, slices.Clone[bson.Raw])
	if err != nil || len(found) == 0 {
		return nil, cmp.Or(err, refusal)
	}
	return found[0], nil
}

// joinedBy returns the document whose id another one has in a field, nil if there is none.
func joinedBy(document bson.Raw, field string) bson.Raw {
	found, _ := document.Lookup(joined+field, "0").DocumentOK()
	if id := idOf(document.Lookup(field)); id.IsZero() || documentID(found) != id {
		return nil // of the ids in an array of another program, say
	}
	return found
}

// joinedAuthor returns the author of a document, nil if the author is gone.
func joinedAuthor(document bson.Raw) *models.Author {
	user := joinedBy(document, "author")
	if user == nil {
		return nil
	}
	return newAuthor(user)
}

func newAuthor(user bson.Raw) *models.Author {
	return &models.Author{
		ID: documentID(user), Username: text(user.Lookup("username")), Name: text(user.Lookup("name")),
	}
}

// addAuthors gives all rows their authors, in one round trip, which Mongoose calls populate. author returns the id, and
// where the row keeps the author.
func addAuthors[T any](
	ctx context.Context, c *collections, rows []T, author func(*T) (models.ID, **models.Author),
) error {
	if len(rows) == 0 {
		return nil
	}
	ids := idsOf(rows, func(row *T) models.ID { id, _ := author(row); return id })
	authors, err := findAuthors(ctx, c, ids...)
	for i := range rows {
		_, at := author(&rows[i])
		*at = authors[ids[i]]
	}
	return err
}

// findAuthors returns the authors with these ids, as far as they exist.
func findAuthors(ctx context.Context, c *collections, ids ...models.ID) (map[models.ID]*models.Author, error) {
	return findByID(ctx, c.users, ids, newAuthor, "username", "name")
}

// findByID returns what value says of the documents with these ids, as far as they exist. It needs only these fields.
func findByID[T any](
	ctx context.Context, in *mongo.Collection, ids []models.ID, value func(bson.Raw) T, fields ...string,
) (map[models.ID]T, error) {
	cursor, err := in.Find(ctx, anyOf(ids), only(fields...))
	found := map[models.ID]T{}
	return found, each(ctx, cursor, err, func(document bson.Raw) bool {
		found[documentID(document)] = value(document)
		return true
	})
}

// only is a projection that leaves out all fields but the id and these.
func only(fields ...string) *options.FindOptionsBuilder {
	projection := onlyID()
	for _, field := range fields {
		projection = append(projection, bson.E{Key: field, Value: 1})
	}
	return options.Find().SetProjection(projection)
}
