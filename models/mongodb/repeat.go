package mongodb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"

	"gin-blog/models"
)

// The driver repeats a write that got no answer. A server that keeps no record of writes, or lost it in a crash,
// carries out the second one too, which then meets what the first one did. The functions of this file tell that from
// what others did.

// sentKey is the key of the number of commands in a context.
type sentKey struct{}

// countSent returns a context and the number of commands that the driver has sent with it. More than one for a single
// write means that the driver repeated the write.
func countSent(ctx context.Context) (context.Context, *int) {
	sent := new(int)
	return context.WithValue(ctx, sentKey{}, sent), sent
}

// sentMonitor counts the commands for countSent. The driver calls it in the goroutine of the operation.
func sentMonitor() *event.CommandMonitor {
	return &event.CommandMonitor{Started: func(ctx context.Context, _ *event.CommandStartedEvent) {
		if sent, ok := ctx.Value(sentKey{}).(*int); ok {
			*sent++
		}
	}}
}

// errNotReplicated is the answer if the outcome of a write is not yet known to a majority of the servers.
var errNotReplicated = fmt.Errorf("%w: no majority has the write yet", models.ErrUnavailable)

// insertNew stores a document under a new id. If a document with this id is there already, it is this one.
func insertNew(ctx context.Context, c *mongo.Collection, id models.ID, document any) error {
	_, refusal := c.InsertOne(ctx, document)
	if !mongo.IsDuplicateKeyError(refusal) {
		return refusal
	}
	stored, err := isWritten(ctx, c, byID(id))
	if err == nil && !stored { // it collides with another document
		return refusal
	}
	return err
}

// updateOne gives fields of the document that filter selects new values, and returns the document as it is then. Its
// updatedAt becomes at, unless it is later already. If filter selects none, updateOne returns mongo.ErrNoDocuments.
// subject selects the same document in any state.
func updateOne(
	ctx context.Context, c *mongo.Collection, filter, subject bson.D, at time.Time, fields []bson.E,
) (bson.Raw, error) {
	update := bson.D{{Key: "$max", Value: bson.D{{Key: "updatedAt", Value: at}}}}
	if len(fields) > 0 { // MongoDB refuses an empty $set
		update = append(update, set(fields...)...)
	}
	counted, sent := countSent(ctx)
	changed, err := c.FindOneAndUpdate(counted, filter, update, returnNew()).Raw()
	if !errors.Is(err, mongo.ErrNoDocuments) || *sent < 2 {
		return changed, err
	}
	after := append(subject, fields...) // perhaps the first try was carried out
	after = append(after, bson.E{Key: "updatedAt", Value: bson.D{{Key: "$gte", Value: at}}})
	done, err := isWritten(ctx, c, after)
	if err != nil {
		return nil, err
	}
	if !done {
		return nil, mongo.ErrNoDocuments
	}
	return c.FindOne(ctx, after).Raw()
}

// deleteOne removes the document that filter selects, whose id is id. It returns whether this call removed it.
func deleteOne(ctx context.Context, c *mongo.Collection, id models.ID, filter bson.D) (removed bool, err error) {
	counted, sent := countSent(ctx)
	result, err := c.DeleteOne(counted, filter)
	if err != nil || result.DeletedCount > 0 {
		return err == nil, err
	}
	if *sent < 2 {
		return false, nil
	}
	exists, err := hasDocument(ctx, c, byID(id), readconcern.Local())
	if err != nil || exists { // the filter does not select it
		return false, err
	}
	exists, err = hasDocument(ctx, c, byID(id), readconcern.Majority())
	if err == nil && exists {
		return false, errNotReplicated
	}
	return err == nil, err
}

// isWritten returns whether filter selects a document. If it does on the primary, but not yet on a majority of the
// servers, isWritten returns errNotReplicated: a failure of the primary may still take the write back.
func isWritten(ctx context.Context, c *mongo.Collection, filter bson.D) (bool, error) {
	exists, err := hasDocument(ctx, c, filter, readconcern.Local())
	if err != nil || !exists {
		return false, err
	}
	exists, err = hasDocument(ctx, c, filter, readconcern.Majority())
	if err == nil && !exists {
		return false, errNotReplicated
	}
	return exists, err
}

// hasDocument returns whether filter selects a document, as level sees it.
func hasDocument(
	ctx context.Context, c *mongo.Collection, filter bson.D, level *readconcern.ReadConcern,
) (bool, error) {
	c = c.Clone(options.Collection().SetReadConcern(level))
	err := c.FindOne(ctx, filter, options.FindOne().SetProjection(onlyID())).Err()
	if errors.Is(err, mongo.ErrNoDocuments) {
		return false, nil
	}
	return err == nil, err
}
