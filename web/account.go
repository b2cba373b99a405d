package web

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"gin-blog/internal/auth"
	"gin-blog/internal/httperror"
	"gin-blog/internal/urls"
	"gin-blog/internal/validation"
	"gin-blog/middleware"
	"gin-blog/models"
)

type profileForm struct {
	Email string `form:"email" validate:"email"`
	Name  string `form:"name" validate:"name"`
	Bio   string `form:"bio" validate:"bio"`
}

type passwordForm struct {
	Current string `form:"currentPassword" validate:"required"`
	New     string `form:"newPassword" validate:"required,password"`
	// Username is set by the handler. The rule password compares the new password with it.
	Username string
}

type deletionForm struct {
	Password string `form:"password" validate:"required"`
}

// accountPage is what the page of an account shows.
type accountPage struct {
	Done     string // what was just done
	Posts    string // the address of the user's posts
	Profile  *form
	Password *form
	Deletion *form
}

// accountNotices say what was just done, by the parameter "done".
var accountNotices = map[string]string{
	"profile":  "Your profile is saved.",
	"password": "Your password is changed. All your other sessions have ended.",
}

// newAccount returns the page of the account of the current user.
func (p *Pages) newAccount(c *gin.Context) (*view, *accountPage) {
	user, origin := middleware.CurrentUser(c), originOf(c)
	username := field{
		Name: "username", Label: "Username", Type: "text", Value: user.Username, Autocomplete: "username", Hidden: true,
	}
	page := &accountPage{
		Posts: urls.AuthorPath(user.AsAuthor()),
		Profile: &form{Action: "/account", Button: "Save", Fields: []field{
			{Name: "email", Label: "E-mail", Type: "email", Value: user.Email, Autocomplete: "email",
				Hint: "Only you can see it. You can log in with it."},
			{Name: "name", Label: "Name", Type: "text", Value: user.Name, Autocomplete: "name",
				Hint: "The page with your posts shows it."},
			{Name: "bio", Label: "About you", Rows: 4, Value: user.Bio, Hint: "It shows this text too, without Markdown."},
		}},
		Password: &form{Action: "/account/password", Button: "Change password", Fields: []field{
			username.in("password-"),
			{Name: "currentPassword", Label: "Current password", Type: "password", Autocomplete: "current-password",
				Required: true},
			p.newPasswordField("newPassword", "New password"),
		}},
		Deletion: &form{
			Action: "/account/delete", Button: "Delete account", Danger: true,
			Notice: "This deletes your account and your drafts for good. Your posts and comments stay, without your name.",
			Fields: []field{username.in("delete-"), {Name: "password", Label: "Password", Type: "password",
				Autocomplete: "current-password", Required: true, Prefix: "delete-"}},
		},
	}
	return &view{Title: "Account", NoIndex: true, Page: page, Calls: []call{
		newCall("Who I am", origin, request{path: "/auth/me", token: true}),
		newCall("Change my profile", origin, request{
			method: http.MethodPatch, path: "/auth/me", token: true, body: `{"name": "A. Liddell", "bio": "I write."}`}),
		newCall("Change my password", origin, request{
			path: "/auth/password", token: true, body: `{"currentPassword": "pass123", "newPassword": "pass456"}`}),
		newCall("Delete my account", origin, request{
			method: http.MethodDelete, path: "/auth/me", token: true, body: `{"password": "pass123"}`}),
	}}, page
}

// in returns the field for one of several forms on a page.
func (f field) in(prefix string) field {
	f.Prefix = prefix
	return f
}

func (p *Pages) account(c *gin.Context) error {
	v, page := p.newAccount(c)
	page.Done = accountNotices[c.Query("done")]
	return p.render(c, http.StatusOK, "account", v)
}

func (p *Pages) saveProfile(c *gin.Context) error {
	sent, err := readForm(c, profileFields)
	if err != nil {
		return err
	}
	if middleware.CurrentUser(c) == nil {
		done, err := p.logInWithText(c, sent, "/account")
		if !done {
			return err
		}
		v, page := p.newAccount(c)
		page.Profile.keep(sent)
		page.Profile.Notice = textKept
		return p.render(c, http.StatusOK, "account", v)
	}
	in := profileForm{sent["email"], sent["name"], sent["bio"]}
	err = p.validator.Check(in)
	if err == nil {
		change := models.ProfileChange{Name: &in.Name, Email: &in.Email, Bio: &in.Bio}
		_, err = p.Store.UpdateProfile(c.Request.Context(), middleware.CurrentUser(c).ID, change)
	}
	if errors.Is(err, models.ErrUserNotFound) { // deleted since the request was identified
		return p.askToLogIn(c)
	}
	if err != nil {
		v, page := p.newAccount(c)
		page.Profile.keep(sent)
		return p.refuse(c, err, "account", v, page.Profile)
	}
	return redirect(c, http.StatusSeeOther, "/account?done=profile")
}

func (p *Pages) changePassword(c *gin.Context) error {
	sent, err := readForm(c, passwordFields)
	if err != nil {
		return err
	}
	identity := middleware.CurrentIdentity(c)
	in := passwordForm{Current: sent["currentPassword"], New: sent["newPassword"], Username: identity.User.Username}
	err = p.validator.Check(in)
	if err == nil {
		err = p.Accounts.ChangePassword(c.Request.Context(), identity, in.Current, in.New, middleware.ClientOf(c))
	}
	if err != nil {
		v, page := p.newAccount(c)
		return p.refuse(c, atField(err, "currentPassword"), "account", v, page.Password)
	}
	// The session goes on, under the new version of the password.
	return redirect(c, http.StatusSeeOther, "/account?done=password")
}

func (p *Pages) deleteAccount(c *gin.Context) error {
	sent, err := readForm(c, accountFields)
	if err != nil {
		return err
	}
	in := deletionForm{sent["password"]}
	err = p.validator.Check(in)
	if err == nil {
		identity, client := middleware.CurrentIdentity(c), middleware.ClientOf(c)
		err = p.Accounts.Delete(c.Request.Context(), identity, in.Password, client)
	}
	if err != nil {
		v, page := p.newAccount(c)
		return p.refuse(c, atField(err, "password"), "account", v, page.Deletion)
	}
	p.cookie.Clear(c)
	return redirect(c, http.StatusSeeOther, "/")
}

// atField returns an error with auth.ErrWrongPassword said at a field.
func atField(err error, name string) error {
	if errors.Is(err, auth.ErrWrongPassword) {
		return httperror.Invalid(err, validation.FieldError{Field: name, Message: "is wrong"})
	}
	return err
}
