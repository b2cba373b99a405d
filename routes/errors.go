package routes

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"gin-blog/auth"
	"gin-blog/middleware"
	"gin-blog/models"
)

// clientClosedRequest is the status of a request whose client hung up, for the log and the metrics (nginx uses it too).
const clientClosedRequest = 499

// retryAfter is how long a 503 asks clients to wait.
const retryAfter = time.Second

// invalidToken is the challenge for a request whose token is refused (RFC 6750, section 3.1).
const invalidToken = `Bearer error="invalid_token"`

// answer is how refusals of one kind are answered.
type answer struct {
	status     int
	name       string
	challenge  string        // for WWW-Authenticate
	retryAfter time.Duration // for Retry-After, 0 for none
}

// answers is the one place where errors of the other packages get their status.
var answers = map[models.Kind]answer{
	models.Internal:        {status: http.StatusInternalServerError, name: "InternalServerError"},
	models.Invalid:         {status: http.StatusBadRequest, name: "BadRequestError"},
	models.Unauthenticated: {status: http.StatusUnauthorized, name: "UnauthorizedError", challenge: "Bearer"},
	models.TokenInvalid:    {status: http.StatusUnauthorized, name: "JsonWebTokenError", challenge: invalidToken},
	models.TokenExpired:    {status: http.StatusUnauthorized, name: "TokenExpiredError", challenge: invalidToken},
	models.Forbidden:       {status: http.StatusForbidden, name: "ForbiddenError"},
	models.NotFound:        {status: http.StatusNotFound, name: "NotFoundError"},
	models.Conflict:        {status: http.StatusConflict, name: "ConflictError"},
	models.Changed:         {status: http.StatusPreconditionFailed, name: "PreconditionFailedError"},
	models.TooMany:         {status: http.StatusTooManyRequests, name: "TooManyRequestsError"},
	models.Unavailable: {
		status: http.StatusServiceUnavailable, name: "ServiceUnavailableError", retryAfter: retryAfter},
	models.TooExpensive: {
		status: http.StatusServiceUnavailable, name: "ServiceUnavailableError", retryAfter: retryAfter},
}

// Refusals that only HTTP knows.
var (
	clientClosed     = answer{status: clientClosedRequest, name: "ClientClosedRequestError"}
	methodNotAllowed = answer{status: http.StatusMethodNotAllowed, name: "MethodNotAllowedError"}
	requestTimeout   = answer{status: http.StatusRequestTimeout, name: "RequestTimeoutError"}
	payloadTooLarge  = answer{status: http.StatusRequestEntityTooLarge, name: "PayloadTooLargeError"}
	unsupportedType  = answer{status: http.StatusUnsupportedMediaType, name: "UnsupportedMediaTypeError"}
	invalidFields    = answer{status: http.StatusBadRequest, name: "ValidationError"}
	refusedRefresh   = answer{status: http.StatusUnauthorized, name: "UnauthorizedError", challenge: invalidToken}
)

// httpError is an error as the client sees it, with the cause, which only the log sees.
type httpError struct {
	answer
	message string
	details []FieldError
	cause   error // may be nil
}

// Error returns the message and the cause.
func (e *httpError) Error() string {
	if e.cause == nil {
		return e.message
	}
	return e.message + ": " + e.cause.Error()
}

// Unwrap returns the cause.
func (e *httpError) Unwrap() error { return e.cause }

// FieldError is one field of a request and what is wrong with it.
type FieldError struct {
	Field   string `json:"field"`   // the JSON name or the query parameter
	Message string `json:"message"` // what the field must be, to be read after its name
}

// invalid returns a refusal of the fields of a request. cause may be nil.
func invalid(cause error, fields ...FieldError) error {
	parts := make([]string, len(fields))
	for i, f := range fields {
		name := f.Field
		if name == "" {
			name = `""`
		}
		parts[i] = name + " " + f.Message
	}
	return &httpError{answer: invalidFields, message: strings.Join(parts, "; "), details: fields, cause: cause}
}

// badRequest returns a refusal of a malformed request. cause may be nil.
func badRequest(cause error, format string, args ...any) error {
	return &httpError{answer: answers[models.Invalid], message: fmt.Sprintf(format, args...), cause: cause}
}

// toHTTP returns how a client sees an error of a request with the context ctx. The client does not learn the cause
// of an internal error.
func toHTTP(ctx context.Context, err error) *httpError {
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return &httpError{answer: clientClosed, message: "The client hung up", cause: err}
	}
	if known, ok := errors.AsType[*httpError](err); ok {
		return known
	}
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		message := fmt.Sprintf("The body must have at most %d bytes", tooLarge.Limit)
		return &httpError{answer: payloadTooLarge, message: message, cause: err}
	}
	if limited, ok := errors.AsType[*auth.LimitError](err); ok {
		a := answers[models.TooMany]
		a.retryAfter = limited.RetryAfter
		return &httpError{answer: a, message: limited.Error(), cause: err}
	}
	if refusal, ok := errors.AsType[*models.Error](err); ok {
		return &httpError{answer: answers[refusal.Kind], message: refusal.Message, cause: err}
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return &httpError{answer: requestTimeout, message: "The body took too long to arrive", cause: err}
	}
	return &httpError{answer: answers[models.Internal], message: "Something went wrong", cause: err}
}

// errorBody is the answer to a request that failed.
type errorBody struct {
	Error     string       `json:"error"`
	Message   string       `json:"message"`
	Details   []FieldError `json:"details,omitempty"`
	RequestID string       `json:"requestId"`
}

// renderErrors answers requests in which a handler or a later middleware added an error.
func renderErrors() gin.HandlerFunc {
	return func(c *gin.Context) {
		c.Next()
		if len(c.Errors) == 0 || c.Writer.Written() {
			return
		}
		e := toHTTP(c.Request.Context(), c.Errors.Last().Err)
		if e.challenge != "" {
			c.Header("WWW-Authenticate", e.challenge)
		}
		if e.retryAfter > 0 {
			c.Header("Retry-After", strconv.FormatInt(wholeSeconds(e.retryAfter), 10))
		}
		body := errorBody{Error: e.name, Message: e.message, Details: e.details, RequestID: middleware.RequestIDOf(c)}
		if err := render(c, e.status, body); err != nil {
			_ = c.Error(err)
		}
	}
}

// wholeSeconds rounds up, so that a client that waits as long is not refused again.
func wholeSeconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }
