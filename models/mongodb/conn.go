package mongodb

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"go.mongodb.org/mongo-driver/v2/mongo"

	"gin-blog/models"
)

// run passes the collections to an operation, which ends after models.CallTimeout, however many calls it makes. It
// returns models.ErrUnavailable until the indexes exist.
func (s *Store) run(
	ctx context.Context, operation string, do func(ctx context.Context, c *collections) error,
) error {
	return s.observe.Do(operation, func() error {
		c := s.ready.Load()
		if c == nil {
			reason, _ := s.notReady.Load().(string)
			return fmt.Errorf("%w: MongoDB is not ready: %s", models.ErrUnavailable, reason)
		}
		ctx, cancel := context.WithTimeout(ctx, models.CallTimeout)
		defer cancel()
		return classify(do(ctx, c))
	})
}

// classify gives the driver's errors their meaning: models.ErrDuplicate if a unique index refused a document, and
// models.ErrUnavailable if a later try may succeed.
func classify(err error) error {
	switch {
	case err == nil, models.KindOf(err) != models.Internal: // it has a meaning already
		return err
	case mongo.IsDuplicateKeyError(err):
		return fmt.Errorf("%w: %w", models.ErrDuplicate, err)
	case isUnavailable(err):
		return fmt.Errorf("%w: %w", models.ErrUnavailable, err)
	}
	return err
}

// leavingCodes are how a server says that it is no longer, or not yet, the primary: NotWritablePrimary,
// InterruptedDueToReplStateChange, NotPrimaryNoSecondaryOk, NotPrimaryOrSecondary, InterruptedAtShutdown,
// ShutdownInProgress, PrimarySteppedDown.
var leavingCodes = []int{10107, 11602, 13435, 13436, 11600, 91, 189}

// isUnavailable returns whether a later try of the same call may succeed.
func isUnavailable(err error) bool {
	if mongo.IsTimeout(err) || mongo.IsNetworkError(err) || errors.Is(err, mongo.ErrClientDisconnected) {
		return true
	}
	leaving := func(code int) bool { return slices.Contains(leavingCodes, code) }
	if slices.ContainsFunc(mongo.ErrorCodes(err), leaving) {
		return true
	}
	// The connection of another call broke, and the driver cleared its pool.
	if broken, ok := errors.AsType[interface {
		error
		Retryable() bool
	}](err); ok && broken.Retryable() {
		return true
	}
	// A primary stepped down, or no majority took a write.
	labeled, ok := errors.AsType[mongo.LabeledError](err)
	return ok && (labeled.HasErrorLabel("RetryableWriteError") || labeled.HasErrorLabel("RetryableError"))
}

// missing turns the driver's error for no document into refusal.
func missing(err, refusal error) error {
	if errors.Is(err, mongo.ErrNoDocuments) {
		return refusal
	}
	return err
}

// findAll returns all documents that a query found. It takes the two results of the driver's Find or Aggregate.
func findAll[T any](ctx context.Context, cursor *mongo.Cursor, err error) (documents []T, _ error) {
	if err != nil {
		return nil, err
	}
	return documents, cursor.All(ctx, &documents)
}
