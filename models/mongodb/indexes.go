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
	keys     []string // the fields in their order, with "-" where it is descending, and with textKey for words
	// partial selects the documents that the index covers, nil for all. alike is another filter that does as well.
	partial, alike bson.D
	unique         bool
	caseless       bool // it compares as caseless does
	expires        bool // the server removes documents at the time of the key
}

const (
	// textKey is before the name of a field whose words an index has.
	textKey = "text:"
	// noLanguage makes an index have words as they are written, in any language. noField is there so that a field called
	// "language" has no special meaning.
	noLanguage, noField = "none", "noLanguageField"
)

// readIndexes are the indexes that pages are read from, each in the order of the page, and the one by which the server
// removes expired sessions, which has only those of gin-blog.
func readIndexes() []index {
	timed, begun := bson.D{{Key: "publishAt", Value: ofType("date")}}, bson.D{{Key: "publishing", Value: true}}
	return []index{
		{on: "posts", name: "posts_by_author", keys: []string{"author", "-_id"}},
		{on: "posts", name: "posts_by_tag", keys: []string{"tags", "-_id"}},
		{on: "posts", name: "posts_by_author_and_tag", keys: []string{"author", "tags", "-_id"}},
		{on: "drafts", name: "drafts_by_author", keys: []string{"author", "-_id"}},
		{on: "drafts", name: "drafts_by_publish_at", keys: []string{"publishAt"}, partial: timed},
		{on: "drafts", name: "drafts_being_published", keys: []string{"publishing"}, partial: begun},
		{on: "comments", name: "comments_by_post", keys: []string{"post", "_id"}},
		{on: "comments", name: "comments_by_author", keys: []string{"author", "-_id"}},
		{on: "sessions", name: "sessions_by_user", keys: []string{"user", "-lastUsedAt", "-_id"}},
		{on: "sessions", name: "own_sessions_expire", keys: []string{"expiresAt"}, partial: ownSession(), expires: true},
	}
}

// textIndex has the words of posts.
func textIndex() index {
	return index{on: "posts", name: "posts_text", keys: []string{textKey + "content", textKey + "title"}}
}

// userIndexes make a field of users unique: the first one without regard to case, the others exactly. Users without it
// do not count, but for the index that Mongoose makes, so that the Express app and gin-blog use the same one.
func userIndexes(field string) []index {
	x := index{on: "users", keys: []string{field}, unique: true, partial: textsOf(field)}
	first, mongooses, last := x, x, x
	first.name, first.caseless = field+"_caseless", true
	mongooses.name, mongooses.partial, mongooses.alike = field+"_1", nil, x.partial
	last.name = field + "_exact"
	if field == "username" {
		return []index{first, mongooses, last}
	}
	return []index{first, last}
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

// caseless compares letters without regard to case, but with regard to accents.
func caseless() *options.Collation { return &options.Collation{Locale: "en", Strength: 2} }

// model returns what creates the index.
func (x index) model(name string) mongo.IndexModel {
	model := mongo.IndexModel{Options: options.Index().SetName(name)}
	var fields bson.D
	for _, key := range x.keys {
		if field, isText := strings.CutPrefix(key, textKey); isText {
			fields = append(fields, bson.E{Key: field, Value: "text"})
			model.Options.SetDefaultLanguage(noLanguage).SetLanguageOverride(noField)
		} else if field, isDown := strings.CutPrefix(key, "-"); isDown {
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
	if x.caseless {
		model.Options.SetCollation(caseless())
	}
	if x.expires {
		model.Options.SetExpireAfterSeconds(0)
	}
	return model
}

// listedIndex is an index that a collection has, as the server lists it.
type listedIndex struct{ bson.Raw }

func (l listedIndex) name() string { return text(l.Lookup("name")) }

// keys returns the fields of the index as index has them. Those of words are sorted.
func (l listedIndex) keys() (keys []string) {
	if weights, isText := l.Lookup("weights").DocumentOK(); isText { // the keys are internal ones
		fields, _ := weights.Elements()
		for _, field := range fields {
			keys = append(keys, textKey+field.Key())
		}
		slices.Sort(keys)
		return keys
	}
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

// isCaseless returns whether the index compares as caseless does.
func (l listedIndex) isCaseless() bool {
	strength, _ := l.Lookup("collation", "strength").AsInt64OK()
	return text(l.Lookup("collation", "locale")) == caseless().Locale && strength == int64(caseless().Strength)
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
	case x.caseless && !l.isCaseless(), x.unique && !x.caseless && isCollated:
		return false
	case x.unique:
		return l.is("unique") && l.covers(x.partial, x.alike)
	case x.expires:
		return expires && after == 0
	case strings.HasPrefix(x.keys[0], textKey):
		return text(l.Lookup("default_language")) == noLanguage && text(l.Lookup("language_override")) == noField
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
