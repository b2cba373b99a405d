package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"gin-blog/models"
)

const (
	sessionColumns = `sessions.id, sessions.user_id, sessions.refresh_id, sessions.previous_refresh_id, sessions.rotated_at,
		sessions.created_at, sessions.last_used_at, sessions.expires_at, sessions.user_agent, sessions.ip`

	insertSession = `INSERT INTO sessions (id, user_id, refresh_id, previous_refresh_id, rotated_at,
		created_at, last_used_at, expires_at, user_agent, ip) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

	selectLiveSession = `SELECT ` + sessionColumns + `, ` + userColumns + `
		FROM sessions JOIN users ON users.id = sessions.user_id WHERE sessions.id = ? AND sessions.expires_at > ?`

	// The right-hand sides of SET see the row as it was.
	swapRefreshID = `UPDATE sessions SET refresh_id = ?, previous_refresh_id = refresh_id, rotated_at = ?, last_used_at = ?
		WHERE id = ? AND refresh_id = ? AND expires_at > ? RETURNING ` + sessionColumns
)

// CreateSession implements models.SessionStore.
func (s *Store) CreateSession(ctx context.Context, n *models.Session) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := s.write.ExecContext(ctx, insertSession, n.ID[:], n.UserID[:], n.RefreshID, n.PreviousRefreshID, millis(n.RotatedAt),
		millis(n.CreatedAt), millis(n.LastUsedAt), millis(n.ExpiresAt), n.UserAgent, n.IP)
	if isForeignKey(err) {
		err = models.ErrUserNotFound
	}
	return wrap("create session", err)
}

// LiveSession implements models.SessionStore.
func (s *Store) LiveSession(ctx context.Context, id models.ID, now time.Time) (*models.Session, *models.User, error) {
	var session sessionRow
	var user userRow
	err := s.stmts.liveSession.QueryRowContext(ctx, id[:], millis(now)).Scan(append(session.columns(), user.columns()...)...)
	if errors.Is(err, sql.ErrNoRows) {
		err = models.ErrSessionNotFound
	}
	if err != nil {
		return nil, nil, wrap("find session", err)
	}
	return session.session(), user.user(), nil
}

// SwapRefreshID implements models.SessionStore.
func (s *Store) SwapRefreshID(ctx context.Context, id models.ID, from, to string, now time.Time) (*models.Session, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var session sessionRow
	err := s.write.QueryRowContext(ctx, swapRefreshID, to, millis(now), millis(now), id[:], from, millis(now)).
		Scan(session.columns()...)
	if errors.Is(err, sql.ErrNoRows) { // another one is current: whose, the row tells
		err = s.read.QueryRowContext(ctx, `SELECT `+sessionColumns+` FROM sessions WHERE id = ? AND expires_at > ?`,
			id[:], millis(now)).Scan(session.columns()...)
	}
	if errors.Is(err, sql.ErrNoRows) {
		err = models.ErrSessionNotFound
	}
	if err != nil {
		return nil, wrap("rotate session", err)
	}
	return session.session(), nil
}

// DeleteSession implements models.SessionStore.
func (s *Store) DeleteSession(ctx context.Context, id models.ID) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := s.write.ExecContext(ctx, `DELETE FROM sessions WHERE id = ?`, id[:])
	return wrap("delete session", err)
}

// sessionRow receives sessionColumns.
type sessionRow struct {
	id, userID                                  idColumn
	refreshID, previousRefreshID, userAgent, ip string
	rotatedAt, createdAt, lastUsedAt, expiresAt int64
}

func (r *sessionRow) columns() []any {
	return []any{&r.id, &r.userID, &r.refreshID, &r.previousRefreshID, &r.rotatedAt,
		&r.createdAt, &r.lastUsedAt, &r.expiresAt, &r.userAgent, &r.ip}
}

func (r *sessionRow) session() *models.Session {
	return &models.Session{
		ID: models.ID(r.id), UserID: models.ID(r.userID), RefreshID: r.refreshID, PreviousRefreshID: r.previousRefreshID,
		RotatedAt: fromMillis(r.rotatedAt), CreatedAt: fromMillis(r.createdAt), LastUsedAt: fromMillis(r.lastUsedAt),
		ExpiresAt: fromMillis(r.expiresAt), UserAgent: r.userAgent, IP: r.ip,
	}
}
