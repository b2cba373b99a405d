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
	AccessTTL  time.Duration // how long an access token is valid
	RefreshTTL time.Duration // how long a session lasts after login
	Grace      time.Duration // how long a replaced refresh token still gets its successor
	Rotation   bool          // whether a refresh replaces the refresh token
	Now        func() time.Time
}

// Sessions issues tokens to users who log in, and finds the users of tokens.
type Sessions struct {
	store   models.SessionStore
	tokens  *Tokens
	options SessionOptions
}

// NewSessions makes Sessions that are kept in store.
func NewSessions(store models.SessionStore, tokens *Tokens, options SessionOptions) *Sessions {
	return &Sessions{store: store, tokens: tokens, options: options}
}

// Identity is the user who sends a request, as the store has them at this moment, and the session they use.
type Identity struct {
	User      *models.User
	SessionID models.ID
}

// Grant holds the tokens of a session.
type Grant struct {
	AccessToken  string
	RefreshToken string
	ExpiresIn    time.Duration // how long the access token is valid
}

// Start opens a session for a user whose password was verified. The list of the user's sessions shows userAgent and ip.
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

// Authenticate returns the user of an access token. It returns ErrTokenExpired if the token has expired, and
// ErrInvalidToken if it is not valid or its session has ended.
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

// Refresh exchanges a refresh token for new tokens.
//
// The session's row holds the id of the current token, and one compare-and-set replaces it. A client that sends the
// same token again within the grace, because an answer was lost or two requests crossed, gets the same successor.
// After the grace, a replaced token means that somebody else has it too: the session ends (RFC 9700, section
// 4.14.2), and Refresh returns ErrInvalidToken. Its errors are otherwise those of Authenticate.
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

// End ends the session of a refresh token, also if the token was replaced. If the token is not valid or has
// expired, nothing happens.
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

// endReused ends a session whose refresh token was used twice, also if the client hangs up meanwhile.
func (s *Sessions) endReused(ctx context.Context, id models.ID) error {
	if err := s.store.DeleteSession(context.WithoutCancel(ctx), id); err != nil {
		return fmt.Errorf("end a session whose refresh token was used twice: %w", err)
	}
	return fmt.Errorf("refresh: %w: used twice", ErrInvalidToken)
}

// grant signs the tokens of a session. The access token expires no later than the session.
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

func (s *Sessions) now() time.Time { return models.StoredTime(s.options.Now()) }
