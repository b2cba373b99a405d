// Package middleware has what happens to a request before and after its handler.
//
// A middleware that refuses a request adds an error to gin's context and aborts. Package routes answers the error.
package middleware

import (
	"crypto/rand"
	"regexp"

	"github.com/gin-gonic/gin"
)

const (
	requestIDHeader = "X-Request-ID"
	requestIDKey    = "requestID"
)

// RequestID gives every request an id: the client's X-Request-ID if that is 8 to 64 letters, digits, _ or -,
// otherwise a random one. The answer has it in the same header.
func RequestID() gin.HandlerFunc {
	form := regexp.MustCompile(`^[A-Za-z0-9_-]{8,64}$`)
	return func(c *gin.Context) {
		id := c.GetHeader(requestIDHeader)
		if !form.MatchString(id) {
			id = rand.Text()
		}
		c.Set(requestIDKey, id)
		c.Header(requestIDHeader, id)
	}
}

// RequestIDOf returns the id of a request.
func RequestIDOf(c *gin.Context) string { return c.GetString(requestIDKey) }
