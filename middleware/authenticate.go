package middleware

import (
	"strings"

	"github.com/gin-gonic/gin"

	"gin-blog/internal/auth"
	"gin-blog/models"
)

var (
	// ErrNoToken says that a request has no Authorization header.
	ErrNoToken = models.NewError(models.Unauthenticated, "Authentication required")
	// ErrNotBearer says that the Authorization header has no bearer token.
	ErrNotBearer = models.NewError(models.Unauthenticated, "Send the access token in a header Authorization: Bearer TOKEN")
	// errRoleRequired says that the user lacks a role.
	errRoleRequired = models.NewError(models.Forbidden, "Only an admin may do this")
)

const (
	tokenKey    = "token"
	identityKey = "identity"
)

// VerifyToken refuses requests without a valid access token in the Authorization header (RFC 6750, section 2.1). It
// asks neither the store nor for the body, so it refuses at once. It adds ErrNoToken, ErrNotBearer, or an error of
// auth.Tokens.Verify. The token's session may have ended: see Authenticate.
func VerifyToken(sessions *auth.Sessions) gin.HandlerFunc {
	return Handle(func(c *gin.Context) error {
		token, err := bearerToken(c.Request.Header.Values("Authorization"))
		if err != nil {
			return err
		}
		verified, err := sessions.Verify(token)
		c.Set(tokenKey, verified)
		return err
	})
}

// Authenticate refuses requests whose session has ended, and those of programs whose access token lacks the scope,
// which may be "" for what no program may do. It runs after VerifyToken and BufferBody. It adds the errors of
// auth.Sessions.Identify and auth.Identity.Permit.
func Authenticate(sessions *auth.Sessions, scope models.Scope) gin.HandlerFunc {
	return Handle(func(c *gin.Context) error {
		identity, err := sessions.Identify(c.Request.Context(), c.MustGet(tokenKey).(auth.VerifiedToken))
		if err != nil {
			return err
		}
		c.Set(identityKey, identity)
		return identity.Permit(scope)
	})
}

// RequireAdmin refuses users who are no admins. It runs after what finds the session, with the role that the store has
// now, so a change of a role takes effect at once.
func RequireAdmin(c *gin.Context) {
	if CurrentUser(c).Role != models.RoleAdmin {
		refuse(c, errRoleRequired)
	}
}

// CurrentIdentity returns who sent a request that Authenticate let through, and nil for other requests.
func CurrentIdentity(c *gin.Context) *auth.Identity {
	identity, _ := c.Value(identityKey).(*auth.Identity)
	return identity
}

// CurrentUser returns the user of a request that Authenticate let through, and nil for other requests.
func CurrentUser(c *gin.Context) *models.User {
	if identity := CurrentIdentity(c); identity != nil {
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
		return "", ErrNotBearer
	}
	return token, nil
}
