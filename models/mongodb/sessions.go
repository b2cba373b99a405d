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

type sessionDocument struct {
	ID                models.ID `bson:"_id"`
	User              models.ID `bson:"user"`
	RefreshID         string    `bson:"refreshId"`
	PreviousRefreshID string    `bson:"previousRefreshId"`
	RotatedAt         time.Time `bson:"rotatedAt"`
	CreatedAt         time.Time `bson:"createdAt"`
	LastUsedAt        time.Time `bson:"lastUsedAt"`
	ExpiresAt         time.Time `bson:"expiresAt"`
	UserAgent         string    `bson:"userAgent"`
	IP                string    `bson:"ip"`
	PasswordVersion   int64     `bson:"passwordVersion"`
}

// UnmarshalBSON implements bson.Unmarshaler.
func (d *sessionDocument) UnmarshalBSON(document []byte) error {
	raw := bson.Raw(document)
	*d = sessionDocument{
		ID: idField(raw, "_id"), User: idField(raw, "user"), RefreshID: textField(raw, "refreshId"),
		PreviousRefreshID: textField(raw, "previousRefreshId"), RotatedAt: timeField(raw, "rotatedAt"),
		CreatedAt: timeField(raw, "createdAt"), LastUsedAt: timeField(raw, "lastUsedAt"),
		ExpiresAt: timeField(raw, "expiresAt"), UserAgent: textField(raw, "userAgent"), IP: textField(raw, "ip"),
		PasswordVersion: intField(raw, "passwordVersion"),
	}
	return nil
}

func newSessionDocument(s *models.Session) sessionDocument {
	return sessionDocument{
		ID: s.ID, User: s.UserID, RefreshID: s.RefreshID, PreviousRefreshID: s.PreviousRefreshID, RotatedAt: s.RotatedAt,
		CreatedAt: s.CreatedAt, LastUsedAt: s.LastUsedAt, ExpiresAt: s.ExpiresAt, UserAgent: s.UserAgent, IP: s.IP,
		PasswordVersion: s.PasswordVersion,
	}
}

func (d *sessionDocument) session() *models.Session {
	return &models.Session{
		ID: d.ID, UserID: d.User, RefreshID: d.RefreshID, PreviousRefreshID: d.PreviousRefreshID, RotatedAt: d.RotatedAt,
		CreatedAt: d.CreatedAt, LastUsedAt: d.LastUsedAt, ExpiresAt: d.ExpiresAt, UserAgent: d.UserAgent, IP: d.IP,
		PasswordVersion: d.PasswordVersion,
	}
}

// CreateSession implements models.SessionStore.
func (s *Store) CreateSession(ctx context.Context, session *models.Session) error {
	return s.run(ctx, "create session", func(ctx context.Context, c *collections) error {
		err := insertNew(ctx, c.sessions, session.ID, newSessionDocument(session))
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
	page := lastUsedFirst().SetSkip(models.MaxSessions - 1).SetProjection(onlyID())
	cursor, err := c.sessions.Find(ctx, others, page)
	surplus, err := findAll[sessionDocument](ctx, cursor, err)
	if err != nil || len(surplus) == 0 {
		return err
	}
	_, err = c.sessions.DeleteMany(ctx, anyOf(idsOf(surplus, func(d *sessionDocument) models.ID { return d.ID })))
	return err
}

// LiveSession implements models.SessionStore. One round trip fetches the session and its user.
func (s *Store) LiveSession(
	ctx context.Context, id models.ID, now time.Time,
) (session *models.Session, user *models.User, err error) {
	err = s.run(ctx, "find session", func(ctx context.Context, c *collections) error {
		cursor, err := c.sessions.Aggregate(ctx, mongo.Pipeline{
			{{Key: "$match", Value: liveSession(id, now)}},
			{{Key: "$lookup", Value: bson.D{
				{Key: "from", Value: c.users.Name()},
				{Key: "localField", Value: "user"},
				{Key: "foreignField", Value: "_id"},
				{Key: "as", Value: "users"},
			}}},
		})
		found, err := findAll[bson.Raw](ctx, cursor, err)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return models.ErrSessionNotFound
		}
		var s sessionDocument
		var u userDocument
		owner, exists := found[0].Lookup("users", "0").DocumentOK()
		if err := errors.Join(s.UnmarshalBSON(found[0]), u.UnmarshalBSON(owner)); err != nil {
			return err
		}
		if !exists || !u.owns(s.ID, s.PasswordVersion) {
			return models.ErrSessionNotFound
		}
		session, user = s.session(), u.user()
		return nil
	})
	return session, user, err
}

// SwapRefreshID implements models.SessionStore.
func (s *Store) SwapRefreshID(
	ctx context.Context, id models.ID, from, to string, now time.Time,
) (session *models.Session, err error) {
	current := append(liveSession(id, now), bson.E{Key: "refreshId", Value: from})
	swap := append(set(
		bson.E{Key: "refreshId", Value: to},
		bson.E{Key: "previousRefreshId", Value: from},
		bson.E{Key: "rotatedAt", Value: now},
	), bson.E{Key: "$max", Value: bson.D{{Key: "lastUsedAt", Value: now}}})
	err = s.run(ctx, "rotate session", func(ctx context.Context, c *collections) error {
		var d sessionDocument
		err := c.sessions.FindOneAndUpdate(ctx, current, swap, returnNew()).Decode(&d)
		if errors.Is(err, mongo.ErrNoDocuments) { // perhaps because the document has another refresh id
			err = c.sessions.FindOne(ctx, liveSession(id, now)).Decode(&d)
		}
		session = d.session()
		return missing(err, models.ErrSessionNotFound)
	})
	if err != nil {
		return nil, err
	}
	return session, nil
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
func (s *Store) LiveSessions(
	ctx context.Context, user models.ID, now time.Time,
) (sessions []models.Session, err error) {
	err = s.run(ctx, "list sessions", func(ctx context.Context, c *collections) error {
		var owner userDocument
		err := c.users.FindOne(ctx, byID(user)).Decode(&owner)
		if errors.Is(err, mongo.ErrNoDocuments) {
			return nil
		}
		if err != nil {
			return err
		}
		cursor, err := c.sessions.Find(ctx, append(sessionsOf(user), notExpired(now)), lastUsedFirst())
		documents, err := findAll[sessionDocument](ctx, cursor, err)
		for i := range documents {
			if owner.owns(documents[i].ID, documents[i].PasswordVersion) {
				sessions = append(sessions, *documents[i].session())
			}
		}
		return err
	})
	return sessions, err
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
