package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"gin-blog/models"
)

// noteUseEvery is how often the use of a browser's session is noted at most, because each note is a write.
const noteUseEvery = time.Minute

// SessionOptions say how long tokens are valid and whether refresh tokens rotate.
type SessionOptions struct {
	AccessTTL  time.Duration    // how long an access token is valid
	RefreshTTL time.Duration    // how long a session lasts after login, even if it is used
	Grace      time.Duration    // how long a replaced refresh token may still be used
	Rotation   bool             // whether each refresh replaces the refresh token
	Now        func() time.Time // the clock
}

// Sessions issues tokens to users and finds the user of a token.
type Sessions struct {
	*Tokens
	store   SessionStore
	options SessionOptions
}

// SessionStore keeps sessions, and the access tokens of programs.
type SessionStore interface {
	models.SessionStore
	models.AccessTokenStore
}

// NewSessions returns Sessions that are kept in store and use tokens to sign.
func NewSessions(store SessionStore, tokens *Tokens, options SessionOptions) *Sessions {
	return &Sessions{Tokens: tokens, store: store, options: options}
}

// Client is who sends a request, as far as the server can tell.
type Client struct {
	UserAgent string
	IP        string
}

// Identity is the user who sent a request, as stored at that moment, and the session the request belongs to, or the
// access token of the program that sent it.
type Identity struct {
	User      *models.User
	SessionID models.ID
	Token     *models.AccessToken // nil for a session
}

// Grant is a pair of tokens for a client.
type Grant struct {
	AccessToken  string
	RefreshToken string
	ExpiresIn    time.Duration // how long the access token is valid from now
}

// Start creates a session for a user whose password was verified. The list of the user's sessions shows the client.
// Start returns the errors of models.SessionStore.CreateSession.
func (s *Sessions) Start(ctx context.Context, u *models.User, client Client) (*models.Session, error) {
	now := s.now()
	session := &models.Session{
		ID: models.NewID(), UserID: u.ID, RefreshID: rand.Text(), RotatedAt: now,
		CreatedAt: now, LastUsedAt: now, ExpiresAt: now.Add(s.options.RefreshTTL),
		UserAgent: client.UserAgent, IP: client.IP, PasswordVersion: u.PasswordVersion,
	}
	if err := s.store.CreateSession(ctx, session); err != nil {
		return nil, err
	}
	return session, nil
}

// Grant signs tokens for a session of user u. The access token expires with the session at the latest.
func (s *Sessions) Grant(session *models.Session, u *models.User) (*Grant, error) {
	now := s.now()
	expires := now.Add(s.options.AccessTTL)
	if session.ExpiresAt.Before(expires) {
		expires = session.ExpiresAt
	}
	access, err := s.signAccess(session, u, now, expires)
	if err != nil {
		return nil, err
	}
	refresh, err := s.signRefresh(session)
	if err != nil {
		return nil, err
	}
	return &Grant{AccessToken: access, RefreshToken: refresh, ExpiresIn: expires.Sub(now)}, nil
}

// Identify returns the user and the session of a verified token. It returns ErrSessionEnded if the session has ended.
// For the token of a program, it returns ErrInvalidToken or ErrTokenExpired if that is no longer good.
//
// It notes the use of a browser's session, at most once a minute. Other sessions are noted when their tokens are
// refreshed.
func (s *Sessions) Identify(ctx context.Context, token VerifiedToken) (*Identity, error) {
	if token.hash != nil {
		return s.identifyProgram(ctx, token.hash)
	}
	now := s.now()
	session, user, err := s.store.LiveSession(ctx, token.sessionID, now)
	if err != nil {
		return nil, sessionError("identify", err)
	}
	if user.ID.Hex() != token.userID {
		return nil, fmt.Errorf("identify: %w: the session belongs to another user", ErrInvalidToken)
	}
	if token.browser && now.Sub(session.LastUsedAt) >= noteUseEvery {
		_ = s.store.NoteSessionUse(ctx, session.ID, now) // the next request tries again
	}
	return &Identity{User: user, SessionID: token.sessionID}, nil
}

// Confirm looks the session of an identity up once more, for a call that took long. It returns ErrInvalidToken if the
// session has ended.
func (s *Sessions) Confirm(ctx context.Context, identity *Identity) error {
	_, err := s.Identify(ctx, VerifiedToken{sessionID: identity.SessionID, userID: identity.User.ID.Hex()})
	return err
}

// Refresh returns new tokens for a refresh token. It returns ErrTokenExpired if the refresh token has expired, and
// ErrInvalidToken if it is not valid, was replaced longer ago than the grace period, or its session has ended.
//
// The session stores the id of its current refresh token, and a refresh replaces that id in one compare-and-swap. A
// client may send the same token twice, because an answer was lost or two requests crossed. Within the grace period
// both requests therefore get the same new token. If a replaced token is used later, it was probably stolen, so Refresh
// ends the session (RFC 9700, section 4.14.2).
func (s *Sessions) Refresh(ctx context.Context, refreshToken string) (*Grant, error) {
	token, err := s.verify(s.refresh, refreshToken)
	if err != nil {
		return nil, err
	}
	now := s.now()
	id, oldRefreshID, newRefreshID := token.sessionID, token.id, token.id
	if s.options.Rotation {
		newRefreshID = rand.Text()
	}
	session, err := s.store.SwapRefreshID(ctx, id, oldRefreshID, newRefreshID, now)
	if err != nil {
		return nil, sessionError("refresh", err)
	}

	swapped := session.RefreshID == newRefreshID
	if !swapped && (session.PreviousRefreshID != oldRefreshID || !s.inGrace(session, now)) {
		// Also if ctx is canceled, so a thief cannot save the session by closing the connection.
		if err := s.store.DeleteSession(context.WithoutCancel(ctx), id); err != nil {
			return nil, fmt.Errorf("end a session whose refresh token was used twice: %w", err)
		}
		return nil, fmt.Errorf("refresh: %w: used twice", ErrInvalidToken)
	}
	session, user, err := s.store.LiveSession(ctx, id, now) // the password may have changed
	if err != nil {
		return nil, sessionError("refresh", err)
	}
	return s.Grant(session, user)
}

// inGrace tells whether the previous refresh token of a session may still be used at now. If the clock was set back, it
// may not: otherwise the token would work until the clock had caught up.
func (s *Sessions) inGrace(session *models.Session, now time.Time) bool {
	return !now.Before(session.RotatedAt.Add(-leeway)) && now.Before(session.RotatedAt.Add(s.options.Grace))
}

// End ends the session of a refresh token, even if the token was replaced. It does nothing, and returns nil, if the
// token is not valid or has expired.
func (s *Sessions) End(ctx context.Context, refreshToken string) error {
	token, err := s.verify(s.refresh, refreshToken)
	if errors.Is(err, ErrInvalidToken) || errors.Is(err, ErrTokenExpired) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.store.DeleteSession(ctx, token.sessionID)
}

// now returns the time as stores keep it.
func (s *Sessions) now() time.Time { return models.StoredTime(s.options.Now()) }

// sessionError returns the error of a store that was asked for the session of a token. It returns ErrSessionEnded,
// wrapped with the action, if the session has ended.
func sessionError(action string, err error) error {
	if errors.Is(err, models.ErrSessionNotFound) {
		return fmt.Errorf("%s: %w: %w", action, ErrSessionEnded, ErrInvalidToken)
	}
	return err
}
