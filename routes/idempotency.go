package routes

import (
	"fmt"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"

	"gin-blog/internal/httperror"
	"gin-blog/models"
)

// idempotency reads the header Idempotency-Key. It returns nil if there is none. The fingerprint is of the decoded
// request, so spaces and the order of the keys in the JSON make no difference.
func idempotency(c *gin.Context, request any, now time.Time) (*models.Idempotency, error) {
	values := c.Request.Header.Values("Idempotency-Key")
	if len(values) == 0 {
		return nil, nil
	}
	if len(values) > 1 || !models.IsIdempotencyKey(values[0]) {
		return nil, httperror.BadRequest(nil, "Idempotency-Key must be 1 to 255 visible ASCII characters")
	}
	canonical, err := json.Marshal(request)
	if err != nil {
		return nil, fmt.Errorf("fingerprint request: %w", err)
	}
	return models.NewIdempotency(values[0], canonical, now), nil
}
