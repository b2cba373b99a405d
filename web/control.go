package web

import (
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"gin-blog/internal/urls"
	"gin-blog/middleware"
	"gin-blog/models"
)

// usersPage is what the page of users shows to admins.
type usersPage struct {
	Text  string // that was searched for
	Users []models.User
	Pager pager
}

// users lists the users, the newest first.
func (p *Pages) users(c *gin.Context) error {
	w, err := windowOf(c)
	if err != nil {
		return err
	}
	text, query := c.Query("q"), url.Values{}
	if len(text) > maxTagLength {
		return models.Refuse(models.Invalid, nil, "Search for at most %d characters.", maxTagLength)
	}
	if text != "" {
		query.Set("q", text)
	}
	filter := models.UserFilter{After: w.after, Limit: pageSize + 1, Text: text}
	users, err := p.Blog.Store.Users(c.Request.Context(), filter)
	if err != nil {
		return err
	}
	more := len(users) > pageSize
	users = users[:min(len(users), pageSize)]
	return p.render(c, http.StatusOK, &view{
		template: "users", Title: "Users", NoIndex: true,
		Page:  usersPage{text, users, pagerOf(w, users, more, "/moderation/users", query)},
		Calls: []call{{Does: "These users", Request: "GET " + urls.WithQuery("/admin/users", query)}},
	})
}

// moderatedUser is the page on which an admin suspends or deletes a user.
func (p *Pages) moderatedUser(c *gin.Context) (*formPage, error) {
	ctx, id := c.Request.Context(), idOf(c, "id")
	user, err := p.Blog.Store.UserByID(ctx, id)
	if err != nil {
		return nil, err
	}
	path, api, actor := "/moderation/users/"+id.Hex(), "/admin/users/"+id.Hex(), middleware.CurrentUser(c).Username
	f := newForm(path, "reason", "confirm", "purge")
	e := newFormPage("user", user.Username, f,
		call{Does: "Suspend this user", Request: "PATCH " + api, Body: `{"suspended": true, "reason": "Spam"}`},
		call{Does: "Delete the account, and all that this user wrote", Request: "DELETE " + api + "?purge=true"})
	e.Page = user
	e.save = func() (string, error) {
		switch do := f.Value("do"); do {
		case "suspend", "unsuspend":
			_, err := p.Blog.SuspendUser(ctx, actor, id, do == "suspend", f.Value("reason"))
			return path + "?done=" + do, err
		case "delete":
			if models.FoldName(f.Value("confirm")) != models.FoldName(user.Username) {
				return "", models.RefuseFields(nil, models.FieldError{Field: "confirm", Message: "must be " + user.Username})
			}
			return "/moderation/users?done=deleted", p.Blog.RemoveUser(ctx, actor, id, f.Value("purge") != "")
		}
		return "", errNoMethod
	}
	return e, nil
}

// invitation is an invitation with its link.
type invitation struct {
	models.Invitation
	Link string
}

// invitations is the page on which an admin makes invitations. A form on it names the one that it takes back, or makes
// a new one.
func (p *Pages) invitations(c *gin.Context) (*formPage, error) {
	ctx, actor := c.Request.Context(), middleware.CurrentUser(c).Username
	f := newForm("/moderation/invitations", "back")
	e := newFormPage("invitations", "Invitations", f)
	var shown []invitation
	e.Page = &shown
	e.find = func() (*models.Post, map[string]string, error) {
		live, err := p.Blog.Store.Invitations(ctx, p.Blog.Now())
		if err != nil {
			return nil, nil, err
		}
		for _, i := range live {
			token, err := p.Blog.Sessions.SignInvitation(&i)
			if err != nil {
				return nil, nil, err
			}
			link := middleware.OriginOf(c) + urls.WithQuery("/register", url.Values{"invite": {token}})
			shown = append(shown, invitation{i, link})
		}
		return nil, nil, nil
	}
	e.save = func() (string, error) {
		back := f.Value("back")
		if back == "" {
			_, err := p.Blog.Invite(ctx, actor, 1)
			return "/moderation/invitations?done=made", err
		}
		id, err := models.ParseID(back)
		if err != nil {
			return "", err
		}
		return "/moderation/invitations?done=back", p.Blog.TakeBack(ctx, actor, id)
	}
	return e, nil
}

// logPage is what the page of the log shows.
type logPage struct {
	Entries []models.LogEntry
	Pager   pager
}

// log shows what admins did, the newest first.
func (p *Pages) log(c *gin.Context) error {
	w, err := windowOf(c)
	if err != nil {
		return err
	}
	entries, more, err := p.Blog.Store.Log(c.Request.Context(), models.LogFilter{After: w.after, Limit: pageSize})
	if err != nil {
		return err
	}
	return p.render(c, http.StatusOK, &view{
		template: "log", Title: "Log", NoIndex: true,
		Page:  logPage{entries, pagerOf(w, entries, more, "/moderation/log", url.Values{})},
		Calls: []call{{Does: "The log", Request: "GET /admin/log"}},
	})
}
