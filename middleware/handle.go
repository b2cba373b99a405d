package middleware

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/gin-gonic/gin"

	"gin-blog/internal/answer"
)

// Handler is a handler that returns what went wrong instead of answering it.
type Handler func(*gin.Context) error

// Handle makes a handler of gin. It adds the error to the request and ends it; the ErrorRenderer of the door answers.
func Handle(h Handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := h(c); err != nil {
			refuse(c, err)
		}
	}
}

// Route adds a route such as "GET /posts". GET adds HEAD too, for which net/http leaves out the body.
func Route(r gin.IRoutes, methodAndPath string, h Handler) {
	method, path, _ := strings.Cut(methodAndPath, " ")
	methods := []string{method}
	if method == http.MethodGet {
		methods = append(methods, http.MethodHead)
	}
	r.Match(methods, path, Handle(h))
}

// refuse ends a request with an error.
func refuse(c *gin.Context, err error) {
	_ = c.Error(err)
	c.Abort()
}

// ErrorRenderer answers a request that failed.
type ErrorRenderer func(c *gin.Context, e *answer.Error) error

// renderErrors answers requests in which a handler or a later middleware added an error. The error takes the place of
// an answer that was begun. If render fails, answer.Buffer has the last word.
func renderErrors(render ErrorRenderer) gin.HandlerFunc {
	return func(c *gin.Context) {
		c.Next()
		if len(c.Errors) == 0 {
			return
		}
		e := answer.ErrorOf(c.Request.Context(), c.Errors.Last().Err)
		e.SetRetryAfter(c.Writer.Header())
		answer.Discard(c)
		if err := render(c, e); err != nil {
			answer.Discard(c)
			_ = c.Error(err)
		}
	}
}

// ErrPanic marks the error that is made of a panic.
var ErrPanic = errors.New("panic")

// recoverPanic logs a panic with its stack and turns it into an error of the request. gin.Recovery would answer 200 to
// a panic that wraps ECONNRESET.
func recoverPanic(log *slog.Logger) gin.HandlerFunc {
	return func(c *gin.Context) {
		defer func() {
			value := recover()
			if value == nil {
				return
			}
			log.ErrorContext(c.Request.Context(), "panic",
				"requestId", RequestIDOf(c), "value", fmt.Sprint(value), "stack", string(debug.Stack()))
			answer.Discard(c)
			refuse(c, fmt.Errorf("handle request: %w: %v", ErrPanic, value))
		}()
		c.Next()
	}
}
