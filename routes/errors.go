package routes

import (
	"github.com/gin-gonic/gin"

	"gin-blog/internal/httperror"
	"gin-blog/internal/validation"
	"gin-blog/middleware"
)

// errorBody is the answer to a request that failed.
type errorBody struct {
	Error     string                  `json:"error"`
	Message   string                  `json:"message"`
	Details   []validation.FieldError `json:"details,omitempty"`
	RequestID string                  `json:"requestId"`
}

// renderError is the middleware.ErrorRenderer of the API.
func renderError(c *gin.Context, e *httperror.Error) error {
	if e.Challenge != "" {
		c.Header("WWW-Authenticate", e.Challenge)
	}
	return render(c, e.Status, errorBody{
		Error: e.Name, Message: e.Message, Details: e.Details, RequestID: middleware.RequestIDOf(c),
	})
}
