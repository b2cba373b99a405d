package middleware

import (
	"strings"

	"github.com/gin-gonic/gin"

	"gin-blog/auth"
	"gin-blog/models"
)

var (
	// ErrNoToken says that a request has no bearer token.
	ErrNoToken = models.NewError(models.Unauthenticated, "Authentication required")
	// ErrRoleRequired says that the user lacks a role.
	ErrRoleRequired = models.NewError(models.Forbidden, "Only an admin may do this")
)

const identityKey = "identity"

// Authenticate refuses requests without a valid access token in the Authorization header (RFC 6750, section 2.1),
// or whose session has ended. It adds ErrNoToken, or an error of auth.Sessions.Authenticate.
func Authenticate(sessions *auth.Sessions) gin.HandlerFunc {
	return func(c *gin.Context) {
		token, err := bearerToken(c.Request.Header.Values("Authorization"))
		if err != nil {
			refuse(c, err)
			return
		}
		identity, err := sessions.Authenticate(c.Request.Context(), token)
		if err != nil {
			refuse(c, err)
			return
		}
		c.Set(identityKey, identity)
	}
}

// RequireRole refuses users without a role. It runs after Authenticate, which reads the role from the store, so a
// change of a role takes effect at once.
func RequireRole(role models.Role) gin.HandlerFunc {
	return func(c *gin.Context) {
		if CurrentUser(c).Role != role {
			refuse(c, ErrRoleRequired)
		}
	}
}

// CurrentSession returns the session of a request that Authenticate let through.
func CurrentSession(c *gin.Context) models.ID {
	return c.MustGet(identityKey).(*auth.Identity).SessionID
}

// CurrentUser returns the user of a request that Authenticate let through, and nil for other requests.
func CurrentUser(c *gin.Context) *models.User {
	if identity, ok := c.Value(identityKey).(*auth.Identity); ok {
		return identity.User
	}
	return nil
}

// bearerToken returns the token in the values of the Authorization header. It refuses two values.
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

// refuse ends a request with an error.
func refuse(c *gin.Context, err error) {
	_ = c.Error(err)
	c.Abort()
}
