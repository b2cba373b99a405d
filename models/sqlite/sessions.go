package sqlite

import (
	"context"
	"slices"
	"time"

	"zombiezen.com/go/sqlite"

	"gin-blog/models"
)

func sessionFields(s *models.Session) []field {
	return []field{
		{"id", &s.ID, fixed},
		{"user_id", &s.UserID, fixed},
		{"refresh_id", &s.RefreshID, changes},
		{"previous_refresh_id", &s.PreviousRefreshID, changes},
		{"rotated_at", &s.RotatedAt, changes},
		{"created_at", &s.CreatedAt, fixed},
		{"last_used_at", &s.LastUsedAt, changes},
		{"expires_at", &s.ExpiresAt, fixed},
		{"user_agent", &s.UserAgent, fixed},
		{"ip", &s.IP, fixed},
		{"password_version", &s.PasswordVersion, fixed},
	}
}

// owned is a record with its user.
type owned[T any] struct {
	record T
	user   models.User
}

// newOwned returns the table to find one of the records of t, by a condition, with its user, who is joined there.
func newOwned[T any](t *table[T], record string, missing error, condition string) *table[owned[T]] {
	fields := func(o *owned[T]) []field { return slices.Concat(t.fields(&o.record), userFields(&o.user)) }
	all := columns(t.name, t.fields(new(T))) + `, ` + columns("users", userFields(new(models.User)))
	find := `SELECT ` + all + ` FROM ` + t.from + ` WHERE ` + condition
	return &table[owned[T]]{record: record, missing: missing, fields: fields, find: find}
}

// readOwned returns the one record that a table finds, and its user.
func readOwned[T any](ctx context.Context, s *Store, t *table[owned[T]], args ...any) (*T, *models.User, error) {
	found, err := t.read(ctx, s, t.find, args...)
	if err != nil {
		return nil, nil, err
	}
	return &found.record, &found.user, nil
}

var (
	sessions = newTable(table[models.Session]{
		name: "sessions", record: "session", missing: models.ErrSessionNotFound, fields: sessionFields, from: `sessions`,
		this: `id = ?`, key: byID,
	})
	liveSessions = newTable(table[models.Session]{
		name: "sessions", fields: sessionFields, from: `sessions
			JOIN users ON users.id = sessions.user_id AND users.password_version = sessions.password_version`,
	})
	logins = newOwned(liveSessions, "session", models.ErrSessionNotFound, `sessions.id = ? AND sessions.expires_at > ?`)

	selectSessionsOf = liveSessions.where(`sessions.user_id = ? AND sessions.expires_at > ?
		ORDER BY sessions.last_used_at DESC, sessions.id DESC`)
)

// deleteSurplusSessions spares the new session, which is not the last used one if the clock was set back.
const deleteSurplusSessions = `DELETE FROM sessions WHERE id IN (
	SELECT id FROM sessions WHERE user_id = ? AND id <> ? ORDER BY last_used_at DESC, id DESC LIMIT -1 OFFSET ?)`

// CreateSession implements models.SessionStore.
func (s *Store) CreateSession(ctx context.Context, session *models.Session) error {
	return s.write(ctx, "create session", func(conn *sqlite.Conn) error {
		if err := sessions.insert(conn, session); err != nil {
			return err
		}
		return exec(conn, deleteSurplusSessions, session.UserID, session.ID, models.MaxSessions-1)
	})
}

// LiveSession implements models.SessionStore.
func (s *Store) LiveSession(ctx context.Context, id models.ID, now time.Time) (*models.Session, *models.User, error) {
	return readOwned(ctx, s, logins, id, now)
}

// SwapRefreshID implements models.SessionStore.
func (s *Store) SwapRefreshID(
	ctx context.Context, id models.ID, from, to string, now time.Time,
) (*models.Session, error) {
	return sessions.update(ctx, s, id, func(session *models.Session) error {
		if !session.ExpiresAt.After(now) {
			return models.ErrSessionNotFound
		}
		if session.RefreshID == from {
			session.RefreshID, session.PreviousRefreshID, session.RotatedAt = to, from, now
			if now.After(session.LastUsedAt) {
				session.LastUsedAt = now
			}
		}
		return nil
	})
}

// NoteSessionUse implements models.SessionStore.
func (s *Store) NoteSessionUse(ctx context.Context, id models.ID, now time.Time) error {
	return s.change(ctx, "note use of session", nil,
		`UPDATE sessions SET last_used_at = ?1 WHERE id = ?2 AND last_used_at < ?1`, now, id)
}

// DeleteSession implements models.SessionStore.
func (s *Store) DeleteSession(ctx context.Context, id models.ID) error {
	return s.change(ctx, "delete session", nil, `DELETE FROM sessions WHERE id = ?`, id)
}

// LiveSessions implements models.SessionStore.
func (s *Store) LiveSessions(ctx context.Context, user models.ID, now time.Time) ([]models.Session, error) {
	return readAll(ctx, s.read, "list sessions", sessionFields, selectSessionsOf, user, now)
}

// DeleteSessionOf implements models.SessionStore.
func (s *Store) DeleteSessionOf(ctx context.Context, user, id models.ID) error {
	return s.change(ctx, "delete session", models.ErrSessionNotFound,
		`DELETE FROM sessions WHERE id = ? AND user_id = ?`, id, user)
}

// DeleteSessions implements models.SessionStore.
func (s *Store) DeleteSessions(ctx context.Context, user models.ID) error {
	return s.change(ctx, "delete sessions", nil, `DELETE FROM sessions WHERE user_id = ?`, user)
}
