package mongodb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"gin-blog/models"
)

// keyFields are the fields of a document that keep the key it was created with. They are part of the document, so one
// write stores both, also on a server without transactions.
type keyFields struct {
	IdempotencyKey  string `bson:"idempotencyKey,omitempty"`
	IdempotencyHash []byte `bson:"idempotencyHash,omitempty"`
}

// newKeyFields returns the fields for a key, which may be nil.
func newKeyFields(key *models.Idempotency) keyFields {
	if key == nil {
		return keyFields{}
	}
	return keyFields{IdempotencyKey: key.Key, IdempotencyHash: key.Fingerprint}
}

// keptKey reads the fields of a key. Only drafts have keys without a hash; other programs may have keys of their own.
func keptKey(raw bson.Raw) (key models.KeptKey) {
	text, _ := raw.Lookup("idempotencyKey").StringValueOK()
	hash := bytesField(raw, "idempotencyHash")
	if text != "" && (hash != nil || models.IsDraftKey(text)) {
		key.IdempotencyKey, key.IdempotencyHash = text, hash
	}
	return key
}

// createOnce stores a document under a new id. If its author has created a document of the collection with the same
// key before, it stores nothing and returns that one, or models.ErrKeyReused if the fingerprint differs. Documents that
// are older than the key is remembered do not count, nor those for which isGone returns true. key may be nil.
func createOnce(
	ctx context.Context, on *mongo.Collection, id models.ID, document any, author models.ID, key *models.Idempotency,
	isGone func(context.Context, bson.Raw) (bool, error),
) (existing bson.Raw, err error) {
	insert := func() error { return classify(ctx, insertNew(ctx, on, id, document)) }
	err = models.CreateUnique(insert, func() (done bool, err error) {
		if key == nil { // nothing else is unique
			return false, nil
		}
		existing, err = documentByKey(ctx, on, author, key, isGone)
		return existing != nil, err
	})
	if key != nil && errors.Is(err, models.ErrDuplicate) && slices.Contains(duplicateFields(err), "idempotencyKey") {
		return nil, fmt.Errorf("%w: %w", models.ErrKeyReused, err) // in a document of another program
	}
	return existing, err
}

// neverGone is isGone for documents that exist as long as they are stored.
func neverGone(context.Context, bson.Raw) (bool, error) { return false, nil }

// documentByKey returns the document that was created with a key, or models.ErrKeyReused if its fingerprint differs. It
// returns nil if there is none, or if it does not count. Then the key is free.
func documentByKey(
	ctx context.Context, on *mongo.Collection, author models.ID, key *models.Idempotency,
	isGone func(context.Context, bson.Raw) (bool, error),
) (bson.Raw, error) {
	keyed := append(textEqual("idempotencyKey", key.Key), bson.E{Key: "author", Value: author})
	if key.Fingerprint != nil { // keys of other programs have none
		keyed = append(keyed, bson.E{Key: "idempotencyHash", Value: ofType("binData")})
	}
	document, err := on.FindOne(ctx, keyed).Raw()
	if errors.Is(err, mongo.ErrNoDocuments) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	gone, err := isGone(ctx, document)
	if err != nil {
		return nil, err
	}
	if gone || timeField(document, "createdAt").Before(key.Since) {
		keyed = append(keyed, bson.E{Key: "_id", Value: idField(document, "_id")})
		fields := bson.D{{Key: "idempotencyKey", Value: ""}, {Key: "idempotencyHash", Value: ""}}
		_, err := on.UpdateOne(ctx, keyed, bson.D{{Key: "$unset", Value: fields}})
		return nil, err
	}
	if !bytes.Equal(bytesField(document, "idempotencyHash"), key.Fingerprint) {
		return nil, models.ErrKeyReused
	}
	return document, nil
}
