package routes

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"gin-blog/middleware"
	"gin-blog/models"
)

// adminUserBody is a user as admins see them.
type adminUserBody struct {
	userBody
	Suspended bool   `json:"suspended"`
	Reason    string `json:"reason"`
}

func newAdminUserBody(u *models.User) adminUserBody {
	return adminUserBody{newUserBody(u), !u.SuspendedAt.IsZero(), u.SuspendedFor}
}

// listUsers answers with a page of all accounts, newest first.
func (h *api) listUsers(c *gin.Context) error {
	q, err := parseQuery(c.Request.URL.RawQuery, "limit", "after", "q", "suspended")
	if err != nil {
		return err
	}
	// One more than the client wants tells whether there is a next page.
	filter := models.UserFilter{After: q.after, Limit: q.limit + 1, Text: q.values.Get("q")}
	if wanted := q.values.Get("suspended"); wanted != "" {
		filter.Suspended = new(wanted == "true")
	}
	users, err := h.Blog.Store.Users(c.Request.Context(), filter)
	if err != nil {
		return err
	}
	more := len(users) > q.limit
	users = users[:min(len(users), q.limit)]
	return renderPage(c, q, users, more, newAdminUserBody)
}

func (h *api) suspendUser(c *gin.Context) error {
	var in struct {
		Suspended *bool  `json:"suspended"`
		Reason    string `json:"reason"`
	}
	if err := h.decode(c, &in); err != nil {
		return err
	}
	if in.Suspended == nil {
		return models.RefuseFields(nil, models.FieldError{Field: "suspended", Message: "is required"})
	}
	admin := middleware.CurrentUser(c).Username
	user, err := h.Blog.SuspendUser(c.Request.Context(), admin, idOf(c), *in.Suspended, in.Reason)
	if err != nil {
		return err
	}
	return render(c, http.StatusOK, newAdminUserBody(user))
}

func (h *api) removeUser(c *gin.Context) error {
	q, err := parseQuery(c.Request.URL.RawQuery, "purge")
	if err != nil {
		return err
	}
	admin, purge := middleware.CurrentUser(c).Username, q.values.Get("purge") == "true"
	return done(c, h.Blog.RemoveUser(c.Request.Context(), admin, idOf(c), purge))
}

// logBody is something that an admin did.
type logBody struct {
	ID        string    `json:"_id"`
	Actor     string    `json:"actor"`
	Action    string    `json:"action"`
	Target    string    `json:"target"`
	Reason    string    `json:"reason"`
	CreatedAt timestamp `json:"createdAt"`
}

func (h *api) listLog(c *gin.Context) error {
	q, err := parseQuery(c.Request.URL.RawQuery, "limit", "after")
	if err != nil {
		return err
	}
	page, more, err := h.Blog.Store.Log(c.Request.Context(), models.LogFilter{After: q.after, Limit: q.limit})
	if err != nil {
		return err
	}
	return renderPage(c, q, page, more, func(e *models.LogEntry) logBody {
		return logBody{e.ID.Hex(), e.Actor, e.Action, e.Target, e.Reason, timestamp(e.CreatedAt)}
	})
}

// accessTokenBody is an access token without its secret.
type accessTokenBody struct {
	ID         string     `json:"_id"`
	Name       string     `json:"name"`
	Scopes     []string   `json:"scopes"`
	CreatedAt  timestamp  `json:"createdAt"`
	ExpiresAt  *timestamp `json:"expiresAt"`
	LastUsedAt *timestamp `json:"lastUsedAt"`
}

func newAccessTokenBody(t *models.AccessToken) accessTokenBody {
	return accessTokenBody{
		t.ID.Hex(), t.Name, t.Scopes, timestamp(t.CreatedAt), optional(t.ExpiresAt), optional(t.LastUsedAt),
	}
}

// optional returns a time, or nil for the zero time.
func optional(t time.Time) *timestamp {
	if t.IsZero() {
		return nil
	}
	return new(timestamp(t))
}

func (h *api) createAccessToken(c *gin.Context) error {
	var in struct {
		Name      string     `json:"name"`
		Scopes    []string   `json:"scopes"`
		ExpiresAt *timestamp `json:"expiresAt"`
	}
	if err := h.decode(c, &in); err != nil {
		return err
	}
	expiresAt := time.Time{}
	if in.ExpiresAt != nil {
		expiresAt = time.Time(*in.ExpiresAt)
	}
	token, secret, err := h.Blog.CreateAccessToken(
		c.Request.Context(), middleware.CurrentUser(c), in.Name, in.Scopes, expiresAt)
	if err != nil {
		return err
	}
	return render(c, http.StatusCreated, struct {
		Token       string          `json:"token"`
		AccessToken accessTokenBody `json:"accessToken"`
	}{secret, newAccessTokenBody(token)})
}

func (h *api) listAccessTokens(c *gin.Context) error {
	tokens, err := h.Blog.Store.AccessTokens(c.Request.Context(), middleware.CurrentUser(c).ID)
	if err != nil {
		return err
	}
	bodies := make([]accessTokenBody, len(tokens))
	for i := range tokens {
		bodies[i] = newAccessTokenBody(&tokens[i])
	}
	return render(c, http.StatusOK, bodies)
}

func (h *api) deleteAccessToken(c *gin.Context) error {
	return done(c, h.Blog.EndAccessToken(c.Request.Context(), middleware.CurrentUser(c).ID, idOf(c)))
}
