package sqlite

import (
	"context"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"gin-blog/models"
)

const (
	// sessionColumns are the ten columns that readSession reads.
	sessionColumns = `sessions.id, sessions.user_id, sessions.refresh_id, sessions.previous_refresh_id, sessions.rotated_at,
		sessions.created_at, sessions.last_used_at, sessions.expires_at, sessions.user_agent, sessions.ip`
	sessionColumnCount = 10

	insertSession = `INSERT INTO sessions (id, user_id, refresh_id, previous_refresh_id, rotated_at,
		created_at, last_used_at, expires_at, user_agent, ip) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

	selectSession = `SELECT ` + sessionColumns + ` FROM sessions WHERE id = ? AND expires_at > ?`

	selectSessionAndUser = `SELECT ` + sessionColumns + `, ` + userColumns + `
		FROM sessions JOIN users ON users.id = sessions.user_id WHERE sessions.id = ? AND sessions.expires_at > ?`

	// The right-hand sides of SET see the row as it was.
	swapRefreshID = `UPDATE sessions SET refresh_id = ?, previous_refresh_id = refresh_id, rotated_at = ?, last_used_at = ?
		WHERE id = ? AND refresh_id = ? AND expires_at > ? RETURNING ` + sessionColumns
)

// CreateSession implements models.SessionStore.
func (s *Store) CreateSession(ctx context.Context, n *models.Session) error {
	return s.write(ctx, "create session", func(conn *sqlite.Conn) error {
		err := sqlitex.Execute(conn, insertSession, &sqlitex.ExecOptions{Args: []any{
			n.ID[:], n.UserID[:], n.RefreshID, n.PreviousRefreshID, n.RotatedAt.UnixMilli(),
			n.CreatedAt.UnixMilli(), n.LastUsedAt.UnixMilli(), n.ExpiresAt.UnixMilli(), n.UserAgent, n.IP,
		}})
		if isForeignKey(err) {
			return models.ErrUserNotFound
		}
		return err
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
		return sqlitex.Execute(conn, `DELETE FROM sessions WHERE id = ?`, &sqlitex.ExecOptions{Args: []any{id[:]}})
	})
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
	}
}
