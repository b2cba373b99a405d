package mongodb

import (
	"context"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

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
	// collates says that the server keeps the collation of an index.
	collates bool
	// failed says that something may go better next time.
	failed bool
	// broken is why a promise cannot be given, nil if all are.
	broken error
}

// makeIndexes makes all indexes. It tries again until that works or ctx ends, and calls tried after the first try. If
// that takes long, reads do not wait for it: they get the collections c.
func (s *Store) makeIndexes(ctx context.Context, c *collections, tried func()) {
	s.notReady.Store("its indexes are being made")
	late := time.AfterFunc(models.CallTimeout, func() { s.ready.CompareAndSwap(nil, c) })
	defer late.Stop()
	x := &indexer{store: s, warned: map[string]bool{}}
	for wait := s.indexRetry; ; wait = min(2*wait, maxIndexRetry) {
		hadFailed := x.failed
		c, err := x.run(ctx)
		if err == nil {
			s.ready.Store(c)
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

// run returns the collections with what their indexes promise. It returns an error only if the server is away.
func (x *indexer) run(ctx context.Context) (c *collections, err error) {
	ctx, cancel := context.WithTimeout(ctx, indexTimeout)
	defer cancel()
	c, x.listed, x.failed, x.broken = x.store.newCollections(), map[string][]listedIndex{}, false, nil
	if c.nameCollation, c.noNames, err = x.unique(ctx, c.users, "username", models.ErrNamesNotUnique); err != nil {
		return nil, err
	}
	if c.emailCollation, c.noEmails, err = x.unique(ctx, c.users, "email", models.ErrEmailsNotUnique); err != nil {
		return nil, err
	}
	if c.noPostKeys, err = x.uniqueKeys(ctx, c.posts); err != nil {
		return nil, err
	}
	if c.noCommentKeys, err = x.uniqueKeys(ctx, c.comments); err != nil {
		return nil, err
	}
	if err := x.dropOldSessionIndex(ctx, c.sessions); err != nil {
		return nil, err
	}
	for _, wanted := range []struct {
		on      *mongo.Collection
		indexes []index
	}{
		{c.users, nil}, {c.posts, postIndexes()}, {c.drafts, draftIndexes()}, {c.comments, commentIndexes()},
		{c.sessions, sessionIndexes()},
	} {
		if err := x.forReads(ctx, wanted.on, wanted.indexes); err != nil {
			return nil, err
		}
	}
	c.hasText, err = x.text(ctx, c.posts)
	return c, err
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
func (x *indexer) list(ctx context.Context, on *mongo.Collection) (indexes []listedIndex, err error) {
	indexes, isKnown := x.listed[on.Name()]
	if isKnown {
		return indexes, nil
	}
	cursor, err := on.Indexes().List(ctx)
	found, err := findAll[bson.Raw](ctx, cursor, err)
	if err != nil && isUnavailable(err) {
		return nil, err
	}
	for _, raw := range found {
		indexes = append(indexes, newListedIndex(raw))
	}
	x.listed[on.Name()] = indexes
	return indexes, nil
}

// conflictCodes are how a server says that an index with the same name or the same keys exists: IndexOptionsConflict
// and IndexKeySpecsConflict.
var conflictCodes = []int{85, 86}

// create creates an index. If another program uses its name, it gets a longer one.
func create(ctx context.Context, on *mongo.Collection, x index) (err error) {
	for _, prefix := range []string{"", "gin_blog_"} {
		model := mongo.IndexModel{Keys: x.keys, Options: x.options.SetName(prefix + x.name)}
		if _, err = on.Indexes().CreateOne(ctx, model); !hasCode(err, conflictCodes...) {
			return err
		}
	}
	return err
}

// createAll creates indexes in one round trip.
func createAll(ctx context.Context, on *mongo.Collection, indexes []index) error {
	all := make([]mongo.IndexModel, len(indexes))
	for i, x := range indexes {
		all[i] = mongo.IndexModel{Keys: x.keys, Options: x.options.SetName(x.name)}
	}
	_, err := on.Indexes().CreateMany(ctx, all)
	return err
}

// forReads makes indexes that make reads faster, and warns of those that may refuse what gin-blog writes.
func (x *indexer) forReads(ctx context.Context, on *mongo.Collection, wanted []index) error {
	listed, err := x.list(ctx, on)
	if err != nil {
		return err
	}
	for _, l := range listed {
		if l.mayRefuse() {
			x.warn("a unique index of another program counts documents without its fields as equal, and so may refuse what "+
				"users write: drop it, or make it sparse or partial", on.Name()+l.name, "collection", on.Name(), "index", l.name)
		}
	}
	missing := slices.DeleteFunc(wanted, func(w index) bool {
		return slices.ContainsFunc(listed, func(l listedIndex) bool { return l.isFor(w) })
	})
	if len(missing) == 0 || createAll(ctx, on, missing) == nil {
		return nil
	}
	var names []string
	var cause error
	for _, w := range missing {
		err := create(ctx, on, w)
		if err != nil && isUnavailable(err) {
			return err
		}
		if err == nil {
			continue
		}
		x.failed = x.failed || !lacksFeature(err)
		if !x.warned[w.name] {
			x.warned[w.name] = true
			names, cause = append(names, w.name), err
		}
	}
	if len(names) > 0 {
		x.store.log.Warn("cannot make indexes: all works, but more slowly. Make them, or remove the cause",
			"database", x.store.db.Name(), "collection", on.Name(), "indexes", names, "cause", cause)
	}
	return nil
}

// dropOldSessionIndex drops the index of older versions by which the server would remove documents of other programs.
func (x *indexer) dropOldSessionIndex(ctx context.Context, sessions *mongo.Collection) error {
	listed, err := x.list(ctx, sessions)
	if err != nil {
		return err
	}
	for _, l := range listed {
		if !l.isFor(oldSessionIndex()) {
			continue
		}
		if err := sessions.Indexes().DropOne(ctx, l.name); err != nil && isUnavailable(err) {
			return err
		} else if err != nil {
			x.failed = true
			x.warn("cannot drop an index by which the server removes documents of other programs: drop it", l.name,
				"collection", sessions.Name(), "index", l.name, "cause", err)
		} else {
			delete(x.listed, sessions.Name())
		}
	}
	return nil
}

// text makes the index that the search uses. It returns whether there is one.
func (x *indexer) text(ctx context.Context, posts *mongo.Collection) (bool, error) {
	const slower = "all works, but a search looks at every post, for at most 2 s"
	listed, err := x.list(ctx, posts)
	if err != nil {
		return false, err
	}
	if i := slices.IndexFunc(listed, listedIndex.isText); i >= 0 { // a collection has one at most
		if !listed[i].isFor(textIndex()) {
			x.warn("the text index of another program cannot serve the search: "+slower+". Drop it, and restart gin-blog",
				listed[i].name, "collection", posts.Name(), "index", listed[i].name)
			return false, nil
		}
		return true, nil
	}
	err = create(ctx, posts, textIndex())
	switch {
	case err == nil:
		return true, nil
	case isUnavailable(err):
		return false, err
	case lacksFeature(err):
		x.warn("the server refuses text indexes, which a real MongoDB has: "+slower, "", "cause", err)
	default:
		x.failed = true
		x.warn("cannot make the text index: "+slower, "", "collection", posts.Name(), "cause", err)
	}
	return false, nil
}

// unsupportedCodes are how servers say that they know no such index: CommandNotFound, CannotCreateIndex (an unknown
// type of index or a collation), CommandNotSupported, InvalidIndexSpecificationOption (an unknown option),
// NotImplemented, the code of Amazon DocumentDB for what it does not support, and IDLUnknownField (an unknown field).
// BadValue and FailedToParse are not among them, because they also mean a value that is wrong.
var unsupportedCodes = []int{59, 67, 115, 197, 238, 303, 40415}

// lacksFeature returns whether the server refused an index because it does not support it. Every other failure, such
// as a full disk, may pass: to do without the index then would weaken uniqueness for good.
func lacksFeature(err error) bool { return hasCode(err, unsupportedCodes...) }
