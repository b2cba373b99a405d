package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"gin-blog/models"
)

// ResetTTL is how long a link that sets a new password works.
const ResetTTL = time.Hour

// ErrResetVoid says that a link to set a new password does not work, or no longer.
var ErrResetVoid = models.NewError(models.Forbidden, "This link was used already, or is older than an hour")

// resetClaims are the claims of a token that sets a new password. It is good for one version of the password, so it
// works once.
type resetClaims struct {
	jwt.RegisteredClaims
	PasswordVersion int64 `json:"passwordVersion"`
}

// SignReset returns a token with which a user sets a new password, once, within ResetTTL from now.
func (t *Tokens) SignReset(u *models.User) (string, error) {
	return sign(resetType, t.resetKey, resetClaims{
		RegisteredClaims: registeredClaims(u.ID, rand.Text(), t.now().Add(ResetTTL)),
		PasswordVersion:  u.PasswordVersion,
	})
}

// parseReset verifies a token of SignReset and returns the id of its user and the version of the password. It returns
// the errors of parse.
func (t *Tokens) parseReset(token string) (user models.ID, version int64, err error) {
	var claims resetClaims
	if err := t.parse(token, resetType, t.resetKey, &claims); err != nil {
		return models.ID{}, 0, err
	}
	user, err = models.ParseID(claims.Subject)
	return user, claims.PasswordVersion, err
}

// UserOfReset returns the user who may set a new password with a token of Tokens.SignReset, or ErrResetVoid.
func (a *Accounts) UserOfReset(ctx context.Context, token string) (*models.User, error) {
	id, version, err := a.parts.Sessions.tokens.parseReset(token)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrResetVoid, err)
	}
	user, err := a.parts.Store.UserByID(ctx, id)
	if errors.Is(err, models.ErrUserNotFound) || err == nil && user.PasswordVersion != version {
		return nil, ErrResetVoid
	}
	return user, err
}

// ResetPassword sets a new password, which must have been checked, and ends all sessions of the user. It returns
// ErrResetVoid, or ErrBusy if the password waits too long to be hashed.
func (a *Accounts) ResetPassword(ctx context.Context, token, password string) error {
	user, err := a.UserOfReset(ctx, token)
	if err != nil {
		return err
	}
	hash, err := a.parts.Passwords.Hash(ctx, password)
	if err != nil {
		return err
	}
	err = a.parts.Store.ChangePassword(ctx, user.ID, user.PasswordVersion, hash, models.ID{})
	if errors.Is(err, models.ErrPasswordChanged) { // by another use of the link
		return ErrResetVoid
	}
	return err
}
