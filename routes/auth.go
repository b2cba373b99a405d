package routes

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"gin-blog/auth"
	"gin-blog/middleware"
	"gin-blog/models"
)

// maxUserAgent is how many bytes of the User-Agent header a session keeps.
const maxUserAgent = 200

type registration struct {
	Username string `json:"username" validate:"required,username"`
	Password string `json:"password" validate:"required,password"`
	Email    string `json:"email" validate:"omitempty,email"`
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
	hash, err := a.Passwords.Hash(ctx, in.Password)
	if err != nil {
		return err
	}
	user := &models.User{
		ID: models.NewID(), Username: in.Username, Email: in.Email, Name: in.Name,
		Role: models.RoleUser, PasswordHash: hash, CreatedAt: a.now(),
	}
	if err := a.Store.CreateUser(ctx, user); err != nil {
		return err
	}
	return render(c, http.StatusCreated, registeredBody{Message: "User registered", User: newUserBody(user)})
}

func (a *api) login(c *gin.Context) error {
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
		user = &models.User{} // without a hash: verified all the same, so that the time does not tell who exists
	} else if err != nil {
		return err
	}
	if err := a.Passwords.Verify(ctx, user.PasswordHash, in.Password); err != nil {
		return invalidCredentials(err)
	}
	grant, err := a.Sessions.Start(ctx, user, userAgent(c), c.ClientIP())
	if err != nil {
		return invalidCredentials(err)
	}
	shown := newUserBody(user)
	return render(c, http.StatusOK, newGrantBody(grant, &shown))
}

func (a *api) refresh(c *gin.Context) error {
	var in refreshRequest
	if err := a.decode(c, &in); err != nil {
		return err
	}
	if in.RefreshToken == "" {
		return unauthorized("Refresh token required")
	}
	grant, err := a.Sessions.Refresh(c.Request.Context(), in.RefreshToken)
	if errors.Is(err, auth.ErrInvalidToken) {
		return refusedToken("UnauthorizedError", "Invalid refresh token")
	}
	if err != nil {
		return err
	}
	return render(c, http.StatusOK, newGrantBody(grant, nil))
}

func (a *api) me(c *gin.Context) error {
	return render(c, http.StatusOK, newUserBody(middleware.CurrentUser(c)))
}

// invalidCredentials hides which of name and password was wrong, and that a user vanished in between.
func invalidCredentials(err error) error {
	if errors.Is(err, auth.ErrWrongPassword) || errors.Is(err, models.ErrUserNotFound) {
		return unauthorized("Invalid credentials")
	}
	return fmt.Errorf("log in: %w", err)
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
