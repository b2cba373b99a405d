package mongodb

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"gin-blog/models"
)

// userDocument has the fields of the tutorial's Express app, and more that the app ignores.
type userDocument struct {
	ID        models.ID `bson:"_id"`
	Username  string    `bson:"username"`
	Password  string    `bson:"password,omitempty"`
	Email     string    `bson:"email,omitempty"`
	Name      string    `bson:"name,omitempty"`
	Bio       string    `bson:"bio,omitempty"`
	Role      string    `bson:"role,omitempty"`
	CreatedAt time.Time `bson:"createdAt,omitempty"`

	PasswordVersion int64 `bson:"passwordVersion,omitempty"`
	// KeptSession is the one session that the last change of the password did not end.
	KeptSession models.ID `bson:"keptSession,omitempty"`
}

// UnmarshalBSON implements bson.Unmarshaler.
func (d *userDocument) UnmarshalBSON(document []byte) error {
	raw := bson.Raw(document)
	*d = userDocument{
		ID: idField(raw, "_id"), Username: textField(raw, "username"), Password: textField(raw, "password"),
		Email: textField(raw, "email"), Name: textField(raw, "name"), Bio: textField(raw, "bio"),
		Role: textField(raw, "role"), CreatedAt: timeField(raw, "createdAt"),
		PasswordVersion: intField(raw, "passwordVersion"), KeptSession: idField(raw, "keptSession"),
	}
	return nil
}

func newUserDocument(u *models.User) userDocument {
	return userDocument{
		ID: u.ID, Username: u.Username, Password: u.PasswordHash, Email: u.Email, Name: u.Name, Bio: u.Bio,
		Role: string(u.Role), CreatedAt: u.CreatedAt, PasswordVersion: u.PasswordVersion,
	}
}

// owns returns whether a session of the user, with the PasswordVersion of its login, outlived the last change of the
// password.
func (d *userDocument) owns(session models.ID, version int64) bool {
	return version == d.PasswordVersion || session == d.KeptSession
}

func (d *userDocument) user() *models.User {
	u := &models.User{
		ID: d.ID, Username: d.Username, Email: d.Email, Name: d.Name, Bio: d.Bio,
		Role: models.RoleUser, PasswordHash: d.Password, PasswordVersion: d.PasswordVersion, CreatedAt: d.CreatedAt,
	}
	if d.Role == string(models.RoleAdmin) {
		u.Role = models.RoleAdmin
	}
	if u.CreatedAt.IsZero() { // users of the tutorial have no date but the one in their id
		u.CreatedAt = d.ID.Timestamp()
	}
	return u
}

// CreateUser implements models.UserStore.
func (s *Store) CreateUser(ctx context.Context, u *models.User) error {
	return models.CreateUniqueUser(ctx, s, u, func() error {
		return s.run(ctx, "create user", func(ctx context.Context, c *collections) error {
			return insertNew(ctx, c.users, u.ID, newUserDocument(u))
		})
	})
}

// CreateUsers implements models.UserStore.
func (s *Store) CreateUsers(ctx context.Context, users []models.User) error {
	documents := make([]userDocument, len(users))
	for i := range users {
		documents[i] = newUserDocument(&users[i])
	}
	return s.run(ctx, "create users", func(ctx context.Context, c *collections) error {
		_, err := c.users.InsertMany(ctx, documents)
		return err
	})
}

// UpdateProfile implements models.UserStore.
func (s *Store) UpdateProfile(
	ctx context.Context, id models.ID, change models.ProfileChange,
) (u *models.User, err error) {
	update := profileUpdate(change)
	err = s.run(ctx, "update profile", func(ctx context.Context, c *collections) error {
		if len(update) == 0 { // MongoDB refuses an update that changes nothing
			u, err = findUser(ctx, c, byID(id), nil)
			return err
		}
		var d userDocument
		err := c.users.FindOneAndUpdate(ctx, byID(id), update, returnNew()).Decode(&d)
		if mongo.IsDuplicateKeyError(err) { // the update changes no name
			return models.ErrEmailTaken
		}
		u = d.user()
		return missing(err, models.ErrUserNotFound)
	})
	if err != nil {
		return nil, err
	}
	return u, nil
}

// profileUpdate returns the update that makes a change, empty if nothing changes.
func profileUpdate(change models.ProfileChange) (update bson.D) {
	var fields []bson.E
	if change.Name != nil {
		fields = append(fields, bson.E{Key: "name", Value: *change.Name})
	}
	if change.Bio != nil {
		fields = append(fields, bson.E{Key: "bio", Value: *change.Bio})
	}
	if change.Email != nil && *change.Email != "" {
		fields = append(fields, bson.E{Key: "email", Value: *change.Email})
	}
	if len(fields) > 0 {
		update = set(fields...)
	}
	if change.Email != nil && *change.Email == "" { // the unique index leaves out users without the field
		update = append(update, bson.E{Key: "$unset", Value: bson.D{{Key: "email", Value: ""}}})
	}
	return update
}

// SetRole implements models.UserStore.
func (s *Store) SetRole(ctx context.Context, username string, role models.Role) error {
	return s.run(ctx, "set role", func(ctx context.Context, c *collections) error {
		u, err := findByUsername(ctx, c, username)
		if err != nil {
			return err
		}
		result, err := c.users.UpdateOne(ctx, byID(u.ID), set(bson.E{Key: "role", Value: string(role)}))
		if err == nil && result.MatchedCount == 0 {
			return models.ErrUserNotFound
		}
		return err
	})
}

// ChangePassword implements models.UserStore. The user's document says which sessions are live, so one write ends the
// others, also on a server without transactions.
func (s *Store) ChangePassword(
	ctx context.Context, id models.ID, version int64, hash string, keep models.ID,
) error {
	return s.run(ctx, "change password", func(ctx context.Context, c *collections) error {
		result, err := c.users.UpdateOne(ctx, append(byID(id), atVersion("passwordVersion", version)), set(
			bson.E{Key: "password", Value: hash},
			bson.E{Key: "passwordVersion", Value: version + 1},
			bson.E{Key: "keptSession", Value: keep},
		))
		if err != nil {
			return err
		}
		if result.MatchedCount == 0 {
			// The hash has a random salt, so the user has it only if this very write was carried out.
			done, err := isWritten(ctx, c.users, append(byID(id), bson.E{Key: "password", Value: hash}))
			if err != nil {
				return err
			}
			if !done {
				return models.ErrPasswordChanged
			}
		}
		// The other sessions have ended with the update. Those that are not removed now are removed when they expire.
		_, _ = c.sessions.DeleteMany(ctx, bson.D{
			{Key: "user", Value: id},
			{Key: "_id", Value: bson.D{{Key: "$ne", Value: keep}}},
			{Key: "passwordVersion", Value: bson.D{{Key: "$lte", Value: version}}},
		})
		return nil
	})
}

// RenewHash implements models.UserStore.
func (s *Store) RenewHash(ctx context.Context, id models.ID, from, to string) error {
	return s.run(ctx, "renew hash", func(ctx context.Context, c *collections) error {
		unchanged := append(byID(id), bson.E{Key: "password", Value: from})
		_, err := c.users.UpdateOne(ctx, unchanged, set(bson.E{Key: "password", Value: to}))
		return err
	})
}

// DeleteUser implements models.UserStore. A session without its user is not live, and nobody can name a draft without
// its author.
func (s *Store) DeleteUser(ctx context.Context, id models.ID) error {
	return s.run(ctx, "delete user", func(ctx context.Context, c *collections) error {
		if _, err := c.users.DeleteOne(ctx, byID(id)); err != nil {
			return err
		}
		// The sessions have ended with the user. Those that are not removed now are removed when they expire.
		_, _ = c.sessions.DeleteMany(ctx, sessionsOf(id))
		_, _ = c.drafts.DeleteMany(ctx, draftsOf(id)) // those that stay are removed at the next start
		return nil
	})
}

// Users implements models.UserStore.
func (s *Store) Users(ctx context.Context, f models.UserFilter) (users []models.User, err error) {
	err = s.run(ctx, "list users", func(ctx context.Context, c *collections) error {
		cursor, err := c.users.Find(ctx, olderThan(f.After), newestFirst(f.Limit))
		documents, err := findAll[userDocument](ctx, cursor, err)
		users = make([]models.User, len(documents))
		for i := range documents {
			users[i] = *documents[i].user()
		}
		return err
	})
	return users, err
}

// UserByID implements models.UserStore.
func (s *Store) UserByID(ctx context.Context, id models.ID) (u *models.User, err error) {
	err = s.run(ctx, "find user", func(ctx context.Context, c *collections) error {
		u, err = findUser(ctx, c, byID(id), nil)
		return err
	})
	return u, err
}

// UserByUsername implements models.UserStore.
func (s *Store) UserByUsername(ctx context.Context, username string) (u *models.User, err error) {
	err = s.run(ctx, "find user", func(ctx context.Context, c *collections) error {
		u, err = findByUsername(ctx, c, username)
		return err
	})
	return u, err
}

// UserByEmail implements models.UserStore.
func (s *Store) UserByEmail(ctx context.Context, email string) (u *models.User, err error) {
	err = s.run(ctx, "find user", func(ctx context.Context, c *collections) error {
		u, err = findByEmail(ctx, c, email)
		return err
	})
	return u, err
}

// findByUsername returns the user with a name. The collation finds other names too: to it, a letter of full width is
// the same letter, and an invisible character is nothing.
func findByUsername(ctx context.Context, c *collections, username string) (*models.User, error) {
	u, err := findUser(ctx, c, bson.D{{Key: "username", Value: username}}, c.nameCollation)
	if err == nil && models.FoldName(u.Username) != models.FoldName(username) {
		return nil, models.ErrUserNotFound
	}
	return u, err
}

// findByEmail is findByUsername for an email address.
func findByEmail(ctx context.Context, c *collections, email string) (*models.User, error) {
	// The index covers strings only. The server uses it only if the filter says so too.
	filter := bson.D{{Key: "email", Value: append(isString(), bson.E{Key: "$eq", Value: email})}}
	u, err := findUser(ctx, c, filter, c.emailCollation)
	if err == nil && models.FoldName(u.Email) != models.FoldName(email) {
		return nil, models.ErrUserNotFound
	}
	return u, err
}

func findUser(ctx context.Context, c *collections, filter bson.D, by *options.Collation) (*models.User, error) {
	find := options.FindOne()
	if by != nil {
		find.SetCollation(by)
	}
	var d userDocument
	if err := c.users.FindOne(ctx, filter, find).Decode(&d); err != nil {
		return nil, missing(err, models.ErrUserNotFound)
	}
	return d.user(), nil
}
