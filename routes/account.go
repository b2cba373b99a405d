package routes

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"gin-blog/middleware"
	"gin-blog/models"
)

// sessionBody is a login as its user sees it.
type sessionBody struct {
	ID         string    `json:"_id"`
	CreatedAt  timestamp `json:"createdAt"`
	LastUsedAt timestamp `json:"lastUsedAt"`
	ExpiresAt  timestamp `json:"expiresAt"`
	UserAgent  string    `json:"userAgent"`
	IP         string    `json:"ip"`
	Current    bool      `json:"current"`
}

func (h *api) me(c *gin.Context) error {
	return render(c, http.StatusOK, newUserBody(middleware.CurrentUser(c)))
}

func (h *api) updateMe(c *gin.Context) error {
	change, err := decodeChange(h.decoder, c, func(b *userBody) *models.Profile { return &b.Profile })
	if err != nil {
		return err
	}
	me := middleware.CurrentUser(c).ID
	user, err := h.Blog.UpdateProfile(c.Request.Context(), me, func(u *models.User) (models.Profile, error) {
		return change(newUserBody(u))
	})
	if err != nil {
		return err
	}
	return render(c, http.StatusOK, newUserBody(user))
}

func (h *api) deleteMe(c *gin.Context) error {
	var in struct {
		Password string `json:"password"`
	}
	if err := h.decode(c, &in); err != nil {
		return err
	}
	identity, client := middleware.CurrentIdentity(c), middleware.ClientOf(c)
	return done(c, h.Blog.DeleteAccount(c.Request.Context(), identity, in.Password, client))
}

func (h *api) changePassword(c *gin.Context) error {
	var in struct {
		CurrentPassword string `json:"currentPassword"`
		NewPassword     string `json:"newPassword"`
	}
	if err := h.decode(c, &in); err != nil {
		return err
	}
	ctx, identity, client := c.Request.Context(), middleware.CurrentIdentity(c), middleware.ClientOf(c)
	return done(c, h.Blog.ChangePassword(ctx, identity, in.CurrentPassword, in.NewPassword, client))
}

func (h *api) listSessions(c *gin.Context) error {
	sessions, err := h.Blog.LiveSessions(c.Request.Context(), middleware.CurrentUser(c).ID)
	if err != nil {
		return err
	}
	current := middleware.CurrentIdentity(c).SessionID
	bodies := make([]sessionBody, len(sessions))
	for i, s := range sessions {
		bodies[i] = sessionBody{
			ID: s.ID.Hex(), CreatedAt: timestamp(s.CreatedAt), LastUsedAt: timestamp(s.LastUsedAt),
			ExpiresAt: timestamp(s.ExpiresAt), UserAgent: s.UserAgent, IP: s.IP, Current: s.ID == current,
		}
	}
	return render(c, http.StatusOK, bodies)
}

func (h *api) endSession(c *gin.Context) error {
	return done(c, h.Blog.EndSession(c.Request.Context(), middleware.CurrentUser(c).ID, idOf(c)))
}

func (h *api) endSessions(c *gin.Context) error {
	return done(c, h.Blog.EndSessions(c.Request.Context(), middleware.CurrentUser(c).ID))
}
