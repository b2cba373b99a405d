package routes

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"gin-blog/auth"
	"gin-blog/models"
)

// maxUserAgent is how many bytes of the User-Agent header a session keeps.
const maxUserAgent = 200

// loginStore is what registering and logging in need of the store.
type loginStore interface {
	CreateUser(ctx context.Context, u *models.User) error
	UserByUsername(ctx context.Context, username string) (*models.User, error)
	UserByEmail(ctx context.Context, email string) (*models.User, error)
	RenewHash(ctx context.Context, id models.ID, from, to string) error
}

// login are the handlers under /auth that anybody may call.
type login struct {
	*decoder
	*passwordCheck
	store    loginStore
	sessions *auth.Sessions
	log      *slog.Logger
	now      func() time.Time
	logins   *prometheus.CounterVec
}

// passwordCheck checks the passwords of users, within the limits on failed attempts.
type passwordCheck struct {
	passwords *auth.Passwords
	limits    *auth.Limits
}

type registration struct {
	Username string `json:"username" validate:"required,username"`
	Password string `json:"password" validate:"required,password"`
	Email    string `json:"email" validate:"email"`
	Name     string `json:"name" validate:"name"`
}

type credentials struct {
	Username string `json:"username" validate:"required_without=Email,excluded_with=Email,login"`
	Email    string `json:"email" validate:"login"`
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

// grantBody has new tokens. Token repeats AccessToken under the first name that the tutorial gave it.
type grantBody struct {
	Token        string    `json:"token"`
	AccessToken  string    `json:"accessToken"`
	RefreshToken string    `json:"refreshToken"`
	TokenType    string    `json:"tokenType"`
	ExpiresIn    int64     `json:"expiresIn"` // seconds
	User         *userBody `json:"user,omitempty"`
}

func (h *login) register(c *gin.Context) error {
	var in registration
	if err := h.decode(c, &in); err != nil {
		return err
	}
	ctx := c.Request.Context()
	user := &models.User{
		ID: models.NewID(), Username: in.Username, Email: in.Email, Name: in.Name,
		Role: models.RoleUser, CreatedAt: models.StoredTime(h.now()),
	}
	err := h.limits.Register(ctx, c.ClientIP(), func(wait context.Context) (err error) {
		if user.PasswordHash, err = h.passwords.Hash(wait, in.Password); err != nil {
			return err
		}
		return h.store.CreateUser(ctx, user)
	})
	if err != nil {
		return err
	}
	return render(c, http.StatusCreated, registeredBody{Message: "User registered", User: newUserBody(user)})
}

// logIn calls logInUncounted and counts the outcome.
func (h *login) logIn(c *gin.Context) error {
	err := h.logInUncounted(c)
	h.logins.WithLabelValues(loginOutcome(c.Request.Context(), err)).Inc()
	return err
}

// newLogins makes the counter of logins by outcome.
func newLogins(r prometheus.Registerer) *prometheus.CounterVec {
	logins := promauto.With(r).NewCounterVec(prometheus.CounterOpts{
		Name: "gin_blog_logins_total",
		Help: "Logins by outcome: ok, malformed, refused, limited (too many failures), " +
			"busy (too many passwords to hash), failed.",
	}, []string{"outcome"})
	for _, outcome := range []string{"ok", "malformed", "refused", "limited", "busy", "failed"} {
		logins.WithLabelValues(outcome) // so that it is 0, and not absent, before the first
	}
	return logins
}

func loginOutcome(ctx context.Context, err error) string {
	if err == nil {
		return "ok"
	}
	if errors.Is(err, auth.ErrBusy) {
		return "busy"
	}
	switch toHTTP(ctx, err).status {
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

func (h *login) logInUncounted(c *gin.Context) error {
	var in credentials
	if err := h.decode(c, &in); err != nil {
		return err
	}
	ctx := c.Request.Context()
	user, err := h.findUser(ctx, &in)
	if errors.Is(err, models.ErrUserNotFound) {
		// They have no hash. It is verified too, so that the time does not tell who exists.
		user = &models.User{Username: in.Username, Email: in.Email}
	} else if err != nil {
		return err
	}
	account := user.Username
	if in.Email != "" {
		account = user.Email
	}
	if err := h.verify(c, account, user.PasswordHash, in.Password); err != nil {
		return err
	}
	grant, err := h.sessions.Start(ctx, user, userAgent(c), c.ClientIP())
	if errors.Is(err, models.ErrUserNotFound) { // deleted since it was found
		return auth.ErrWrongPassword
	}
	if err != nil {
		return err
	}
	if h.passwords.Outdated(user.PasswordHash) {
		h.renewHash(ctx, user, in.Password)
	}
	return render(c, http.StatusOK, newGrantBody(grant, new(newUserBody(user))))
}

// findUser returns the user with the given name or email address, or models.ErrUserNotFound.
func (h *login) findUser(ctx context.Context, in *credentials) (*models.User, error) {
	if in.Email != "" {
		return h.store.UserByEmail(ctx, in.Email)
	}
	return h.store.UserByUsername(ctx, in.Username)
}

// refreshToken reads the refresh token from the body.
func (h *login) refreshToken(c *gin.Context) (string, error) {
	var in refreshRequest
	if err := h.decode(c, &in); err != nil {
		return "", err
	}
	if in.RefreshToken == "" {
		return "", errNoRefreshToken
	}
	return in.RefreshToken, nil
}

// errNoRefreshToken says that a body has no refresh token.
var errNoRefreshToken = models.NewError(models.Unauthenticated, "Refresh token required")

func (h *login) refresh(c *gin.Context) error {
	token, err := h.refreshToken(c)
	if err != nil {
		return err
	}
	grant, err := h.sessions.Refresh(c.Request.Context(), token)
	if errors.Is(err, auth.ErrInvalidToken) {
		return &httpError{answer: refusedRefresh, message: "Invalid refresh token", cause: err}
	}
	if err != nil {
		return err
	}
	return render(c, http.StatusOK, newGrantBody(grant, nil))
}

func (h *login) logOut(c *gin.Context) error {
	token, err := h.refreshToken(c)
	if err != nil {
		return err
	}
	if err := h.sessions.End(c.Request.Context(), token); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// verify returns nil if a password has the given hash. A failure counts for account, the name or the email address that
// the client sent. It returns auth.ErrWrongPassword, or the errors of auth.Limits.Login.
func (p *passwordCheck) verify(c *gin.Context, account, hash, password string) error {
	return p.limits.Login(c.Request.Context(), account, c.ClientIP(), func(ctx context.Context) error {
		return p.passwords.Verify(ctx, hash, password)
	})
}

// renewHash stores a hash with the cost that new hashes have. If that fails, the login succeeds all the same: the
// next login tries again.
func (h *login) renewHash(ctx context.Context, u *models.User, password string) {
	hash, err := h.passwords.Hash(ctx, password)
	if err == nil {
		err = h.store.RenewHash(ctx, u.ID, u.PasswordHash, hash)
	}
	if err != nil {
		h.log.WarnContext(ctx, "could not renew a hash of another cost", "userId", u.ID.Hex(), "cause", err)
	}
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

// userAgent returns the User-Agent header, cut to a length and to valid UTF-8, which databases require.
func userAgent(c *gin.Context) string {
	agent := c.Request.UserAgent()
	return strings.ToValidUTF8(agent[:min(len(agent), maxUserAgent)], "")
}
