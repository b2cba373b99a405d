package web

import (
	"context"

	"github.com/gin-gonic/gin"

	"gin-blog/blog"
	"gin-blog/models"
)

var errChangedBeforeDelete = models.NewError(models.Changed,
	"This has changed in the meantime, so it was not deleted. Read it again first.")

// deletion is what a page says before something is deleted, and what happens then.
type deletion struct {
	title, notice string
	does, api     string // the call of the API that does the same, and its path
	back          string // where to go to keep it
	version       string // the state that was seen: in another one it is not deleted
	id            models.ID
	remove        func(context.Context, blog.Call, models.ID) error
	next          string // where to go then
}

// newDeletion returns the page that asks before something is deleted.
func newDeletion(c *gin.Context, d deletion) *formPage {
	f := newForm(c.Request.URL.RequestURI(), "version")
	f.Notice, f.Other = d.notice, d.back
	f.show(map[string]string{"version": d.version})
	e := newFormPage("delete", d.title, f, call{Does: d.does, Request: "DELETE " + d.api})
	e.save = func() (string, error) {
		return d.next, d.remove(c.Request.Context(), callIn(c, f.Value("version"), errChangedBeforeDelete), d.id)
	}
	return e
}
