package mongodb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"golang.org/x/sync/semaphore"

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
		limited, done := models.LimitWait(ctx, s.timeout())
		defer done()
		return classify(ctx, do(limited, c))
	})
}

// get is run for an operation that returns something.
func get[T any](
	ctx context.Context, s *Store, operation string, do func(ctx context.Context, c *collections) (T, error),
) (result T, err error) {
	err = s.run(ctx, operation, func(ctx context.Context, c *collections) (err error) {
		result, err = do(ctx, c)
		return err
	})
	if err != nil {
		return *new(T), err
	}
	return result, nil
}

// inTurn makes an operation wait until one of the turns is free.
func inTurn[T any](
	turns *semaphore.Weighted, do func(ctx context.Context, c *collections) (T, error),
) func(ctx context.Context, c *collections) (T, error) {
	return func(ctx context.Context, c *collections) (result T, err error) {
		if err := turns.Acquire(ctx, 1); err != nil {
			return result, err
		}
		defer turns.Release(1)
		return do(ctx, c)
	}
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
	case hasCode(err, outOfDiskSpace):
		return fmt.Errorf("%w: %w", models.ErrDiskFull, err)
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
const outOfDiskSpace = 14031 // how a server says that its disk is full

// hasCode returns whether an error has one of the codes.
func hasCode(err error, codes ...int) bool {
	return slices.ContainsFunc(mongo.ErrorCodes(err), func(code int) bool { return slices.Contains(codes, code) })
}

// duplicateFields returns the fields of the unique index that refused a document, none if the server does not say.
func duplicateFields(err error) (fields []string) {
	var refusals []mongo.WriteError
	if e, ok := errors.AsType[mongo.WriteException](err); ok {
		refusals = e.WriteErrors
	}
	if e, ok := errors.AsType[mongo.BulkWriteException](err); ok {
		for _, refusal := range e.WriteErrors {
			refusals = append(refusals, refusal.WriteError)
		}
	}
	for _, refusal := range refusals {
		pattern, _ := refusal.Raw.Lookup("keyPattern").DocumentOK()
		elements, _ := pattern.Elements()
		for _, e := range elements {
			fields = append(fields, e.Key())
		}
	}
	return fields
}

// isUnavailable returns whether a later try of the same call may succeed.
func isUnavailable(err error) bool {
	isAway := mongo.IsTimeout(err) || mongo.IsNetworkError(err) || errors.Is(err, mongo.ErrClientDisconnected)
	if isAway || hasCode(err, leavingCodes...) {
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

// each passes the documents that a query found to do, until that returns false. It takes the two results of the
// driver's Find or Aggregate. A document is only valid until do returns.
func each(ctx context.Context, cursor *mongo.Cursor, err error, do func(bson.Raw) (more bool)) error {
	if err != nil {
		return err
	}
	defer func() { // also if ctx has ended
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cursorTimeout)
		defer cancel()
		_ = cursor.Close(ctx) // a cursor that stays open is removed by the server after 10 minutes
	}()
	for cursor.Next(ctx) {
		if !do(cursor.Current) {
			return nil
		}
		if err := ctx.Err(); err != nil { // which Next asks only once per batch
			return err
		}
	}
	return cursor.Err()
}

// findAll returns the records of all documents that a query found.
func findAll[T any](
	ctx context.Context, cursor *mongo.Cursor, err error, record func(bson.Raw) T,
) (records []T, _ error) {
	err = each(ctx, cursor, err, func(document bson.Raw) bool {
		records = append(records, record(document))
		return true
	})
	return records, err
}

// findPage returns the first records, of all that a query found and that fit says belong to the page. fit may be nil.
func findPage[T models.Record](
	ctx context.Context, cursor *mongo.Cursor, err error, limit int, record func(bson.Raw) T, fit func(*T) bool,
) (*models.Page[T], error) {
	page := models.NewPage[T](limit)
	err = each(ctx, cursor, err, func(document bson.Raw) bool {
		r := record(document)
		return fit != nil && !fit(&r) || page.Add(r)
	})
	return page, err
}

// rowsOf returns what a page has, and whether there is more. backward says that it was read from its end.
func rowsOf[T models.Record](page *models.Page[T], backward bool, err error) (rows []T, more bool, _ error) {
	if err != nil {
		return nil, false, err
	}
	if backward {
		slices.Reverse(page.Rows)
	}
	return page.Rows, page.More, nil
}
