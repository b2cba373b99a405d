package routes

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"gin-blog/auth"
	"gin-blog/middleware"
	"gin-blog/models"
)

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
	// Username is not the client's to send: the new password must differ from it.
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

func (a *api) updateMe(c *gin.Context) error {
	var in profileRequest
	if err := a.decode(c, &in); err != nil {
		return err
	}
	change := models.ProfileChange{Name: in.Name, Email: in.Email, Bio: in.Bio}
	user, err := a.Store.UpdateProfile(c.Request.Context(), middleware.CurrentUser(c).ID, change)
	if err != nil {
		return signedOut(err)
	}
	return render(c, http.StatusOK, newUserBody(user))
}

func (a *api) deleteMe(c *gin.Context) error {
	var in deletionRequest
	if err := a.decode(c, &in); err != nil {
		return err
	}
	user := middleware.CurrentUser(c)
	if err := a.verify(c, user, in.Password); err != nil {
		return err
	}
	if err := a.Store.DeleteUser(c.Request.Context(), user.ID); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

func (a *api) changePassword(c *gin.Context) error {
	user := middleware.CurrentUser(c)
	in := passwordRequest{Username: user.Username}
	if err := a.decode(c, &in); err != nil {
		return err
	}
	if err := a.verify(c, user, in.CurrentPassword); err != nil {
		return err
	}
	ctx := c.Request.Context()
	hash, err := a.Passwords.Hash(ctx, in.NewPassword)
	if err != nil {
		return err
	}
	err = a.Store.ChangePassword(ctx, user.ID, user.PasswordVersion, hash, middleware.CurrentSession(c))
	if errors.Is(err, models.ErrPasswordChanged) { // by another client: the password that was sent is no longer current
		return unauthorized("Invalid credentials")
	}
	if err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

func (a *api) listSessions(c *gin.Context) error {
	sessions, err := a.Store.LiveSessions(c.Request.Context(), middleware.CurrentUser(c).ID, a.now())
	if err != nil {
		return err
	}
	current := middleware.CurrentSession(c)
	bodies := make([]sessionBody, len(sessions))
	for i, s := range sessions {
		bodies[i] = sessionBody{
			ID: s.ID.Hex(), CreatedAt: timestamp(s.CreatedAt), LastUsedAt: timestamp(s.LastUsedAt),
			ExpiresAt: timestamp(s.ExpiresAt), UserAgent: s.UserAgent, IP: s.IP, Current: s.ID == current,
		}
	}
	return render(c, http.StatusOK, bodies)
}

func (a *api) endSession(c *gin.Context) error {
	id, err := models.ParseID(c.Param("id"))
	if err != nil {
		return err
	}
	if err := a.Store.DeleteSessionOf(c.Request.Context(), middleware.CurrentUser(c).ID, id); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

func (a *api) endSessions(c *gin.Context) error {
	if err := a.Store.DeleteSessions(c.Request.Context(), middleware.CurrentUser(c).ID); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// signedOut turns the loss of the current user's account, after authentication, into what authentication would say now.
func signedOut(err error) error {
	if errors.Is(err, models.ErrUserNotFound) {
		return auth.ErrInvalidToken
	}
	return err
}
