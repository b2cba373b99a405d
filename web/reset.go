package web

import (
	"github.com/gin-gonic/gin"

	"gin-blog/models"
)

// reset is the page on which the user of a link that "gin-blog reset-link" printed sets a new password. Its form is
// sent to the address of the link, which it does not show.
func (p *Pages) reset(c *gin.Context) (*formPage, error) {
	ctx, token := c.Request.Context(), c.Param("token")
	f := newForm("", "username", "password")
	e := newFormPage("reset", "New password", f)
	e.forVisitors = true
	e.find = func() (*models.Post, map[string]string, error) {
		user, err := p.Blog.UserOfReset(ctx, token)
		if err != nil {
			return nil, nil, err
		}
		f.Notice = "Set a new password for " + user.Username + ". This ends all sessions."
		return nil, map[string]string{"username": user.Username}, nil
	}
	e.save = func() (string, error) {
		err := p.Blog.ResetPassword(ctx, token, f.Value("password"))
		if err == nil {
			p.cookie.Clear(c)
		}
		return "/login?done=reset", err
	}
	return e, nil
}
