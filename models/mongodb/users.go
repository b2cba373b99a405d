package mongodb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
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
	err := models.CreateUniqueUser(ctx, s, u, func() error {
		return s.run(ctx, "create user", func(ctx context.Context, c *collections) error {
			if err := c.checkPromises(u); err != nil {
				return err
			}
			return insertNew(ctx, c.users, u.ID, newUserDocument(u))
		})
	})
	return duplicateUser(err, u.Email)
}

// checkPromises returns an error if the database does not keep unique what u has.
func (c *collections) checkPromises(u *models.User) error {
	if u.Email == "" {
		return c.noNames
	}
	return cmp.Or(c.noNames, c.noEmails)
}

// duplicateUser says what it means that a unique index refused a user with this email, which may be "".
func duplicateUser(err error, email string) error {
	if !errors.Is(err, models.ErrDuplicate) {
		return err
	}
	switch fields := duplicateFields(err); {
	case slices.Equal(fields, []string{"username"}):
		return fmt.Errorf("%w: %w", models.ErrUsernameTaken, err)
	case slices.Equal(fields, []string{"email"}) && email == "":
		return fmt.Errorf("%w: %w", models.ErrEmailNeeded, err)
	case slices.Equal(fields, []string{"email"}):
		return fmt.Errorf("%w: %w", models.ErrEmailTaken, err)
	}
	return err
}

// CreateUsers implements models.UserStore.
func (s *Store) CreateUsers(ctx context.Context, users []models.User) error {
	documents := make([]userDocument, len(users))
	for i := range users {
		documents[i] = newUserDocument(&users[i])
	}
	return s.run(ctx, "create users", func(ctx context.Context, c *collections) error {
		for i := range users {
			if err := c.checkPromises(&users[i]); err != nil {
				return err
			}
		}
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
		email := ""
		if change.Email != nil {
			email = *change.Email
		}
		if email != "" && c.noEmails != nil {
			return c.noEmails
		}
		var d userDocument
		err := c.users.FindOneAndUpdate(ctx, byID(id), update, returnNew()).Decode(&d)
		if mongo.IsDuplicateKeyError(err) {
			return duplicateUser(classify(ctx, err), email)
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

// errTwoUsers says that a name does not tell who is meant. Only other programs give a name twice.
var errTwoUsers = errors.New("two users have this name: give one of them another name first")

// SetRole implements models.UserStore.
func (s *Store) SetRole(ctx context.Context, username string, role models.Role) error {
	return s.run(ctx, "set role", func(ctx context.Context, c *collections) error {
		u, err := findByUsername(ctx, c, username)
		if err != nil {
			return err
		}
		same := options.Count().SetLimit(2)
		if c.nameCollation != nil {
			same.SetCollation(c.nameCollation)
		}
		if n, err := c.users.CountDocuments(ctx, byUsername(username), same); err != nil || n > 1 {
			return cmp.Or(err, errTwoUsers)
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
		_, _ = c.sessions.DeleteMany(ctx, append(sessionsOf(id),
			bson.E{Key: "_id", Value: bson.D{{Key: "$ne", Value: keep}}},
			bson.E{Key: "passwordVersion", Value: bson.D{{Key: "$lte", Value: version}}}))
		return nil
	})
}

// RenewHash implements models.UserStore. An account that another program created keeps its hash: its owner did not ask
// for another one.
func (s *Store) RenewHash(ctx context.Context, id models.ID, from, to string) error {
	return s.run(ctx, "renew hash", func(ctx context.Context, c *collections) error {
		unchanged := append(byID(id), bson.E{Key: "password", Value: from})
		stored, err := c.users.FindOne(ctx, unchanged).Raw()
		if err != nil {
			return missing(err, nil)
		}
		if !wroteUser(stored) {
			return nil
		}
		_, err = c.users.UpdateOne(ctx, unchanged, set(bson.E{Key: "password", Value: to}))
		return err
	})
}

// DeleteUser implements models.UserStore. A session without its user is not live, and nobody can name a draft without
// its author. What is not removed now, Sweep removes later.
func (s *Store) DeleteUser(ctx context.Context, id models.ID) error {
	return s.run(ctx, "delete user", func(ctx context.Context, c *collections) error {
		note := noteDocument{ID: models.NewID(), User: id}
		removed, err := deleteNoted(ctx, c.deletedUsers, note, func() (bool, error) {
			return deleteOne(ctx, c.users, id, byID(id))
		})
		if err != nil || !removed {
			return err
		}
		for range models.MaxDrafts / models.SweepStep {
			swept, err := sweepStep(ctx, c, &note)
			if err != nil || swept.IsZero() {
				break
			}
			note.Swept = swept
		}
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
	u, err := findUser(ctx, c, byUsername(username), c.nameCollation)
	if err == nil && models.FoldName(u.Username) != models.FoldName(username) {
		return nil, models.ErrUserNotFound
	}
	return u, err
}

// findByEmail is findByUsername for an email address.
func findByEmail(ctx context.Context, c *collections, email string) (*models.User, error) {
	u, err := findUser(ctx, c, textEqual("email", email), c.emailCollation)
	if err == nil && models.FoldName(u.Email) != models.FoldName(email) {
		return nil, models.ErrUserNotFound
	}
	return u, err
}

// byUsername selects a user by name, compared as the collation says. The index covers strings only. The server uses it
// only if the filter says so too.
func byUsername(username string) bson.D { return textEqual("username", username) }

// textEqual selects documents by a text.
func textEqual(field, text string) bson.D {
	return bson.D{{Key: field, Value: append(ofType("string"), bson.E{Key: "$eq", Value: text})}}
}

// findUser returns the user that a filter selects, but for those of other programs whose id is no ObjectID.
func findUser(ctx context.Context, c *collections, filter bson.D, by *options.Collation) (*models.User, error) {
	find := options.FindOne()
	if by != nil {
		find.SetCollation(by)
	}
	withID := bson.D{{Key: "$and", Value: bson.A{filter, bson.D{{Key: "_id", Value: ofType("objectId")}}}}}
	var d userDocument
	if err := c.users.FindOne(ctx, withID, find).Decode(&d); err != nil {
		return nil, missing(err, models.ErrUserNotFound)
	}
	return d.user(), nil
}
