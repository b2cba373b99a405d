package middleware

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"gin-blog/internal/answer"
)

const (
	// MaxLogged is how many bytes a log line repeats of a text that a client sent.
	MaxLogged = 120
	// maxLoggedSegment is how many bytes a log line repeats of a segment of an unknown path. A longer one may be a token.
	maxLoggedSegment = 32
)

// accessLog writes one line for each request, after its answer. It says which route was asked for, or which path if no
// route has it; how the request ended; and, if it was refused, why. bytes counts the body as it was sent. If the server
// failed, the line has the cause, which the client does not see. No line has a body, a token, a header that may hold
// one, or a value of the query.
func accessLog(log *slog.Logger) gin.HandlerFunc {
	return func(c *gin.Context) {
		start := time.Now()
		c.Next()

		ctx, status := c.Request.Context(), c.Writer.Status()
		level := accessLevel(status)
		if !log.Enabled(ctx, level) {
			return
		}
		attrs := make([]slog.Attr, 0, 8)
		attrs = append(attrs,
			slog.String("method", Cut(c.Request.Method, MaxLogged)),
			slog.String("route", c.FullPath()))
		if c.FullPath() == "" {
			attrs = append(attrs, slog.String("path", loggedPath(c.Request.URL.EscapedPath())))
		}
		attrs = append(attrs,
			slog.Int("status", status),
			slog.Int("bytes", max(c.Writer.Size(), 0)),
			slog.Float64("durationMs", float64(time.Since(start).Microseconds())/1000),
			slog.String("requestId", RequestIDOf(c)))
		if u := CurrentUser(c); u != nil {
			attrs = append(attrs, slog.String("userId", u.ID.Hex()))
		}
		attrs = appendError(ctx, attrs, c.Errors.Last())
		if log.Enabled(ctx, slog.LevelDebug) {
			attrs = append(attrs,
				slog.String("ip", c.ClientIP()),
				slog.String("userAgent", Cut(c.Request.UserAgent(), MaxLogged)),
				slog.Int64("bodyBytes", c.Request.ContentLength)) // -1 if it is not known
		}
		log.LogAttrs(ctx, level, "request", attrs...)
	}
}

// accessLevel returns the level of a request's line. A failure of the server stands out, and so does a refusal that may
// be an attack or a wrong setting.
func accessLevel(status int) slog.Level {
	switch {
	case status >= http.StatusInternalServerError:
		return slog.LevelError
	case status == http.StatusForbidden, status == http.StatusTooManyRequests:
		return slog.LevelWarn
	default:
		return slog.LevelInfo
	}
}

// appendError appends why a request was refused. last is nil if it was not.
func appendError(ctx context.Context, attrs []slog.Attr, last *gin.Error) []slog.Attr {
	if last == nil {
		return attrs
	}
	e := answer.ErrorOf(ctx, last.Err)
	attrs = append(attrs, slog.String("error", e.Name), slog.String("message", e.LogMessage()))
	if e.Code >= http.StatusInternalServerError {
		attrs = append(attrs, slog.String("cause", last.Err.Error()))
	}
	return attrs
}

// loggedPath returns a path as a log may show it.
func loggedPath(escaped string) string {
	segments := strings.Split(Cut(escaped, MaxLogged), "/")
	for i, segment := range segments {
		segments[i] = Cut(segment, maxLoggedSegment)
	}
	return strings.Join(segments, "/")
}

// Cut returns the first bytes of a text, which it marks as cut if there are more.
func Cut(text string, length int) string {
	if len(text) <= length {
		return text
	}
	return strings.ToValidUTF8(text[:length], "") + "…"
}
