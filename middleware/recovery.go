package middleware

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"

	"github.com/gin-gonic/gin"
)

// ErrPanic marks the error that Recover makes of a panic.
var ErrPanic = errors.New("panic")

// PanicMessage is the message of the log line about a panic.
const PanicMessage = "panic"

// Recover logs a panic with its stack and turns it into an error of the request. gin.Recovery would answer 200 to a
// panic that wraps ECONNRESET. It lets http.ErrAbortHandler pass, with which a handler drops a connection.
func Recover(log *slog.Logger) gin.HandlerFunc {
	return func(c *gin.Context) {
		defer func() {
			switch value := recover(); value {
			case nil:
			case http.ErrAbortHandler:
				panic(value)
			default:
				log.ErrorContext(c.Request.Context(), PanicMessage,
					"requestId", RequestIDOf(c), "value", fmt.Sprint(value), "stack", string(debug.Stack()))
				c.Abort()
				discardAnswer(c)
				_ = c.Error(fmt.Errorf("handle request: %w: %v", ErrPanic, value))
			}
		}()
		c.Next()
	}
}
