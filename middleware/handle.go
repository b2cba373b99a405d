package middleware

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

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

// Route adds a route such as "GET /posts". GET adds HEAD too, for which net/http leaves out the body.
func Route(r gin.IRoutes, methodAndPath string, h Handler) {
	method, path, _ := strings.Cut(methodAndPath, " ")
	methods := []string{method}
	if method == http.MethodGet {
		methods = append(methods, http.MethodHead)
	}
	r.Match(methods, path, Handle(h))
}
