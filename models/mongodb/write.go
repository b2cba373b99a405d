package mongodb

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"

	"gin-blog/models"
)

const (
	// changeAttempts is how often a change is tried while other processes change the same document.
	changeAttempts = 20
	// changePause is how long the pauses between tries are at most. They differ, so that two processes do not meet again.
	changePause = 20 * time.Millisecond
	// turnTimeout is how long a change waits for its turn, so that enough time is left for the change itself.
	turnTimeout = models.CallTimeout / 2
)

// takeTurn waits until no other call of this process has the turn of what id names. The caller calls done. Nobody can
// choose ids that share a turn.
func (s *Store) takeTurn(ctx context.Context, id models.ID) (done func(), err error) {
	turn := s.turns[maphash.Bytes(s.seed, id[:])%uint64(len(s.turns))]
	return func() { turn.Release(1) }, turn.Acquire(ctx, 1)
}

// entry is a document that a call changes: where it is, and how it is found with its record.
type entry[T any] struct {
	store  *Store
	in     *mongo.Collection
	id     models.ID
	fields func(*T) []field
	find   func() (document bson.Raw, record *T, err error)
}

// attempt finds the document and passes it to change, with a filter that selects it as long as it has the fields that
// were found. If change then did nothing, because the document has changed, attempt begins again.
func (e *entry[T]) attempt(ctx context.Context, change func(record *T, same bson.D) (done bool, err error)) error {
	waiting, cancel := context.WithTimeout(ctx, turnTimeout)
	defer cancel()
	done, err := e.store.takeTurn(waiting, e.id)
	if err != nil {
		return cmp.Or(ctx.Err(), models.ErrContended)
	}
	defer done()
	for range changeAttempts {
		document, record, err := e.find()
		if err != nil {
			return err
		}
		done, err := change(record, inState(byID(e.id), document, e.fields(record)[1:]))
		if done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(rand.N(changePause)):
		}
	}
	return models.ErrContended
}

// update applies change to the record, and stores what is different then. It returns the record as it is stored then.
func (e *entry[T]) update(ctx context.Context, change func(*T) error) (result *T, err error) {
	err = e.attempt(ctx, func(record *T, same bson.D) (done bool, err error) {
		result = record
		before := write(e.fields(record))
		if err := change(record); err != nil {
			return false, err
		}
		after := write(e.fields(record))
		read(after, e.fields(record)) // times, say, are not kept exactly
		changed := slices.DeleteFunc(e.fields(record), func(f field) bool {
			return after.Lookup(f.name).Equal(before.Lookup(f.name))
		})
		if len(changed) == 0 {
			return true, nil
		}
		counted, sent := countSent(ctx)
		answer, err := e.in.UpdateOne(counted, same, setAll(after, changed))
		if err != nil || answer.MatchedCount > 0 || *sent < 2 {
			return err == nil && answer.MatchedCount > 0, err
		}
		return isWritten(ctx, e.in, inState(byID(e.id), after, changed), true) // perhaps the first try was carried out
	})
	return result, err
}

// remove removes the document by removeOne, which is deleteOne or does more, if check allows that.
func (e *entry[T]) remove(
	ctx context.Context, check func(*T) error,
	removeOne func(context.Context, *mongo.Collection, models.ID, bson.D) (removed bool, err error),
) error {
	return e.attempt(ctx, func(record *T, same bson.D) (done bool, err error) {
		if err := check(record); err != nil {
			return false, err
		}
		return removeOne(ctx, e.in, e.id, same)
	})
}

// setAll returns the update that gives fields the values that they have in a document.
func setAll(document bson.Raw, fields []field) (update bson.D) {
	var set, unset bson.D
	for _, f := range fields {
		if value := document.Lookup(f.name); value.IsZero() {
			unset = append(unset, bson.E{Key: f.name, Value: ""})
		} else {
			set = append(set, bson.E{Key: f.name, Value: value})
		}
	}
	if len(set) > 0 { // MongoDB refuses empty ones
		update = append(update, bson.E{Key: "$set", Value: set})
	}
	if len(unset) > 0 {
		update = append(update, bson.E{Key: "$unset", Value: unset})
	}
	return update
}

// inState adds to a filter that fields are as they are in a document. It compares them as they are stored, because
// another program may have given them any type.
func inState(filter bson.D, document bson.Raw, fields []field) bson.D {
	for _, f := range fields {
		if _, follows := f.at.(derived); follows {
			continue
		}
		condition := bson.D{{Key: "$exists", Value: false}}
		if value := document.Lookup(f.name); !value.IsZero() {
			condition = bson.D{{Key: "$eq", Value: value}} // which may be what would be an operator
		}
		filter = append(filter, bson.E{Key: f.name, Value: condition})
	}
	return filter
}

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

// insertNew stores a document under a new id. If the driver repeats the write, and a document with this id is there
// already, it is this one.
func insertNew(ctx context.Context, c *mongo.Collection, id models.ID, document bson.Raw) error {
	counted, sent := countSent(ctx)
	_, refusal := c.InsertOne(counted, document)
	if !mongo.IsDuplicateKeyError(refusal) || *sent < 2 {
		return refusal
	}
	stored, err := isWritten(ctx, c, byID(id), true)
	if err == nil && !stored { // it collides with another document
		return refusal
	}
	return err
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
	return isWritten(ctx, c, byID(id), false) // if it is there, the filter does not select it
}

// isWritten returns whether filter selects a document if that is wanted, or else whether it selects none. If that holds
// on the primary, but not yet on a majority of the servers, isWritten returns errNotReplicated: a failure of the
// primary may still take the write back.
func isWritten(ctx context.Context, c *mongo.Collection, filter bson.D, wanted bool) (bool, error) {
	exists, err := hasDocument(ctx, c, filter, readconcern.Local())
	if err != nil || exists != wanted {
		return false, err
	}
	exists, err = hasDocument(ctx, c, filter, readconcern.Majority())
	if err == nil && exists != wanted {
		return false, errNotReplicated
	}
	return err == nil, err
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

// keyFields are the fields of a document that keep the key it was created with. They are part of the document, so one
// write stores both, also on a server without transactions.
func keyFields(key *models.KeptKey) []field {
	return []field{
		{"idempotencyKey", &key.IdempotencyKey, omitted}, {"idempotencyHash", &key.IdempotencyHash, omitted},
	}
}

// keptKey returns what a document keeps of a key. Only drafts have keys without a hash; other programs may have keys of
// their own.
func keptKey(document bson.Raw) (key models.KeptKey) {
	read(document, keyFields(&key))
	if key.IdempotencyKey == "" || key.IdempotencyHash == nil && !models.IsDraftKey(key.IdempotencyKey) {
		return models.KeptKey{}
	}
	return key
}

// createOnce stores a document under a new id. If its author has created a document of the collection with the same
// key before, it stores nothing and returns that one, or the error of documentByKey. key may be nil.
func createOnce(
	ctx context.Context, c *collections, on *mongo.Collection, id models.ID, document bson.Raw, author models.ID,
	key *models.Idempotency,
) (existing bson.Raw, err error) {
	insert := func() error { return classify(ctx, insertNew(ctx, on, id, document)) }
	err = models.CreateUnique(insert, func() (done bool, err error) {
		if key == nil { // nothing else is unique
			return false, nil
		}
		existing, err = documentByKey(ctx, c, on, author, key)
		return existing != nil, err
	})
	if key != nil && errors.Is(err, models.ErrDuplicate) && slices.Contains(duplicateFields(err), "idempotencyKey") {
		return nil, fmt.Errorf("%w: %w", models.ErrKeyReused, err) // in a document of another program
	}
	return existing, err
}

// documentByKey returns the document that was created with a key, or models.ErrKeyReused if its fingerprint differs. It
// returns nil if there is none, or if it does not count because it is older than the key is remembered, or a comment on
// a post that was deleted. Then the key is free.
func documentByKey(
	ctx context.Context, c *collections, on *mongo.Collection, author models.ID, key *models.Idempotency,
) (bson.Raw, error) {
	keyed := append(textEqual("idempotencyKey", key.Key), bson.E{Key: "author", Value: author})
	if key.Fingerprint != nil { // keys of other programs have none
		keyed = append(keyed, bson.E{Key: "idempotencyHash", Value: ofType("binData")})
	}
	document, err := on.FindOne(ctx, keyed).Raw()
	if err != nil {
		return nil, missing(err, nil)
	}
	isGone := timeOf(document.Lookup("createdAt")).Before(key.Since)
	if on == c.comments && !isGone {
		if isGone, err = lacks(ctx, c.posts, idOf(document.Lookup("post"))); err != nil {
			return nil, err
		}
	}
	if isGone {
		keyed = append(keyed, byID(documentID(document))...)
		fields := bson.D{{Key: "idempotencyKey", Value: ""}, {Key: "idempotencyHash", Value: ""}}
		_, err := on.UpdateOne(ctx, keyed, bson.D{{Key: "$unset", Value: fields}})
		return nil, err
	}
	if !bytes.Equal(keptKey(document).IdempotencyHash, key.Fingerprint) {
		return nil, models.ErrKeyReused
	}
	return document, nil
}
