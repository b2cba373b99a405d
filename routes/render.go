package routes

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"gin-blog/auth"
	"gin-blog/middleware"
	"gin-blog/models"
)

// unavailableFor is what a 503 asks clients to wait.
const unavailableFor = time.Second

// httpError is an error as a client sees it.
type httpError struct {
	status  int
	name    string
	message string
	details []errorDetail
	// retryAfter is when to try again, for a 429 or 503.
	retryAfter time.Duration
	// refusesToken is for a 401 that a token was sent with (RFC 6750, section 3.1).
	refusesToken bool
}

func (e *httpError) Error() string { return e.message }

func badRequest(message string) *httpError {
	return &httpError{status: http.StatusBadRequest, name: "BadRequestError", message: message}
}

func unauthorized(message string) *httpError {
	return &httpError{status: http.StatusUnauthorized, name: "UnauthorizedError", message: message}
}

func refusedToken(name, message string) *httpError {
	return &httpError{status: http.StatusUnauthorized, name: name, message: message, refusesToken: true}
}

func notFound(message string) *httpError {
	return &httpError{status: http.StatusNotFound, name: "NotFoundError", message: message}
}

func conflict(message string) *httpError {
	return &httpError{status: http.StatusConflict, name: "ConflictError", message: message}
}

func unavailable(message string) *httpError {
	return &httpError{status: http.StatusServiceUnavailable, name: "ServiceUnavailableError", message: message,
		retryAfter: unavailableFor}
}

func forbidden(message string) *httpError {
	return &httpError{status: http.StatusForbidden, name: "ForbiddenError", message: message}
}

func unsupportedMediaType(message string) *httpError {
	return &httpError{status: http.StatusUnsupportedMediaType, name: "UnsupportedMediaTypeError", message: message}
}

// toHTTP is the one place where errors of the other packages get their status. What it does not know is a mistake of
// the server, whose cause is nobody's business.
func toHTTP(err error) *httpError {
	var known *httpError
	if errors.As(err, &known) {
		return known
	}
	var invalid *models.ValidationError
	if errors.As(err, &invalid) {
		details := make([]errorDetail, len(invalid.Fields))
		for i, f := range invalid.Fields {
			details[i] = errorDetail(f)
		}
		return &httpError{status: http.StatusBadRequest, name: "ValidationError", message: invalid.Error(), details: details}
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return &httpError{status: http.StatusRequestEntityTooLarge, name: "PayloadTooLargeError",
			message: fmt.Sprintf("The body must have at most %d bytes", tooLarge.Limit)}
	}
	var limited *auth.LimitError
	if errors.As(err, &limited) {
		return &httpError{status: http.StatusTooManyRequests, name: "TooManyRequestsError", retryAfter: limited.RetryAfter,
			message: fmt.Sprintf("Too many tries, wait %d seconds", wholeSeconds(limited.RetryAfter))}
	}
	for _, row := range []struct {
		err error
		as  *httpError
	}{
		{context.Canceled, &httpError{status: 499, name: "ClientClosedRequestError", message: "The client hung up"}}, // for the log
		{models.ErrUnavailable, unavailable("The database does not answer, try again later")},
		{auth.ErrBusy, unavailable("Too many logins at once, try again later")},
		{middleware.ErrNoToken, unauthorized("Authentication required")},
		{auth.ErrTokenExpired, refusedToken("TokenExpiredError", "jwt expired")},
		{auth.ErrInvalidToken, refusedToken("JsonWebTokenError", "invalid token")},
		{middleware.ErrRoleRequired, forbidden("Only an admin may do this")},
		{models.ErrSessionNotFound, notFound("Session not found")},
		{models.ErrInvalidID, badRequest("The id must be 24 hex digits")},
		{models.ErrPostNotFound, notFound("Post not found")},
		{models.ErrUserNotFound, notFound("User not found")},
		{models.ErrUsernameTaken, conflict("Username already taken")},
		{models.ErrEmailTaken, conflict("Email already taken")},
		{models.ErrKeyReused, conflict("Idempotency-Key was used for another post: take a new one")},
		{models.ErrPostChanged, &httpError{status: http.StatusPreconditionFailed, name: "PreconditionFailedError",
			message: "The post changed since the given ETag: read it again"}},
		{os.ErrDeadlineExceeded, &httpError{status: http.StatusRequestTimeout, name: "RequestTimeoutError",
			message: "The body took too long to arrive"}},
	} {
		if errors.Is(err, row.err) {
			return row.as
		}
	}
	return &httpError{status: http.StatusInternalServerError, name: "InternalServerError", message: "Something went wrong"}
}

// renderErrors answers requests that a handler or a later middleware has failed with an error.
func renderErrors() gin.HandlerFunc {
	return func(c *gin.Context) {
		c.Next()
		if len(c.Errors) == 0 || c.Writer.Written() {
			return
		}
		e := toHTTP(c.Errors.Last().Err)
		switch {
		case e.refusesToken:
			c.Header("WWW-Authenticate", `Bearer error="invalid_token"`)
		case e.status == http.StatusUnauthorized:
			c.Header("WWW-Authenticate", "Bearer")
		}
		if e.retryAfter > 0 {
			c.Header("Retry-After", strconv.FormatInt(wholeSeconds(e.retryAfter), 10))
		}
		err := render(c, e.status, errorBody{
			Error: e.name, Message: e.message, Details: e.details, RequestID: middleware.RequestIDOf(c),
		})
		if err != nil {
			_ = c.Error(err)
		}
	}
}

// wholeSeconds rounds up, so that who waits so long has waited long enough.
func wholeSeconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }

// errorBody is the answer to a request that failed.
type errorBody struct {
	Error     string        `json:"error"`
	Message   string        `json:"message"`
	Details   []errorDetail `json:"details,omitempty"`
	RequestID string        `json:"requestId"`
}

type errorDetail struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// render writes v as JSON, without escaping characters that only HTML minds.
func render(c *gin.Context, status int, v any) error {
	body, err := json.Marshal(v, jsontext.AllowInvalidUTF8(true)) // an error may quote the request
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	c.Header("Content-Length", strconv.Itoa(len(body)))
	c.Data(status, "application/json; charset=utf-8", body)
	return nil
}

// timestamp renders as RFC 3339 in UTC with milliseconds.
type timestamp time.Time

// AppendText implements encoding.TextAppender.
func (t timestamp) AppendText(b []byte) ([]byte, error) {
	return time.Time(t).UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z"), nil
}

// MarshalText implements encoding.TextMarshaler.
func (t timestamp) MarshalText() ([]byte, error) { return t.AppendText(nil) }
