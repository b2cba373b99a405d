package middleware

import (
	"github.com/gin-gonic/gin"
	"github.com/klauspost/compress/gzhttp"
)

// NoSniff keeps browsers from guessing another content type than the one declared.
func NoSniff() gin.HandlerFunc {
	return func(c *gin.Context) { c.Header("X-Content-Type-Options", "nosniff") }
}

// Secret marks answers that carry tokens: no cache keeps them, and they are not compressed, since the length of a
// compressed secret tells about it (the BREACH attack).
func Secret() gin.HandlerFunc {
	return func(c *gin.Context) {
		c.Header("Cache-Control", "no-store")
		c.Header(gzhttp.HeaderNoCompression, "1")
	}
}

// Revalidate lets clients keep an answer and makes them ask each time whether it is still good.
func Revalidate() gin.HandlerFunc {
	return func(c *gin.Context) { c.Header("Cache-Control", "no-cache") }
}
