package middleware

import "github.com/gin-gonic/gin"

// HSTS tells browsers to use HTTPS only, for a year, for this host and those below it (RFC 6797). It is for a server
// that speaks TLS itself.
func HSTS() gin.HandlerFunc {
	return func(c *gin.Context) { c.Header("Strict-Transport-Security", "max-age=31536000; includeSubDomains") }
}
