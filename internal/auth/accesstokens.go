package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/crc32"
	"math/big"
	"slices"
	"strings"

	"gin-blog/models"
)

// An access token of a program is tokenPrefix, tokenRandom characters that nobody can guess (some 202 bits), and
// tokenCheck characters with the CRC-32 (IEEE) of all that, both in base 62. Scanners for leaked secrets know it by its
// prefix and its checksum, and a mistyped token costs no look-up.
const (
	tokenPrefix = "gbp_"
	tokenRandom = 34
	tokenCheck  = 6
	base62      = 62
)

// NewAccessToken returns a new token for a program, and the hash by which it is found.
func NewAccessToken() (token string, hash []byte) {
	limit := new(big.Int).Exp(big.NewInt(base62), big.NewInt(tokenRandom), nil)
	n, err := rand.Int(rand.Reader, limit)
	if err != nil { // the generator never fails
		panic(err)
	}
	token = tokenPrefix + inBase62(n, tokenRandom)
	token += checksum(token)
	return token, hashOf(token)
}

func inBase62(n *big.Int, digits int) string {
	text := n.Text(base62)
	return strings.Repeat("0", digits-len(text)) + text
}

func checksum(text string) string {
	return inBase62(big.NewInt(int64(crc32.ChecksumIEEE([]byte(text)))), tokenCheck)
}

func hashOf(token string) []byte {
	hash := sha256.Sum256([]byte(token))
	return hash[:]
}

// verifyAccessToken checks the form of a token, without the store.
func verifyAccessToken(token string) (VerifiedToken, error) {
	if len(token) != len(tokenPrefix)+tokenRandom+tokenCheck ||
		checksum(token[:len(token)-tokenCheck]) != token[len(token)-tokenCheck:] {
		return VerifiedToken{}, fmt.Errorf("check access token: %w", ErrInvalidToken)
	}
	return VerifiedToken{hash: hashOf(token)}, nil
}

// identifyProgram returns the user of an access token. Their role is that of a user: a program has no rights over what
// others wrote. It notes the use of the token, at most once a minute.
func (s *Sessions) identifyProgram(ctx context.Context, hash []byte) (*Identity, error) {
	now := s.now()
	token, user, err := s.store.AccessTokenByHash(ctx, hash)
	switch {
	case errors.Is(err, models.ErrTokenNotFound):
		return nil, fmt.Errorf("identify: %w: %w", ErrInvalidToken, err)
	case err != nil:
		return nil, err
	case !token.ExpiresAt.IsZero() && !token.ExpiresAt.After(now):
		return nil, fmt.Errorf("identify: %w", ErrTokenExpired)
	}
	if now.Sub(token.LastUsedAt) >= noteUseEvery {
		_ = s.store.NoteTokenUse(ctx, token.ID, now) // the next request tries again
	}
	user.Role = models.RoleUser
	return &Identity{User: user, Token: token}, nil
}

// errNoScope says that an access token is used for what only a login is good for.
var errNoScope = models.NewError(models.Forbidden, "An access token cannot be used here: log in")

// Permit returns a refusal if the identity is a program without a scope. The scope "" is that of no program.
func (i *Identity) Permit(scope models.Scope) error {
	switch {
	case i.Token == nil:
		return nil
	case scope == "":
		return errNoScope
	case !slices.Contains(i.Token.Scopes, string(scope)):
		return models.Refuse(models.Forbidden, nil, "The access token lacks the scope %s", scope)
	}
	return nil
}
