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
	// deriveStep and deriveBytes are how many documents one step reads, and how large they are together. deriveWritten is
	// how many bytes of fields it writes: some 10,000 terms.
	deriveStep, deriveBytes, deriveWritten = 100, 2 << 20, 256 << 10
	// maxCompared is how many steps compare all documents each time that Derive is done.
	maxCompared = 50
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
	// steps are those that have compared since Derive was done.
	steps int
	// alone says that the server took too long for several documents, so that each has a turn of its own. tooLong are
	// those for which it took too long then.
	alone           bool
	tooLong, warned map[models.ID]bool
}

func newDerivations() []*derivation {
	return []*derivation{{
		collection: "users", from: []field{{name: "username"}, {name: "email"}},
		tooLong: map[models.ID]bool{}, warned: map[models.ID]bool{},
		to: func(document bson.Raw) []field {
			a := newAccount(document)
			for name, at := range map[string]*string{"username": &a.Username, "email": &a.Email} {
				if document.Lookup(name).Type != bson.TypeString { // nobody can type what else there may be
					*at = ""
				}
			}
			return nameFields(&a)
		},
	}, {
		collection: "posts", from: []field{{name: "title"}, {name: "content"}},
		tooLong: map[models.ID]bool{}, warned: map[models.ID]bool{},
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
	d.without, err = d.complete(ctx, s, d.without, without)
	if err != nil || !d.without.IsZero() {
		return err == nil, err
	}
	d.compared, err = d.complete(ctx, s, d.compared)
	if d.steps++; err != nil || d.compared.IsZero() || d.steps == maxCompared {
		d.steps = 0
		return false, err
	}
	return true, nil
}

// complete gives the documents after an id their fields, those that conditions select. It returns the id of the last
// one, or the zero ID if there are no more. What takes the server too long is tried again document by document.
func (d *derivation) complete(
	ctx context.Context, s *Store, after models.ID, conditions ...bson.E,
) (last models.ID, err error) {
	documents, last, err := d.read(ctx, s, append(newerThan(after), conditions...))
	if err != nil {
		return after, err
	}
	in := s.primary(d.collection)
	var changed []bson.Raw
	var changes []mongo.WriteModel
	written := 0
	for i, document := range documents {
		if d.tooLong[documentID(document)] { // its terms alone take long
			continue
		}
		update := d.update(document)
		if update == nil {
			continue
		}
		changed = append(changed, document)
		changes = append(changes, mongo.NewUpdateOneModel().SetFilter(d.same(document)).SetUpdate(update))
		if written += sizeOf(update); (written >= deriveWritten || d.alone) && i < len(documents)-1 {
			last = documentID(document)
			break
		}
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
	switch {
	case err == nil:
		d.alone = false
		return last, nil
	case !d.alone:
		d.alone = true
		return after, err
	case s.answers(ctx):
		d.tooLong[documentID(changed[0])] = true
		d.warn(s, changed[0], err)
	}
	return last, err // the next time, those that follow have their turn
}

// read returns the first documents that a filter selects, and the id of the last one, or the zero ID if there are no
// more.
func (d *derivation) read(
	ctx context.Context, s *Store, filter bson.D,
) (documents []bson.Raw, last models.ID, err error) {
	var names []string
	for _, f := range slices.Concat(d.from, d.to(nil)) {
		names = append(names, f.name)
	}
	size := 0
	find := only(names...).SetSort(byIDs(1)).SetLimit(deriveStep).SetBatchSize(deriveStep)
	cursor, err := s.primary(d.collection).Find(ctx, filter, find)
	err = each(ctx, cursor, err, func(document bson.Raw) bool {
		documents, size = append(documents, slices.Clone(document)), size+len(document)
		return size < deriveBytes
	})
	if err == nil && (len(documents) == deriveStep || size >= deriveBytes) {
		last = documentID(documents[len(documents)-1])
	}
	return documents, last, err
}

// sizeOf returns how many bytes an update has.
func sizeOf(update bson.D) int {
	raw, _ := bson.Marshal(update)
	return len(raw)
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
		update := d.update(document, taken...)
		if update == nil { // it was so before
			break
		}
		_, refusal := in.UpdateOne(ctx, d.same(document), update)
		if refusal == nil {
			break
		}
		cause, taken = refusal, append(taken, duplicateFields(refusal)...)
	}
	if cause == nil || isUnavailable(cause) {
		return cause
	}
	d.warn(s, document, cause)
	return nil
}

// warn says that a document cannot get its fields, once.
func (d *derivation) warn(s *Store, document bson.Raw, cause error) {
	if id := documentID(document); !d.warned[id] {
		d.warned[id] = true
		s.log.Warn("cannot complete a document: a user is found by the exact name only, a post by no search",
			"database", s.db.Name(), "collection", d.collection, "id", id.Hex(), "cause", cause)
	}
}

// answers returns whether the server is there.
func (s *Store) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.timeout())
	defer cancel()
	return s.Ping(ctx) == nil
}
