package middleware

import (
	"errors"
	"strings"

	"github.com/gin-gonic/gin"

	"gin-blog/auth"
	"gin-blog/models"
)

// ErrNoToken says that a request carries no bearer token.
var ErrNoToken = errors.New("no bearer token")

const identityKey = "identity"

// Authenticate lets only requests through whose Authorization header carries a good access token (RFC 6750, section
// 2.1) of a session that still lives. It adds ErrNoToken, or the error of auth.Sessions.Authenticate.
func Authenticate(sessions *auth.Sessions) gin.HandlerFunc {
	return func(c *gin.Context) {
		token, err := bearerToken(c.Request.Header.Values("Authorization"))
		if err != nil {
			_ = c.Error(err)
			c.Abort()
			return
		}
		identity, err := sessions.Authenticate(c.Request.Context(), token)
		if err != nil {
			_ = c.Error(err)
			c.Abort()
			return
		}
		c.Set(identityKey, identity)
	}
}

// ErrRoleRequired says that the user who is signed in lacks a role.
var ErrRoleRequired = errors.New("role required")

// RequireRole lets only users of a role through. It goes behind Authenticate, which reads the role from the store, so a
// role that was taken away is gone at once.
func RequireRole(role models.Role) gin.HandlerFunc {
	return func(c *gin.Context) {
		if CurrentUser(c).Role != role {
			_ = c.Error(ErrRoleRequired)
			c.Abort()
		}
	}
}

// CurrentSession returns the id of the session that the request belongs to. It goes behind Authenticate.
func CurrentSession(c *gin.Context) models.ID {
	return c.MustGet(identityKey).(*auth.Identity).SessionID
}

// CurrentUser returns who sent the request, nil where no Authenticate ran before.
func CurrentUser(c *gin.Context) *models.User {
	if identity, ok := c.Value(identityKey).(*auth.Identity); ok {
		return identity.User
	}
	return nil
}

// bearerToken takes the token out of the values of the Authorization header. Two values contradict one another.
func bearerToken(values []string) (string, error) {
	if len(values) > 1 {
		return "", auth.ErrInvalidToken
	}
	if len(values) == 0 {
		return "", ErrNoToken
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return "", ErrNoToken
	}
	return token, nil
}
