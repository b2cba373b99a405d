package routes

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"gin-blog/internal/auth"
	"gin-blog/internal/httperror"
	"gin-blog/middleware"
	"gin-blog/models"
)

// login are the handlers under /auth that anybody may call.
type login struct {
	*decoder
	accounts *auth.Accounts
	sessions *auth.Sessions
	logins   *middleware.LoginCounter
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
	RefreshToken string `json:"refreshToken" validate:"-"` // the check of the token is its rule
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
	user, err := h.accounts.Register(c.Request.Context(), auth.Registration{
		Username: in.Username, Password: in.Password, Email: in.Email, Name: in.Name,
	}, middleware.ClientOf(c))
	if err != nil {
		return err
	}
	return render(c, http.StatusCreated, registeredBody{Message: "User registered", User: newUserBody(user)})
}

// logIn calls logInUncounted and counts the outcome.
func (h *login) logIn(c *gin.Context) error {
	err := h.logInUncounted(c)
	h.logins.Count(c.Request.Context(), err)
	return err
}

func (h *login) logInUncounted(c *gin.Context) error {
	var in credentials
	if err := h.decode(c, &in); err != nil {
		return err
	}
	user, session, err := h.accounts.LogIn(c.Request.Context(),
		auth.Credentials{Username: in.Username, Email: in.Email, Password: in.Password}, middleware.ClientOf(c))
	if err != nil {
		return err
	}
	grant, err := h.sessions.Grant(session, user)
	if err != nil {
		return err
	}
	return render(c, http.StatusOK, newGrantBody(grant, new(newUserBody(user))))
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
		message := "Invalid refresh token"
		if errors.Is(err, auth.ErrAccessToken) {
			message += ": " + auth.ErrAccessToken.Error()
		}
		return &httperror.Error{Kind: httperror.RefusedRefresh, Message: message, Cause: err}
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
