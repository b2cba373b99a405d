package web

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// deletion is what a page says before something is deleted.
type deletion struct {
	title, notice string
	does, api     string // the call of the API that does the same, and its path
	action        string // the path that the form is sent to
	back          string // where to go to keep it
	hidden        []hidden
}

// confirm asks before something is deleted.
func (p *Pages) confirm(c *gin.Context, d deletion) error {
	return p.render(c, http.StatusOK, "form", &view{
		Title: d.title, NoIndex: true,
		Calls: []call{newCall(d.does, originOf(c), request{method: http.MethodDelete, path: d.api, token: true})},
		Page: &form{
			Action: d.action, Button: "Delete", Danger: true, Notice: d.notice, Hidden: d.hidden,
			Other: &link{d.back, "Keep it"},
		},
	})
}
