package sqlite

import (
	"context"
	"errors"
	"time"

	"zombiezen.com/go/sqlite"

	"gin-blog/models"
)

const (
	// sessionColumns are the columns that scanSession reads. None has the name of one of userColumns.
	sessionColumns = `sessions.id AS session_id, sessions.user_id, sessions.refresh_id, sessions.previous_refresh_id,
		sessions.rotated_at, sessions.created_at AS session_created_at, sessions.last_used_at, sessions.expires_at,
		sessions.user_agent, sessions.ip, sessions.password_version AS session_password_version`

	insertSession = `INSERT INTO sessions (id, user_id, refresh_id, previous_refresh_id, rotated_at,
		created_at, last_used_at, expires_at, user_agent, ip, password_version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

	// deleteSurplusSessions spares the new session, which is not the last used one if the clock was set back.
	deleteSurplusSessions = `DELETE FROM sessions WHERE id IN (
		SELECT id FROM sessions WHERE user_id = ? AND id <> ? ORDER BY last_used_at DESC, id DESC LIMIT -1 OFFSET ?)`

	fromLiveSessions = ` FROM sessions JOIN users ON users.id = sessions.user_id
		AND users.password_version = sessions.password_version `

	selectSession = `SELECT ` + sessionColumns + ` FROM sessions WHERE id = ? AND expires_at > ?`

	selectSessionAndUser = `SELECT ` + sessionColumns + `, ` + userColumns + fromLiveSessions + `
		WHERE sessions.id = ? AND sessions.expires_at > ?`

	selectSessionsOf = `SELECT ` + sessionColumns + fromLiveSessions + `
		WHERE sessions.user_id = ? AND sessions.expires_at > ? ORDER BY sessions.last_used_at DESC, sessions.id DESC`

	purgeSessions = `DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at <= ? LIMIT ?)`

	// SET reads the values of the row before the update.
	swapRefreshID = `UPDATE sessions SET refresh_id = ?, previous_refresh_id = refresh_id, rotated_at = ?,
		last_used_at = max(?, last_used_at) WHERE id = ? AND refresh_id = ? AND expires_at > ? RETURNING ` + sessionColumns
)

const (
	// purgeStep is how many expired sessions one write removes.
	purgeStep = 500
	// purgeEvery is how often expired sessions are removed. Nobody can use them in the meantime.
	purgeEvery = time.Minute
)

// CreateSession implements models.SessionStore.
func (s *Store) CreateSession(ctx context.Context, session *models.Session) error {
	return s.write(ctx, "create session", func(conn *sqlite.Conn) error {
		if err := createSession(conn, session); err != nil {
			return err
		}
		return exec(conn, deleteSurplusSessions, session.UserID[:], session.ID[:], models.MaxSessions-1)
	})
}

// createSession inserts a session.
func createSession(conn *sqlite.Conn, session *models.Session) error {
	err := exec(conn, insertSession,
		session.ID[:], session.UserID[:], session.RefreshID, session.PreviousRefreshID, session.RotatedAt.UnixMilli(),
		session.CreatedAt.UnixMilli(), session.LastUsedAt.UnixMilli(), session.ExpiresAt.UnixMilli(),
		session.UserAgent, session.IP, session.PasswordVersion)
	if sqlite.ErrCode(err) == sqlite.ResultConstraintForeignKey {
		return models.ErrUserNotFound
	}
	return err
}

// LiveSession implements models.SessionStore.
func (s *Store) LiveSession(
	ctx context.Context, id models.ID, now time.Time,
) (session *models.Session, user *models.User, err error) {
	type login struct {
		session models.Session
		user    models.User
	}
	scan := func(row *sqlite.Stmt) login { return login{scanSession(row), scanUser(row)} }
	var found *login
	err = s.read(ctx, "find session", func(conn *sqlite.Conn) error {
		found, err = queryOne(conn, models.ErrSessionNotFound, scan, selectSessionAndUser, id[:], now.UnixMilli())
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	return &found.session, &found.user, nil
}

// SwapRefreshID implements models.SessionStore.
func (s *Store) SwapRefreshID(
	ctx context.Context, id models.ID, from, to string, now time.Time,
) (session *models.Session, err error) {
	ms := now.UnixMilli()
	err = s.write(ctx, "rotate session", func(conn *sqlite.Conn) error {
		session, err = queryOne(conn, models.ErrSessionNotFound, scanSession, swapRefreshID, to, ms, ms, id[:], from, ms)
		if errors.Is(err, models.ErrSessionNotFound) { // perhaps because the row has another refresh id
			session, err = queryOne(conn, models.ErrSessionNotFound, scanSession, selectSession, id[:], ms)
		}
		return err
	})
	return session, err
}

// NoteSessionUse implements models.SessionStore.
func (s *Store) NoteSessionUse(ctx context.Context, id models.ID, now time.Time) error {
	ms := now.UnixMilli()
	return s.write(ctx, "note use of session", func(conn *sqlite.Conn) error {
		return exec(conn, `UPDATE sessions SET last_used_at = ? WHERE id = ? AND last_used_at < ?`, ms, id[:], ms)
	})
}

// DeleteSession implements models.SessionStore.
func (s *Store) DeleteSession(ctx context.Context, id models.ID) error {
	return s.write(ctx, "delete session", func(conn *sqlite.Conn) error {
		return exec(conn, `DELETE FROM sessions WHERE id = ?`, id[:])
	})
}

// LiveSessions implements models.SessionStore.
func (s *Store) LiveSessions(
	ctx context.Context, user models.ID, now time.Time,
) (sessions []models.Session, err error) {
	err = s.read(ctx, "list sessions", func(conn *sqlite.Conn) error {
		sessions, err = queryAll(conn, scanSession, selectSessionsOf, user[:], now.UnixMilli())
		return err
	})
	return sessions, err
}

// DeleteSessionOf implements models.SessionStore.
func (s *Store) DeleteSessionOf(ctx context.Context, user, id models.ID) error {
	return s.write(ctx, "delete session", func(conn *sqlite.Conn) error {
		return execOne(conn, models.ErrSessionNotFound, `DELETE FROM sessions WHERE id = ? AND user_id = ?`, id[:], user[:])
	})
}

// DeleteSessions implements models.SessionStore.
func (s *Store) DeleteSessions(ctx context.Context, user models.ID) error {
	return s.write(ctx, "delete sessions", func(conn *sqlite.Conn) error {
		return exec(conn, `DELETE FROM sessions WHERE user_id = ?`, user[:])
	})
}

// PurgeSessions removes the sessions that have expired at now, and returns how many. It works in small steps, so
// that other writers need not wait long.
func (s *Store) PurgeSessions(ctx context.Context, now time.Time) (purged int, err error) {
	for {
		removed := 0
		err := s.write(ctx, "purge sessions", func(conn *sqlite.Conn) error {
			err := exec(conn, purgeSessions, now.UnixMilli(), purgeStep)
			removed = conn.Changes()
			return err
		})
		if err != nil {
			return purged, err
		}
		purged += removed
		if removed < purgeStep {
			return purged, nil
		}
	}
}

// runPurge purges regularly until the store is closed. If one purge fails, the next one makes up for it.
func (s *Store) runPurge() {
	ticker := time.NewTicker(purgeEvery)
	defer ticker.Stop()
	for {
		select {
		case <-s.closed:
			return
		case now := <-ticker.C:
			_, _ = s.PurgeSessions(context.Background(), now)
		}
	}
}

// scanSession reads sessionColumns.
func scanSession(row *sqlite.Stmt) models.Session {
	return models.Session{
		ID:                columnID(row, "session_id"),
		UserID:            columnID(row, "user_id"),
		RefreshID:         columnText(row, "refresh_id"),
		PreviousRefreshID: columnText(row, "previous_refresh_id"),
		RotatedAt:         columnTime(row, "rotated_at"),
		CreatedAt:         columnTime(row, "session_created_at"),
		LastUsedAt:        columnTime(row, "last_used_at"),
		ExpiresAt:         columnTime(row, "expires_at"),
		UserAgent:         columnText(row, "user_agent"),
		IP:                columnText(row, "ip"),
		PasswordVersion:   row.ColumnInt64(column(row, "session_password_version")),
	}
}
