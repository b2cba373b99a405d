package mongodb

import (
	"context"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"gin-blog/models"
)

const (
	// indexTimeout is how long the server may take to build all indexes.
	indexTimeout = time.Hour
	// maxIndexRetry is how long to wait at most between two tries to make an index that the database refuses.
	maxIndexRetry = time.Hour
	// maxNamed is how many documents a warning names.
	maxNamed = 10
)

// indexer makes the indexes that a database lacks. Those that exist stay as they are, whoever made them. Reads do
// without those that it cannot make. It warns of each thing once, however often it tries.
type indexer struct {
	store  *Store
	warned map[string]bool
	listed map[string][]listedIndex // by collection
	// failed says that something may go better next time.
	failed bool
	// broken is why a promise cannot be given, nil if all are.
	broken error
}

func newIndexer(s *Store) *indexer { return &indexer{store: s, warned: map[string]bool{}} }

// makeIndexes makes all indexes. It tries again until that works or ctx ends, and calls tried after the first try. If
// that takes long, reads do not wait for it: they get the collections c.
func (s *Store) makeIndexes(ctx context.Context, c *collections, tried func()) {
	s.notReady.Store("its indexes are being made")
	late := time.AfterFunc(models.CallTimeout, func() { s.ready.CompareAndSwap(nil, c) })
	defer late.Stop()
	x := newIndexer(s)
	for wait := s.indexRetry; ; wait = min(2*wait, maxIndexRetry) {
		hadFailed := x.failed
		c, err := x.run(ctx)
		if err == nil {
			s.ready.Store(c)
			_, _ = s.Derive(ctx) // so that a small database is searched by its terms at once
		} else {
			wait = retryInterval // the server is away
		}
		tried()
		if err == nil && !x.failed {
			if hadFailed {
				s.log.Info("the indexes are complete, and no call is refused for lack of one", "database", s.db.Name())
			}
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// run returns the collections with what their indexes and the server promise. It returns an error only if the server is
// away.
func (x *indexer) run(ctx context.Context) (c *collections, err error) {
	ctx, cancel := context.WithTimeout(ctx, indexTimeout)
	defer cancel()
	c, x.listed, x.failed, x.broken = x.store.newCollections(), map[string][]listedIndex{}, false, nil
	for _, field := range []string{"username", "email"} {
		if err = x.unique(ctx, c, field, userIndex(field+"Key")); err != nil {
			return nil, err
		}
	}
	for more := true; more; { // registration is refused until every user has a key
		if more, err = x.store.derivations[0].step(ctx, x.store); err != nil {
			return nil, err
		}
	}
	for _, on := range []string{"posts", "comments"} {
		if err = x.unique(ctx, c, on, keyIndexes(on)...); err != nil {
			return nil, err
		}
	}
	if err := x.forReads(ctx); err != nil {
		return nil, err
	}
	var cause error
	c.tellsTime, cause = x.store.tellsTime(ctx, c)
	x.failed = x.failed || cause != nil && isUnavailable(cause) // all else works without
	return c, nil
}

// warn logs a warning, unless it did before. key tells it from other warnings with the same message.
func (x *indexer) warn(message, key string, args ...any) {
	if x.warned[message+key] {
		return
	}
	x.warned[message+key] = true
	x.store.log.Warn(message, append([]any{"database", x.store.db.Name()}, args...)...)
}

// list returns the indexes that a collection had when the run began. If the server does not list them, as for a view,
// there are none.
func (x *indexer) list(ctx context.Context, on string) (indexes []listedIndex, err error) {
	indexes, isKnown := x.listed[on]
	if isKnown {
		return indexes, nil
	}
	cursor, err := x.store.primary(on).Indexes().List(ctx)
	indexes, err = findAll(ctx, cursor, err, func(raw bson.Raw) listedIndex { return listedIndex{slices.Clone(raw)} })
	if err != nil && isUnavailable(err) {
		return nil, err
	}
	x.listed[on] = indexes
	return indexes, nil
}

// keep makes an index, unless there is one that serves as it. cause says why there is none then. err says that the
// server is away.
func (x *indexer) keep(ctx context.Context, w index) (cause, err error) {
	serves := func(l listedIndex) bool { return l.isFor(w) }
	listed, err := x.list(ctx, w.on)
	if err != nil || slices.ContainsFunc(listed, serves) {
		return nil, err
	}
	if cause = x.create(ctx, w); cause != nil && isUnavailable(cause) {
		return nil, cause
	}
	x.failed = x.failed || cause != nil && !isImpossible(cause)
	return cause, nil
}

// conflictCodes are how a server says that an index with the same name or the same keys exists: IndexOptionsConflict
// and IndexKeySpecsConflict.
var conflictCodes = []int{85, 86}

// create creates an index. If another program uses its name, it gets a longer one.
func (x *indexer) create(ctx context.Context, w index) (err error) {
	for _, prefix := range []string{"", "gin_blog_"} {
		if _, err = x.store.primary(w.on).Indexes().CreateOne(ctx, w.model(prefix+w.name)); !hasCode(err, conflictCodes...) {
			return err
		}
	}
	return err
}

// forReads makes indexes that make reads faster, and warns of those that may refuse what gin-blog writes.
func (x *indexer) forReads(ctx context.Context) error {
	var names []string
	var last error
	for _, w := range readIndexes() {
		cause, err := x.keep(ctx, w)
		if err != nil {
			return err
		}
		if cause != nil && !x.warned[w.name] {
			x.warned[w.name] = true
			names, last = append(names, w.name), cause
		}
	}
	if len(names) > 0 {
		x.store.log.Warn("cannot make indexes: all works, but more slowly. Make them, or remove the cause",
			"database", x.store.db.Name(), "indexes", names, "cause", last)
	}
	for on, listed := range x.listed {
		for _, l := range listed {
			if l.mayRefuse() {
				x.warn("a unique index of another program counts documents without its fields as equal, and so may refuse what "+
					"users write: drop it, or make it sparse or partial", on+l.name(), "collection", on, "index", l.name())
			}
		}
	}
	return nil
}

// unique makes the first of some unique indexes that the documents and the server allow. Then what is refused without
// one is no longer refused.
func (x *indexer) unique(ctx context.Context, c *collections, what string, wanted ...index) error {
	var last index
	var cause error
	for _, last = range wanted {
		var err error
		if cause, err = x.keep(ctx, last); err != nil {
			return err
		}
		if cause == nil {
			delete(c.refusals, what)
			return nil
		}
		if !isImpossible(cause) {
			break
		}
	}
	x.failed, x.broken = true, cause
	if mongo.IsDuplicateKeyError(cause) {
		x.warn(last.on+" have the same "+strings.Join(last.keys, " and ")+": give each another one. Reads are served; what "+
			"needs a unique one is refused until then", "", last.on, x.doubles(ctx, last), "refusal", c.refusals[what])
		return nil
	}
	x.warn("cannot make a unique index. Reads are served; what needs it is refused until it exists. Remove the cause, or "+
		"make the index", last.name, "collection", last.on, "index", last.name, "cause", cause, "refusal", c.refusals[what])
	return nil
}

// doubles returns the ids of some documents that a unique index does not allow.
func (x *indexer) doubles(ctx context.Context, w index) (ids []string) {
	var key bson.D
	for _, field := range w.keys {
		key = append(key, bson.E{Key: field, Value: "$" + field})
	}
	cursor, err := x.store.primary(w.on).Aggregate(ctx, mongo.Pipeline{
		{{Key: "$match", Value: w.partial}},
		{{Key: "$group", Value: bson.D{
			{Key: "_id", Value: key},
			{Key: "first", Value: bson.D{{Key: "$min", Value: "$_id"}}},
			{Key: "last", Value: bson.D{{Key: "$max", Value: "$_id"}}},
			{Key: "count", Value: bson.D{{Key: "$sum", Value: 1}}},
		}}},
		{{Key: "$match", Value: bson.D{{Key: "count", Value: bson.D{{Key: "$gt", Value: 1}}}}}},
		{{Key: "$limit", Value: maxNamed / 2}},
	}, options.Aggregate().SetAllowDiskUse(true))
	err = each(ctx, cursor, err, func(group bson.Raw) bool {
		for _, end := range []string{"first", "last"} {
			id := group.Lookup(end)
			if oid, ok := id.ObjectIDOK(); ok {
				ids = append(ids, oid.Hex())
			} else {
				ids = append(ids, id.String())
			}
		}
		return true
	})
	if err != nil {
		return []string{"cannot find them: " + err.Error()}
	}
	return ids
}

// unsupportedCodes are how servers say that they know no such index: CommandNotFound, CannotCreateIndex (an unknown
// type of index or a collation), CommandNotSupported, InvalidIndexSpecificationOption (an unknown option),
// NotImplemented, the code of Amazon DocumentDB for what it does not support, and IDLUnknownField (an unknown field).
// BadValue and FailedToParse are not among them, because they also mean a value that is wrong.
var unsupportedCodes = []int{59, 67, 115, 197, 238, 303, 40415}

// isImpossible returns whether the documents or the server do not allow an index. Every other failure, such as a full
// disk, may pass: to do without the index then would weaken uniqueness for good.
func isImpossible(cause error) bool {
	return mongo.IsDuplicateKeyError(cause) || hasCode(cause, unsupportedCodes...)
}
