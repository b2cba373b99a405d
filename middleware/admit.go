package middleware

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

const (
	// requestBudget is how many bytes the requests of all clients may take together, besides what every connection may
	// hold.
	requestBudget = 16 << 20
	// retryAfterAdmission is how many seconds a client should wait that has too many requests at once.
	retryAfterAdmission = "1"
)

// Admit refuses a request if the requests of its connection and of all clients take too much memory already. That is
// never so for the first requests of a connection. The refusal has no body: that would wait for a client that reads
// nothing, and hold as much as the request itself.
func Admit() gin.HandlerFunc {
	requests := &budget{limit: requestBudget}
	return func(c *gin.Context) {
		memory := hold{budget: requests, own: &allowanceOf(c.Request.Context()).requests}
		defer memory.release()
		if !memory.resize(requestOverhead, false) {
			c.Header("Retry-After", retryAfterAdmission)
			c.AbortWithStatus(http.StatusServiceUnavailable)
			return
		}
		c.Next()
	}
}
