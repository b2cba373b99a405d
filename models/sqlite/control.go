package sqlite

import (
	"context"
	"time"

	"zombiezen.com/go/sqlite"

	"gin-blog/models"
)

// What purged users wrote is left out of every query until Sweep has removed it.
const (
	shownPosts    = `posts.author_id NOT IN (SELECT id FROM purged_users)`
	shownComments = `comments.author_id NOT IN (SELECT id FROM purged_users)`
)

func tokenFields(t *models.AccessToken) []field {
	return []field{
		{"id", &t.ID, fixed},
		{"user_id", &t.UserID, fixed},
		{"name", &t.Name, fixed},
		{"scopes", &t.Scopes, fixed},
		{"hash", &t.Hash, fixed},
		{"created_at", &t.CreatedAt, fixed},
		{"expires_at", (*optionalTime)(&t.ExpiresAt), fixed},
		{"last_used_at", (*optionalTime)(&t.LastUsedAt), fixed},
		{"password_version", &t.PasswordVersion, fixed},
	}
}

func invitationFields(i *models.Invitation) []field {
	return []field{{"id", &i.ID, fixed}, {"created_at", &i.CreatedAt, fixed}, {"expires_at", &i.ExpiresAt, fixed}}
}

func logFields(e *models.LogEntry) []field {
	return []field{
		{"id", &e.ID, fixed},
		{"actor", &e.Actor, fixed},
		{"action", &e.Action, fixed},
		{"target", &e.Target, fixed},
		{"reason", &e.Reason, fixed},
		{"created_at", &e.CreatedAt, fixed},
	}
}

var (
	// liveTokens leaves out the tokens that have ended.
	liveTokens = newTable(table[models.AccessToken]{
		name: "access_tokens", fields: tokenFields, from: `access_tokens
			JOIN users ON users.id = access_tokens.user_id AND access_tokens.password_version >= users.tokens_since`,
	})
	selectTokens = liveTokens.where(`access_tokens.user_id = ? ORDER BY access_tokens.id DESC`)

	tokenLogins = newOwned(liveTokens, "access token", models.ErrTokenNotFound, `access_tokens.hash = ?`)

	invitations = newTable(table[models.Invitation]{
		name: "invitations", fields: invitationFields, from: `invitations`,
	})
	selectInvitations = invitations.where(`expires_at > ? ORDER BY id DESC LIMIT ? + 0`)

	adminLog  = newTable(table[models.LogEntry]{name: "admin_log", fields: logFields, from: `admin_log`})
	selectLog = adminLog.where(`id < ? ORDER BY id DESC LIMIT ? + 0`)
)

// CreateAccessToken implements models.AccessTokenStore.
func (s *Store) CreateAccessToken(ctx context.Context, t *models.AccessToken) error {
	return s.write(ctx, "create access token", func(conn *sqlite.Conn) error {
		ended := `DELETE FROM access_tokens WHERE user_id = ?1
			AND password_version < (SELECT tokens_since FROM users WHERE id = ?1)`
		if err := exec(conn, ended, t.UserID); err != nil {
			return err
		}
		count, err := lookUp[int](conn, `SELECT count(*) FROM access_tokens WHERE user_id = ?`, t.UserID)
		if err != nil {
			return err
		}
		if count >= models.MaxAccessTokens {
			return models.ErrTooManyTokens
		}
		return liveTokens.insert(conn, t)
	})
}

// AccessTokens implements models.AccessTokenStore.
func (s *Store) AccessTokens(ctx context.Context, user models.ID) ([]models.AccessToken, error) {
	return readAll(ctx, s.read, "list access tokens", tokenFields, selectTokens, user)
}

// AccessTokenByHash implements models.AccessTokenStore.
func (s *Store) AccessTokenByHash(ctx context.Context, hash []byte) (*models.AccessToken, *models.User, error) {
	return readOwned(ctx, s, tokenLogins, hash)
}

// NoteTokenUse implements models.AccessTokenStore.
func (s *Store) NoteTokenUse(ctx context.Context, id models.ID, now time.Time) error {
	return s.change(ctx, "note use of access token", nil,
		`UPDATE access_tokens SET last_used_at = ?1 WHERE id = ?2 AND coalesce(last_used_at, 0) < ?1`, now, id)
}

// DeleteAccessToken implements models.AccessTokenStore.
func (s *Store) DeleteAccessToken(ctx context.Context, user, id models.ID) error {
	return s.change(ctx, "delete access token", models.ErrTokenNotFound,
		`DELETE FROM access_tokens WHERE id = ? AND user_id = ?`, id, user)
}

// CreateInvitation implements models.InvitationStore.
func (s *Store) CreateInvitation(ctx context.Context, i *models.Invitation) error {
	return s.write(ctx, "create invitation", func(conn *sqlite.Conn) error { return invitations.insert(conn, i) })
}

// Invitations implements models.InvitationStore.
func (s *Store) Invitations(ctx context.Context, now time.Time) ([]models.Invitation, error) {
	return readAll(ctx, s.read, "list invitations", invitationFields, selectInvitations, now, models.MaxInvitations)
}

// DeleteInvitation implements models.InvitationStore.
func (s *Store) DeleteInvitation(ctx context.Context, id models.ID) error {
	return s.change(ctx, "delete invitation", nil, `DELETE FROM invitations WHERE id = ?`, id)
}

// CreateInvitedUser implements models.InvitationStore.
func (s *Store) CreateInvitedUser(ctx context.Context, u *models.User, invitation models.ID, now time.Time) error {
	return models.CreateUniqueUser(ctx, s, u, func() error {
		return s.write(ctx, "create invited user", func(conn *sqlite.Conn) error {
			err := execOne(conn, models.ErrInvitationVoid, `DELETE FROM invitations WHERE id = ? AND expires_at > ?`,
				invitation, now)
			if err != nil {
				return err
			}
			return users.insert(conn, u)
		})
	})
}

// AddToLog implements models.LogStore.
func (s *Store) AddToLog(ctx context.Context, e *models.LogEntry) error {
	return s.write(ctx, "add to log", func(conn *sqlite.Conn) error { return adminLog.insert(conn, e) })
}

// Log implements models.LogStore.
func (s *Store) Log(ctx context.Context, f models.LogFilter) ([]models.LogEntry, bool, error) {
	return list(ctx, s.read, "list log", f.Limit, logFields, selectLog, before(f.After))
}

// Suspend implements models.UserStore.
func (s *Store) Suspend(ctx context.Context, id models.ID, at time.Time, reason string) (u *models.User, err error) {
	err = s.write(ctx, "suspend user", func(conn *sqlite.Conn) error {
		set := `suspended_at = NULL, suspended_for = ''`
		args := []any{id}
		if !at.IsZero() {
			set = `suspended_at = ?, suspended_for = ?,
				password_version = password_version + 1, tokens_since = password_version + 1`
			args = []any{at, reason, id}
		}
		if err := execOne(conn, models.ErrUserNotFound, `UPDATE users SET `+set+` WHERE id = ?`, args...); err != nil {
			return err
		}
		u, err = users.byID(conn, id)
		return err
	})
	return u, err
}

// PurgeUser implements models.UserStore.
func (s *Store) PurgeUser(ctx context.Context, id models.ID, now time.Time) error {
	return s.write(ctx, "purge user", func(conn *sqlite.Conn) error {
		err := execOne(conn, nil, `INSERT INTO purged_users (id, purged_at) SELECT id, ? FROM users WHERE id = ?`, now, id)
		if err != nil {
			return err
		}
		return exec(conn, `DELETE FROM users WHERE id = ?`, id)
	})
}
