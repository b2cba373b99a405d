package middleware

import (
	"github.com/gin-gonic/gin"

	"gin-blog/httperror"
)

const errorRendererKey = "errorRenderer"

// ErrorRenderer answers a request that failed.
type ErrorRenderer func(c *gin.Context, e *httperror.Error) error

// RenderErrors answers requests in which a handler or a later middleware added an error: with render, or with the
// renderer that UseErrorRenderer set.
func RenderErrors(render ErrorRenderer) gin.HandlerFunc {
	return func(c *gin.Context) {
		c.Next()
		if len(c.Errors) == 0 || c.Writer.Written() {
			return
		}
		e := httperror.Of(c.Request.Context(), c.Errors.Last().Err)
		e.SetRetryAfter(c.Writer.Header())
		renderer, ok := c.Value(errorRendererKey).(ErrorRenderer)
		if !ok {
			renderer = render
		}
		if err := renderer(c, e); err != nil {
			_ = c.Error(err)
		}
	}
}

// UseErrorRenderer makes the errors of a request be answered by another renderer.
func UseErrorRenderer(c *gin.Context, render ErrorRenderer) { c.Set(errorRendererKey, render) }
