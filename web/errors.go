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
	RequestID string // for the log, "" where the visitor can help themselves
	Retry     bool   // the same may work later
	LogIn     bool   // somebody else may be allowed to do it
	WasForm   bool   // a form was sent, and the browser can go back to it
}

// renderError is the middleware.ErrorRenderer of the pages.
func (p *Pages) renderError(c *gin.Context, e *answer.Error) error {
	c.Header("Cache-Control", "no-store")
	isForm := !isRead(c)
	page := errorPage{
		Message: e.Message, WasForm: isForm, Retry: e.RetryAfter > 0 && !isForm,
		LogIn: e.Code == http.StatusForbidden && middleware.CurrentUser(c) == nil && !isForm,
	}
	if e.Code >= http.StatusInternalServerError {
		page.RequestID = middleware.RequestIDOf(c)
	}
	title := cmp.Or(errorTitles[e.Code], "That did not work")
	return p.render(c, e.Code, &view{template: "error", Title: title, NoIndex: true, Page: page})
}

// errorTitles say in a few words what happened, by the status.
var errorTitles = map[int]string{
	http.StatusForbidden:             "Not allowed",
	http.StatusNotFound:              "Not found",
	http.StatusPreconditionFailed:    "Changed in the meantime",
	http.StatusRequestEntityTooLarge: "Too long",
	http.StatusTooManyRequests:       "Too many attempts",
	http.StatusInternalServerError:   "Something went wrong",
	http.StatusServiceUnavailable:    "Temporarily unavailable",
}
