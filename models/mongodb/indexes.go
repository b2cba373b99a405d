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

// ensureIndexes makes every index the store relies on; those that stand already cost one round trip each.
// Data that an index of its own cannot hold is served without that index, with a warning.
func (s *Store) ensureIndexes(ctx context.Context) (*collections, error) {
	ctx, cancel := context.WithTimeout(ctx, buildPatience)
	defer cancel()
	c := &collections{
		users:    s.db.Collection("users"),
		posts:    s.db.Collection("posts"),
		sessions: s.db.Collection("sessions"),
	}
	var err error
	if c.nameCollation, err = s.uniqueName(ctx, c.users); err != nil {
		return nil, err
	}
	if c.emailCollation, err = s.uniqueEmail(ctx, c.users); err != nil {
		return nil, err
	}
	if c.hasText, err = s.ensureText(ctx, c.posts); err != nil {
		return nil, err
	}
	for _, index := range []struct {
		on    *mongo.Collection
		model mongo.IndexModel
	}{
		{c.posts, mongo.IndexModel{
			Keys:    bson.D{{Key: "author", Value: 1}, {Key: "_id", Value: -1}},
			Options: options.Index().SetName("posts_by_author"),
		}},
		{c.posts, mongo.IndexModel{
			Keys:    bson.D{{Key: "tags", Value: 1}, {Key: "_id", Value: -1}},
			Options: options.Index().SetName("posts_by_tag"),
		}},
		{c.posts, mongo.IndexModel{
			Keys:    bson.D{{Key: "author", Value: 1}, {Key: "tags", Value: 1}, {Key: "_id", Value: -1}},
			Options: options.Index().SetName("posts_by_author_and_tag"),
		}},
		{c.posts, mongo.IndexModel{
			Keys: bson.D{{Key: "author", Value: 1}, {Key: "idempotencyKey", Value: 1}},
			Options: options.Index().SetName("posts_by_idempotency_key").SetUnique(true).
				SetPartialFilterExpression(bson.D{{Key: "idempotencyKey", Value: isString()}}),
		}},
		{c.sessions, mongo.IndexModel{
			Keys:    bson.D{{Key: "user", Value: 1}, {Key: "lastUsedAt", Value: -1}, {Key: "_id", Value: -1}},
			Options: options.Index().SetName("sessions_by_user"),
		}},
		{c.sessions, mongo.IndexModel{
			Keys:    bson.D{{Key: "expiresAt", Value: 1}},
			Options: options.Index().SetName("sessions_expire").SetExpireAfterSeconds(0),
		}},
	} {
		if _, err := index.on.Indexes().CreateOne(ctx, index.model); err != nil {
			return nil, wrap("create index on "+index.on.Name(), err)
		}
	}
	return c, nil
}

// ensureText makes the index that search uses, of words as they are written in any language. It tells whether the server
// took it.
func (s *Store) ensureText(ctx context.Context, posts *mongo.Collection) (bool, error) {
	_, err := posts.Indexes().CreateOne(ctx, mongo.IndexModel{
		Keys: bson.D{{Key: "title", Value: "text"}, {Key: "content", Value: "text"}},
		Options: options.Index().SetName("posts_text").SetDefaultLanguage("none").
			SetLanguageOverride("noLanguageField"), // a field called "language" is only a field
	})
	if lacksFeature(err) {
		s.log.Warn("the server takes no text index: a search looks at every post and gives up after 2 s", "cause", err)
		return false, nil
	}
	return err == nil, wrap("create index on posts", err)
}

// uniqueName makes usernames unique without regard to case, or exactly where that cannot be.
// The exact index has the name and the form that Mongoose gives it, so that the Express app and gin-blog agree on it.
func (s *Store) uniqueName(ctx context.Context, users *mongo.Collection) (*options.Collation, error) {
	collation, err := s.uniqueCaseless(ctx, users, "username", options.Index())
	if err != nil || collation != nil {
		return collation, err
	}
	_, err = users.Indexes().CreateOne(ctx, mongo.IndexModel{
		Keys:    bson.D{{Key: "username", Value: 1}},
		Options: options.Index().SetName("username_1").SetUnique(true),
	})
	if mongo.IsDuplicateKeyError(err) {
		return nil, errors.New("two users have the same username: rename one, each must be able to log in")
	}
	return nil, wrap("create index on users", err)
}

// uniqueEmail makes emails unique without regard to case, or exactly where that cannot be. Users without one do not count.
func (s *Store) uniqueEmail(ctx context.Context, users *mongo.Collection) (*options.Collation, error) {
	collation, err := s.uniqueCaseless(ctx, users, "email", givenEmail())
	if err != nil || collation != nil {
		return collation, err
	}
	_, err = users.Indexes().CreateOne(ctx, mongo.IndexModel{
		Keys:    bson.D{{Key: "email", Value: 1}},
		Options: givenEmail().SetName("email_exact").SetUnique(true),
	})
	if mongo.IsDuplicateKeyError(err) {
		s.log.Warn("two users have the same email: emails are not kept unique until one is changed", "database", s.db.Name())
		return nil, nil
	}
	return nil, wrap("create index on users", err)
}

// givenEmail is an index of those users who gave an email.
func givenEmail() *options.IndexOptionsBuilder {
	return options.Index().SetPartialFilterExpression(bson.D{{Key: "email", Value: isString()}})
}

// uniqueCaseless makes a unique index on a field of users that takes no notice of case, and returns the collation to
// ask it with. Where the data or the server does not allow it, it logs a warning and returns nil.
func (s *Store) uniqueCaseless(ctx context.Context, users *mongo.Collection, field string, index *options.IndexOptionsBuilder) (*options.Collation, error) {
	name := field + "_caseless"
	index.SetName(name).SetUnique(true).SetCollation(caseless())
	_, err := users.Indexes().CreateOne(ctx, mongo.IndexModel{Keys: bson.D{{Key: field, Value: 1}}, Options: index})
	switch {
	case mongo.IsDuplicateKeyError(err):
		s.log.Warn("two users have a "+field+" that differs only in case: keeping exact-case uniqueness", "database", s.db.Name())
		return nil, nil
	case lacksFeature(err):
		s.log.Warn("the server takes no index without regard to case: keeping exact-case uniqueness", "field", field, "cause", err)
		return nil, nil
	case err != nil:
		return nil, wrap("create index on users", err)
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

// hasCollation tells whether the server kept the collation of an index, which some servers pass over in silence.
func hasCollation(ctx context.Context, on *mongo.Collection, name string) (bool, error) {
	cursor, err := on.Indexes().List(ctx)
	if err != nil {
		return false, wrap("list indexes", err)
	}
	var indexes []struct {
		Name      string   `bson:"name"`
		Collation bson.Raw `bson:"collation"`
	}
	if err := cursor.All(ctx, &indexes); err != nil {
		return false, wrap("list indexes", err)
	}
	for _, index := range indexes {
		if index.Name == name {
			return index.Collation != nil, nil
		}
	}
	return false, fmt.Errorf("list indexes: %s is missing", name)
}

// lacksFeature tells whether the server refused an index for what it is: any answer but one that says who may not, or not now.
// The codes by which servers say so are many.
func lacksFeature(err error) bool {
	var refusal mongo.ServerError
	if !errors.As(err, &refusal) || unavailable(err) {
		return false
	}
	const unauthorized, authenticationFailed, atlasError = 13, 18, 8000
	return !slices.ContainsFunc([]int{unauthorized, authenticationFailed, atlasError}, refusal.HasErrorCode)
}
