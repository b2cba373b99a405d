package mongodb

import (
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// index is an index that the store wants.
type index struct {
	name    string
	keys    bson.D
	options *options.IndexOptionsBuilder
	// serves returns whether an index with the same keys is as good. If it is nil, every one is.
	serves func(listedIndex) bool
	// collated says that the index has a collation, which some servers ignore without an error.
	collated bool
}

// plain returns an index of fields in this order, all of them ascending, and of _id descending as its last field.
func plain(name string, fields ...string) index {
	keys := make(bson.D, 0, len(fields)+1)
	for _, field := range fields {
		keys = append(keys, bson.E{Key: field, Value: 1})
	}
	return index{name: name, keys: append(keys, bson.E{Key: "_id", Value: -1}), options: options.Index()}
}

// postIndexes are the indexes that pages of posts are read from, each in the order of the page.
func postIndexes() []index {
	return []index{
		plain("posts_by_author", "author"),
		plain("posts_by_tag", "tags"),
		plain("posts_by_author_and_tag", "author", "tags"),
	}
}

// draftIndexes are the index that pages of drafts are read from, and those of the drafts that are to be published.
func draftIndexes() []index {
	return []index{
		plain("drafts_by_author", "author"),
		{
			name: "drafts_by_publish_at", keys: bson.D{{Key: "publishAt", Value: 1}},
			options: options.Index().SetPartialFilterExpression(bson.D{{Key: "publishAt", Value: ofType("date")}}),
		},
		{
			name: "drafts_being_published", keys: bson.D{{Key: "publishing", Value: 1}},
			options: options.Index().SetPartialFilterExpression(bson.D{{Key: "publishing", Value: true}}),
		},
	}
}

// commentIndexes are the indexes that pages of comments are read from, of a post and of an author.
func commentIndexes() []index {
	return []index{
		{
			name: "comments_by_post", keys: bson.D{{Key: "post", Value: 1}, {Key: "_id", Value: 1}},
			options: options.Index(),
		},
		plain("comments_by_author", "author"),
	}
}

// sessionIndexes are the index of a user's sessions, and the one by which the server removes expired sessions. The
// latter has only sessions of gin-blog.
func sessionIndexes() []index {
	return []index{
		{
			name:    "sessions_by_user",
			keys:    bson.D{{Key: "user", Value: 1}, {Key: "lastUsedAt", Value: -1}, {Key: "_id", Value: -1}},
			options: options.Index(),
		},
		{
			name: "own_sessions_expire", keys: bson.D{{Key: "expiresAt", Value: 1}},
			options: options.Index().SetExpireAfterSeconds(0).SetPartialFilterExpression(ownSession()),
			serves:  func(l listedIndex) bool { return l.expires && l.expireAfter == 0 },
		},
	}
}

// oldSessionIndex is the index by which older versions of gin-blog let the server remove every expired document of the
// collection.
func oldSessionIndex() index {
	const name = "sessions_expire"
	return index{
		name: name, keys: bson.D{{Key: "expiresAt", Value: 1}},
		serves: func(l listedIndex) bool { return l.name == name && l.expires && l.expireAfter == 0 && l.partial == nil },
	}
}

// caseless compares letters without regard to case, but with regard to accents.
func caseless() *options.Collation { return &options.Collation{Locale: "en", Strength: 2} }

// caselessIndex makes a field of users unique without regard to case. Users without it do not count.
func caselessIndex(field string) index {
	return index{
		name: field + "_caseless", keys: bson.D{{Key: field, Value: 1}},
		options:  options.Index().SetUnique(true).SetCollation(caseless()).SetPartialFilterExpression(textsOf(field)),
		serves:   func(l listedIndex) bool { return l.isUniqueOf(field) && l.isCaseless() },
		collated: true,
	}
}

// exactIndexes make a field of users unique exactly. The first one of the username is the one that Mongoose makes, so
// that the Express app and gin-blog use the same index. The others leave out users without the field.
func exactIndexes(field string) (indexes []index) {
	keys := bson.D{{Key: field, Value: 1}}
	serves := func(l listedIndex) bool { return l.isUniqueOf(field) && l.locale == "" }
	if field == "username" {
		indexes = append(indexes, index{field + "_1", keys, options.Index().SetUnique(true), serves, false})
	}
	partial := options.Index().SetUnique(true).SetPartialFilterExpression(textsOf(field))
	return append(indexes, index{field + "_exact", keys, partial, serves, false})
}

// keyIndexes make a key unique for an author. The second one does so too if other programs have keys of their own,
// which are not unique.
func keyIndexes(collection string) []index {
	const field = "idempotencyKey"
	keys := bson.D{{Key: "author", Value: 1}, {Key: field, Value: 1}}
	narrow := append(textsOf(field), bson.E{Key: "idempotencyHash", Value: ofType("binData")})
	serves := func(l listedIndex) bool {
		isWide := l.partial == nil || isFilter(l.partial, textsOf(field))
		return l.unique && !l.sparse && (isWide || isFilter(l.partial, narrow))
	}
	unique := func() *options.IndexOptionsBuilder { return options.Index().SetUnique(true) }
	return []index{
		{collection + "_by_idempotency_key", keys, unique().SetPartialFilterExpression(textsOf(field)), serves, false},
		{collection + "_by_own_idempotency_key", keys, unique().SetPartialFilterExpression(narrow), serves, false},
	}
}

// textIndex has the words of posts in any language as they are written.
func textIndex() index {
	const noLanguage, noField = "none", "noLanguageField" // a field called "language" has no special meaning
	return index{
		name: "posts_text", keys: bson.D{{Key: "title", Value: "text"}, {Key: "content", Value: "text"}},
		options: options.Index().SetDefaultLanguage(noLanguage).SetLanguageOverride(noField),
		serves: func(l listedIndex) bool {
			return textField(l.raw, "default_language") == noLanguage && textField(l.raw, "language_override") == noField
		},
	}
}

// textsOf selects documents that have a text in a field.
func textsOf(field string) bson.D { return bson.D{{Key: field, Value: ofType("string")}} }

// listedIndex is an index that a collection has.
type listedIndex struct {
	raw            bson.Raw // as the server lists it
	name           string
	keys           []bson.RawElement
	unique, sparse bool
	partial        bson.Raw // the filter of a partial index
	locale         string   // of the collation, "" for none
	strength       int64
	expires        bool // the server removes documents
	expireAfter    float64
}

func newListedIndex(raw bson.Raw) listedIndex {
	l := listedIndex{
		raw: raw, name: textField(raw, "name"), unique: isTrue(raw, "unique"), sparse: isTrue(raw, "sparse"),
		locale: text(raw.Lookup("collation", "locale")),
	}
	key, _ := raw.Lookup("key").DocumentOK()
	if weights, isText := raw.Lookup("weights").DocumentOK(); isText { // its keys are internal ones
		key = weights
	}
	l.keys, _ = key.Elements()
	l.partial, _ = raw.Lookup("partialFilterExpression").DocumentOK()
	l.strength, _ = raw.Lookup("collation", "strength").AsInt64OK()
	l.expireAfter, l.expires = raw.Lookup("expireAfterSeconds").AsFloat64OK()
	return l
}

// isTrue returns whether an option is set. Older servers list a number for true.
func isTrue(d bson.Raw, name string) bool {
	number, _ := d.Lookup(name).AsFloat64OK()
	return boolField(d, name) || number != 0
}

// isText returns whether the index is of words.
func (l listedIndex) isText() bool { return l.raw.Lookup("weights").Type == bson.TypeEmbeddedDocument }

// isCaseless returns whether the index has the collation of caseless.
func (l listedIndex) isCaseless() bool { return l.locale == "en" && l.strength == 2 }

// isUniqueOf returns whether the index keeps the texts of a field unique.
func (l listedIndex) isUniqueOf(field string) bool {
	return l.unique && (l.partial == nil || isFilter(l.partial, textsOf(field)))
}

// hasKeys returns whether the index has the keys of x.
func (l listedIndex) hasKeys(x index) bool {
	if l.isText() { // its keys have no order
		return len(l.keys) == len(x.keys) && !slices.ContainsFunc(x.keys, func(wanted bson.E) bool {
			isListed := func(listed bson.RawElement) bool { return listed.Key() == wanted.Key }
			return wanted.Value != "text" || !slices.ContainsFunc(l.keys, isListed)
		})
	}
	return slices.EqualFunc(l.keys, x.keys, func(listed bson.RawElement, wanted bson.E) bool {
		if wanted.Value == "text" {
			return false
		}
		direction, _ := listed.Value().AsFloat64OK()
		return listed.Key() == wanted.Key && direction == float64(wanted.Value.(int))
	})
}

// isFilter returns whether the filter of an index is this one.
func isFilter(raw bson.Raw, filter bson.D) bool {
	wanted, err := bson.Marshal(filter)
	return err == nil && slices.Equal(raw, wanted)
}

// isFor returns whether the index serves as x.
func (l listedIndex) isFor(x index) bool {
	return l.hasKeys(x) && (x.serves == nil || x.serves(l))
}

// mayRefuse returns whether the index is one of another program that may refuse what gin-blog writes, because it counts
// documents without a field as equal.
func (l listedIndex) mayRefuse() bool {
	fields := make([]string, len(l.keys))
	for i, key := range l.keys {
		fields[i] = key.Key()
	}
	isSparse := l.sparse && len(fields) == 1
	return l.unique && l.partial == nil && !isSparse && !slices.Contains(fields, "_id") &&
		!slices.Equal(fields, []string{"username"})
}
