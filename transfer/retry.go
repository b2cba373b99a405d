package transfer

import (
	"context"
	"errors"
	"time"

	"gin-blog/models"
)

// retryPause is how long to wait before the next try.
const retryPause = 500 * time.Millisecond

// retries is for how long a store may be unavailable.
type retries time.Duration

// do calls f again while it returns models.ErrUnavailable, until the time is over.
func (r retries) do(ctx context.Context, f func() error) error {
	for deadline := time.Now().Add(time.Duration(r)); ; {
		err := f()
		if !errors.Is(err, models.ErrUnavailable) || time.Now().After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(retryPause):
		}
	}
}
