package routes

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"gin-blog/internal/auth"
	"gin-blog/middleware"
	"gin-blog/models"
)

// accountStore is what the handlers of a user's own account need of the store.
type accountStore interface {
	UpdateProfile(ctx context.Context, id models.ID, change models.ProfileChange) (*models.User, error)
	LiveSessions(ctx context.Context, user models.ID, now time.Time) ([]models.Session, error)
	DeleteSessionOf(ctx context.Context, user, id models.ID) error
	DeleteSessions(ctx context.Context, user models.ID) error
}

// account are the handlers under /auth that a user calls for their own account.
type account struct {
	*decoder
	accounts *auth.Accounts
	store    accountStore
	now      func() time.Time
}

type profileRequest struct {
	Name  *string `json:"name" validate:"omitnil,name"`
	Email *string `json:"email" validate:"omitnil,email"`
	Bio   *string `json:"bio" validate:"omitnil,bio"`
}

type deletionRequest struct {
	Password string `json:"password" validate:"required"`
}

type passwordRequest struct {
	CurrentPassword string `json:"currentPassword" validate:"required"`
	NewPassword     string `json:"newPassword" validate:"required,password"`
	// Username is set by the handler. The rule password compares the new password with it.
	Username string `json:"-"`
}

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

func (h *account) me(c *gin.Context) error {
	return render(c, http.StatusOK, newUserBody(middleware.CurrentUser(c)))
}

func (h *account) updateMe(c *gin.Context) error {
	var in profileRequest
	if err := h.decode(c, &in); err != nil {
		return err
	}
	change := models.ProfileChange{Name: in.Name, Email: in.Email, Bio: in.Bio}
	user, err := h.store.UpdateProfile(c.Request.Context(), middleware.CurrentUser(c).ID, change)
	if errors.Is(err, models.ErrUserNotFound) { // deleted since the request was authenticated
		return auth.ErrSessionEnded
	}
	if err != nil {
		return err
	}
	return render(c, http.StatusOK, newUserBody(user))
}

func (h *account) deleteMe(c *gin.Context) error {
	var in deletionRequest
	if err := h.decode(c, &in); err != nil {
		return err
	}
	identity, client := middleware.CurrentIdentity(c), middleware.ClientOf(c)
	if err := h.accounts.Delete(c.Request.Context(), identity, in.Password, client); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

func (h *account) changePassword(c *gin.Context) error {
	identity, client := middleware.CurrentIdentity(c), middleware.ClientOf(c)
	in := passwordRequest{Username: identity.User.Username}
	if err := h.decode(c, &in); err != nil {
		return err
	}
	ctx := c.Request.Context()
	if err := h.accounts.ChangePassword(ctx, identity, in.CurrentPassword, in.NewPassword, client); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

func (h *account) listSessions(c *gin.Context) error {
	now := models.StoredTime(h.now())
	sessions, err := h.store.LiveSessions(c.Request.Context(), middleware.CurrentUser(c).ID, now)
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

func (h *account) endSession(c *gin.Context) error {
	id, err := models.ParseID(c.Param("id"))
	if err != nil {
		return err
	}
	if err := h.store.DeleteSessionOf(c.Request.Context(), middleware.CurrentUser(c).ID, id); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

func (h *account) endSessions(c *gin.Context) error {
	if err := h.store.DeleteSessions(c.Request.Context(), middleware.CurrentUser(c).ID); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}
