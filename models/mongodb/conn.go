package mongodb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"gin-blog/models"
)

// cursorTimeout is how long the server may take to free a cursor. A client may be waiting for that.
const cursorTimeout = 250 * time.Millisecond

// run passes the collections to an operation, which ends after the timeout of the store's use, or with the patience of
// ctx, however many calls it makes. It returns models.ErrUnavailable until the indexes exist.
func (s *Store) run(
	ctx context.Context, operation string, do func(ctx context.Context, c *collections) error,
) error {
	return s.observe.Do(operation, func() error {
		c := s.ready.Load()
		if c == nil {
			reason, _ := s.notReady.Load().(string)
			return fmt.Errorf("%w: MongoDB is not ready: %s", models.ErrUnavailable, reason)
		}
		limited, done := models.LimitWait(ctx, s.use.timeout())
		defer done()
		return classify(ctx, do(limited, c))
	})
}

// classify gives the driver's errors their meaning: models.ErrDuplicate if a unique index refused a document,
// context.Canceled if the caller canceled ctx, and models.ErrUnavailable if a later try may succeed. The driver words a
// canceled context in several ways, some of which look like a broken connection.
func classify(ctx context.Context, err error) error {
	switch {
	case err == nil, models.KindOf(err) != models.Internal: // it has a meaning already
		return err
	case mongo.IsDuplicateKeyError(err):
		return fmt.Errorf("%w: %w", models.Duplicate(duplicateFields(err)), err)
	case hasCode(err, documentValidationFailure):
		return fmt.Errorf("%w: %w", models.ErrRuleOfDatabase, err)
	case errors.Is(ctx.Err(), context.Canceled):
		return fmt.Errorf("%w: %w", context.Canceled, err)
	case isUnavailable(err):
		return fmt.Errorf("%w: %w", models.ErrUnavailable, err)
	}
	return err
}

// leavingCodes are how a server says that it is no longer, or not yet, the primary: NotWritablePrimary,
// InterruptedDueToReplStateChange, NotPrimaryNoSecondaryOk, NotPrimaryOrSecondary, InterruptedAtShutdown,
// ShutdownInProgress, PrimarySteppedDown.
var leavingCodes = []int{10107, 11602, 13435, 13436, 11600, 91, 189}

// documentValidationFailure is how a server says that a validator of another program refuses a document.
const documentValidationFailure = 121

// isRefused returns whether the server refuses a document because of an index or a validator.
func isRefused(err error) bool {
	return mongo.IsDuplicateKeyError(err) || hasCode(err, documentValidationFailure)
}

// hasCode returns whether an error has one of the codes.
func hasCode(err error, codes ...int) bool {
	return slices.ContainsFunc(mongo.ErrorCodes(err), func(code int) bool { return slices.Contains(codes, code) })
}

// duplicateFields returns the fields of the unique index that refused a document, none if the server does not say.
func duplicateFields(err error) (fields []string) {
	answers := []bson.Raw{}
	if e, ok := errors.AsType[mongo.WriteException](err); ok {
		for _, refusal := range e.WriteErrors {
			answers = append(answers, refusal.Raw)
		}
	}
	if e, ok := errors.AsType[mongo.BulkWriteException](err); ok {
		for _, refusal := range e.WriteErrors {
			answers = append(answers, refusal.Raw)
		}
	}
	if e, ok := errors.AsType[mongo.CommandError](err); ok {
		answers = append(answers, e.Raw)
	}
	for _, answer := range answers {
		pattern, _ := answer.Lookup("keyPattern").DocumentOK()
		elements, _ := pattern.Elements()
		for _, e := range elements {
			fields = append(fields, e.Key())
		}
	}
	return fields
}

// isUnavailable returns whether a later try of the same call may succeed.
func isUnavailable(err error) bool {
	if mongo.IsTimeout(err) || mongo.IsNetworkError(err) || errors.Is(err, mongo.ErrClientDisconnected) {
		return true
	}
	if hasCode(err, leavingCodes...) {
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

// closeCursor frees a cursor on the server, also if ctx has ended.
func closeCursor(ctx context.Context, cursor *mongo.Cursor) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cursorTimeout)
	defer cancel()
	_ = cursor.Close(ctx) // a cursor that stays open is removed by the server after 10 minutes
}

// findAll returns all documents that a query found. It takes the two results of the driver's Find or Aggregate.
func findAll[T any](ctx context.Context, cursor *mongo.Cursor, err error) (documents []T, _ error) {
	if err != nil {
		return nil, err
	}
	return documents, cursor.All(ctx, &documents)
}
