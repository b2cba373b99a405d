package middleware

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

// RequestMessage is the message of the log line about a request.
const RequestMessage = "request"

// AccessLog writes one line for each request, after its answer. It logs the route, but not the path, the query,
// headers or the body, which may contain secrets. bytes counts the body as it was sent. If the server failed,
// the line has the cause, which the client does not see.
func AccessLog(log *slog.Logger) gin.HandlerFunc {
	return func(c *gin.Context) {
		start := time.Now()
		c.Next()

		status := c.Writer.Status()
		level := slog.LevelInfo
		if status >= http.StatusInternalServerError {
			level = slog.LevelError
		}
		if !log.Enabled(c.Request.Context(), level) {
			return
		}
		attrs := make([]slog.Attr, 0, 8)
		attrs = append(attrs,
			slog.String("method", c.Request.Method),
			slog.String("route", c.FullPath()),
			slog.Int("status", status),
			slog.Int("bytes", max(c.Writer.Size(), 0)),
			slog.Float64("durationMs", float64(time.Since(start).Microseconds())/1000),
			slog.String("requestId", RequestIDOf(c)))
		if u := CurrentUser(c); u != nil {
			attrs = append(attrs, slog.String("userId", u.ID.Hex()))
		}
		if last := c.Errors.Last(); last != nil && level == slog.LevelError {
			attrs = append(attrs, slog.String("cause", last.Err.Error()))
		}
		log.LogAttrs(c.Request.Context(), level, RequestMessage, attrs...)
	}
}
