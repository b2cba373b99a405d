package web

import (
	"errors"

	"github.com/gin-gonic/gin"

	"gin-blog/internal/auth"
	"gin-blog/middleware"
	"gin-blog/models"
)

// accountForms are the forms of the page of an account.
type accountForms struct{ Profile, Password, Deletion *form }

// accountPage is the page of the current user's account, whose forms are sent to pages of their own.
func (p *Pages) accountPage(c *gin.Context) (*formPage, *accountForms) {
	forms := &accountForms{
		Profile:  newForm("/account", "email", "name", "bio"),
		Password: newForm("/account/password", "username", "currentPassword", "newPassword"),
		Deletion: newForm("/account/delete", "username", "password"),
	}
	forms.Profile.limits["bio"], forms.Password.Prefix, forms.Deletion.Prefix = maxBio, "password-", "delete-"
	if user := middleware.CurrentUser(c); user != nil { // nil for a form whose session has ended
		forms.Profile.show(map[string]string{"email": user.Email, "name": user.Name, "bio": user.Bio})
	}
	e := newFormPage("account", "Account", nil,
		call{Does: "Who I am", Request: "GET /auth/me"},
		call{Does: "Change my profile", Request: "PATCH /auth/me", Body: `{"name": "A. Liddell", "bio": "I write."}`},
		call{Does: "Change my password", Request: "POST /auth/password",
			Body: `{"currentPassword": "pass123", "newPassword": "pass456"}`},
		call{Does: "Delete my account", Request: "DELETE /auth/me", Body: `{"password": "pass123"}`})
	e.Page = forms
	return e, forms
}

func (p *Pages) profile(c *gin.Context) (*formPage, error) {
	e, forms := p.accountPage(c)
	f := forms.Profile
	e.Form, e.save = f, func() (string, error) {
		in := models.Profile{Name: f.Value("name"), Email: f.Value("email"), Bio: f.Value("bio")}
		typed := func(*models.User) (models.Profile, error) { return in, nil }
		_, err := p.Blog.UpdateProfile(c.Request.Context(), middleware.CurrentUser(c).ID, typed)
		return "/account?done=profile", err
	}
	return e, nil
}

// password changes the password. The session goes on, under the new version of the password.
func (p *Pages) password(c *gin.Context) (*formPage, error) {
	e, forms := p.accountPage(c)
	f := forms.Password
	e.Form, e.save = f, func() (string, error) {
		err := p.Blog.ChangePassword(c.Request.Context(), middleware.CurrentIdentity(c),
			f.Value("currentPassword"), f.Value("newPassword"), middleware.ClientOf(c))
		return "/account?done=password", atField(err, "currentPassword")
	}
	return e, nil
}

func (p *Pages) accountDeletion(c *gin.Context) (*formPage, error) {
	e, forms := p.accountPage(c)
	f := forms.Deletion
	e.Form, e.save = f, func() (string, error) {
		identity := middleware.CurrentIdentity(c)
		err := p.Blog.DeleteAccount(c.Request.Context(), identity, f.Value("password"), middleware.ClientOf(c))
		if err == nil {
			p.cookie.Clear(c)
		}
		return "/", atField(err, "password")
	}
	return e, nil
}

// atField returns an error with auth.ErrWrongPassword said at a field.
func atField(err error, name string) error {
	if errors.Is(err, auth.ErrWrongPassword) {
		return models.RefuseFields(err, models.FieldError{Field: name, Message: "is wrong"})
	}
	return err
}
