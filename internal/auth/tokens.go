package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
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
	// ErrResetVoid says that a link to set a new password does not work, or no longer.
	ErrResetVoid = models.NewError(models.Forbidden, "This link was already used, or is older than an hour")
)

// ResetTTL is how long a link that sets a new password works.
const ResetTTL = time.Hour

const (
	issuer   = "gin-blog"
	audience = "gin-blog"

	accessType  = "at+jwt" // of access tokens (RFC 9068, section 2.1)
	refreshType = "rt+jwt" // of refresh tokens
	browserType = "bt+jwt" // of the tokens in the cookies of browsers

	// leeway is how far the clocks of two processes may be apart.
	leeway = 30 * time.Second
)

// tokenForm is the form of a signed token: three parts in base64url without padding (RFC 7515, section 7.1).
var tokenForm = regexp.MustCompile(`^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$`)

// Tokens signs and verifies JSON Web Tokens (RFC 7519) with HS256. It follows RFC 8725: one algorithm, an explicit
// type, a key for each type, and a check of every claim.
type Tokens struct {
	access, refresh, browser, reset, invitation kind

	now    func() time.Time
	parser *jwt.Parser
}

// kind is what tells the tokens of one purpose from all others: their type and their key.
type kind struct {
	typ string
	key []byte
}

// claims are the claims of all kinds of tokens.
type claims struct {
	jwt.RegisteredClaims        // "jti" of a refresh token is the session's refresh id
	SessionID            string `json:"sid,omitempty"`

	// What an access token says of its user. UserID repeats the subject under the name the tutorial gave it.
	UserID   string      `json:"userId,omitempty"`
	Username string      `json:"username,omitempty"`
	Role     models.Role `json:"role,omitempty"`

	// The version of the password that a token replaces. So the token works once.
	PasswordVersion int64 `json:"passwordVersion,omitempty"`
}

// UnmarshalJSON implements json.Unmarshaler. It fails unless the dates are numbers (RFC 7519, section 2): the parser
// accepts strings too.
func (c *claims) UnmarshalJSON(data []byte) error {
	var dates struct {
		ExpiresAt *float64 `json:"exp"`
		IssuedAt  *float64 `json:"iat"`
		NotBefore *float64 `json:"nbf"`
	}
	if err := json.Unmarshal(data, &dates); err != nil {
		return fmt.Errorf("decode dates: %w", err)
	}
	type plain claims
	return json.Unmarshal(data, (*plain)(c))
}

// NewTokens returns Tokens that sign with the two secrets, which must differ and have at least 32 bytes (RFC 7518,
// section 3.2). now is the clock that decides whether a token has expired.
func NewTokens(accessSecret, refreshSecret string, now func() time.Time) *Tokens {
	return &Tokens{
		access:  kind{accessType, []byte(accessSecret)},
		refresh: kind{refreshType, []byte(refreshSecret)},
		browser: kind{browserType, deriveKey(accessSecret, "gin-blog browser session")},
		reset:   kind{"pr+jwt", deriveKey(accessSecret, "gin-blog password reset")},

		invitation: kind{"in+jwt", deriveKey(accessSecret, "gin-blog invitation")},

		now: now,
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
	c := newClaims(u.ID, rand.Text(), expires)
	c.IssuedAt = jwt.NewNumericDate(now)
	c.UserID, c.Username, c.Role, c.SessionID = c.Subject, u.Username, u.Role, s.ID.Hex()
	return t.access.sign(c)
}

// signRefresh returns the current refresh token of session s. Every process signs the same token for the same refresh
// id at any time, so the token has no "iat".
func (t *Tokens) signRefresh(s *models.Session) (string, error) {
	return t.refresh.signFor(s, s.RefreshID)
}

// SignBrowser returns the token of session s for the cookie of a browser. The API does not accept it. It is not
// replaced while the session lasts, because a browser sends requests of several tabs at once.
func (t *Tokens) SignBrowser(s *models.Session) (string, error) {
	return t.browser.signFor(s, rand.Text())
}

// SignReset returns a token with which a user sets a new password, once, within ResetTTL from now.
func (t *Tokens) SignReset(u *models.User) (string, error) {
	c := newClaims(u.ID, rand.Text(), t.now().Add(ResetTTL))
	c.PasswordVersion = u.PasswordVersion
	return t.reset.sign(c)
}

// ParseReset checks a token of SignReset. It returns the id of its user and the version of the password for which it is
// good, or the errors of Verify.
func (t *Tokens) ParseReset(token string) (user models.ID, passwordVersion int64, err error) {
	c, err := t.parse(t.reset, token)
	if err != nil {
		return models.ID{}, 0, err
	}
	user, err = models.ParseID(c.Subject)
	return user, c.PasswordVersion, err
}

// SignInvitation returns the token of an invitation. It is always the same one.
func (t *Tokens) SignInvitation(i *models.Invitation) (string, error) {
	return t.invitation.sign(newClaims(i.ID, i.ID.Hex(), i.ExpiresAt))
}

// ParseInvitation returns the id of the invitation of a token, or the errors of Verify.
func (t *Tokens) ParseInvitation(token string) (models.ID, error) {
	c, err := t.parse(t.invitation, token)
	if err != nil {
		return models.ID{}, err
	}
	return models.ParseID(c.Subject)
}

// VerifiedToken is a token of a session whose signature and claims are right, or one of a program with the right
// checksum. Its session may have ended.
type VerifiedToken struct {
	hash      []byte // of the token of a program, nil for one of a session
	id        string
	sessionID models.ID
	userID    string
	browser   bool
}

// Verify checks an access token without the store. It returns ErrTokenExpired if the token has expired, and
// ErrInvalidToken if it is not valid.
func (t *Tokens) Verify(accessToken string) (VerifiedToken, error) {
	if strings.HasPrefix(accessToken, tokenPrefix) {
		return verifyAccessToken(accessToken)
	}
	return t.verify(t.access, accessToken)
}

// VerifyBrowser checks the token of a browser without the store. It returns the errors of Verify.
func (t *Tokens) VerifyBrowser(token string) (VerifiedToken, error) {
	return t.verify(t.browser, token)
}

func (t *Tokens) verify(k kind, token string) (VerifiedToken, error) {
	c, err := t.parse(k, token)
	if err != nil {
		return VerifiedToken{}, err
	}
	if c.ID == "" || k.typ == accessType && (c.UserID != c.Subject || c.IssuedAt == nil) {
		return VerifiedToken{}, fmt.Errorf("parse token: %w: claims are missing", ErrInvalidToken)
	}
	session, err := models.ParseID(c.SessionID)
	if err != nil {
		return VerifiedToken{}, fmt.Errorf("parse token: %w: %w", ErrInvalidToken, err)
	}
	return VerifiedToken{id: c.ID, sessionID: session, userID: c.Subject, browser: k.typ == browserType}, nil
}

// parse verifies the signature, the type and the registered claims of a token and decodes it. It returns
// ErrTokenExpired if the token has expired, and ErrInvalidToken for any other fault.
//
// It ignores the header fields that name a key ("kid", "jku", "x5u", "jwk") and always uses the key of its kind. It
// refuses a token with "crit", which lists extensions that the server must support (RFC 7515, section 4.1.11): it
// supports none.
func (t *Tokens) parse(k kind, token string) (c claims, err error) {
	if !tokenForm.MatchString(token) { // a decoder of base64 ignores line breaks
		return c, fmt.Errorf("parse token: %w: it has another form", ErrInvalidToken)
	}
	_, err = t.parser.ParseWithClaims(token, &c, func(parsed *jwt.Token) (any, error) {
		switch parsed.Header["typ"] {
		case k.typ:
		case accessType:
			return nil, ErrAccessToken
		case refreshType:
			return nil, ErrRefreshToken
		default:
			return nil, errors.New("the type is another one")
		}
		if _, ok := parsed.Header["crit"]; ok {
			return nil, errors.New("the header asks for an extension")
		}
		return k.key, nil
	})
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return c, fmt.Errorf("parse token: %w", ErrTokenExpired)
	case errors.Is(err, ErrRefreshToken): // comes first, because clients see the message of the first
		return c, fmt.Errorf("parse token: %w: %w", ErrRefreshToken, ErrInvalidToken)
	case err != nil:
		return c, fmt.Errorf("parse token: %w: %w", ErrInvalidToken, err)
	case c.IssuedAt != nil && c.IssuedAt.After(t.now().Add(leeway)):
		return c, fmt.Errorf("parse token: %w: it is from the future", ErrInvalidToken)
	}
	return c, nil
}

// sign returns a token of the kind.
func (k kind) sign(c claims) (string, error) {
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, c)
	token.Header["typ"] = k.typ
	signed, err := token.SignedString(k.key)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return signed, nil
}

// signFor returns a token of the kind with which a client keeps a session.
func (k kind) signFor(s *models.Session, id string) (string, error) {
	c := newClaims(s.UserID, id, s.ExpiresAt)
	c.SessionID = s.ID.Hex()
	return k.sign(c)
}

// newClaims returns the claims that every token has.
func newClaims(subject models.ID, id string, expires time.Time) claims {
	return claims{RegisteredClaims: jwt.RegisteredClaims{
		Issuer:    issuer,
		Audience:  jwt.ClaimStrings{audience},
		Subject:   subject.Hex(),
		ID:        id,
		ExpiresAt: jwt.NewNumericDate(expires),
	}}
}
