package mongodb

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// caseless compares letters without regard to case, but with regard to accents.
func caseless() *options.Collation { return &options.Collation{Locale: "en", Strength: 2} }

// ensureIndexes creates every index that the store needs. If the server
// or the data does not allow an index of a feature, it logs a warning and the store works without that feature.
func (s *Store) ensureIndexes(ctx context.Context) (*collections, error) {
	ctx, cancel := context.WithTimeout(ctx, indexTimeout)
	defer cancel()
	c := s.newCollections()
	var err error
	if c.nameCollation, err = s.uniqueName(ctx, c.users); err != nil {
		return nil, err
	}
	if c.emailCollation, err = s.uniqueEmail(ctx, c.users); err != nil {
		return nil, err
	}
	if c.hasText, err = s.textIndex(ctx, c.posts); err != nil {
		return nil, err
	}
	if err := createIndexes(ctx, c.posts, postIndexes()...); err != nil {
		return nil, err
	}
	if err := createIndexes(ctx, c.drafts, draftIndexes()...); err != nil {
		return nil, err
	}
	if err := createIndexes(ctx, c.comments, commentIndexes()...); err != nil {
		return nil, err
	}
	if err := createIndexes(ctx, c.sessions, sessionIndexes()...); err != nil {
		return nil, err
	}
	return c, nil
}

// postIndexes are the indexes that pages of posts are read from, each in the order of the page, and the one that
// makes a key unique for an author.
func postIndexes() []mongo.IndexModel {
	return []mongo.IndexModel{
		{
			Keys:    bson.D{{Key: "author", Value: 1}, {Key: "_id", Value: -1}},
			Options: options.Index().SetName("posts_by_author"),
		},
		{
			Keys:    bson.D{{Key: "tags", Value: 1}, {Key: "_id", Value: -1}},
			Options: options.Index().SetName("posts_by_tag"),
		},
		{
			Keys:    bson.D{{Key: "author", Value: 1}, {Key: "tags", Value: 1}, {Key: "_id", Value: -1}},
			Options: options.Index().SetName("posts_by_author_and_tag"),
		},
		keyIndex("posts_by_idempotency_key"),
	}
}

// draftIndexes are the index that pages of drafts are read from, and those of the drafts that are to be published.
func draftIndexes() []mongo.IndexModel {
	return []mongo.IndexModel{
		{
			Keys:    bson.D{{Key: "author", Value: 1}, {Key: "_id", Value: -1}},
			Options: options.Index().SetName("drafts_by_author"),
		},
		{
			Keys: bson.D{{Key: "publishAt", Value: 1}},
			Options: options.Index().SetName("drafts_by_publish_at").
				SetPartialFilterExpression(bson.D{{Key: "publishAt", Value: bson.D{{Key: "$type", Value: "date"}}}}),
		},
		{
			Keys: bson.D{{Key: "publishing", Value: 1}},
			Options: options.Index().SetName("drafts_being_published").
				SetPartialFilterExpression(bson.D{{Key: "publishing", Value: true}}),
		},
	}
}

// commentIndexes are the indexes that pages of comments are read from, of a post and of an author, and the one that
// makes a key unique for an author.
func commentIndexes() []mongo.IndexModel {
	return []mongo.IndexModel{
		{
			Keys:    bson.D{{Key: "post", Value: 1}, {Key: "_id", Value: 1}},
			Options: options.Index().SetName("comments_by_post"),
		},
		{
			Keys:    bson.D{{Key: "author", Value: 1}, {Key: "_id", Value: -1}},
			Options: options.Index().SetName("comments_by_author"),
		},
		keyIndex("comments_by_idempotency_key"),
	}
}

// sessionIndexes are the index of a user's sessions, and the one by which the server removes expired sessions.
func sessionIndexes() []mongo.IndexModel {
	return []mongo.IndexModel{
		{
			Keys:    bson.D{{Key: "user", Value: 1}, {Key: "lastUsedAt", Value: -1}, {Key: "_id", Value: -1}},
			Options: options.Index().SetName("sessions_by_user"),
		},
		{
			Keys:    bson.D{{Key: "expiresAt", Value: 1}},
			Options: options.Index().SetName("sessions_expire").SetExpireAfterSeconds(0),
		},
	}
}

// createIndexes creates indexes in one round trip. Those that exist stay.
func createIndexes(ctx context.Context, on *mongo.Collection, indexes ...mongo.IndexModel) error {
	if _, err := on.Indexes().CreateMany(ctx, indexes); err != nil {
		return fmt.Errorf("create indexes on %s: %w", on.Name(), err)
	}
	return nil
}

// textIndex creates the index that the search uses, of words in any language as they are written. It returns
// whether the server accepts it.
func (s *Store) textIndex(ctx context.Context, posts *mongo.Collection) (bool, error) {
	err := createIndexes(ctx, posts, mongo.IndexModel{
		Keys: bson.D{{Key: "title", Value: "text"}, {Key: "content", Value: "text"}},
		Options: options.Index().SetName("posts_text").SetDefaultLanguage("none").
			SetLanguageOverride("noLanguageField"), // a field called "language" has no special meaning
	})
	if lacksFeature(err) {
		s.log.Warn("the server refuses text indexes, which a real MongoDB has: "+
			"all works, but a search looks at every post, for at most 2 s", "cause", err)
		return false, nil
	}
	return err == nil, err
}

// uniqueName makes usernames unique without regard to case, or exactly where that is not possible. The exact index
// has the name and the form that Mongoose gives it, so that the Express app and gin-blog use the same index.
func (s *Store) uniqueName(ctx context.Context, users *mongo.Collection) (*options.Collation, error) {
	collation, err := s.uniqueCaseless(ctx, users, "username", options.Index())
	if err != nil || collation != nil {
		return collation, err
	}
	err = createIndexes(ctx, users, mongo.IndexModel{
		Keys:    bson.D{{Key: "username", Value: 1}},
		Options: options.Index().SetName("username_1").SetUnique(true),
	})
	if mongo.IsDuplicateKeyError(err) {
		return nil, errors.New("two users have the same username: rename one, each must be able to log in")
	}
	return nil, err
}

// uniqueEmail makes email addresses unique without regard to case, or exactly where that is not possible. Users
// without one do not count.
func (s *Store) uniqueEmail(ctx context.Context, users *mongo.Collection) (*options.Collation, error) {
	collation, err := s.uniqueCaseless(ctx, users, "email", withEmail())
	if err != nil || collation != nil {
		return collation, err
	}
	err = createIndexes(ctx, users, mongo.IndexModel{
		Keys:    bson.D{{Key: "email", Value: 1}},
		Options: withEmail().SetName("email_exact").SetUnique(true),
	})
	if mongo.IsDuplicateKeyError(err) {
		s.log.Warn("two users have the same email: emails are not kept unique until one is changed",
			"database", s.db.Name())
		return nil, nil
	}
	return nil, err
}

// withEmail restricts an index to the users who have an email address.
func withEmail() *options.IndexOptionsBuilder {
	return options.Index().SetPartialFilterExpression(bson.D{{Key: "email", Value: isString()}})
}

// uniqueCaseless creates a unique index on a field of users that ignores case, and returns the collation that
// queries must use. If the data or the server does not allow the index, it logs a warning and returns nil.
func (s *Store) uniqueCaseless(
	ctx context.Context, users *mongo.Collection, field string, index *options.IndexOptionsBuilder,
) (*options.Collation, error) {
	name := field + "_caseless"
	index.SetName(name).SetUnique(true).SetCollation(caseless())
	err := createIndexes(ctx, users, mongo.IndexModel{Keys: bson.D{{Key: field, Value: 1}}, Options: index})
	switch {
	case mongo.IsDuplicateKeyError(err):
		s.log.Warn("two users have a "+field+" that differs only in case: keeping exact-case uniqueness",
			"database", s.db.Name())
		return nil, nil
	case lacksFeature(err):
		s.log.Warn("the server takes no index without regard to case: keeping exact-case uniqueness",
			"field", field, "cause", err)
		return nil, nil
	case err != nil:
		return nil, err
	}
	honoured, err := hasCollation(ctx, users, name)
	if err != nil {
		return nil, err
	}
	if !honoured {
		s.log.Warn("the server knows no collations: keeping exact-case uniqueness", "field", field)
		return nil, nil
	}
	return caseless(), nil
}

// hasCollation returns whether the server kept the collation of an index. Some servers ignore it without an error.
func hasCollation(ctx context.Context, on *mongo.Collection, name string) (bool, error) {
	type index struct {
		Name      string   `bson:"name"`
		Collation bson.Raw `bson:"collation"`
	}
	cursor, err := on.Indexes().List(ctx)
	indexes, err := findAll[index](ctx, cursor, err)
	if err != nil {
		return false, fmt.Errorf("list indexes: %w", err)
	}
	for _, index := range indexes {
		if index.Name == name {
			return index.Collation != nil, nil
		}
	}
	return false, fmt.Errorf("list indexes: %s is missing", name)
}

// unsupportedCodes are how servers say that they know no such index: CommandNotFound, CannotCreateIndex (an unknown
// type of index or a collation), CommandNotSupported, InvalidIndexSpecificationOption (an unknown option),
// NotImplemented, the code of Amazon DocumentDB for what it does not support, and IDLUnknownField (an unknown field).
// BadValue and FailedToParse are not among them, because they also mean a value that is wrong.
var unsupportedCodes = []int{59, 67, 115, 197, 238, 303, 40415}

// lacksFeature returns whether the server refused an index because it does not support it. Every other failure, such
// as a full disk, may pass: to do without the index then would weaken uniqueness for good.
func lacksFeature(err error) bool {
	refusal, ok := errors.AsType[mongo.ServerError](err)
	return ok && slices.ContainsFunc(unsupportedCodes, refusal.HasErrorCode)
}
