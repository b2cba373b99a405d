package middleware

import "github.com/gin-gonic/gin"

// CloseWhen asks clients to leave while the server drains: their connections close behind the answer (RFC 9112, section 9.6),
// so that none is cut off later with a request on its way.
func CloseWhen(draining func() bool) gin.HandlerFunc {
	return func(c *gin.Context) {
		if draining() {
			c.Header("Connection", "close")
		}
	}
}
