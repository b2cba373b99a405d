package routes

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"

	"gin-blog/models"
)

// keyLife is how long an Idempotency-Key counts.
const keyLife = 24 * time.Hour

// idempotency reads the header Idempotency-Key, nil where there is none. What was sent is known again by its meaning, not by
// the spaces in its JSON.
func idempotency(c *gin.Context, in *postRequest, now time.Time) (*models.Idempotency, error) {
	values := c.Request.Header.Values("Idempotency-Key")
	if len(values) == 0 {
		return nil, nil
	}
	if len(values) > 1 || !isKey(values[0]) {
		return nil, badRequest("Idempotency-Key must be 1 to 255 visible ASCII characters")
	}
	meaning, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("fingerprint post: %w", err)
	}
	hash := sha256.Sum256(meaning)
	return &models.Idempotency{Key: values[0], Fingerprint: hash[:], Since: now.Add(-keyLife)}, nil
}

// isKey tells whether s is 1 to 255 visible ASCII characters.
func isKey(s string) bool {
	invisible := func(r rune) bool { return r < '!' || r > '~' }
	return s != "" && len(s) <= 255 && !strings.ContainsFunc(s, invisible)
}
