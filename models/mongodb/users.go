package mongodb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"gin-blog/models"
)

// createAttempts bounds how often a name may be freed between the insert it blocked and the question whose it is.
const createAttempts = 3

// userDocument is a user as the tutorial's Express app stores it, with fields of ours that it passes over.
type userDocument struct {
	ID        models.ID `bson:"_id"`
	Username  string    `bson:"username"`
	Password  string    `bson:"password"`
	Email     string    `bson:"email,omitempty"`
	Name      string    `bson:"name,omitempty"`
	Bio       string    `bson:"bio,omitempty"`
	Role      string    `bson:"role,omitempty"`
	CreatedAt time.Time `bson:"createdAt,omitempty"`

	PasswordVersion int64 `bson:"passwordVersion,omitempty"`
	// KeptSession is the one session that outlived the last change of the password.
	KeptSession models.ID `bson:"keptSession,omitempty"`
}

func newUserDocument(u *models.User) userDocument {
	return userDocument{
		ID: u.ID, Username: u.Username, Password: u.PasswordHash, Email: u.Email, Name: u.Name, Bio: u.Bio,
		Role: string(u.Role), CreatedAt: u.CreatedAt, PasswordVersion: u.PasswordVersion,
	}
}

// owns tells whether a session of the user is still good, whatever its date.
func (d *userDocument) owns(s *sessionDocument) bool {
	return s.PasswordVersion == d.PasswordVersion || s.ID == d.KeptSession
}

func (d *userDocument) user() *models.User {
	u := &models.User{
		ID: d.ID, Username: d.Username, Email: d.Email, Name: d.Name, Bio: d.Bio,
		Role: models.RoleUser, PasswordHash: d.Password, PasswordVersion: d.PasswordVersion, CreatedAt: d.CreatedAt,
	}
	if d.Role == string(models.RoleAdmin) {
		u.Role = models.RoleAdmin
	}
	if u.CreatedAt.IsZero() { // the tutorial's users carry no date but the one in their id
		u.CreatedAt = d.ID.Timestamp()
	}
	return u
}

// CreateUser implements models.UserStore.
func (s *Store) CreateUser(ctx context.Context, u *models.User) error {
	c, err := s.collections()
	if err != nil {
		return err
	}
	document := newUserDocument(u)
	for range createAttempts {
		_, err = c.users.InsertOne(ctx, document)
		if !mongo.IsDuplicateKeyError(err) {
			break
		}
		if taken := models.WhatIsTaken(ctx, s, u); taken != nil {
			return fmt.Errorf("create user: %w", taken)
		}
	}
	return wrap("create user", err)
}

// CreateUsers implements models.UserStore.
func (s *Store) CreateUsers(ctx context.Context, users []models.User) error {
	c, err := s.collections()
	if err != nil {
		return err
	}
	documents := make([]userDocument, len(users))
	for i := range users {
		documents[i] = newUserDocument(&users[i])
	}
	_, err = c.users.InsertMany(ctx, documents)
	return wrap("create users", err)
}

// UpdateProfile implements models.UserStore.
func (s *Store) UpdateProfile(ctx context.Context, id models.ID, change models.ProfileChange) (*models.User, error) {
	c, err := s.collections()
	if err != nil {
		return nil, err
	}
	set, unset := bson.D{}, bson.D{}
	if change.Name != nil {
		set = append(set, bson.E{Key: "name", Value: *change.Name})
	}
	if change.Bio != nil {
		set = append(set, bson.E{Key: "bio", Value: *change.Bio})
	}
	switch {
	case change.Email == nil:
	case *change.Email == "": // the unique index passes over users without the field
		unset = append(unset, bson.E{Key: "email", Value: ""})
	default:
		set = append(set, bson.E{Key: "email", Value: *change.Email})
	}
	update := bson.D{}
	if len(set) > 0 {
		update = append(update, bson.E{Key: "$set", Value: set})
	}
	if len(unset) > 0 {
		update = append(update, bson.E{Key: "$unset", Value: unset})
	}
	if len(update) == 0 {
		return s.UserByID(ctx, id)
	}

	var d userDocument
	err = c.users.FindOneAndUpdate(ctx, byID(id), update, options.FindOneAndUpdate().SetReturnDocument(options.After)).Decode(&d)
	switch {
	case errors.Is(err, mongo.ErrNoDocuments):
		err = models.ErrUserNotFound
	case mongo.IsDuplicateKeyError(err): // names do not change here
		err = models.ErrEmailTaken
	}
	if err != nil {
		return nil, wrap("update profile", err)
	}
	return d.user(), nil
}

// SetRole implements models.UserStore.
func (s *Store) SetRole(ctx context.Context, username string, role models.Role) error {
	u, err := s.UserByUsername(ctx, username)
	if err != nil {
		return err
	}
	c, err := s.collections()
	if err != nil {
		return err
	}
	result, err := c.users.UpdateOne(ctx, byID(u.ID), bson.D{{Key: "$set", Value: bson.D{{Key: "role", Value: string(role)}}}})
	if err == nil && result.MatchedCount == 0 {
		err = models.ErrUserNotFound
	}
	return wrap("set role", err)
}

// ChangePassword implements models.UserStore. One document says which sessions are good, so one write ends the others,
// also on a server without transactions.
func (s *Store) ChangePassword(ctx context.Context, id models.ID, version int64, hash string, keep models.ID) error {
	c, err := s.collections()
	if err != nil {
		return err
	}
	result, err := c.users.UpdateOne(ctx, append(byID(id), atVersion("passwordVersion", version)), bson.D{{Key: "$set", Value: bson.D{
		{Key: "password", Value: hash},
		{Key: "passwordVersion", Value: version + 1},
		{Key: "keptSession", Value: keep},
	}}})
	if err == nil && result.MatchedCount == 0 {
		err = models.ErrPasswordChanged
	}
	if err != nil {
		return wrap("change password", err)
	}
	// They are over already: what is not removed now is removed when it expires.
	_, _ = c.sessions.DeleteMany(ctx, bson.D{
		{Key: "user", Value: id},
		{Key: "_id", Value: bson.D{{Key: "$ne", Value: keep}}},
		{Key: "passwordVersion", Value: bson.D{{Key: "$lte", Value: version}}},
	})
	return nil
}

// RenewHash implements models.UserStore.
func (s *Store) RenewHash(ctx context.Context, id models.ID, from, to string) error {
	c, err := s.collections()
	if err != nil {
		return err
	}
	_, err = c.users.UpdateOne(ctx, append(byID(id), bson.E{Key: "password", Value: from}),
		bson.D{{Key: "$set", Value: bson.D{{Key: "password", Value: to}}}})
	return wrap("renew hash", err)
}

// DeleteUser implements models.UserStore. A session without its user is no session, so the order does not matter.
func (s *Store) DeleteUser(ctx context.Context, id models.ID) error {
	c, err := s.collections()
	if err != nil {
		return err
	}
	if _, err := c.users.DeleteOne(ctx, byID(id)); err != nil {
		return wrap("delete user", err)
	}
	return s.DeleteSessions(ctx, id)
}

// Users implements models.UserStore.
func (s *Store) Users(ctx context.Context, f models.UserFilter) ([]models.User, error) {
	c, err := s.collections()
	if err != nil {
		return nil, err
	}
	cursor, err := c.users.Find(ctx, olderThan(f.After), newestFirst(f.Limit))
	if err != nil {
		return nil, wrap("list users", err)
	}
	var documents []userDocument
	if err := cursor.All(ctx, &documents); err != nil {
		return nil, wrap("list users", err)
	}
	users := make([]models.User, len(documents))
	for i := range documents {
		users[i] = *documents[i].user()
	}
	return users, nil
}

// UserByID implements models.UserStore.
func (s *Store) UserByID(ctx context.Context, id models.ID) (*models.User, error) {
	c, err := s.collections()
	if err != nil {
		return nil, err
	}
	return findUser(ctx, c, byID(id), nil)
}

// UserByUsername implements models.UserStore.
func (s *Store) UserByUsername(ctx context.Context, username string) (*models.User, error) {
	c, err := s.collections()
	if err != nil {
		return nil, err
	}
	return findUser(ctx, c, bson.D{{Key: "username", Value: username}}, c.nameCollation)
}

// UserByEmail implements models.UserStore.
func (s *Store) UserByEmail(ctx context.Context, email string) (*models.User, error) {
	c, err := s.collections()
	if err != nil {
		return nil, err
	}
	// The type is in the index's own condition: without it the server would not use the index.
	return findUser(ctx, c, bson.D{{Key: "email", Value: append(isString(), bson.E{Key: "$eq", Value: email})}}, c.emailCollation)
}

func findUser(ctx context.Context, c *collections, filter bson.D, collation *options.Collation) (*models.User, error) {
	find := options.FindOne()
	if collation != nil {
		find.SetCollation(collation)
	}
	var d userDocument
	err := c.users.FindOne(ctx, filter, find).Decode(&d)
	if errors.Is(err, mongo.ErrNoDocuments) {
		err = models.ErrUserNotFound
	}
	if err != nil {
		return nil, wrap("find user", err)
	}
	return d.user(), nil
}
