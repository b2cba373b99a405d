package mongodb

import (
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

func sessionFields(s *models.Session) []field {
	return []field{
		{"_id", &s.ID, written},
		{"user", &s.UserID, written},
		{"refreshId", &s.RefreshID, written},
		{"previousRefreshId", &s.PreviousRefreshID, written},
		{"rotatedAt", &s.RotatedAt, written},
		{"createdAt", &s.CreatedAt, written},
		{"lastUsedAt", &s.LastUsedAt, written},
		{"expiresAt", &s.ExpiresAt, written},
		{"userAgent", &s.UserAgent, written},
		{"ip", &s.IP, written},
		{"passwordVersion", &s.PasswordVersion, written},
	}
}

// newSession returns the session of a document.
func newSession(document bson.Raw) (s models.Session) {
	read(document, sessionFields(&s))
	return s
}

// CreateSession implements models.SessionStore.
func (s *Store) CreateSession(ctx context.Context, session *models.Session) error {
	return s.run(ctx, "create session", func(ctx context.Context, c *collections) error {
		err := insertNew(ctx, c.sessions, session.ID, write(sessionFields(session)))
		if mongo.IsDuplicateKeyError(err) { // by an index of another program
			return fmt.Errorf("%w: %w", models.ErrRuleOfDatabase, err)
		}
		if err != nil {
			return err
		}
		_ = endSurplus(ctx, c, session) // what stays now ends at the next login
		return nil
	})
}

// endSurplus ends the sessions that a user has beyond models.MaxSessions. It spares the new session, which is not the
// last used one if the clock was set back.
func endSurplus(ctx context.Context, c *collections, created *models.Session) error {
	others := append(sessionsOf(created.UserID), bson.E{Key: "_id", Value: bson.D{{Key: "$ne", Value: created.ID}}})
	cursor, err := c.sessions.Find(ctx, others, lastUsedFirst().SetSkip(models.MaxSessions-1).SetProjection(onlyID()))
	surplus, err := findAll(ctx, cursor, err, documentID)
	if err != nil || len(surplus) == 0 {
		return err
	}
	_, err = c.sessions.DeleteMany(ctx, anyOf(surplus))
	return err
}

// LiveSession implements models.SessionStore. One round trip fetches the session and its user.
func (s *Store) LiveSession(
	ctx context.Context, id models.ID, now time.Time,
) (session *models.Session, user *models.User, err error) {
	err = s.run(ctx, "find session", func(ctx context.Context, c *collections) error {
		refusal := models.ErrSessionNotFound
		stored, err := findJoined(ctx, c.sessions, liveSession(id, now), refusal, join("user", c.users))
		if err != nil {
			return err
		}
		found, owner := newSession(stored), joinedBy(stored, "user")
		a := newAccount(owner)
		if owner == nil || !a.owns(&found) {
			return refusal
		}
		session, user = &found, &a.User
		return nil
	})
	return session, user, err
}

// SwapRefreshID implements models.SessionStore.
func (s *Store) SwapRefreshID(
	ctx context.Context, id models.ID, from, to string, now time.Time,
) (*models.Session, error) {
	current := append(liveSession(id, now), bson.E{Key: "refreshId", Value: from})
	swap := append(set(
		bson.E{Key: "refreshId", Value: to},
		bson.E{Key: "previousRefreshId", Value: from},
		bson.E{Key: "rotatedAt", Value: now},
	), bson.E{Key: "$max", Value: bson.D{{Key: "lastUsedAt", Value: now}}})
	returnNew := options.FindOneAndUpdate().SetReturnDocument(options.After)
	return get(ctx, s, "rotate session", func(ctx context.Context, c *collections) (*models.Session, error) {
		stored, err := c.sessions.FindOneAndUpdate(ctx, current, swap, returnNew).Raw()
		if errors.Is(err, mongo.ErrNoDocuments) { // perhaps because the document has another refresh id
			stored, err = c.sessions.FindOne(ctx, liveSession(id, now)).Raw()
		}
		if err != nil {
			return nil, missing(err, models.ErrSessionNotFound)
		}
		return new(newSession(stored)), nil
	})
}

// NoteSessionUse implements models.SessionStore.
func (s *Store) NoteSessionUse(ctx context.Context, id models.ID, now time.Time) error {
	return s.run(ctx, "note use of session", func(ctx context.Context, c *collections) error {
		earlier := append(byID(id), bson.E{Key: "lastUsedAt", Value: bson.D{{Key: "$lt", Value: now}}})
		_, err := c.sessions.UpdateOne(ctx, earlier, set(bson.E{Key: "lastUsedAt", Value: now}))
		return err
	})
}

// LiveSessions implements models.SessionStore.
func (s *Store) LiveSessions(ctx context.Context, user models.ID, now time.Time) ([]models.Session, error) {
	return get(ctx, s, "list sessions", func(ctx context.Context, c *collections) ([]models.Session, error) {
		_, owner, err := findAccount(ctx, c, byID(user))
		if errors.Is(err, models.ErrUserNotFound) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		cursor, err := c.sessions.Find(ctx, append(sessionsOf(user), notExpired(now)), lastUsedFirst())
		sessions, err := findAll(ctx, cursor, err, newSession)
		return slices.DeleteFunc(sessions, func(session models.Session) bool { return !owner.owns(&session) }), err
	})
}

// DeleteSession implements models.SessionStore.
func (s *Store) DeleteSession(ctx context.Context, id models.ID) error {
	return s.run(ctx, "delete session", func(ctx context.Context, c *collections) error {
		_, err := c.sessions.DeleteOne(ctx, byID(id))
		return err
	})
}

// DeleteSessionOf implements models.SessionStore.
func (s *Store) DeleteSessionOf(ctx context.Context, user, id models.ID) error {
	return s.run(ctx, "delete session", func(ctx context.Context, c *collections) error {
		removed, err := deleteOne(ctx, c.sessions, id, append(byID(id), sessionsOf(user)...))
		if err == nil && !removed {
			return models.ErrSessionNotFound
		}
		return err
	})
}

// DeleteSessions implements models.SessionStore.
func (s *Store) DeleteSessions(ctx context.Context, user models.ID) error {
	return s.run(ctx, "delete sessions", func(ctx context.Context, c *collections) error {
		_, err := c.sessions.DeleteMany(ctx, sessionsOf(user))
		return err
	})
}

// sessionsOf selects the sessions of a user that gin-blog wrote.
func sessionsOf(user models.ID) bson.D { return append(ownSession(), bson.E{Key: "user", Value: user}) }

// lastUsedFirst sorts sessions for a list.
func lastUsedFirst() *options.FindOptionsBuilder {
	return options.Find().SetSort(bson.D{{Key: "lastUsedAt", Value: -1}, {Key: "_id", Value: -1}})
}

// notExpired leaves out sessions that the TTL index will remove soon.
func notExpired(now time.Time) bson.E {
	return bson.E{Key: "expiresAt", Value: bson.D{{Key: "$gt", Value: now}}}
}

// liveSession selects a session that has not expired at now.
func liveSession(id models.ID, now time.Time) bson.D { return append(byID(id), notExpired(now)) }
