package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"gin-blog/models"
)

var (
	// ErrInvalidToken says that a token has the wrong signature, type or claims, or that its session has ended.
	ErrInvalidToken = models.NewError(models.TokenInvalid, "invalid token")
	// ErrSessionEnded says that the session of a valid token has ended. Such an error is an ErrInvalidToken too.
	ErrSessionEnded = models.NewError(models.TokenInvalid, "invalid token: its session has ended, log in again")
	// ErrRefreshToken says that a refresh token was sent as an access token. Such an error is an ErrInvalidToken too.
	ErrRefreshToken = models.NewError(models.TokenInvalid, "invalid token: this is a refresh token, send the access token")
	// ErrAccessToken says that an access token was sent as a refresh token. Such an error is an ErrInvalidToken too.
	ErrAccessToken = errors.New("this is an access token")
	// ErrTokenExpired says that a token with the right signature and type has expired.
	ErrTokenExpired = models.NewError(models.TokenExpired, "jwt expired")
)

const (
	issuer   = "gin-blog"
	audience = "gin-blog"

	accessType  = "at+jwt" // of access tokens (RFC 9068, section 2.1)
	refreshType = "rt+jwt" // of refresh tokens
	browserType = "bt+jwt" // of the tokens in the cookies of browsers
	resetType   = "pr+jwt" // of the tokens in links that set a new password

	// leeway is how far the clocks of two processes may be apart.
	leeway = 30 * time.Second
)

// tokenForm is the form of a signed token: three parts in base64url without padding (RFC 7515, section 7.1).
var tokenForm = regexp.MustCompile(`^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$`)

// Tokens signs and verifies JSON Web Tokens (RFC 7519) with HS256. It follows RFC 8725: one algorithm, an explicit
// type, a key for each type, and a check of every claim.
type Tokens struct {
	accessKey, refreshKey, browserKey, resetKey []byte

	now    func() time.Time
	parser *jwt.Parser
}

// accessClaims are the claims of an access token. UserID repeats the subject under the name the tutorial gave it.
type accessClaims struct {
	jwt.RegisteredClaims
	UserID    string `json:"userId"`
	Username  string `json:"username"`
	Role      string `json:"role"`
	SessionID string `json:"sid"`
}

// refreshClaims are the claims of a refresh token. The registered claim "jti" holds the session's refresh id.
type refreshClaims struct {
	jwt.RegisteredClaims
	SessionID string `json:"sid"`
}

// browserClaims are the claims of the token in a browser's cookie.
type browserClaims struct {
	jwt.RegisteredClaims
	SessionID string `json:"sid"`
}

// NewTokens returns Tokens that sign with the two secrets, which must differ and have at least 32 bytes (RFC 7518,
// section 3.2). now is the clock that decides whether a token has expired.
func NewTokens(accessSecret, refreshSecret string, now func() time.Time) *Tokens {
	return &Tokens{
		accessKey:  []byte(accessSecret),
		refreshKey: []byte(refreshSecret),
		browserKey: deriveKey(accessSecret, "gin-blog browser session"),
		resetKey:   deriveKey(accessSecret, "gin-blog password reset"),
		now:        now,
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

// deriveKey returns a key for one purpose, so that no key signs two types of tokens (RFC 8725, section 3.12).
func deriveKey(secret, purpose string) []byte {
	hash := hmac.New(sha256.New, []byte(secret))
	hash.Write([]byte(purpose))
	return hash.Sum(nil)
}

// signAccess returns an access token for session s of user u, issued at now and valid until expires.
func (t *Tokens) signAccess(s *models.Session, u *models.User, now, expires time.Time) (string, error) {
	claims := registeredClaims(u.ID, rand.Text(), expires)
	claims.IssuedAt = jwt.NewNumericDate(now)
	return sign(accessType, t.accessKey, accessClaims{
		RegisteredClaims: claims,
		UserID:           u.ID.Hex(),
		Username:         u.Username,
		Role:             string(u.Role),
		SessionID:        s.ID.Hex(),
	})
}

// signRefresh returns the current refresh token of session s. Every process signs the same token for the same refresh
// id at any time, so the token has no "iat".
func (t *Tokens) signRefresh(s *models.Session) (string, error) {
	return sign(refreshType, t.refreshKey, refreshClaims{
		RegisteredClaims: registeredClaims(s.UserID, s.RefreshID, s.ExpiresAt),
		SessionID:        s.ID.Hex(),
	})
}

// signBrowser returns the token of session s for the cookie of a browser. It is not replaced while the session lasts,
// because a browser sends requests of several tabs at once.
func (t *Tokens) signBrowser(s *models.Session) (string, error) {
	return sign(browserType, t.browserKey, browserClaims{
		RegisteredClaims: registeredClaims(s.UserID, rand.Text(), s.ExpiresAt),
		SessionID:        s.ID.Hex(),
	})
}

// parseBrowser verifies the token of a browser and returns the ids of its session and of its user. It returns the
// errors of parse.
func (t *Tokens) parseBrowser(token string) (sessionID models.ID, subject string, err error) {
	var claims browserClaims
	if err := t.parse(token, browserType, t.browserKey, &claims); err != nil {
		return models.ID{}, "", err
	}
	sessionID, err = parseSessionID(claims.SessionID)
	return sessionID, claims.Subject, err
}

// parseAccess verifies an access token and returns the ids of its session and of its user. It returns the errors of
// parse.
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

// parseRefresh verifies a refresh token and returns the id of its session and the refresh id. It returns the errors of
// parse.
func (t *Tokens) parseRefresh(token string) (sessionID models.ID, refreshID string, err error) {
	var claims refreshClaims
	if err := t.parse(token, refreshType, t.refreshKey, &claims); err != nil {
		return models.ID{}, "", err
	}
	if claims.ID == "" {
		return models.ID{}, "", fmt.Errorf("parse token: %w: the id is missing", ErrInvalidToken)
	}
	sessionID, err = parseSessionID(claims.SessionID)
	return sessionID, claims.ID, err
}

// parse verifies the signature, the type and the registered claims of a token and decodes it into claims. It returns
// ErrTokenExpired if the token has expired, and ErrInvalidToken for any other fault.
//
// It ignores the header fields that name a key ("kid", "jku", "x5u", "jwk") and always uses key. It refuses a token
// with "crit", which lists extensions that the server must support (RFC 7515, section 4.1.11): it supports none.
func (t *Tokens) parse(token, wantType string, key []byte, claims jwt.Claims) error {
	if !tokenForm.MatchString(token) { // a decoder of base64 ignores line breaks
		return fmt.Errorf("parse token: %w: it has another form", ErrInvalidToken)
	}
	_, err := t.parser.ParseWithClaims(token, claims, func(parsed *jwt.Token) (any, error) {
		if parsed.Header["typ"] != wantType {
			return nil, typeError(parsed.Header["typ"])
		}
		if _, ok := parsed.Header["crit"]; ok {
			return nil, errors.New("the header asks for an extension")
		}
		return key, checkDates(token)
	})
	if errors.Is(err, jwt.ErrTokenExpired) {
		return fmt.Errorf("parse token: %w", ErrTokenExpired)
	}
	if errors.Is(err, ErrRefreshToken) { // comes first, because clients see the message of the first
		return fmt.Errorf("parse token: %w: %w", ErrRefreshToken, ErrInvalidToken)
	}
	if err != nil {
		return fmt.Errorf("parse token: %w: %w", ErrInvalidToken, err)
	}
	issued, err := claims.GetIssuedAt()
	if err != nil || issued != nil && issued.After(t.now().Add(leeway)) {
		return fmt.Errorf("parse token: %w: it is from the future", ErrInvalidToken)
	}
	return nil
}

// typeError returns what is wrong with a token whose type is not the wanted one.
func typeError(given any) error {
	switch given {
	case accessType:
		return ErrAccessToken
	case refreshType:
		return ErrRefreshToken
	default:
		return errors.New("the type is another one")
	}
}

// checkDates fails unless the dates in the claims of a token are numbers (RFC 7519, section 2). The parser accepts
// strings too.
func checkDates(token string) error {
	_, rest, _ := strings.Cut(token, ".")
	payload, _, _ := strings.Cut(rest, ".")
	claims, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		return fmt.Errorf("decode claims: %w", err)
	}
	var dates struct {
		ExpiresAt *float64 `json:"exp"`
		IssuedAt  *float64 `json:"iat"`
		NotBefore *float64 `json:"nbf"`
	}
	if err := json.Unmarshal(claims, &dates); err != nil {
		return fmt.Errorf("decode dates: %w", err)
	}
	return nil
}

// sign returns a token of the given type.
func sign(typ string, key []byte, claims jwt.Claims) (string, error) {
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, claims)
	token.Header["typ"] = typ
	signed, err := token.SignedString(key)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return signed, nil
}

// registeredClaims returns the claims that every token has.
func registeredClaims(subject models.ID, id string, expires time.Time) jwt.RegisteredClaims {
	return jwt.RegisteredClaims{
		Issuer:    issuer,
		Audience:  jwt.ClaimStrings{audience},
		Subject:   subject.Hex(),
		ID:        id,
		ExpiresAt: jwt.NewNumericDate(expires),
	}
}

// parseSessionID returns the id in the claim "sid", or ErrInvalidToken.
func parseSessionID(claim string) (models.ID, error) {
	id, err := models.ParseID(claim)
	if err != nil {
		return models.ID{}, fmt.Errorf("parse token: %w: %w", ErrInvalidToken, err)
	}
	return id, nil
}
