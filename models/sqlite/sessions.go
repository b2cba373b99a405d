package sqlite

import (
	"context"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"gin-blog/models"
)

const (
	// sessionColumns are the eleven columns that readSession reads.
	sessionColumns = `sessions.id, sessions.user_id, sessions.refresh_id, sessions.previous_refresh_id, sessions.rotated_at,
		sessions.created_at, sessions.last_used_at, sessions.expires_at, sessions.user_agent, sessions.ip,
		sessions.password_version`
	sessionColumnCount = 11

	insertSession = `INSERT INTO sessions (id, user_id, refresh_id, previous_refresh_id, rotated_at,
		created_at, last_used_at, expires_at, user_agent, ip, password_version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

	deleteSurplusSessions = `DELETE FROM sessions WHERE id IN (
		SELECT id FROM sessions WHERE user_id = ? ORDER BY last_used_at DESC, id DESC LIMIT -1 OFFSET ?)`

	fromLiveSessions = ` FROM sessions JOIN users ON users.id = sessions.user_id
		AND users.password_version = sessions.password_version `

	selectSession = `SELECT ` + sessionColumns + ` FROM sessions WHERE id = ? AND expires_at > ?`

	selectSessionAndUser = `SELECT ` + sessionColumns + `, ` + userColumns + fromLiveSessions + `
		WHERE sessions.id = ? AND sessions.expires_at > ?`

	selectSessionsOf = `SELECT ` + sessionColumns + fromLiveSessions + `
		WHERE sessions.user_id = ? AND sessions.expires_at > ? ORDER BY sessions.last_used_at DESC, sessions.id DESC`

	purgeSessions = `DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at <= ? LIMIT ?)`

	// The right-hand sides of SET see the row as it was.
	swapRefreshID = `UPDATE sessions SET refresh_id = ?, previous_refresh_id = refresh_id, rotated_at = ?, last_used_at = ?
		WHERE id = ? AND refresh_id = ? AND expires_at > ? RETURNING ` + sessionColumns
)

const (
	// purgeStep is how many expired sessions one write removes.
	purgeStep = 500
	// purgeEvery is how often expired sessions are removed. They are dead before.
	purgeEvery = time.Minute
)

// CreateSession implements models.SessionStore.
func (s *Store) CreateSession(ctx context.Context, n *models.Session) error {
	return s.write(ctx, "create session", func(conn *sqlite.Conn) error {
		err := exec(conn, insertSession, n.ID[:], n.UserID[:], n.RefreshID, n.PreviousRefreshID, n.RotatedAt.UnixMilli(),
			n.CreatedAt.UnixMilli(), n.LastUsedAt.UnixMilli(), n.ExpiresAt.UnixMilli(), n.UserAgent, n.IP, n.PasswordVersion)
		if isForeignKey(err) {
			return models.ErrUserNotFound
		}
		if err != nil {
			return err
		}
		return exec(conn, deleteSurplusSessions, n.UserID[:], models.MaxSessions)
	})
}

// LiveSession implements models.SessionStore.
func (s *Store) LiveSession(ctx context.Context, id models.ID, now time.Time) (*models.Session, *models.User, error) {
	var session *models.Session
	var user *models.User
	err := s.read(ctx, "find session", func(conn *sqlite.Conn) error {
		err := sqlitex.Execute(conn, selectSessionAndUser, &sqlitex.ExecOptions{
			Args: []any{id[:], now.UnixMilli()},
			ResultFunc: func(row *sqlite.Stmt) error {
				session, user = readSession(row), readUser(row, sessionColumnCount)
				return nil
			},
		})
		if err == nil && session == nil {
			return models.ErrSessionNotFound
		}
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	return session, user, nil
}

// SwapRefreshID implements models.SessionStore.
func (s *Store) SwapRefreshID(ctx context.Context, id models.ID, from, to string, now time.Time) (*models.Session, error) {
	var session *models.Session
	keep := func(row *sqlite.Stmt) error { session = readSession(row); return nil }
	ms := now.UnixMilli()
	err := s.write(ctx, "rotate session", func(conn *sqlite.Conn) error {
		err := sqlitex.Execute(conn, swapRefreshID, &sqlitex.ExecOptions{Args: []any{to, ms, ms, id[:], from, ms}, ResultFunc: keep})
		if err == nil && session == nil { // another one is current: whose, the row tells
			err = sqlitex.Execute(conn, selectSession, &sqlitex.ExecOptions{Args: []any{id[:], ms}, ResultFunc: keep})
		}
		if err == nil && session == nil {
			return models.ErrSessionNotFound
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return session, nil
}

// DeleteSession implements models.SessionStore.
func (s *Store) DeleteSession(ctx context.Context, id models.ID) error {
	return s.write(ctx, "delete session", func(conn *sqlite.Conn) error {
		return exec(conn, `DELETE FROM sessions WHERE id = ?`, id[:])
	})
}

// LiveSessions implements models.SessionStore.
func (s *Store) LiveSessions(ctx context.Context, user models.ID, now time.Time) ([]models.Session, error) {
	var sessions []models.Session
	err := s.read(ctx, "list sessions", func(conn *sqlite.Conn) error {
		return sqlitex.Execute(conn, selectSessionsOf, &sqlitex.ExecOptions{
			Args:       []any{user[:], now.UnixMilli()},
			ResultFunc: func(row *sqlite.Stmt) error { sessions = append(sessions, *readSession(row)); return nil },
		})
	})
	if err != nil {
		return nil, err
	}
	return sessions, nil
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

// PurgeSessions removes the sessions that have expired at now, in small steps, so that it never holds up other writers
// for long. It returns how many there were.
func (s *Store) PurgeSessions(ctx context.Context, now time.Time) (purged int, err error) {
	for {
		step := 0
		err := s.write(ctx, "purge sessions", func(conn *sqlite.Conn) error {
			err := exec(conn, purgeSessions, now.UnixMilli(), purgeStep)
			step = conn.Changes()
			return err
		})
		if err != nil {
			return purged, err
		}
		purged += step
		if step < purgeStep {
			return purged, nil
		}
	}
}

// keepPurging purges from time to time until the store is closed. What a failed try leaves, the next one finds.
func (s *Store) keepPurging() {
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

// readSession reads sessionColumns.
func readSession(row *sqlite.Stmt) *models.Session {
	return &models.Session{
		ID:                columnID(row, 0),
		UserID:            columnID(row, 1),
		RefreshID:         row.ColumnText(2),
		PreviousRefreshID: row.ColumnText(3),
		RotatedAt:         columnTime(row, 4),
		CreatedAt:         columnTime(row, 5),
		LastUsedAt:        columnTime(row, 6),
		ExpiresAt:         columnTime(row, 7),
		UserAgent:         row.ColumnText(8),
		IP:                row.ColumnText(9),
		PasswordVersion:   row.ColumnInt64(10),
	}
}
