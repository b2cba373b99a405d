package mongodb

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"gin-blog/models"
)

const (
	// deriveStep and deriveBytes are how many documents one step reads, and how large they are together.
	deriveStep, deriveBytes = 100, 2 << 20
	// searchTerms is the field of a post that has its search terms.
	searchTerms = "searchTerms"
)

// withoutTerms is the projection that leaves the search terms out, which may be longer than the post.
func withoutTerms() bson.D { return bson.D{{Key: searchTerms, Value: 0}} }

// derivation gives the documents of a collection the fields that follow from others. Other programs store documents
// without them, and change documents that have them.
type derivation struct {
	collection string
	from       []field                         // only their names count
	to         func(document bson.Raw) []field // derived ones

	mu sync.Mutex
	// without is where the pass is that looks for documents without the fields, and compared is where the one is that
	// compares all. The zero ID is the beginning.
	without, compared models.ID
	warned            map[models.ID]bool
}

func newDerivations() []*derivation {
	return []*derivation{{
		collection: "users", from: []field{{name: "username"}, {name: "email"}}, warned: map[models.ID]bool{},
		to: func(document bson.Raw) []field {
			a := newAccount(document)
			return nameFields(&a)
		},
	}, {
		collection: "posts", from: []field{{name: "title"}, {name: "content"}}, warned: map[models.ID]bool{},
		to: func(document bson.Raw) []field {
			p := newPost(document)
			return []field{termField(&p)}
		},
	}}
}

// Derive implements models.Store.
func (s *Store) Derive(ctx context.Context) (more bool, err error) {
	return get(ctx, s, "derive", func(ctx context.Context, _ *collections) (more bool, err error) {
		for _, d := range s.derivations {
			if more, err = d.step(ctx, s); more || err != nil {
				return more, err
			}
		}
		s.hasTerms.Store(true)
		return false, nil
	})
}

// step looks at some documents without the fields, and returns whether there are more. If there are none, it compares
// some of all documents, from where it was the last time.
func (d *derivation) step(ctx context.Context, s *Store) (more bool, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	without := bson.E{Key: d.to(nil)[0].name, Value: bson.D{{Key: "$exists", Value: false}}}
	if d.without, err = d.complete(ctx, s, append(newerThan(d.without), without)); err != nil || !d.without.IsZero() {
		return err == nil, err
	}
	d.compared, err = d.complete(ctx, s, newerThan(d.compared))
	return false, err
}

// complete gives the first documents that a filter selects their fields. It returns the id of the last one, or the zero
// ID if there are no more.
func (d *derivation) complete(ctx context.Context, s *Store, filter bson.D) (last models.ID, err error) {
	in, read, size := s.primary(d.collection), 0, 0
	var changed []bson.Raw
	var changes []mongo.WriteModel
	var names []string
	for _, f := range slices.Concat(d.from, d.to(nil)) {
		names = append(names, f.name)
	}
	find := only(names...).SetSort(byIDs(1)).SetLimit(deriveStep).SetBatchSize(deriveStep)
	cursor, err := in.Find(ctx, filter, find)
	err = each(ctx, cursor, err, func(document bson.Raw) bool {
		document = slices.Clone(document)
		if update := d.update(document); update != nil {
			changed = append(changed, document)
			changes = append(changes, mongo.NewUpdateOneModel().SetFilter(d.same(document)).SetUpdate(update))
		}
		last, read, size = documentID(document), read+1, size+len(document)
		return size < deriveBytes
	})
	if err != nil {
		return models.ID{}, err
	}
	if read < deriveStep && size < deriveBytes {
		last = models.ID{}
	}
	if len(changes) == 0 {
		return last, nil
	}
	_, err = in.BulkWrite(ctx, changes, options.BulkWrite().SetOrdered(false))
	if refused, ok := errors.AsType[mongo.BulkWriteException](err); ok && len(refused.WriteErrors) > 0 {
		err = nil
		for _, refusal := range refused.WriteErrors {
			err = cmp.Or(err, d.completeAlone(ctx, s, in, changed[refusal.Index]))
		}
	}
	return last, err
}

// same selects a document as long as nobody changes what its fields follow from.
func (d *derivation) same(document bson.Raw) bson.D {
	return inState(byID(documentID(document)), document, d.from)
}

// update returns what gives a document its fields, or nil if it has them. Those that another document has, and only one
// may have, become null.
func (d *derivation) update(document bson.Raw, taken ...string) bson.D {
	fields := d.to(document)
	for i := range fields {
		if slices.Contains(taken, fields[i].name) {
			fields[i].at, fields[i].zero = new(string), null
		}
	}
	wanted := write(fields)
	return setAll(wanted, slices.DeleteFunc(fields, func(f field) bool {
		return wanted.Lookup(f.name).Equal(document.Lookup(f.name))
	}))
}

// completeAlone gives one document its fields. Where it cannot, it warns once of each document. It returns an error
// only if the server is away.
func (d *derivation) completeAlone(ctx context.Context, s *Store, in *mongo.Collection, document bson.Raw) error {
	var taken []string
	var cause error
	for range len(d.from) + 1 {
		_, refusal := in.UpdateOne(ctx, d.same(document), d.update(document, taken...))
		if refusal == nil {
			break
		}
		cause, taken = refusal, append(taken, duplicateFields(refusal)...)
	}
	if cause == nil || isUnavailable(cause) {
		return cause
	}
	if id := documentID(document); !d.warned[id] {
		d.warned[id] = true
		s.log.Warn("cannot complete a document: a user is found by the exact name only, a post by no search",
			"database", s.db.Name(), "collection", d.collection, "id", id.Hex(), "cause", cause)
	}
	return nil
}
