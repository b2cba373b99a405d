package web

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"gin-blog/internal/httperror"
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
func (p *Pages) renderError(c *gin.Context, e *httperror.Error) error {
	c.Header("Cache-Control", "no-store")
	page := errorPage{Message: e.Message, RequestID: middleware.RequestIDOf(c)}
	page.Retry = e.RetryAfter > 0 && isRead(c)
	page.WasForm = !isRead(c)
	page.LogIn = e.Status == http.StatusForbidden && middleware.CurrentUser(c) == nil && isRead(c)
	return p.render(c, e.Status, "error", &view{Title: errorTitle(e.Status), NoIndex: true, Page: page})
}

// errorTitle says in a few words what happened.
func errorTitle(status int) string {
	switch status {
	case http.StatusNotFound:
		return "Not found"
	case http.StatusForbidden:
		return "Not allowed"
	case http.StatusPreconditionFailed:
		return "Changed meanwhile"
	case http.StatusRequestEntityTooLarge:
		return "Too long"
	case http.StatusTooManyRequests:
		return "Too many tries"
	case http.StatusServiceUnavailable:
		return "Not available just now"
	}
	if status >= http.StatusInternalServerError {
		return "Something went wrong"
	}
	return "That did not work"
}
