package mongodb

import (
	"context"
	"errors"
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

func (d *sessionDocument) session() *models.Session {
	return &models.Session{
		ID: d.ID, UserID: d.User, RefreshID: d.RefreshID, PreviousRefreshID: d.PreviousRefreshID, RotatedAt: d.RotatedAt,
		CreatedAt: d.CreatedAt, LastUsedAt: d.LastUsedAt, ExpiresAt: d.ExpiresAt, UserAgent: d.UserAgent, IP: d.IP,
		PasswordVersion: d.PasswordVersion,
	}
}

// CreateSession implements models.SessionStore.
func (s *Store) CreateSession(ctx context.Context, n *models.Session) error {
	c, err := s.collections()
	if err != nil {
		return err
	}
	_, err = c.sessions.InsertOne(ctx, sessionDocument{
		ID: n.ID, User: n.UserID, RefreshID: n.RefreshID, PreviousRefreshID: n.PreviousRefreshID, RotatedAt: n.RotatedAt,
		CreatedAt: n.CreatedAt, LastUsedAt: n.LastUsedAt, ExpiresAt: n.ExpiresAt, UserAgent: n.UserAgent, IP: n.IP,
		PasswordVersion: n.PasswordVersion,
	})
	if err != nil {
		return wrap("create session", err)
	}
	return endSurplus(ctx, c, n.UserID)
}

// endSurplus ends the sessions that a user has beyond models.MaxSessions.
func endSurplus(ctx context.Context, c *collections, user models.ID) error {
	cursor, err := c.sessions.Find(ctx, sessionsOf(user), lastUsedFirst().SetSkip(models.MaxSessions).SetProjection(onlyID()))
	if err != nil {
		return wrap("find surplus sessions", err)
	}
	var surplus []sessionDocument
	if err := cursor.All(ctx, &surplus); err != nil {
		return wrap("find surplus sessions", err)
	}
	if len(surplus) == 0 {
		return nil
	}
	ids := make(bson.A, len(surplus))
	for i, s := range surplus {
		ids[i] = s.ID
	}
	_, err = c.sessions.DeleteMany(ctx, bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: ids}}}})
	return wrap("end surplus sessions", err)
}

// LiveSession implements models.SessionStore.
func (s *Store) LiveSession(ctx context.Context, id models.ID, now time.Time) (*models.Session, *models.User, error) {
	c, err := s.collections()
	if err != nil {
		return nil, nil, err
	}
	cursor, err := c.sessions.Aggregate(ctx, mongo.Pipeline{
		{{Key: "$match", Value: liveSession(id, now)}},
		{{Key: "$lookup", Value: bson.D{
			{Key: "from", Value: c.users.Name()},
			{Key: "localField", Value: "user"},
			{Key: "foreignField", Value: "_id"},
			{Key: "as", Value: "users"},
		}}},
	})
	if err != nil {
		return nil, nil, wrap("find session", err)
	}
	var found []struct {
		Session sessionDocument `bson:",inline"`
		Users   []userDocument  `bson:"users"`
	}
	if err := cursor.All(ctx, &found); err != nil {
		return nil, nil, wrap("find session", err)
	}
	if len(found) == 0 || len(found[0].Users) == 0 || !found[0].Users[0].owns(&found[0].Session) {
		return nil, nil, wrap("find session", models.ErrSessionNotFound)
	}
	return found[0].Session.session(), found[0].Users[0].user(), nil
}

// SwapRefreshID implements models.SessionStore.
func (s *Store) SwapRefreshID(ctx context.Context, id models.ID, from, to string, now time.Time) (*models.Session, error) {
	c, err := s.collections()
	if err != nil {
		return nil, err
	}
	var d sessionDocument
	err = c.sessions.FindOneAndUpdate(ctx,
		append(liveSession(id, now), bson.E{Key: "refreshId", Value: from}),
		bson.D{{Key: "$set", Value: bson.D{
			{Key: "refreshId", Value: to},
			{Key: "previousRefreshId", Value: from},
			{Key: "rotatedAt", Value: now},
			{Key: "lastUsedAt", Value: now},
		}}},
		options.FindOneAndUpdate().SetReturnDocument(options.After)).Decode(&d)
	if errors.Is(err, mongo.ErrNoDocuments) { // another one is current: whose, the document tells
		err = c.sessions.FindOne(ctx, liveSession(id, now)).Decode(&d)
	}
	if errors.Is(err, mongo.ErrNoDocuments) {
		err = models.ErrSessionNotFound
	}
	if err != nil {
		return nil, wrap("rotate session", err)
	}
	return d.session(), nil
}

// DeleteSession implements models.SessionStore.
func (s *Store) DeleteSession(ctx context.Context, id models.ID) error {
	c, err := s.collections()
	if err != nil {
		return err
	}
	_, err = c.sessions.DeleteOne(ctx, byID(id))
	return wrap("delete session", err)
}

// LiveSessions implements models.SessionStore.
func (s *Store) LiveSessions(ctx context.Context, user models.ID, now time.Time) ([]models.Session, error) {
	c, err := s.collections()
	if err != nil {
		return nil, err
	}
	var owner userDocument
	err = c.users.FindOne(ctx, byID(user)).Decode(&owner)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return nil, nil
	}
	if err != nil {
		return nil, wrap("list sessions", err)
	}
	cursor, err := c.sessions.Find(ctx, append(sessionsOf(user), notExpired(now)), lastUsedFirst())
	if err != nil {
		return nil, wrap("list sessions", err)
	}
	var documents []sessionDocument
	if err := cursor.All(ctx, &documents); err != nil {
		return nil, wrap("list sessions", err)
	}
	var sessions []models.Session
	for i := range documents {
		if owner.owns(&documents[i]) {
			sessions = append(sessions, *documents[i].session())
		}
	}
	return sessions, nil
}

// DeleteSessionOf implements models.SessionStore.
func (s *Store) DeleteSessionOf(ctx context.Context, user, id models.ID) error {
	c, err := s.collections()
	if err != nil {
		return err
	}
	result, err := c.sessions.DeleteOne(ctx, append(byID(id), sessionsOf(user)...))
	if err == nil && result.DeletedCount == 0 {
		err = models.ErrSessionNotFound
	}
	return wrap("delete session", err)
}

// DeleteSessions implements models.SessionStore.
func (s *Store) DeleteSessions(ctx context.Context, user models.ID) error {
	c, err := s.collections()
	if err != nil {
		return err
	}
	_, err = c.sessions.DeleteMany(ctx, sessionsOf(user))
	return wrap("delete sessions", err)
}

// sessionsOf selects the sessions of a user.
func sessionsOf(user models.ID) bson.D { return bson.D{{Key: "user", Value: user}} }

// lastUsedFirst is the order that sessions are listed in.
func lastUsedFirst() *options.FindOptionsBuilder {
	return options.Find().SetSort(bson.D{{Key: "lastUsedAt", Value: -1}, {Key: "_id", Value: -1}})
}

// notExpired leaves out what the TTL index removes a little later.
func notExpired(now time.Time) bson.E {
	return bson.E{Key: "expiresAt", Value: bson.D{{Key: "$gt", Value: now}}}
}

// liveSession selects a session that has not expired at now.
func liveSession(id models.ID, now time.Time) bson.D { return append(byID(id), notExpired(now)) }
