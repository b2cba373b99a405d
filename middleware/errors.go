package middleware

import (
	"github.com/gin-gonic/gin"

	"gin-blog/internal/httperror"
)

const errorRendererKey = "errorRenderer"

// ErrorRenderer answers a request that failed.
type ErrorRenderer func(c *gin.Context, e *httperror.Error) error

// RenderErrors answers requests in which a handler or a later middleware added an error: with render, or with the
// renderer that UseErrorRenderer set. The error takes the place of an answer that was begun. If the renderer fails,
// Answer has the last word.
func RenderErrors(render ErrorRenderer) gin.HandlerFunc {
	return func(c *gin.Context) {
		c.Next()
		if len(c.Errors) == 0 {
			return
		}
		e := httperror.Of(c.Request.Context(), c.Errors.Last().Err)
		e.SetRetryAfter(c.Writer.Header())
		renderer, ok := c.Value(errorRendererKey).(ErrorRenderer)
		if !ok {
			renderer = render
		}
		discardAnswer(c)
		if err := renderer(c, e); err != nil {
			discardAnswer(c)
			_ = c.Error(err)
		}
	}
}

// UseErrorRenderer makes the errors of a request be answered by another renderer.
func UseErrorRenderer(c *gin.Context, render ErrorRenderer) { c.Set(errorRendererKey, render) }
