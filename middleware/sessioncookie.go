package middleware

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"gin-blog/internal/answer"
	"gin-blog/internal/auth"
	"gin-blog/models"
)

const (
	// formBudget is how many bytes the large forms of signed-in users that are being received may have together, with the
	// pages that show them again.
	formBudget = 12 << 20
	// visitorBudget is the same for visitors, whose session may have ended while they wrote.
	visitorBudget = 4 << 20
	// maxLookups is how many sessions are looked up for one request at most.
	maxLookups = 5
)

// ErrLogInFirst says that visitors are sending as many long texts as they may.
var ErrLogInFirst = models.NewError(models.Unavailable,
	"You are not logged in, and too many long texts are being sent without a login. "+
		"Log in in another window of your browser, then send this again.")

// SessionCookie keeps browsers logged in, by a cookie with a token of auth.Tokens.SignBrowser. Only the pages read
// it; for the API there are bearer tokens.
type SessionCookie struct {
	sessions        *auth.Sessions
	forms, visitors *answer.Budget
}

// NewSessionCookie returns a SessionCookie, for requests that have passed Origin.
func NewSessionCookie(sessions *auth.Sessions) *SessionCookie {
	return &SessionCookie{
		sessions: sessions,
		forms:    answer.NewBudget(answer.Bodies, formBudget),
		visitors: answer.NewBudget(answer.Bodies, visitorBudget),
	}
}

// isSecure returns whether the browser of a request reaches the site by HTTPS.
func isSecure(c *gin.Context) bool {
	return c.Request.TLS != nil || strings.HasPrefix(OriginOf(c), "https://")
}

// cookieName returns the name of the cookie of a request. Over HTTPS, it has the prefix "__Host-", so that no other
// host can set the cookie (RFC 6265bis, section 4.1.3.2). Browsers refuse such a name on plain HTTP.
func cookieName(c *gin.Context) string {
	if isSecure(c) {
		return "__Host-gin-blog-session"
	}
	return "gin-blog-session"
}

// Identify finds out who sends a request, for CurrentUser and CurrentIdentity. Somebody without a valid session is a
// visitor, and their cookie is removed. It goes after LimitBody.
//
// It reads the whole body before it looks the session up, as Authenticate does. A body that may be large has a session
// before, too, or it is charged to the small budget of visitors.
func (s *SessionCookie) Identify(c *gin.Context) { Handle(s.identify)(c) }

func (s *SessionCookie) identify(c *gin.Context) error {
	forms := s.visitors
	if size := c.Request.ContentLength; size < 0 || size >= largeBody {
		sender, err := s.find(c)
		if err != nil {
			return err
		}
		forms = s.budgetOf(sender)
	}
	release, err := bufferBody(c, forms, "The form is incomplete.")
	defer release()
	if errors.Is(err, ErrTooManyLargeBodies) && forms == s.visitors {
		return ErrLogInFirst
	}
	if err != nil {
		return err
	}
	identity, err := s.find(c)
	if err != nil {
		return err
	}
	if identity != nil {
		c.Set(identityKey, identity)
	} else if s.IsSent(c) {
		s.Clear(c)
	}
	if c.Request.Method == http.MethodPost {
		answer.ChargeTo(c, s.budgetOf(identity)) // the answer may show the form again
	}
	c.Next()
	return nil
}

// budgetOf returns the budget for what somebody sends, who is nil for a visitor.
func (s *SessionCookie) budgetOf(identity *auth.Identity) *answer.Budget {
	if identity == nil {
		return s.visitors
	}
	return s.forms
}

// find returns whose session a request has, or nil for a visitor. Several cookies may have the name, since other hosts
// can set one over plain HTTP: then the first valid one counts.
func (s *SessionCookie) find(c *gin.Context) (*auth.Identity, error) {
	lookups := 0
	for _, cookie := range c.Request.CookiesNamed(cookieName(c)) {
		token, err := s.sessions.VerifyBrowser(cookie.Value)
		if err != nil {
			continue
		}
		if lookups++; lookups > maxLookups {
			break
		}
		identity, err := s.sessions.Identify(c.Request.Context(), token)
		if err == nil {
			return identity, nil
		}
		if !errors.Is(err, auth.ErrInvalidToken) && !errors.Is(err, auth.ErrTokenExpired) {
			return nil, err
		}
	}
	return nil, nil
}

// IsSent returns whether a request has the cookie, valid or not.
func (s *SessionCookie) IsSent(c *gin.Context) bool {
	return len(c.Request.CookiesNamed(cookieName(c))) > 0
}

// Set makes the browser keep a session until it expires, and the rest of the request belong to it.
func (s *SessionCookie) Set(c *gin.Context, user *models.User, session *models.Session) error {
	token, err := s.sessions.SignBrowser(session)
	if err != nil {
		return err
	}
	http.SetCookie(c.Writer, newCookie(c, token, session.ExpiresAt))
	c.Set(identityKey, &auth.Identity{User: user, SessionID: session.ID})
	return nil
}

// Clear makes the browser forget its session.
func (s *SessionCookie) Clear(c *gin.Context) {
	cookie := newCookie(c, "", time.Unix(0, 0))
	cookie.MaxAge = -1
	http.SetCookie(c.Writer, cookie)
}

func newCookie(c *gin.Context, value string, expires time.Time) *http.Cookie {
	return &http.Cookie{
		Name: cookieName(c), Value: value, Path: "/", Expires: expires,
		Secure: isSecure(c), HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}
