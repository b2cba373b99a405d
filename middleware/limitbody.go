package middleware

import (
	"io"
	"net/http"

	"github.com/gin-gonic/gin"
)

// maxDrain is how many bytes of an unread body are read so that the client sees the answer.
const maxDrain = 8 << 20

// DrainBody reads the rest of the body of a request that was refused early. Many clients read the answer only after
// they have sent the whole body; without DrainBody they would find the connection reset. A client that waits for
// "100 Continue" sends no body.
func DrainBody() gin.HandlerFunc {
	return func(c *gin.Context) {
		body := c.Request.Body
		c.Next()
		if c.GetHeader("Expect") == "" {
			_, _ = io.CopyN(io.Discard, body, maxDrain)
		}
	}
}

// LimitBody makes the reading of a body of more than n bytes fail with an *http.MaxBytesError. It refuses a body
// that declares a greater length at once, with the same error.
func LimitBody(n int64) gin.HandlerFunc {
	return func(c *gin.Context) {
		if c.Request.ContentLength > n {
			refuse(c, &http.MaxBytesError{Limit: n})
			return
		}
		c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, n)
	}
}
