package web

import (
	"cmp"
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/mileusna/useragent"

	"gin-blog/middleware"
	"gin-blog/models"
)

// sessionsPage is what the page of sessions shows.
type sessionsPage struct {
	Sessions []models.Session
	Current  models.ID // the session of the request
}

// programOf returns the name of a program, and its system if it is known, such as "Firefox on Windows".
func programOf(userAgent string) string {
	program := useragent.Parse(userAgent)
	name := cmp.Or(program.Name, "An unnamed program")
	if program.OS == "" {
		return name
	}
	return name + " on " + program.OS
}

// sessions shows where the current user is logged in.
func (p *Pages) sessions(c *gin.Context) error {
	identity := middleware.CurrentIdentity(c)
	sessions, err := p.Blog.LiveSessions(c.Request.Context(), identity.User.ID)
	if err != nil {
		return err
	}
	calls := []call{{Does: "My sessions", Request: "GET /auth/sessions"}}
	if len(sessions) > 0 {
		calls = append(calls,
			call{Does: "End the first of them", Request: "DELETE /auth/sessions/" + sessions[0].ID.Hex()})
	}
	return p.render(c, http.StatusOK, &view{
		template: "sessions", Title: "Sessions", NoIndex: true, Page: sessionsPage{sessions, identity.SessionID},
		Calls: append(calls, call{Does: "End all of them", Request: "DELETE /auth/sessions"}),
	})
}

// endSession ends the session that the form names, or all if it names none.
func (p *Pages) endSession(c *gin.Context) error {
	f := newForm("", "session")
	err := f.read(c)
	if err != nil {
		return err
	}
	ctx, identity := c.Request.Context(), middleware.CurrentIdentity(c)
	ended, done := identity.SessionID, "ended"
	if text, one := f.values["session"]; !one {
		done = "all"
		err = p.Blog.EndSessions(ctx, identity.User.ID)
	} else if ended, err = models.ParseID(text); err == nil {
		err = p.Blog.EndSession(ctx, identity.User.ID, ended)
	}
	if err != nil && !errors.Is(err, models.ErrSessionNotFound) { // which has ended already
		return err
	}
	if ended == identity.SessionID {
		p.cookie.Clear(c)
		return redirect(c, http.StatusSeeOther, "/login?done="+done)
	}
	return redirect(c, http.StatusSeeOther, "/account/sessions?done="+done)
}
