package routes

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"gin-blog/auth"
	"gin-blog/middleware"
	"gin-blog/models"
)

// maxUserAgent is how many bytes of the User-Agent header a session keeps.
const maxUserAgent = 200

type registration struct {
	Username string `json:"username" validate:"required,username"`
	Password string `json:"password" validate:"required,password"`
	Email    string `json:"email" validate:"email"`
	Name     string `json:"name" validate:"name"`
}

type credentials struct {
	Username string `json:"username" validate:"required_without=Email,excluded_with=Email"`
	Email    string `json:"email"`
	Password string `json:"password" validate:"required"`
}

type refreshRequest struct {
	RefreshToken string `json:"refreshToken"`
}

// userBody is a user as they see themselves.
type userBody struct {
	ID        string      `json:"_id"`
	Username  string      `json:"username"`
	Name      string      `json:"name"`
	Email     string      `json:"email"`
	Bio       string      `json:"bio"`
	Role      models.Role `json:"role"`
	CreatedAt timestamp   `json:"createdAt"`
}

type registeredBody struct {
	Message string   `json:"message"`
	User    userBody `json:"user"`
}

// grantBody carries new tokens. Token repeats AccessToken under the name that the tutorial gave it first.
type grantBody struct {
	Token        string    `json:"token"`
	AccessToken  string    `json:"accessToken"`
	RefreshToken string    `json:"refreshToken"`
	TokenType    string    `json:"tokenType"`
	ExpiresIn    int64     `json:"expiresIn"` // seconds
	User         *userBody `json:"user,omitempty"`
}

func (a *api) register(c *gin.Context) error {
	var in registration
	if err := a.decode(c, &in); err != nil {
		return err
	}
	ctx := c.Request.Context()
	user := &models.User{
		ID: models.NewID(), Username: in.Username, Email: in.Email, Name: in.Name, Role: models.RoleUser, CreatedAt: a.now(),
	}
	err := a.Limits.Register(ctx, c.ClientIP(), func() (err error) {
		if user.PasswordHash, err = a.Passwords.Hash(ctx, in.Password); err != nil {
			return err
		}
		return a.Store.CreateUser(ctx, user)
	})
	if err != nil {
		return err
	}
	return render(c, http.StatusCreated, registeredBody{Message: "User registered", User: newUserBody(user)})
}

// login counts how logins end.
func (a *api) login(c *gin.Context) error {
	err := a.tryLogin(c)
	a.logins.WithLabelValues(loginOutcome(err)).Inc()
	return err
}

// newLogins is the counter of logins by outcome.
func newLogins(r prometheus.Registerer) *prometheus.CounterVec {
	logins := promauto.With(r).NewCounterVec(prometheus.CounterOpts{
		Name: "gin_blog_logins_total",
		Help: "Logins by outcome: ok, malformed, refused, limited (too many failures), busy (too many passwords to hash), failed.",
	}, []string{"outcome"})
	for _, outcome := range []string{"ok", "malformed", "refused", "limited", "busy", "failed"} {
		logins.WithLabelValues(outcome) // is 0, and not absent, before the first
	}
	return logins
}

func loginOutcome(err error) string {
	if err == nil {
		return "ok"
	}
	if errors.Is(err, auth.ErrBusy) {
		return "busy"
	}
	switch toHTTP(err).status {
	case http.StatusUnauthorized:
		return "refused"
	case http.StatusTooManyRequests:
		return "limited"
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType:
		return "malformed"
	default:
		return "failed"
	}
}

func (a *api) tryLogin(c *gin.Context) error {
	var in credentials
	if err := a.decode(c, &in); err != nil {
		return err
	}
	ctx := c.Request.Context()
	find, name := a.Store.UserByUsername, in.Username
	if in.Email != "" {
		find, name = a.Store.UserByEmail, in.Email
	}
	user, err := find(ctx, name)
	if errors.Is(err, models.ErrUserNotFound) {
		user = &models.User{Username: name} // without a hash: verified all the same, so that the time does not tell who exists
	} else if err != nil {
		return err
	}
	if err := a.verify(c, user, in.Password); err != nil {
		return err
	}
	grant, err := a.Sessions.Start(ctx, user, userAgent(c), c.ClientIP())
	if err != nil {
		return invalidCredentials(err)
	}
	if a.Passwords.Outdated(user.PasswordHash) {
		a.renewHash(ctx, user, in.Password)
	}
	shown := newUserBody(user)
	return render(c, http.StatusOK, newGrantBody(grant, &shown))
}

// refreshToken reads the refresh token that a body must have.
func (a *api) refreshToken(c *gin.Context) (string, error) {
	var in refreshRequest
	if err := a.decode(c, &in); err != nil {
		return "", err
	}
	if in.RefreshToken == "" {
		return "", unauthorized("Refresh token required")
	}
	return in.RefreshToken, nil
}

func (a *api) refresh(c *gin.Context) error {
	token, err := a.refreshToken(c)
	if err != nil {
		return err
	}
	grant, err := a.Sessions.Refresh(c.Request.Context(), token)
	if errors.Is(err, auth.ErrInvalidToken) {
		return refusedToken("UnauthorizedError", "Invalid refresh token")
	}
	if err != nil {
		return err
	}
	return render(c, http.StatusOK, newGrantBody(grant, nil))
}

func (a *api) logout(c *gin.Context) error {
	token, err := a.refreshToken(c)
	if err != nil {
		return err
	}
	if err := a.Sessions.End(c.Request.Context(), token); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

func (a *api) me(c *gin.Context) error {
	return render(c, http.StatusOK, newUserBody(middleware.CurrentUser(c)))
}

// verify checks the password of a user, within the limits on failed tries.
func (a *api) verify(c *gin.Context, u *models.User, password string) error {
	ctx := c.Request.Context()
	err := a.Limits.Login(ctx, u.Username, c.ClientIP(), func(ctx context.Context) error {
		return a.Passwords.Verify(ctx, u.PasswordHash, password)
	})
	return invalidCredentials(err)
}

// renewHash stores a hash of the cost that new ones get. The login does not fail where that fails: the next one tries
// again.
func (a *api) renewHash(ctx context.Context, u *models.User, password string) {
	hash, err := a.Passwords.Hash(ctx, password)
	if err == nil {
		err = a.Store.RenewHash(ctx, u.ID, u.PasswordHash, hash)
	}
	if err != nil {
		a.Log.WarnContext(ctx, "could not renew a hash of another cost", "userId", u.ID.Hex(), "cause", err)
	}
}

// invalidCredentials hides which of name and password was wrong, and that a user vanished in between.
func invalidCredentials(err error) error {
	if errors.Is(err, auth.ErrWrongPassword) || errors.Is(err, models.ErrUserNotFound) {
		return unauthorized("Invalid credentials")
	}
	return err
}

func newUserBody(u *models.User) userBody {
	return userBody{
		ID: u.ID.Hex(), Username: u.Username, Name: u.Name, Email: u.Email, Bio: u.Bio,
		Role: u.Role, CreatedAt: timestamp(u.CreatedAt),
	}
}

func newGrantBody(g *auth.Grant, user *userBody) grantBody {
	return grantBody{
		Token: g.AccessToken, AccessToken: g.AccessToken, RefreshToken: g.RefreshToken,
		TokenType: "Bearer", ExpiresIn: int64(g.ExpiresIn / time.Second), User: user,
	}
}

// userAgent is what the client calls itself, cut to a length and to the text that a database takes.
func userAgent(c *gin.Context) string {
	ua := c.Request.UserAgent()
	return strings.ToValidUTF8(ua[:min(len(ua), maxUserAgent)], "")
}

// now is the time to the millisecond, which is what stores keep.
func (a *api) now() time.Time { return a.Now().UTC().Truncate(time.Millisecond) }
