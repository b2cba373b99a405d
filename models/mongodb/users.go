package mongodb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"gin-blog/models"
)

// account is a user with what only this store knows of them.
type account struct {
	models.User
	// keptSession is the one session that the last change of the password did not end.
	keptSession models.ID
}

// accountFields are the fields of the tutorial's Express app, and more that the app ignores.
func accountFields(a *account) []field {
	return append([]field{
		{"_id", &a.ID, written},
		{"username", &a.Username, written},
		{"password", &a.PasswordHash, omitted},
		{"email", &a.Email, omitted}, // the unique index leaves out users without the field
		{"name", &a.Name, omitted},
		{"bio", &a.Bio, omitted},
		{"role", &a.Role, omitted},
		{"createdAt", &a.CreatedAt, omitted},
		{"passwordVersion", &a.PasswordVersion, omitted},
		{"keptSession", &a.keptSession, omitted},
		{"tokensSince", &a.TokensSince, omitted},
		{"suspendedAt", &a.SuspendedAt, omitted},
		{"suspendedFor", &a.SuspendedFor, omitted},
	}, nameFields(a)...)
}

// nameFields are the keys by which users are found, and which only one user may have.
func nameFields(a *account) []field {
	return []field{
		{"usernameKey", derived(func() any { return models.FoldName(a.Username) }), omitted},
		{"emailKey", derived(func() any { return models.FoldName(a.Email) }), omitted},
	}
}

// newAccount returns the account of a document.
func newAccount(document bson.Raw) (a account) {
	read(document, accountFields(&a))
	date(a.ID, &a.CreatedAt, new(time.Time))
	if a.Role != models.RoleAdmin {
		a.Role = models.RoleUser
	}
	return a
}

// newUser returns the user of a document.
func newUser(document bson.Raw) models.User { return newAccount(document).User }

// owns returns whether a session of the user outlived the last change of the password.
func (a *account) owns(session *models.Session) bool {
	return session.PasswordVersion == a.PasswordVersion || session.ID == a.keptSession
}

// CreateUser implements models.UserStore.
func (s *Store) CreateUser(ctx context.Context, u *models.User) error {
	err := models.CreateUniqueUser(ctx, s, u, func() error {
		return s.run(ctx, "create user", func(ctx context.Context, c *collections) error {
			refusal := c.refusals["username"]
			if refusal == nil && u.Email != "" {
				refusal = c.refusals["email"]
			}
			if refusal != nil {
				return refusal
			}
			taken, err := isTaken(ctx, c, u)
			if err != nil || taken {
				return cmp.Or(err, models.ErrDuplicate)
			}
			return insertNew(ctx, c.users, u.ID, write(accountFields(&account{User: *u})))
		})
	})
	return duplicateUser(err, u.Email)
}

// isTaken returns whether somebody has the name or the email of u, as it stands. The unique indexes do not tell that of
// users to whom another program gave it since they have keys.
func isTaken(ctx context.Context, c *collections, u *models.User) (bool, error) {
	either := bson.A{textEqual("username", u.Username)}
	if u.Email != "" {
		either = append(either, textEqual("email", u.Email))
	}
	cursor, err := c.users.Find(ctx, bson.D{{Key: "$or", Value: either}}, only("username", "email").SetLimit(maxAlike))
	found, err := findAll(ctx, cursor, err, newUser)
	return slices.ContainsFunc(found, func(other models.User) bool { // an array that has the name is none
		return other.Username == u.Username || u.Email != "" && other.Email == u.Email
	}), err
}

// duplicateUser says what it means that a unique index refused a user with this email, which may be "".
func duplicateUser(err error, email string) error {
	if !errors.Is(err, models.ErrDuplicate) {
		return err
	}
	meaning := map[string]error{
		"username": models.ErrUsernameTaken, "usernameKey": models.ErrUsernameTaken,
		"email": models.ErrEmailTaken, "emailKey": models.ErrEmailTaken,
	}
	if email == "" {
		meaning["email"] = models.ErrEmailNeeded
	}
	if fields := duplicateFields(err); len(fields) == 1 && meaning[fields[0]] != nil {
		return fmt.Errorf("%w: %w", meaning[fields[0]], err)
	}
	return err
}

func (s *Store) accountEntry(ctx context.Context, c *collections, id models.ID) *entry[account] {
	find := func() (bson.Raw, *account, error) { return findAccount(ctx, c, byID(id)) }
	return &entry[account]{s, c.users, id, accountFields, find}
}

// UpdateUser implements models.UserStore.
func (s *Store) UpdateUser(
	ctx context.Context, id models.ID, change func(*models.User) error,
) (*models.User, error) {
	return get(ctx, s, "update user", func(ctx context.Context, c *collections) (*models.User, error) {
		email := ""
		changed, err := s.accountEntry(ctx, c, id).update(ctx, func(a *account) error {
			changed := a.User
			if err := change(&changed); err != nil {
				return err
			}
			email = changed.Email
			if refusal := c.refusals["email"]; email != "" && email != a.Email && refusal != nil {
				return refusal
			}
			a.Name, a.Email, a.Bio = changed.Name, changed.Email, changed.Bio
			return nil
		})
		if err != nil {
			return nil, duplicateUser(classify(ctx, err), email)
		}
		return &changed.User, nil
	})
}

// errTwoUsers says that a name does not tell who is meant. Only other programs give a name twice.
var errTwoUsers = errors.New("two users have this name: give one of them another name first")

// SetRole implements models.UserStore.
func (s *Store) SetRole(ctx context.Context, name string, role models.Role) error {
	return s.run(ctx, "set role", func(ctx context.Context, c *collections) error {
		u, err := findByText(ctx, c, "username", name, username)
		if err != nil {
			return err
		}
		same := options.Count().SetLimit(2)
		if n, err := c.users.CountDocuments(ctx, textEqual("username", name), same); err != nil || n > 1 {
			return cmp.Or(err, errTwoUsers)
		}
		_, err = s.accountEntry(ctx, c, u.ID).update(ctx, func(a *account) error {
			a.Role = role
			return nil
		})
		return err
	})
}

// ChangePassword implements models.UserStore. The user's document says which sessions are live, so one write ends the
// others, also on a server without transactions.
func (s *Store) ChangePassword(
	ctx context.Context, id models.ID, version int64, hash string, keep models.ID,
) error {
	return s.run(ctx, "change password", func(ctx context.Context, c *collections) error {
		_, err := s.accountEntry(ctx, c, id).update(ctx, func(a *account) error {
			if a.PasswordVersion != version {
				return models.ErrPasswordChanged
			}
			a.PasswordHash, a.PasswordVersion, a.keptSession = hash, version+1, keep
			if keep.IsZero() {
				a.TokensSince = version + 1
			}
			return nil
		})
		if errors.Is(err, models.ErrUserNotFound) {
			return models.ErrPasswordChanged
		}
		if err != nil {
			return err
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
		if err != nil || !wroteUser(stored) {
			return missing(err, nil)
		}
		_, err = c.users.UpdateOne(ctx, unchanged, set(bson.E{Key: "password", Value: to}))
		return err
	})
}

// DeleteUser implements models.UserStore. A session without its user is not live, and nobody can name a draft without
// its author. What is not removed now, Sweep removes later.
func (s *Store) DeleteUser(ctx context.Context, id models.ID) error {
	return s.run(ctx, "delete user", func(ctx context.Context, c *collections) error {
		n := note{id: models.NewID(), user: id}
		removed, err := deleteNoted(ctx, c.deletedUsers, &n, func() (bool, error) {
			return deleteOne(ctx, c.users, id, byID(id))
		})
		if err != nil || !removed {
			return err
		}
		for range models.MaxDrafts / models.SweepStep {
			n.swept, err = sweepStep(ctx, c, &n)
			if err != nil || n.swept.IsZero() {
				break
			}
		}
		return nil
	})
}

// Users implements models.UserStore.
func (s *Store) Users(ctx context.Context, f models.UserFilter) ([]models.User, error) {
	return get(ctx, s, "list users", func(ctx context.Context, c *collections) ([]models.User, error) {
		filter := olderThan(f.After)
		if f.Text != "" {
			pattern := bson.Regex{Pattern: regexp.QuoteMeta(f.Text), Options: "i"}
			filter = append(filter, bson.E{Key: "$or", Value: bson.A{
				bson.D{{Key: "username", Value: pattern}}, bson.D{{Key: "name", Value: pattern}},
				bson.D{{Key: "email", Value: pattern}},
			}})
		}
		if f.Suspended != nil {
			var is any = ofType("date")
			if !*f.Suspended {
				is = bson.D{{Key: "$not", Value: is}}
			}
			filter = append(filter, bson.E{Key: "suspendedAt", Value: is})
		}
		cursor, err := c.users.Find(ctx, filter, pageOf(f.Limit-1, -1))
		return findAll(ctx, cursor, err, newUser)
	})
}

// UserByID implements models.UserStore.
func (s *Store) UserByID(ctx context.Context, id models.ID) (*models.User, error) {
	return get(ctx, s, "find user", func(ctx context.Context, c *collections) (*models.User, error) {
		_, a, err := findAccount(ctx, c, byID(id))
		if err != nil {
			return nil, err
		}
		return &a.User, nil
	})
}

// UserByUsername implements models.UserStore.
func (s *Store) UserByUsername(ctx context.Context, name string) (*models.User, error) {
	return get(ctx, s, "find user", func(ctx context.Context, c *collections) (*models.User, error) {
		return findByText(ctx, c, "username", name, username)
	})
}

// SoleAuthor implements models.UserStore. The posts with the least and the greatest id of an author have the same one.
func (s *Store) SoleAuthor(ctx context.Context) (*models.User, error) {
	return get(ctx, s, "find sole author", func(ctx context.Context, c *collections) (*models.User, error) {
		found, err := c.outerAuthors(ctx, nil)
		isGone := func(post bson.Raw) bool { return joinedBy(post, "author") == nil }
		if err == nil && slices.ContainsFunc(found, isGone) {
			var hidden []models.ID
			if hidden, err = c.purgedUsers(ctx); err == nil && len(hidden) > 0 {
				found, err = c.outerAuthors(ctx, hidden)
			}
		}
		if err != nil {
			return nil, err
		}
		if len(found) < 2 || !found[0].Lookup("author").Equal(found[1].Lookup("author")) || isGone(found[0]) {
			return nil, models.ErrUserNotFound
		}
		return new(newUser(joinedBy(found[0], "author"))), nil
	})
}

// outerAuthors returns a post of the author with the least id, and one of the author with the greatest, joined with
// them, but for hidden authors.
func (c *collections) outerAuthors(ctx context.Context, hidden []models.ID) ([]bson.Raw, error) {
	first := func(order int) mongo.Pipeline {
		return mongo.Pipeline{
			{{Key: "$match", Value: notBy(bson.D{{Key: "author", Value: ofType("objectId")}}, hidden)}},
			{{Key: "$sort", Value: bson.D{{Key: "author", Value: order}, {Key: "_id", Value: -order}}}},
			{{Key: "$limit", Value: 1}},
			{{Key: "$project", Value: bson.D{{Key: "author", Value: 1}}}},
		}
	}
	last := bson.D{{Key: "coll", Value: c.posts.Name()}, {Key: "pipeline", Value: first(-1)}}
	pipeline := slices.Concat(first(1), mongo.Pipeline{{{Key: "$unionWith", Value: last}}}, join("author", c.users))
	cursor, err := c.readPosts.Aggregate(ctx, pipeline)
	return findAll(ctx, cursor, err, slices.Clone[bson.Raw])
}

// UserByEmail implements models.UserStore.
func (s *Store) UserByEmail(ctx context.Context, address string) (*models.User, error) {
	return get(ctx, s, "find user", func(ctx context.Context, c *collections) (*models.User, error) {
		return findByText(ctx, c, "email", address, email)
	})
}

// maxAlike is how many users are looked at who have the same name as it stands.
const maxAlike = 10

// findByText returns the user with a name, or an email, which of returns: who has it as it stands, or else the one
// whose key it is.
func findByText(
	ctx context.Context, c *collections, field, value string, of func(*models.User) string,
) (*models.User, error) {
	key := field + "Key"
	cursor, err := c.users.Find(ctx, bson.D{
		{Key: "$or", Value: bson.A{textEqual(key, models.FoldName(value)), textEqual(field, value)}},
		{Key: "_id", Value: ofType("objectId")}, // as all have that a call can name
	}, options.Find().SetSort(bson.D{{Key: key, Value: -1}, {Key: "_id", Value: 1}}).SetLimit(maxAlike))
	found, err := findAll(ctx, cursor, err, newUser)
	found = slices.DeleteFunc(found, func(u models.User) bool { // another program changed the name since it has a key
		return models.FoldName(of(&u)) != models.FoldName(value)
	})
	if err != nil || len(found) == 0 {
		return nil, cmp.Or(err, models.ErrUserNotFound)
	}
	asItStands := slices.IndexFunc(found, func(u models.User) bool { return of(&u) == value })
	return &found[max(0, asItStands)], nil
}

func username(u *models.User) string { return u.Username }

func email(u *models.User) string { return u.Email }

// textEqual selects documents by a text. The unique indexes cover texts only. The server uses them only if the filter
// says so too.
func textEqual(field, text string) bson.D {
	return bson.D{{Key: field, Value: append(ofType("string"), bson.E{Key: "$eq", Value: text})}}
}

// findAccount returns the account that a filter selects, and the document that holds it, or models.ErrUserNotFound.
func findAccount(ctx context.Context, c *collections, filter bson.D) (bson.Raw, *account, error) {
	stored, err := c.users.FindOne(ctx, filter).Raw()
	if err != nil {
		return nil, nil, missing(err, models.ErrUserNotFound)
	}
	return stored, new(newAccount(stored)), nil
}
