package routes

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"gin-blog/blog"
	"gin-blog/internal/auth"
	"gin-blog/middleware"
	"gin-blog/models"
)

// userBody is a user as they see themselves.
type userBody struct {
	ID       string `json:"_id"`
	Username string `json:"username"`
	models.Profile
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

func (h *api) register(c *gin.Context) error {
	var in blog.NewAccount
	if err := h.decode(c, &in); err != nil {
		return err
	}
	user, err := h.Blog.Register(c.Request.Context(), in, middleware.ClientOf(c))
	if err != nil {
		return err
	}
	return render(c, http.StatusCreated, registeredBody{Message: "User registered", User: newUserBody(user)})
}

// logIn calls logInUncounted and counts the outcome.
func (h *api) logIn(c *gin.Context) error {
	err := h.logInUncounted(c)
	h.Base.Logins.Count(err)
	return err
}

func (h *api) logInUncounted(c *gin.Context) error {
	var in blog.Credentials
	if err := h.decode(c, &in); err != nil {
		return err
	}
	user, session, err := h.Blog.LogIn(c.Request.Context(), in, middleware.ClientOf(c))
	if err != nil {
		return err
	}
	grant, err := h.Blog.Sessions.Grant(session, user)
	if err != nil {
		return err
	}
	return render(c, http.StatusOK, newGrantBody(grant, new(newUserBody(user))))
}

// refreshToken reads the refresh token from the body.
func (h *api) refreshToken(c *gin.Context) (string, error) {
	var in struct {
		RefreshToken string `json:"refreshToken"`
	}
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

func (h *api) refresh(c *gin.Context) error {
	token, err := h.refreshToken(c)
	if err != nil {
		return err
	}
	grant, err := h.Blog.Sessions.Refresh(c.Request.Context(), token)
	if errors.Is(err, auth.ErrInvalidToken) {
		message := "Invalid refresh token"
		if errors.Is(err, auth.ErrAccessToken) {
			message += ": " + auth.ErrAccessToken.Error()
		}
		return models.Refuse(models.RefreshInvalid, err, "%s", message)
	}
	if err != nil {
		return err
	}
	return render(c, http.StatusOK, newGrantBody(grant, nil))
}

func (h *api) logOut(c *gin.Context) error {
	token, err := h.refreshToken(c)
	if err != nil {
		return err
	}
	return done(c, h.Blog.Sessions.End(c.Request.Context(), token))
}

func newUserBody(u *models.User) userBody {
	return userBody{u.ID.Hex(), u.Username, u.Profile(), u.Role, timestamp(u.CreatedAt)}
}

func newGrantBody(g *auth.Grant, user *userBody) grantBody {
	return grantBody{
		Token: g.AccessToken, AccessToken: g.AccessToken, RefreshToken: g.RefreshToken,
		TokenType: "Bearer", ExpiresIn: int64(g.ExpiresIn / time.Second), User: user,
	}
}
