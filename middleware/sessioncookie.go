package middleware

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"gin-blog/auth"
	"gin-blog/models"
)

// formBudget is how many bytes the large forms that are being received may have together.
const formBudget = 16 << 20

// SessionCookie keeps browsers logged in, by a cookie with a token of auth.Sessions.BrowserToken. Only the pages read
// it; for the API there are bearer tokens.
type SessionCookie struct {
	sessions *auth.Sessions
	name     string
	secure   bool
	forms    *budget
}

// NewSessionCookie returns a SessionCookie. A secure one goes over HTTPS only. Its name has the prefix "__Host-", so
// that no other host can set it (RFC 6265bis, section 4.1.3.2). Browsers refuse such a name on plain HTTP.
func NewSessionCookie(sessions *auth.Sessions, secure bool) *SessionCookie {
	name := "gin-blog-session"
	if secure {
		name = "__Host-" + name
	}
	return &SessionCookie{sessions: sessions, name: name, secure: secure, forms: &budget{limit: formBudget}}
}

// Identify finds out who sends a request, for CurrentUser and CurrentIdentity. Somebody without a valid session is a
// visitor, and their cookie is removed. It goes after LimitBody.
//
// It reads the whole body before it looks the session up, as Authenticate does.
func (s *SessionCookie) Identify(c *gin.Context) {
	release, err := bufferBody(c, s.forms)
	defer release()
	if err != nil {
		refuse(c, err)
		return
	}
	if s.IsSent(c) {
		err := s.identify(c)
		if errors.Is(err, auth.ErrInvalidToken) || errors.Is(err, auth.ErrTokenExpired) {
			s.Clear(c)
		} else if err != nil {
			refuse(c, err)
			return
		}
	}
	c.Next()
}

func (s *SessionCookie) identify(c *gin.Context) error {
	cookie, err := c.Request.Cookie(s.name)
	if err != nil {
		return auth.ErrInvalidToken
	}
	token, err := s.sessions.VerifyBrowser(cookie.Value)
	if err != nil {
		return err
	}
	identity, err := s.sessions.Identify(c.Request.Context(), token)
	if err != nil {
		return err
	}
	c.Set(identityKey, identity)
	return nil
}

// IsSent returns whether a request has the cookie, valid or not.
func (s *SessionCookie) IsSent(c *gin.Context) bool {
	_, err := c.Request.Cookie(s.name)
	return err == nil
}

// Set makes the browser keep a session until it expires, and the rest of the request belong to it.
func (s *SessionCookie) Set(c *gin.Context, user *models.User, session *models.Session) error {
	token, err := s.sessions.BrowserToken(session)
	if err != nil {
		return err
	}
	http.SetCookie(c.Writer, s.cookie(token, session.ExpiresAt))
	c.Set(identityKey, &auth.Identity{User: user, SessionID: session.ID})
	return nil
}

// Clear makes the browser forget its session.
func (s *SessionCookie) Clear(c *gin.Context) {
	cookie := s.cookie("", time.Unix(0, 0))
	cookie.MaxAge = -1
	http.SetCookie(c.Writer, cookie)
}

func (s *SessionCookie) cookie(value string, expires time.Time) *http.Cookie {
	return &http.Cookie{
		Name: s.name, Value: value, Path: "/", Expires: expires,
		Secure: s.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}
