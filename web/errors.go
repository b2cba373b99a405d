package web

import (
	"cmp"
	"net/http"

	"github.com/gin-gonic/gin"

	"gin-blog/internal/answer"
	"gin-blog/middleware"
)

// errorPage is what the page of an error shows.
type errorPage struct {
	Message   string
	RequestID string
	Retry     bool // the same may work later
	LogIn     bool // somebody else may be allowed to do it
	WasForm   bool // a form was sent, and the browser can go back to it
}

// renderError is the middleware.ErrorRenderer of the pages.
func (p *Pages) renderError(c *gin.Context, e *answer.Error) error {
	c.Header("Cache-Control", "no-store")
	isForm := !isRead(c)
	return p.render(c, e.Code, &view{
		template: "error", Title: cmp.Or(errorTitles[e.Code], "That did not work"), NoIndex: true, Page: errorPage{
			Message: e.Message, RequestID: middleware.RequestIDOf(c), WasForm: isForm,
			Retry: e.RetryAfter > 0 && !isForm,
			LogIn: e.Code == http.StatusForbidden && middleware.CurrentUser(c) == nil && !isForm,
		},
	})
}

// errorTitles say in a few words what happened, by the status.
var errorTitles = map[int]string{
	http.StatusForbidden:             "Not allowed",
	http.StatusNotFound:              "Not found",
	http.StatusPreconditionFailed:    "Changed meanwhile",
	http.StatusRequestEntityTooLarge: "Too long",
	http.StatusTooManyRequests:       "Too many attempts",
	http.StatusInternalServerError:   "Something went wrong",
	http.StatusServiceUnavailable:    "Not available just now",
}
