// Package httperror says how a client sees an error: its status, its name and its message. The API renders it as JSON,
// the pages as HTML.
package httperror

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"gin-blog/internal/auth"
	"gin-blog/internal/validation"
	"gin-blog/models"
)

// clientClosedRequest is the status of a request whose client hung up, for the log and the metrics (nginx uses it too).
const clientClosedRequest = 499

// retryAfter is how long a 503 asks clients to wait.
const retryAfter = time.Second

// invalidToken is the challenge for a request whose token is refused (RFC 6750, section 3.1).
const invalidToken = `Bearer error="invalid_token"`

// Kind is how errors of one kind are answered.
type Kind struct {
	Status     int
	Name       string        // of the error, for programs
	Challenge  string        // for WWW-Authenticate
	RetryAfter time.Duration // for Retry-After, 0 for none
}

// kinds is the one place where errors of the other packages get their status.
var kinds = map[models.Kind]Kind{
	models.Internal:        {Status: http.StatusInternalServerError, Name: "InternalServerError"},
	models.Invalid:         {Status: http.StatusBadRequest, Name: "BadRequestError"},
	models.Unauthenticated: {Status: http.StatusUnauthorized, Name: "UnauthorizedError", Challenge: "Bearer"},
	models.TokenInvalid:    {Status: http.StatusUnauthorized, Name: "JsonWebTokenError", Challenge: invalidToken},
	models.TokenExpired:    {Status: http.StatusUnauthorized, Name: "TokenExpiredError", Challenge: invalidToken},
	models.Forbidden:       {Status: http.StatusForbidden, Name: "ForbiddenError"},
	models.NotFound:        {Status: http.StatusNotFound, Name: "NotFoundError"},
	models.Conflict:        {Status: http.StatusConflict, Name: "ConflictError"},
	models.Changed:         {Status: http.StatusPreconditionFailed, Name: "PreconditionFailedError"},
	models.TooMany:         {Status: http.StatusTooManyRequests, Name: "TooManyRequestsError"},
	models.Unavailable: {
		Status: http.StatusServiceUnavailable, Name: "ServiceUnavailableError", RetryAfter: retryAfter},
	models.TooExpensive: {
		Status: http.StatusServiceUnavailable, Name: "ServiceUnavailableError", RetryAfter: retryAfter},
}

// Kinds of errors that only HTTP knows.
var (
	ClientClosed     = Kind{Status: clientClosedRequest, Name: "ClientClosedRequestError"}
	MethodNotAllowed = Kind{Status: http.StatusMethodNotAllowed, Name: "MethodNotAllowedError"}
	RequestTimeout   = Kind{Status: http.StatusRequestTimeout, Name: "RequestTimeoutError"}
	PayloadTooLarge  = Kind{Status: http.StatusRequestEntityTooLarge, Name: "PayloadTooLargeError"}
	UnsupportedType  = Kind{Status: http.StatusUnsupportedMediaType, Name: "UnsupportedMediaTypeError"}
	InvalidFields    = Kind{Status: http.StatusBadRequest, Name: "ValidationError"}
	RefusedRefresh   = Kind{Status: http.StatusUnauthorized, Name: "UnauthorizedError", Challenge: invalidToken}
)

// Error is an error as the client sees it, with the cause, which only the log sees.
type Error struct {
	Kind
	Message string
	Details []validation.FieldError
	Cause   error // may be nil
}

// Error returns the message and the cause.
func (e *Error) Error() string {
	if e.Cause == nil {
		return e.Message
	}
	return e.Message + ": " + e.Cause.Error()
}

// LogMessage returns what a log may tell of the error: the message, or what is wrong with each field. It has no value
// and no name that the client made up. The cause is not part of it.
func (e *Error) LogMessage() string {
	if len(e.Details) == 0 {
		return e.Message
	}
	parts := make([]string, len(e.Details))
	for i, field := range e.Details {
		name := field.Field
		if field.Unknown {
			name = "a field or parameter"
		}
		parts[i] = name + " " + field.Message
	}
	return strings.Join(parts, "; ")
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Invalid returns a refusal of the fields of a request. cause may be nil.
func Invalid(cause error, fields ...validation.FieldError) error {
	message := (&validation.Error{Fields: fields}).Error()
	return &Error{Kind: InvalidFields, Message: message, Details: fields, Cause: cause}
}

// BadRequest returns a refusal of a malformed request. cause may be nil.
func BadRequest(cause error, format string, args ...any) error {
	return &Error{Kind: kinds[models.Invalid], Message: fmt.Sprintf(format, args...), Cause: cause}
}

// Unread returns the error of a body that could not be read to its end. It is err where the body was too large or too
// slow; otherwise the body is cut short or malformed, and message says so.
func Unread(err error, message string) error {
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge || errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("read body: %w", err)
	}
	return BadRequest(err, "%s", message)
}

// Of returns how a client sees an error of a request with the context ctx. The client does not learn the cause
// of an internal error.
func Of(ctx context.Context, err error) *Error {
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return &Error{Kind: ClientClosed, Message: "The client hung up", Cause: err}
	}
	if known, ok := errors.AsType[*Error](err); ok {
		return known
	}
	if broken, ok := errors.AsType[*validation.Error](err); ok {
		return &Error{Kind: InvalidFields, Message: broken.Error(), Details: broken.Fields}
	}
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		message := fmt.Sprintf("The body must have at most %d bytes", tooLarge.Limit)
		return &Error{Kind: PayloadTooLarge, Message: message, Cause: err}
	}
	if limited, ok := errors.AsType[*auth.LimitError](err); ok {
		kind := kinds[models.TooMany]
		kind.RetryAfter = limited.RetryAfter
		return &Error{Kind: kind, Message: limited.Error(), Cause: err}
	}
	if refusal, ok := errors.AsType[*models.Error](err); ok {
		return &Error{Kind: kinds[refusal.Kind], Message: refusal.Message, Cause: err}
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return &Error{Kind: RequestTimeout, Message: "The body took too long to arrive", Cause: err}
	}
	return &Error{Kind: kinds[models.Internal], Message: "Something went wrong", Cause: err}
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
