package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"gin-blog/models"
)

// SessionOptions are how long tokens live and how refresh tokens change.
type SessionOptions struct {
	AccessTTL  time.Duration // how long an access token is good
	RefreshTTL time.Duration // how long a session lasts from login, whatever its use
	Grace      time.Duration // how long a rotated refresh token still gets its successor
	Rotation   bool          // whether a refresh replaces the refresh token
	Now        func() time.Time
}

// Sessions turns logins into tokens and tokens into users.
type Sessions struct {
	store   models.SessionStore
	tokens  *Tokens
	options SessionOptions
}

// NewSessions makes Sessions that keep their rows in store.
func NewSessions(store models.SessionStore, tokens *Tokens, options SessionOptions) *Sessions {
	return &Sessions{store: store, tokens: tokens, options: options}
}

// Identity is who sends a request, as the store knows them at this moment.
type Identity struct {
	User      *models.User
	SessionID models.ID
}

// Grant is what a client gets to prove itself with.
type Grant struct {
	AccessToken  string
	RefreshToken string
	ExpiresIn    time.Duration // what is left of the access token's life
}

// Start opens a session for a user who proved their password. userAgent and ip are what the user will see in the
// list of their sessions.
func (s *Sessions) Start(ctx context.Context, u *models.User, userAgent, ip string) (*Grant, error) {
	now := s.now()
	session := &models.Session{
		ID: models.NewID(), UserID: u.ID, RefreshID: rand.Text(), RotatedAt: now,
		CreatedAt: now, LastUsedAt: now, ExpiresAt: now.Add(s.options.RefreshTTL),
		UserAgent: userAgent, IP: ip, PasswordVersion: u.PasswordVersion,
	}
	if err := s.store.CreateSession(ctx, session); err != nil {
		return nil, err
	}
	return s.grant(session, u, now)
}

// Authenticate returns who an access token speaks for. A token whose session ended is ErrInvalidToken.
func (s *Sessions) Authenticate(ctx context.Context, accessToken string) (*Identity, error) {
	id, subject, err := s.tokens.parseAccess(accessToken)
	if err != nil {
		return nil, err
	}
	_, user, err := s.store.LiveSession(ctx, id, s.now())
	if errors.Is(err, models.ErrSessionNotFound) {
		return nil, fmt.Errorf("authenticate: %w: %w", ErrInvalidToken, err)
	}
	if err != nil {
		return nil, err
	}
	if user.ID.Hex() != subject {
		return nil, fmt.Errorf("authenticate: %w: the session is another user's", ErrInvalidToken)
	}
	return &Identity{User: user, SessionID: id}, nil
}

// Refresh trades a refresh token for new tokens.
//
// The session's row holds the id of the token that is good now, and one compare-and-set replaces it. Who comes second
// with the same token within the grace, because an answer was lost or two requests crossed, gets the same successor.
// After that a replaced token means that somebody else has it too: the session ends (RFC 9700, section 4.14.2) and the
// answer is ErrInvalidToken.
func (s *Sessions) Refresh(ctx context.Context, refreshToken string) (*Grant, error) {
	id, from, err := s.tokens.parseRefresh(refreshToken)
	if err != nil {
		return nil, err
	}
	now := s.now()
	to := from
	if s.options.Rotation {
		to = rand.Text()
	}
	session, err := s.store.SwapRefreshID(ctx, id, from, to, now)
	if errors.Is(err, models.ErrSessionNotFound) {
		return nil, fmt.Errorf("refresh: %w: %w", ErrInvalidToken, err)
	}
	if err != nil {
		return nil, err
	}

	swapped := session.RefreshID == to
	inGrace := session.PreviousRefreshID == from && now.Before(session.RotatedAt.Add(s.options.Grace))
	if !swapped && !inGrace {
		return nil, s.endReused(ctx, id)
	}
	session, user, err := s.store.LiveSession(ctx, id, now) // the password may have changed
	if errors.Is(err, models.ErrSessionNotFound) {
		return nil, fmt.Errorf("refresh: %w: %w", ErrInvalidToken, err)
	}
	if err != nil {
		return nil, err
	}
	return s.grant(session, user, now)
}

// End ends the session of a refresh token, whether or not the token is still the current one. A token that is none of
// ours, or no more, ends nothing.
func (s *Sessions) End(ctx context.Context, refreshToken string) error {
	id, _, err := s.tokens.parseRefresh(refreshToken)
	if errors.Is(err, ErrInvalidToken) || errors.Is(err, ErrTokenExpired) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.store.DeleteSession(ctx, id)
}

// endReused ends a session whose refresh token was stolen. A client that hangs up does not stop it.
func (s *Sessions) endReused(ctx context.Context, id models.ID) error {
	if err := s.store.DeleteSession(context.WithoutCancel(ctx), id); err != nil {
		return fmt.Errorf("end a session whose refresh token was used twice: %w", err)
	}
	return fmt.Errorf("refresh: %w: used twice", ErrInvalidToken)
}

// grant signs the tokens of a session. No access token outlives its session.
func (s *Sessions) grant(session *models.Session, u *models.User, now time.Time) (*Grant, error) {
	expires := now.Add(s.options.AccessTTL)
	if session.ExpiresAt.Before(expires) {
		expires = session.ExpiresAt
	}
	access, err := s.tokens.signAccess(session, u, now, expires)
	if err != nil {
		return nil, err
	}
	refresh, err := s.tokens.signRefresh(session)
	if err != nil {
		return nil, err
	}
	return &Grant{AccessToken: access, RefreshToken: refresh, ExpiresIn: expires.Sub(now)}, nil
}

// now is the time to the millisecond, which is what stores keep.
func (s *Sessions) now() time.Time { return s.options.Now().UTC().Truncate(time.Millisecond) }
