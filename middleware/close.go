package middleware

import "github.com/gin-gonic/gin"

// CloseWhen closes connections after the answer while the server drains (RFC 9112, section 9.6). Otherwise the
// server would have to cut them off later, perhaps with a request on its way.
func CloseWhen(draining func() bool) gin.HandlerFunc {
	return func(c *gin.Context) {
		if draining() {
			c.Header("Connection", "close")
		}
	}
}
