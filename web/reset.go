package web

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"gin-blog/models"
)

// resetForm is a new password that is set by a link.
type resetForm struct {
	Password string `form:"password" validate:"required,password"`
	// Username is set by the handler. The rule password compares the new password with it.
	Username string
}

// newReset returns the page on which a user sets a new password. It is sent to the address of
// the link, which it does not show.
func (p *Pages) newReset(user *models.User) (*view, *form) {
	f := &form{
		Button: "Change password",
		Notice: "Set a new password for " + user.Username + ". All sessions end then.",
		Fields: []field{
			{Name: "username", Label: "Username", Type: "text", Value: user.Username, Autocomplete: "username", Hidden: true},
			p.newPasswordField("password", "Password"),
		},
	}
	return &view{Title: "New password", NoIndex: true, Page: f}, f
}

// reset shows the form of a link that "gin-blog reset-link" printed.
func (p *Pages) reset(c *gin.Context) error {
	user, err := p.Accounts.UserOfReset(c.Request.Context(), c.Param("token"))
	if err != nil {
		return err
	}
	v, _ := p.newReset(user)
	return p.render(c, http.StatusOK, "form", v)
}

// setPassword sets a new password with a link.
func (p *Pages) setPassword(c *gin.Context) error {
	sent, err := readForm(c, accountFields)
	if err != nil {
		return err
	}
	ctx, token := c.Request.Context(), c.Param("token")
	user, err := p.Accounts.UserOfReset(ctx, token)
	if err != nil {
		return err
	}
	in := resetForm{Password: sent["password"], Username: user.Username}
	err = p.validator.Check(in)
	if err == nil {
		err = p.Accounts.ResetPassword(ctx, token, in.Password)
	}
	if err != nil {
		v, f := p.newReset(user)
		return p.refuse(c, err, "form", v, f)
	}
	p.cookie.Clear(c)
	return redirect(c, http.StatusSeeOther, "/login?done=reset")
}
