package mongodb

import (
	"context"
	"errors"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"gin-blog/models"
)

// outcome is what came of a unique index.
type outcome int

const (
	failed     outcome = iota // for a reason that may pass, such as a full disk
	kept                      // the index exists
	impossible                // the documents or the server do not allow it
)

// errNoCollations is about servers that take a collation and ignore it.
var errNoCollations = errors.New("the server knows no collations")

// keep makes a unique index, unless there is one that serves as it. cause says why there is none. err says that the
// server is away.
func (x *indexer) keep(ctx context.Context, on *mongo.Collection, w index) (o outcome, cause, err error) {
	serves := func(l listedIndex) bool { return l.isFor(w) }
	listed, err := x.list(ctx, on)
	if err != nil {
		return failed, nil, err
	}
	if slices.ContainsFunc(listed, serves) {
		return kept, nil, nil
	}
	switch cause = create(ctx, on, w); {
	case cause == nil && (x.collates || !w.collated):
		return kept, nil, nil
	case cause == nil: // or so it says
	case isUnavailable(cause):
		return failed, nil, cause
	case mongo.IsDuplicateKeyError(cause), lacksFeature(cause):
		return impossible, cause, nil
	default:
		return failed, cause, nil
	}
	delete(x.listed, on.Name())
	if listed, err = x.list(ctx, on); err != nil {
		return failed, nil, err
	}
	if !slices.ContainsFunc(listed, func(l listedIndex) bool { return l.hasKeys(w) && l.unique && l.isCaseless() }) {
		return impossible, errNoCollations, nil
	}
	x.collates = true
	return kept, nil, nil
}

// unique makes a field of users unique without regard to case, or exactly where the database does not allow more. It
// returns the collation that queries must use. refused is refusal if the field is not unique.
func (x *indexer) unique(
	ctx context.Context, users *mongo.Collection, field string, refusal error,
) (collation *options.Collation, refused, err error) {
	var noCaseless, last error
	for i, w := range append([]index{caselessIndex(field)}, exactIndexes(field)...) {
		o, cause, err := x.keep(ctx, users, w)
		switch {
		case err != nil:
			return nil, refusal, err
		case o == kept && i == 0:
			return caseless(), nil, nil
		case o == kept:
			x.warnOfCase(ctx, users, field, noCaseless)
			return nil, nil, nil
		case o == failed: // to be content with less would weaken uniqueness for good
			x.warnOfNoPromise(users, w, cause, refusal)
			return nil, refusal, nil
		case i == 0:
			noCaseless = cause
		}
		last = cause
	}
	x.failed, x.broken = true, last
	x.warn("users have the same "+field+": give each another one. Reads are served; what needs a unique "+field+
		" is refused until then", "", "users", x.doubles(ctx, users, textsOf(field), "$"+field, nil), "refusal", refusal)
	return nil, refusal, nil
}

// warnOfCase says why names or addresses may differ only in case.
func (x *indexer) warnOfCase(ctx context.Context, users *mongo.Collection, field string, cause error) {
	if !mongo.IsDuplicateKeyError(cause) {
		x.warn("the server takes no index without regard to case: keeping exact-case uniqueness", field, "field", field,
			"cause", cause)
		return
	}
	x.warn("two users have a "+field+" that differs only in case: keeping exact-case uniqueness. Change one, and restart "+
		"gin-blog", "", "users", x.doubles(ctx, users, textsOf(field), "$"+field, caseless()))
}

// warnOfNoPromise says that a unique index cannot be made for a reason that may pass.
func (x *indexer) warnOfNoPromise(on *mongo.Collection, w index, cause, refusal error) {
	x.failed, x.broken = true, cause
	x.warn("cannot make a unique index. Reads are served; what needs it is refused until it exists. Remove the cause, or "+
		"make the index", w.name, "collection", on.Name(), "index", w.name, "cause", cause, "refusal", refusal)
}

// uniqueKeys makes Idempotency-Keys unique. refused is models.ErrKeysNotUnique if they are not.
func (x *indexer) uniqueKeys(ctx context.Context, on *mongo.Collection) (refused, err error) {
	wanted := keyIndexes(on.Name())
	for _, w := range wanted {
		o, cause, err := x.keep(ctx, on, w)
		switch {
		case err != nil:
			return models.ErrKeysNotUnique, err
		case o == kept:
			return nil, nil
		case o == failed || w.name == wanted[len(wanted)-1].name:
			x.warnOfNoPromise(on, w, cause, models.ErrKeysNotUnique)
			return models.ErrKeysNotUnique, nil
		}
	}
	return models.ErrKeysNotUnique, nil
}

// doubles returns the ids of some documents that match, and have the same key as another one.
func (x *indexer) doubles(
	ctx context.Context, in *mongo.Collection, match bson.D, key string, collation *options.Collation,
) (ids []string) {
	aggregate := options.Aggregate().SetAllowDiskUse(true)
	if collation != nil {
		aggregate.SetCollation(collation)
	}
	cursor, err := in.Aggregate(ctx, mongo.Pipeline{
		{{Key: "$match", Value: match}},
		{{Key: "$group", Value: bson.D{
			{Key: "_id", Value: key},
			{Key: "first", Value: bson.D{{Key: "$min", Value: "$_id"}}},
			{Key: "last", Value: bson.D{{Key: "$max", Value: "$_id"}}},
			{Key: "count", Value: bson.D{{Key: "$sum", Value: 1}}},
		}}},
		{{Key: "$match", Value: bson.D{{Key: "count", Value: bson.D{{Key: "$gt", Value: 1}}}}}},
		{{Key: "$limit", Value: maxNamed / 2}},
	}, aggregate)
	groups, err := findAll[bson.Raw](ctx, cursor, err)
	if err != nil {
		return []string{"cannot find them: " + err.Error()}
	}
	for _, group := range groups {
		for _, end := range []string{"first", "last"} {
			id := group.Lookup(end)
			if oid, ok := id.ObjectIDOK(); ok {
				ids = append(ids, oid.Hex())
			} else {
				ids = append(ids, id.String())
			}
		}
	}
	return ids
}
