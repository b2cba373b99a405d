package web

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"gin-blog/middleware"
	"gin-blog/models"
)

// sessionsPage is what the page of sessions shows.
type sessionsPage struct {
	Done     string // what was just done
	Sessions []models.Session
	Current  models.ID // the session of the request
}

// sessionNotices say what was just done, by the parameter "done".
var sessionNotices = map[string]string{
	"ended": "The session has ended.",
	"all":   "All your sessions have ended.",
}

// sessions shows where the current user is logged in.
func (p *Pages) sessions(c *gin.Context) error {
	identity := middleware.CurrentIdentity(c)
	sessions, err := p.Store.LiveSessions(c.Request.Context(), identity.User.ID, models.StoredTime(p.Now()))
	if err != nil {
		return err
	}
	origin := originOf(c)
	v := &view{Title: "Sessions", NoIndex: true, Page: sessionsPage{
		Done: sessionNotices[c.Query("done")], Sessions: sessions, Current: identity.SessionID,
	}}
	v.Calls = []call{newCall("My sessions", origin, request{path: "/auth/sessions", token: true})}
	if len(sessions) > 0 {
		v.Calls = append(v.Calls, newCall("End the first of them", origin, request{
			method: http.MethodDelete, path: "/auth/sessions/" + sessions[0].ID.Hex(), token: true,
		}))
	}
	v.Calls = append(v.Calls, newCall("End all of them", origin, request{
		method: http.MethodDelete, path: "/auth/sessions", token: true,
	}))
	return p.render(c, http.StatusOK, "sessions", v)
}

// endSession ends the session that the form names, or all if it names none.
func (p *Pages) endSession(c *gin.Context) error {
	sent, err := readForm(c, sessionFields)
	if err != nil {
		return err
	}
	ctx, identity := c.Request.Context(), middleware.CurrentIdentity(c)
	ended, done := identity.SessionID, "ended"
	if text, one := sent["session"]; !one {
		done = "all"
		err = p.Store.DeleteSessions(ctx, identity.User.ID)
	} else if ended, err = models.ParseID(text); err == nil {
		err = p.Store.DeleteSessionOf(ctx, identity.User.ID, ended)
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
