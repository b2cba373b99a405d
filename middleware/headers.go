package middleware

import "github.com/gin-gonic/gin"

// NoSniff keeps browsers from guessing another content type than the declared one.
func NoSniff() gin.HandlerFunc {
	return func(c *gin.Context) { c.Header("X-Content-Type-Options", "nosniff") }
}

// Secret marks answers that may have tokens. No cache stores them, and they are not compressed, because the length of a
// compressed answer reveals something about the secret (the BREACH attack).
func Secret() gin.HandlerFunc {
	return func(c *gin.Context) {
		c.Header("Cache-Control", "no-store")
		c.Set(noCompressionKey, true)
	}
}

// Revalidate lets clients store an answer, but makes them ask each time whether it is still valid.
func Revalidate() gin.HandlerFunc {
	return func(c *gin.Context) { c.Header("Cache-Control", "no-cache") }
}

// NoStore keeps caches from storing answers that are for one user.
func NoStore() gin.HandlerFunc {
	return func(c *gin.Context) { c.Header("Cache-Control", "no-store") }
}
