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

// login is a session with its user.
type login struct {
	session models.Session
	user    models.User
}

func loginFields(l *login) []field {
	return slices.Concat(sessionFields(&l.session), userFields(&l.user))
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
	logins = &table[login]{record: "session", missing: models.ErrSessionNotFound, fields: loginFields}

	selectLogin = `SELECT ` + columns("sessions", sessionFields(new(models.Session))) + `, ` +
		columns("users", userFields(new(models.User))) + ` FROM ` + liveSessions.from + `
		WHERE sessions.id = ? AND sessions.expires_at > ?`

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
func (s *Store) LiveSession(
	ctx context.Context, id models.ID, now time.Time,
) (session *models.Session, user *models.User, err error) {
	found, err := logins.read(ctx, s, selectLogin, id, now)
	if err != nil {
		return nil, nil, err
	}
	return &found.session, &found.user, nil
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
