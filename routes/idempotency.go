package routes

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"

	"gin-blog/httperror"
	"gin-blog/models"
)

// keyTTL is how long an Idempotency-Key is remembered.
const keyTTL = 24 * time.Hour

// idempotency reads the header Idempotency-Key. It returns nil if there is none. The fingerprint is of the decoded
// request, so spaces and the order of the keys in the JSON make no difference.
func idempotency(c *gin.Context, request any, now time.Time) (*models.Idempotency, error) {
	values := c.Request.Header.Values("Idempotency-Key")
	if len(values) == 0 {
		return nil, nil
	}
	if len(values) > 1 || !isIdempotencyKey(values[0]) {
		return nil, httperror.BadRequest(nil, "Idempotency-Key must be 1 to 255 visible ASCII characters")
	}
	canonical, err := json.Marshal(request)
	if err != nil {
		return nil, fmt.Errorf("fingerprint request: %w", err)
	}
	hash := sha256.Sum256(canonical)
	return &models.Idempotency{Key: values[0], Fingerprint: hash[:], Since: now.Add(-keyTTL)}, nil
}

// isIdempotencyKey returns whether s is 1 to 255 visible ASCII characters.
func isIdempotencyKey(s string) bool {
	invisible := func(r rune) bool { return r < '!' || r > '~' }
	return s != "" && len(s) <= 255 && !strings.ContainsFunc(s, invisible)
}
