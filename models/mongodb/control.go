package mongodb

import (
	"context"
	"errors"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"gin-blog/models"
)

func tokenFields(t *models.AccessToken) []field {
	return []field{
		{"_id", &t.ID, written},
		{"user", &t.UserID, written},
		{"name", &t.Name, written},
		{"scopes", &t.Scopes, written},
		{"hash", &t.Hash, written},
		{"createdAt", &t.CreatedAt, written},
		{"expiresAt", &t.ExpiresAt, omitted},
		{"lastUsedAt", &t.LastUsedAt, omitted},
		{"passwordVersion", &t.PasswordVersion, written},
	}
}

func newToken(document bson.Raw) (t models.AccessToken) {
	read(document, tokenFields(&t))
	return t
}

// ownToken selects the access tokens of gin-blog.
func ownToken() bson.D { return bson.D{{Key: "hash", Value: ofType("binData")}} }

func tokensOf(user models.ID) bson.D { return append(ownToken(), bson.E{Key: "user", Value: user}) }

// removeAt is when the server removes an invitation or an entry of the log. Other programs have no such field.
const removeAt = "removeAt"

func invitationFields(i *models.Invitation) []field {
	return []field{{"_id", &i.ID, written}, {"createdAt", &i.CreatedAt, written}, {removeAt, &i.ExpiresAt, written}}
}

// liveInvitation adds to a filter that it selects invitations that have not expired.
func liveInvitation(filter bson.D, now time.Time) bson.D {
	return append(filter, bson.E{Key: removeAt, Value: bson.D{{Key: "$gt", Value: now}}})
}

func newInvitation(document bson.Raw) (i models.Invitation) {
	read(document, invitationFields(&i))
	return i
}

func logFields(e *models.LogEntry) []field {
	return []field{
		{"_id", &e.ID, written},
		{"actor", &e.Actor, written},
		{"action", &e.Action, written},
		{"target", &e.Target, written},
		{"reason", &e.Reason, written},
		{"createdAt", &e.CreatedAt, written},
		{removeAt, derived(func() any { return e.CreatedAt.Add(models.LogTTL) }), written},
	}
}

// ownEntry selects the entries and invitations of gin-blog.
func ownEntry() bson.D { return bson.D{{Key: removeAt, Value: ofType("date")}} }

func newLogEntry(document bson.Raw) (e models.LogEntry) {
	read(document, logFields(&e))
	return e
}

// CreateAccessToken implements models.AccessTokenStore. Tokens of one user take turns, to be counted.
func (s *Store) CreateAccessToken(ctx context.Context, t *models.AccessToken) error {
	return s.run(ctx, "create access token", func(ctx context.Context, c *collections) error {
		done, err := s.takeTurn(ctx, t.UserID)
		if err != nil {
			return err
		}
		defer done()
		others, err := c.liveTokens(ctx, t.UserID)
		if err != nil {
			return err
		}
		if len(others) >= models.MaxAccessTokens {
			return models.ErrTooManyTokens
		}
		return insertNew(ctx, c.accessTokens, t.ID, write(tokenFields(t)))
	})
}

// liveTokens returns the access tokens of a user that have not ended, the newest first.
func (c *collections) liveTokens(ctx context.Context, user models.ID) ([]models.AccessToken, error) {
	_, owner, err := findAccount(ctx, c, byID(user))
	if err != nil {
		return nil, err
	}
	cursor, err := c.accessTokens.Find(ctx, tokensOf(user), options.Find().SetSort(byIDs(-1)))
	tokens, err := findAll(ctx, cursor, err, newToken)
	return slices.DeleteFunc(tokens, func(t models.AccessToken) bool {
		return t.PasswordVersion < owner.TokensSince
	}), err
}

// AccessTokens implements models.AccessTokenStore.
func (s *Store) AccessTokens(ctx context.Context, user models.ID) ([]models.AccessToken, error) {
	return get(ctx, s, "list access tokens", func(ctx context.Context, c *collections) ([]models.AccessToken, error) {
		tokens, err := c.liveTokens(ctx, user)
		if errors.Is(err, models.ErrUserNotFound) {
			return nil, nil
		}
		return tokens, err
	})
}

// AccessTokenByHash implements models.AccessTokenStore. One round trip fetches the token and its user.
func (s *Store) AccessTokenByHash(
	ctx context.Context, hash []byte,
) (token *models.AccessToken, user *models.User, err error) {
	err = s.run(ctx, "find access token", func(ctx context.Context, c *collections) error {
		byHash := bson.D{{Key: "hash", Value: hash}}
		stored, err := findJoined(ctx, c.accessTokens, byHash, models.ErrTokenNotFound, join("user", c.users))
		if err != nil {
			return err
		}
		found, owner := newToken(stored), joinedBy(stored, "user")
		a := newAccount(owner)
		if owner == nil || found.PasswordVersion < a.TokensSince {
			return models.ErrTokenNotFound
		}
		token, user = &found, &a.User
		return nil
	})
	return token, user, err
}

// NoteTokenUse implements models.AccessTokenStore.
func (s *Store) NoteTokenUse(ctx context.Context, id models.ID, now time.Time) error {
	return s.run(ctx, "note use of access token", func(ctx context.Context, c *collections) error {
		_, err := c.accessTokens.UpdateOne(ctx, byID(id),
			bson.D{{Key: "$max", Value: bson.D{{Key: "lastUsedAt", Value: now}}}})
		return err
	})
}

// DeleteAccessToken implements models.AccessTokenStore.
func (s *Store) DeleteAccessToken(ctx context.Context, user, id models.ID) error {
	return s.run(ctx, "delete access token", func(ctx context.Context, c *collections) error {
		removed, err := deleteOne(ctx, c.accessTokens, id, append(byID(id), tokensOf(user)...))
		if err == nil && !removed {
			return models.ErrTokenNotFound
		}
		return err
	})
}

// CreateInvitation implements models.InvitationStore.
func (s *Store) CreateInvitation(ctx context.Context, i *models.Invitation) error {
	return s.run(ctx, "create invitation", func(ctx context.Context, c *collections) error {
		return insertNew(ctx, c.invitations, i.ID, write(invitationFields(i)))
	})
}

// Invitations implements models.InvitationStore.
func (s *Store) Invitations(ctx context.Context, now time.Time) ([]models.Invitation, error) {
	return get(ctx, s, "list invitations", func(ctx context.Context, c *collections) ([]models.Invitation, error) {
		live := liveInvitation(olderThan(models.ID{}), now)
		cursor, err := c.invitations.Find(ctx, live, pageOf(models.MaxInvitations-1, -1))
		return findAll(ctx, cursor, err, newInvitation)
	})
}

// DeleteInvitation implements models.InvitationStore.
func (s *Store) DeleteInvitation(ctx context.Context, id models.ID) error {
	return s.run(ctx, "delete invitation", func(ctx context.Context, c *collections) error {
		_, err := c.invitations.DeleteOne(ctx, append(byID(id), ownEntry()...))
		return err
	})
}

// CreateInvitedUser implements models.InvitationStore. It takes the invitation, so that nobody else has it, and puts it
// back if the user was refused. After a crash in between, or if nobody knows whether the user was stored, it is lost.
func (s *Store) CreateInvitedUser(ctx context.Context, u *models.User, invitation models.ID, now time.Time) error {
	var taken bson.Raw
	err := s.run(ctx, "take invitation", func(ctx context.Context, c *collections) (err error) {
		taken, err = c.invitations.FindOneAndDelete(ctx, liveInvitation(byID(invitation), now)).Raw()
		return missing(err, models.ErrInvitationVoid)
	})
	if err != nil {
		return err
	}
	refusal := s.CreateUser(ctx, u)
	if models.KindOf(refusal) == models.Conflict {
		i := newInvitation(taken)
		err = s.CreateInvitation(context.WithoutCancel(ctx), &i)
	}
	return errors.Join(refusal, err)
}

// AddToLog implements models.LogStore.
func (s *Store) AddToLog(ctx context.Context, e *models.LogEntry) error {
	return s.run(ctx, "add to log", func(ctx context.Context, c *collections) error {
		return insertNew(ctx, c.adminLog, e.ID, write(logFields(e)))
	})
}

// Log implements models.LogStore.
func (s *Store) Log(ctx context.Context, f models.LogFilter) ([]models.LogEntry, bool, error) {
	page, err := get(ctx, s, "list log", func(ctx context.Context, c *collections) (*models.Page[models.LogEntry], error) {
		cursor, err := c.adminLog.Find(ctx, append(olderThan(f.After), ownEntry()...), pageOf(f.Limit, -1))
		return findPage(ctx, cursor, err, f.Limit, newLogEntry, nil)
	})
	return rowsOf(page, false, err)
}

// Suspend implements models.UserStore.
func (s *Store) Suspend(ctx context.Context, id models.ID, at time.Time, reason string) (*models.User, error) {
	return get(ctx, s, "suspend user", func(ctx context.Context, c *collections) (*models.User, error) {
		a, err := s.accountEntry(ctx, c, id).update(ctx, func(a *account) error {
			a.SuspendedAt, a.SuspendedFor = at, reason
			if !at.IsZero() {
				a.PasswordVersion++
				a.TokensSince, a.keptSession = a.PasswordVersion, models.ID{}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		return &a.User, nil
	})
}

// PurgeUser implements models.UserStore. The note hides what the user wrote as soon as the user is gone, and Sweep
// removes that.
func (s *Store) PurgeUser(ctx context.Context, id models.ID, _ time.Time) error {
	return s.run(ctx, "purge user", func(ctx context.Context, c *collections) error {
		n := note{id: models.NewID(), user: id, purge: true}
		_, err := deleteNoted(ctx, c.deletedUsers, &n, func() (bool, error) {
			return deleteOne(ctx, c.users, id, byID(id))
		})
		return err
	})
}

// purgedUsers returns the users whose posts and comments are still to be removed, and are hidden. A user who is still
// there was not purged after all.
func (c *collections) purgedUsers(ctx context.Context) (ids []models.ID, err error) {
	cursor, err := c.deletedUsers.Find(ctx, bson.D{{Key: "purge", Value: true}})
	err = each(ctx, cursor, err, func(document bson.Raw) bool {
		var n note
		if wrote(document, rewrite(document, noteFields(&n))) { // and not another program
			ids = append(ids, n.user)
		}
		return true
	})
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	present, err := findByID(ctx, c.users, ids, documentID)
	return slices.DeleteFunc(ids, func(id models.ID) bool { _, isPresent := present[id]; return isPresent }), err
}

// joinPurges makes findJoined find out whether there may be purged users, for hasPurges.
func (c *collections) joinPurges() mongo.Pipeline {
	some := mongo.Pipeline{{{Key: "$match", Value: bson.D{{Key: "purge", Value: true}}}}, {{Key: "$limit", Value: 1}}}
	return mongo.Pipeline{{{Key: "$lookup", Value: bson.D{
		{Key: "from", Value: c.deletedUsers.Name()}, {Key: "pipeline", Value: some}, {Key: "as", Value: joined + "purges"},
	}}}}
}

func hasPurges(document bson.Raw) bool { return !document.Lookup(joined+"purges", "0").IsZero() }

// notBy adds to a filter that none of some users is the author.
func notBy(filter bson.D, hidden []models.ID) bson.D {
	if len(hidden) == 0 {
		return filter
	}
	by := bson.D{{Key: "author", Value: bson.D{{Key: "$in", Value: hidden}}}}
	return append(filter, bson.E{Key: "$nor", Value: bson.A{by}})
}

// removeWritings removes some of the posts and the comments of a user, and returns whether there were any.
func (c *collections) removeWritings(ctx context.Context, user models.ID) (removed bool, err error) {
	by := bson.D{{Key: "author", Value: user}}
	some := options.Find().SetLimit(models.PurgeStep).SetProjection(onlyID())
	cursor, err := c.posts.Find(ctx, by, some)
	posts, err := findAll(ctx, cursor, err, documentID)
	if err != nil {
		return false, err
	}
	for _, id := range posts {
		if _, err := c.deletePost(ctx, c.posts, id, byID(id)); err != nil {
			return false, err
		}
	}
	cursor, err = c.comments.Find(ctx, by, some)
	comments, err := findAll(ctx, cursor, err, documentID)
	if err == nil && len(comments) > 0 {
		_, err = c.comments.DeleteMany(ctx, anyOf(comments))
	}
	return len(posts)+len(comments) > 0, err
}
