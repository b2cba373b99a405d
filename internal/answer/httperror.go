package answer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"time"

	"gin-blog/models"
)

// retryAfter is how long a 503 asks clients to wait.
const retryAfter = time.Second

// invalidToken is the challenge for a request whose token is refused (RFC 6750, section 3.1).
const invalidToken = `Bearer error="invalid_token"`

// Status is how errors of one kind are answered.
type Status struct {
	Code      int
	Name      string // of the error, for programs
	Challenge string // for WWW-Authenticate
}

// statuses is the one place where errors get their status.
var statuses = map[models.Kind]Status{
	models.Internal:         {Code: http.StatusInternalServerError, Name: "InternalServerError"},
	models.Invalid:          {Code: http.StatusBadRequest, Name: "BadRequestError"},
	models.Unauthenticated:  {Code: http.StatusUnauthorized, Name: "UnauthorizedError", Challenge: "Bearer"},
	models.TokenInvalid:     {Code: http.StatusUnauthorized, Name: "JsonWebTokenError", Challenge: invalidToken},
	models.TokenExpired:     {Code: http.StatusUnauthorized, Name: "TokenExpiredError", Challenge: invalidToken},
	models.RefreshInvalid:   {Code: http.StatusUnauthorized, Name: "UnauthorizedError", Challenge: invalidToken},
	models.Forbidden:        {Code: http.StatusForbidden, Name: "ForbiddenError"},
	models.NotFound:         {Code: http.StatusNotFound, Name: "NotFoundError"},
	models.MethodNotAllowed: {Code: http.StatusMethodNotAllowed, Name: "MethodNotAllowedError"},
	models.TooSlow:          {Code: http.StatusRequestTimeout, Name: "RequestTimeoutError"},
	models.Conflict:         {Code: http.StatusConflict, Name: "ConflictError"},
	models.Changed:          {Code: http.StatusPreconditionFailed, Name: "PreconditionFailedError"},
	models.TooLarge:         {Code: http.StatusRequestEntityTooLarge, Name: "PayloadTooLargeError"},
	models.UnsupportedType:  {Code: http.StatusUnsupportedMediaType, Name: "UnsupportedMediaTypeError"},
	models.TooMany:          {Code: http.StatusTooManyRequests, Name: "TooManyRequestsError"},
	models.Unavailable:      {Code: http.StatusServiceUnavailable, Name: "ServiceUnavailableError"},
	models.TooExpensive:     {Code: http.StatusServiceUnavailable, Name: "ServiceUnavailableError"},
}

// clientClosed is the answer that nobody gets, for the log and the metrics. nginx uses its status too.
var clientClosed = Status{Code: 499, Name: "ClientClosedRequestError"}

// Error is an error as the client sees it. Its Cause is for the log alone.
type Error struct {
	Status
	models.Error
}

// LogMessage returns what a log may tell of the error: the message, or what is wrong with each field. It has no value
// and no name that the client made up. The cause is not part of it.
func (e *Error) LogMessage() string {
	if len(e.Fields) == 0 {
		return e.Message
	}
	fields := slices.Clone(e.Fields)
	for i := range fields {
		if fields[i].Unknown {
			fields[i].Field = "a field or parameter"
		}
	}
	return models.RefuseFields(nil, fields...).Error()
}

// ErrorOf returns how a client sees an error of a request with the context ctx. The client does not learn the cause
// of an internal error.
func ErrorOf(ctx context.Context, err error) *Error {
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return &Error{clientClosed, models.Error{Message: "The client disconnected", Cause: err}}
	}
	refusal := refusalOf(err)
	e := &Error{statuses[refusal.Kind], refusal}
	switch {
	case refusal.Kind == models.Invalid && len(refusal.Fields) > 0:
		e.Name = "ValidationError"
	case e.Code == http.StatusServiceUnavailable && e.RetryAfter == 0:
		e.RetryAfter = retryAfter
	}
	e.Cause = err
	return e
}

// refusalOf returns what an error means.
func refusalOf(err error) models.Error {
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		message := fmt.Sprintf("The body must have at most %d bytes", tooLarge.Limit)
		return models.Error{Kind: models.TooLarge, Message: message}
	}
	if refusal, ok := errors.AsType[*models.Error](err); ok && refusal.Kind != models.Internal {
		return *refusal
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return models.Error{Kind: models.TooSlow, Message: "The body took too long to arrive"}
	}
	return models.Error{Message: "Something went wrong"}
}

// Unread returns the error of a body that could not be read to its end. It is err where the body was too large or too
// slow; otherwise the body is cut short or malformed, and message says so.
func Unread(err error, message string) error {
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge || errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("read body: %w", err)
	}
	return models.Refuse(models.Invalid, err, "%s", message)
}

// SetRetryAfter sets the header Retry-After if the error says how long to wait. It rounds up, so that a client that
// waits as long is not refused again.
func (e *Error) SetRetryAfter(header http.Header) {
	if e.RetryAfter <= 0 {
		return
	}
	seconds := (e.RetryAfter + time.Second - 1) / time.Second
	header.Set("Retry-After", strconv.FormatInt(int64(seconds), 10))
}
