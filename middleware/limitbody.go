package middleware

import (
	"io"
	"net/http"

	"github.com/gin-gonic/gin"
)

// maxDrain is how many bytes of an unread body are worth reading for the sake of the answer.
const maxDrain = 8 << 20

// DrainBody reads what is left of the body of a request that was refused early: many clients read the answer only when
// they have sent all, and would find the connection reset. A client that waits for "100 Continue" sends nothing more.
func DrainBody() gin.HandlerFunc {
	return func(c *gin.Context) {
		body := c.Request.Body
		c.Next()
		if c.GetHeader("Expect") == "" {
			_, _ = io.CopyN(io.Discard, body, maxDrain)
		}
	}
}

// LimitBody stops the reading of a request body after n bytes with an *http.MaxBytesError. A body that declares a
// greater length is refused with the same error before it is sent.
func LimitBody(n int64) gin.HandlerFunc {
	return func(c *gin.Context) {
		if c.Request.ContentLength > n {
			_ = c.Error(&http.MaxBytesError{Limit: n})
			c.Abort()
			return
		}
		c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, n)
	}
}
