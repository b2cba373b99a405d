package auth

import (
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"gin-blog/models"
)

var (
	// ErrInvalidToken says that a token was not signed here, is of another kind, or that its session has ended.
	ErrInvalidToken = models.NewError(models.TokenInvalid, "invalid token")
	// ErrTokenExpired says that a token was signed here, and has expired.
	ErrTokenExpired = models.NewError(models.TokenExpired, "jwt expired")
)

const (
	issuer   = "gin-blog"
	audience = "gin-blog"

	accessType  = "at+jwt" // RFC 9068
	refreshType = "rt+jwt"
)

// Tokens signs and verifies JSON Web Tokens (RFC 7519) with HS256. As RFC 8725 advises, there is one algorithm,
// each type of token is explicit and has a key of its own, and every claim is checked.
type Tokens struct {
	accessKey, refreshKey []byte
	parser                *jwt.Parser
}

// accessClaims are the claims of an access token. UserID repeats the subject under the tutorial's name.
type accessClaims struct {
	jwt.RegisteredClaims
	UserID    string `json:"userId"`
	Username  string `json:"username"`
	Role      string `json:"role"`
	SessionID string `json:"sid"`
}

// refreshClaims are the claims of a refresh token. The registered claim "jti" is the session's refresh id.
type refreshClaims struct {
	jwt.RegisteredClaims
	SessionID string `json:"sid"`
}

// NewTokens makes Tokens with two different secrets of at least 32 bytes (RFC 7518, section 3.2).
// now is the clock that decides whether a token has expired.
func NewTokens(accessSecret, refreshSecret string, now func() time.Time) *Tokens {
	return &Tokens{
		accessKey:  []byte(accessSecret),
		refreshKey: []byte(refreshSecret),
		parser: jwt.NewParser(
			jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
			jwt.WithIssuer(issuer),
			jwt.WithAudience(audience),
			jwt.WithExpirationRequired(),
			jwt.WithStrictDecoding(),
			jwt.WithTimeFunc(now),
		),
	}
}

// signAccess makes an access token for a session of u, which is valid from now until expires.
func (t *Tokens) signAccess(s *models.Session, u *models.User, now, expires time.Time) (string, error) {
	claims := registered(u.ID, rand.Text(), expires)
	claims.IssuedAt = jwt.NewNumericDate(now)
	return sign(accessType, t.accessKey, accessClaims{
		RegisteredClaims: claims,
		UserID:           u.ID.Hex(),
		Username:         u.Username,
		Role:             string(u.Role),
		SessionID:        s.ID.Hex(),
	})
}

// signRefresh makes the session's current refresh token. The same refresh id always gives the same token, in every
// process. Therefore the token has no "iat".
func (t *Tokens) signRefresh(s *models.Session) (string, error) {
	return sign(refreshType, t.refreshKey, refreshClaims{
		RegisteredClaims: registered(s.UserID, s.RefreshID, s.ExpiresAt),
		SessionID:        s.ID.Hex(),
	})
}

// parseAccess verifies an access token. It returns the token's session and the id of its user.
func (t *Tokens) parseAccess(token string) (sessionID models.ID, subject string, err error) {
	var claims accessClaims
	if err := t.parse(token, accessType, t.accessKey, &claims); err != nil {
		return models.ID{}, "", err
	}
	if claims.UserID != claims.Subject || claims.IssuedAt == nil || claims.ID == "" {
		return models.ID{}, "", fmt.Errorf("parse token: %w: claims are missing", ErrInvalidToken)
	}
	sessionID, err = parseSessionID(claims.SessionID)
	return sessionID, claims.Subject, err
}

// parseRefresh verifies a refresh token. It returns the token's session and refresh id.
func (t *Tokens) parseRefresh(token string) (sessionID models.ID, refreshID string, err error) {
	var claims refreshClaims
	if err := t.parse(token, refreshType, t.refreshKey, &claims); err != nil {
		return models.ID{}, "", err
	}
	if claims.ID == "" {
		return models.ID{}, "", fmt.Errorf("parse token: %w: it has no id", ErrInvalidToken)
	}
	sessionID, err = parseSessionID(claims.SessionID)
	return sessionID, claims.ID, err
}

// parse verifies the signature and the registered claims of a token. It ignores "kid", "jku", "x5u" and "jwk" in
// the header, because the key is known. It refuses "crit", which lists extensions that the recipient must
// understand.
func (t *Tokens) parse(token, wantType string, key []byte, claims jwt.Claims) error {
	_, err := t.parser.ParseWithClaims(token, claims, func(parsed *jwt.Token) (any, error) {
		if parsed.Header["typ"] != wantType {
			return nil, fmt.Errorf("token type is not %s", wantType)
		}
		if _, ok := parsed.Header["crit"]; ok {
			return nil, errors.New("critical header parameters are not understood")
		}
		return key, nil
	})
	if errors.Is(err, jwt.ErrTokenExpired) {
		return fmt.Errorf("parse token: %w", ErrTokenExpired)
	}
	if err != nil {
		return fmt.Errorf("parse token: %w: %w", ErrInvalidToken, err)
	}
	return nil
}

func sign(typ string, key []byte, claims jwt.Claims) (string, error) {
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, claims)
	token.Header["typ"] = typ
	signed, err := token.SignedString(key)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return signed, nil
}

func registered(subject models.ID, id string, expires time.Time) jwt.RegisteredClaims {
	return jwt.RegisteredClaims{
		Issuer:    issuer,
		Audience:  jwt.ClaimStrings{audience},
		Subject:   subject.Hex(),
		ID:        id,
		ExpiresAt: jwt.NewNumericDate(expires),
	}
}

func parseSessionID(claim string) (models.ID, error) {
	id, err := models.ParseID(claim)
	if err != nil {
		return models.ID{}, fmt.Errorf("parse token: %w: %w", ErrInvalidToken, err)
	}
	return id, nil
}
