package middleware

import "github.com/gin-gonic/gin"

// Handler is a handler that returns what went wrong instead of answering it.
type Handler func(*gin.Context) error

// Handle makes a handler of gin. It adds the error to the request and ends it; RenderErrors answers.
func Handle(h Handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := h(c); err != nil {
			refuse(c, err)
		}
	}
}
