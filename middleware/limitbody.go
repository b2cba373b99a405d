package middleware

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// LimitBody stops the reading of a request body after n bytes with an *http.MaxBytesError. A body that declares a
// greater length is refused with the same error before it is sent.
func LimitBody(n int64) gin.HandlerFunc {
	return func(c *gin.Context) {
		if c.Request.ContentLength > n {
			c.Header("Connection", "close") // the rest of the body is not worth reading
			_ = c.Error(&http.MaxBytesError{Limit: n})
			c.Abort()
			return
		}
		c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, n)
	}
}
