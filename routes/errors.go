package routes

import (
	"github.com/gin-gonic/gin"

	"gin-blog/httperror"
	"gin-blog/middleware"
	"gin-blog/validation"
)

// errorBody is the answer to a request that failed.
type errorBody struct {
	Error     string                  `json:"error"`
	Message   string                  `json:"message"`
	Details   []validation.FieldError `json:"details,omitempty"`
	RequestID string                  `json:"requestId"`
}

// renderErrors answers requests in which a handler or a later middleware added an error.
func renderErrors() gin.HandlerFunc {
	return func(c *gin.Context) {
		c.Next()
		if len(c.Errors) == 0 || c.Writer.Written() {
			return
		}
		e := httperror.Of(c.Request.Context(), c.Errors.Last().Err)
		if e.Challenge != "" {
			c.Header("WWW-Authenticate", e.Challenge)
		}
		e.SetRetryAfter(c.Writer.Header())
		body := errorBody{Error: e.Name, Message: e.Message, Details: e.Details, RequestID: middleware.RequestIDOf(c)}
		if err := render(c, e.Status, body); err != nil {
			_ = c.Error(err)
		}
	}
}
