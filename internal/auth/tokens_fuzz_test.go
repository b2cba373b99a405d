package auth

import (
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"gin-blog/models"
)

// FuzzTokens checks that only the signed tokens are accepted, and each only as its own type.
func FuzzTokens(f *testing.F) {
	// Nothing here is random, since all processes of the fuzzer must sign the same tokens.
	now := time.Unix(1_800_000_000, 0)
	tokens := NewTokens(strings.Repeat("a", 32), strings.Repeat("r", 32), func() time.Time { return now })
	session := &models.Session{ID: models.ID{1}, UserID: models.ID{2}, RefreshID: "id", ExpiresAt: now.Add(time.Hour)}
	refresh, err := tokens.signRefresh(session)
	if err != nil {
		f.Fatal(err)
	}
	c := newClaims(session.UserID, "id", session.ExpiresAt)
	c.IssuedAt = jwt.NewNumericDate(now)
	c.UserID, c.Username, c.Role, c.SessionID = session.UserID.Hex(), "alice", "user", session.ID.Hex()
	access, err := tokens.access.sign(c)
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{
		access, refresh, "", ".", "..", "...", access + ".", access + "=", "eyJhbGciOiJub25lIn0.e30.",
		access[:len(access)-1], strings.ToUpper(access), access[:strings.LastIndexByte(access, '.')+1],
		strings.Repeat(".", 1000), "\x00", " " + access, access + "\n", access[:9] + "\r\n" + access[9:],
		refresh[:len(refresh)/2] + "\n" + refresh[len(refresh)/2:],
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		if _, err := tokens.verify(tokens.access, token); (err == nil) != (token == access) {
			t.Errorf("as an access token: %v for %q", err, token)
		}
		if _, err := tokens.verify(tokens.refresh, token); (err == nil) != (token == refresh) {
			t.Errorf("as a refresh token: %v for %q", err, token)
		}
	})
}
