package mongodb

import (
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// index is an index that the store wants.
type index struct {
	on, name string   // the collection, and the name
	keys     []string // the fields in their order, with "-" where it is descending
	// partial selects the documents that the index covers, nil for all. alike is another filter that does as well.
	partial, alike bson.D
	unique         bool
	expires        bool // the server removes documents at the time of the key
}

// readIndexes are the indexes that pages are read from, each in the order of the page, and the one by which the server
// removes expired sessions, which has only those of gin-blog.
func readIndexes() []index {
	timed, begun := bson.D{{Key: "publishAt", Value: ofType("date")}}, bson.D{{Key: "publishing", Value: true}}
	return []index{
		{on: "posts", name: "posts_by_author", keys: []string{"author", "-_id"}},
		{on: "posts", name: "posts_by_tag", keys: []string{"tags", "-_id"}},
		{on: "posts", name: "posts_by_author_and_tag", keys: []string{"author", "tags", "-_id"}},
		{on: "posts", name: "posts_by_search_term", keys: []string{searchTerms, "-_id"}},
		{on: "users", name: "users_by_username", keys: []string{"username", "-_id"}},
		{on: "users", name: "users_by_email", keys: []string{"email", "-_id"}},
		{on: "drafts", name: "drafts_by_author", keys: []string{"author", "-_id"}},
		{on: "drafts", name: "drafts_by_publish_at", keys: []string{"publishAt"}, partial: timed},
		{on: "drafts", name: "drafts_being_published", keys: []string{"publishing"}, partial: begun},
		{on: "comments", name: "comments_by_post", keys: []string{"post", "_id"}},
		{on: "comments", name: "comments_by_author", keys: []string{"author", "-_id"}},
		{on: "sessions", name: "sessions_by_user", keys: []string{"user", "-lastUsedAt", "-_id"}},
		{on: "sessions", name: "own_sessions_expire", keys: []string{"expiresAt"}, partial: ownSession(), expires: true},
		{on: "accessTokens", name: "access_tokens_by_hash", keys: []string{"hash"}},
		{on: "accessTokens", name: "access_tokens_by_user", keys: []string{"user", "-_id"}},
		{on: "invitations", name: "invitations_expire", keys: []string{removeAt}, expires: true},
		{on: "adminLog", name: "log_expires", keys: []string{removeAt}, expires: true},
	}
}

// userIndex makes a key of users unique. Users without one do not count.
func userIndex(key string) index {
	return index{on: "users", name: key, keys: []string{key}, unique: true, partial: textsOf(key)}
}

// keyIndexes make a key unique for an author. The second one does so too if other programs have keys of their own,
// which are not unique.
func keyIndexes(collection string) []index {
	const field = "idempotencyKey"
	wide, narrow := textsOf(field), append(textsOf(field), bson.E{Key: "idempotencyHash", Value: ofType("binData")})
	x := index{on: collection, keys: []string{"author", field}, unique: true}
	all, own := x, x
	all.name, all.partial, all.alike = collection+"_by_idempotency_key", wide, narrow
	own.name, own.partial, own.alike = collection+"_by_own_idempotency_key", narrow, wide
	return []index{all, own}
}

// textsOf selects documents that have a text in a field.
func textsOf(field string) bson.D { return bson.D{{Key: field, Value: ofType("string")}} }

// model returns what creates the index.
func (x index) model(name string) mongo.IndexModel {
	model := mongo.IndexModel{Options: options.Index().SetName(name)}
	var fields bson.D
	for _, key := range x.keys {
		if field, isDown := strings.CutPrefix(key, "-"); isDown {
			fields = append(fields, bson.E{Key: field, Value: -1})
		} else {
			fields = append(fields, bson.E{Key: field, Value: 1})
		}
	}
	model.Keys = fields
	if x.partial != nil {
		model.Options.SetPartialFilterExpression(x.partial)
	}
	if x.unique {
		model.Options.SetUnique(true)
	}
	if x.expires {
		model.Options.SetExpireAfterSeconds(0)
	}
	return model
}

// listedIndex is an index that a collection has, as the server lists it.
type listedIndex struct{ bson.Raw }

func (l listedIndex) name() string { return text(l.Lookup("name")) }

// keys returns the fields of the index as index has them.
func (l listedIndex) keys() (keys []string) {
	key, _ := l.Lookup("key").DocumentOK()
	fields, _ := key.Elements()
	for _, field := range fields {
		switch direction, _ := field.Value().AsFloat64OK(); {
		case direction > 0:
			keys = append(keys, field.Key())
		case direction < 0:
			keys = append(keys, "-"+field.Key())
		default: // of another kind
			keys = append(keys, text(field.Value())+":"+field.Key())
		}
	}
	return keys
}

// is returns whether an option is set. Older servers list a number for true.
func (l listedIndex) is(option string) bool {
	truth, _ := l.Lookup(option).BooleanOK()
	number, _ := l.Lookup(option).AsFloat64OK()
	return truth || number != 0
}

// covers returns whether the index has all documents that a filter selects.
func (l listedIndex) covers(filters ...bson.D) bool {
	partial, isPartial := l.Lookup("partialFilterExpression").DocumentOK()
	return !isPartial || slices.ContainsFunc(filters, func(filter bson.D) bool {
		wanted, err := bson.Marshal(filter)
		return err == nil && slices.Equal(partial, wanted)
	})
}

// isFor returns whether the index serves as x.
func (l listedIndex) isFor(x index) bool {
	if !slices.Equal(l.keys(), x.keys) {
		return false
	}
	_, isCollated := l.Lookup("collation").DocumentOK()
	after, expires := l.Lookup("expireAfterSeconds").AsFloat64OK()
	switch {
	case x.unique:
		return l.is("unique") && !isCollated && l.covers(x.partial, x.alike)
	case x.expires:
		return expires && after == 0
	}
	return true
}

// mayRefuse returns whether the index is one of another program that may refuse what gin-blog writes, because it counts
// documents without a field as equal.
func (l listedIndex) mayRefuse() bool {
	keys := l.keys()
	isSparse := l.is("sparse") && len(keys) == 1
	hasID := slices.Contains(keys, "_id") || slices.Contains(keys, "-_id")
	return l.is("unique") && l.covers() && !isSparse && !hasID && !slices.Equal(keys, []string{"username"})
}
