package web

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/gin-gonic/gin"

	"gin-blog/internal/auth"
	"gin-blog/middleware"
	"gin-blog/models"
)

type registrationForm struct {
	Username string `form:"username" validate:"required,username"`
	Email    string `form:"email" validate:"email"`
	Password string `form:"password" validate:"required,password"`
}

type loginForm struct {
	Username string `form:"username" validate:"required,login"` // or the email address
	Password string `form:"password" validate:"required"`
}

// newRegistration returns the page to register. next is where to go then.
func (p *Pages) newRegistration(in registrationForm, next string) (*view, *form) {
	f := &form{
		Action: "/register", Button: "Register", Hidden: []hidden{{"next", next}},
		Fields: []field{
			{Name: "username", Label: "Username", Type: "text", Value: in.Username, Autocomplete: "username", Verbatim: true,
				Required: true, Hint: "3 to 32 of the characters A-Z a-z 0-9 . _ -, first a letter or a digit."},
			{Name: "email", Label: "E-mail", Type: "email", Value: in.Email, Autocomplete: "email", Hint: "May be left empty."},
			p.newPasswordField("password", "Password"),
		},
		Other: &link{loginAddress(next), "I have an account"},
	}
	return &view{Title: "Register", Description: "Register to write posts.", Page: f}, f
}

// newLogin returns the page to log in. next is where to go then.
func newLogin(username, next string) (*view, *form) {
	f := &form{
		Action: "/login", Button: "Log in", Hidden: []hidden{{"next", next}}, Fields: loginFields(username),
		Other: &link{"/register?" + url.Values{"next": {next}}.Encode(), "I have no account yet"},
	}
	return &view{Title: "Log in", Description: "Log in to write posts.", Page: f}, f
}

// newPasswordField returns the field for a password that is being chosen.
func (p *Pages) newPasswordField(name, label string) field {
	return field{
		Name: name, Label: label, Type: "password", Autocomplete: "new-password", Required: true,
		Hint: fmt.Sprintf("At least %d characters, and not your username.", p.PasswordMinLength),
	}
}

func loginFields(username string) []field {
	return []field{
		{Name: "username", Label: "Username", Type: "text", Value: username, Autocomplete: "username", Verbatim: true,
			Required: true, Hint: "Or your e-mail address."},
		{Name: "password", Label: "Password", Type: "password", Autocomplete: "current-password", Required: true,
			Hint: "Forgotten? Whoever runs this site can give you a link to set a new one."},
	}
}

func (p *Pages) registration(c *gin.Context) error {
	v, _ := p.newRegistration(registrationForm{}, localPath(c.Query("next")))
	v.Calls = []call{newCall("Register", originOf(c), request{
		path: "/auth/register", body: `{"username": "alice", "password": "pass123"}`,
	})}
	return p.render(c, http.StatusOK, "form", v)
}

// register creates an account and logs in with it.
func (p *Pages) register(c *gin.Context) error {
	sent, err := readForm(c, registrationFields)
	if err != nil {
		return err
	}
	in := registrationForm{sent["username"], sent["email"], sent["password"]}
	next := localPath(sent["next"])
	err = p.validator.Check(in)
	var user *models.User
	if err == nil {
		user, err = p.Accounts.Register(c.Request.Context(),
			auth.Registration{Username: in.Username, Email: in.Email, Password: in.Password}, middleware.ClientOf(c))
	}
	if err != nil {
		v, f := p.newRegistration(in, next)
		return p.refuse(c, err, "form", v, f)
	}
	session, err := p.Sessions.Start(c.Request.Context(), user, middleware.ClientOf(c))
	if err != nil { // there is an account now, so the next step is to log in
		return redirect(c, http.StatusSeeOther, loginAddress(next))
	}
	if err := p.startSession(c, user, session); err != nil {
		return err
	}
	return redirect(c, http.StatusSeeOther, next)
}

func (p *Pages) login(c *gin.Context) error {
	v, f := newLogin("", localPath(c.Query("next")))
	f.Notice = sessionNotices[c.Query("done")]
	if c.Query("done") == "reset" {
		f.Notice = "Your new password is set. Log in with it."
	}
	v.Calls = []call{newCall("Log in, for a token", originOf(c), request{
		path: "/auth/login", body: `{"username": "alice", "password": "pass123"}`,
	})}
	return p.render(c, http.StatusOK, "form", v)
}

func (p *Pages) logIn(c *gin.Context) error {
	sent, err := readForm(c, loginPageFields)
	if err != nil {
		return err
	}
	next := localPath(sent["next"])
	if err := p.checkLogin(c, sent); err != nil {
		v, f := newLogin(sent["username"], next)
		return p.refuse(c, err, "form", v, f)
	}
	return redirect(c, http.StatusSeeOther, next)
}

// checkLogin logs in with the username and the password in a form.
func (p *Pages) checkLogin(c *gin.Context, sent values) error {
	ctx := c.Request.Context()
	in := loginForm{sent["username"], sent["password"]}
	err := p.validator.Check(in)
	var user *models.User
	var session *models.Session
	if err == nil {
		user, session, err = p.Accounts.LogIn(ctx,
			auth.Credentials{UsernameOrEmail: in.Username, Password: in.Password}, middleware.ClientOf(c))
	}
	p.Logins.Count(ctx, err)
	if errors.Is(err, auth.ErrWrongPassword) {
		return errWrongPassword
	}
	if err != nil {
		return err
	}
	return p.startSession(c, user, session)
}

// errSessionEnded says that the session has ended while somebody was typing.
var errSessionEnded = models.NewError(models.Forbidden,
	"You are not logged in any more. Log in to go on: your text is kept.")

// textKept is what a page with what somebody typed says after logInWithText.
const textKept = "You are logged in, and your text is here."

// logInWithText keeps what somebody typed whose session has ended: in a form to log in, which is sent to the same path.
// It returns whether that has happened, and if not, shows the form. Nothing is stored.
func (p *Pages) logInWithText(c *gin.Context, sent values, action string) (done bool, err error) {
	err = errSessionEnded
	if _, tries := sent["password"]; tries {
		err = p.checkLogin(c, sent)
	}
	if err == nil {
		return true, nil
	}
	v, f := newLogin(sent["username"], "/")
	f.Action, f.Other, f.Hidden = action, nil, nil
	for _, name := range slices.Sorted(maps.Keys(sent)) {
		if !slices.Contains([]string{"username", "password", "next", "do"}, name) {
			f.Hidden = append(f.Hidden, hidden{name, sent[name]})
		}
	}
	err = p.refuse(c, err, "form", v, f)
	if errors.Is(err, middleware.ErrTooManyLargeAnswers) {
		err = middleware.ErrLogInFirst
	}
	return false, err
}

// showTextAfterLogin is logInWithText for a form on a page with this template: it shows the page after the login.
func (p *Pages) showTextAfterLogin(c *gin.Context, sent values, name string, v *view, f *form) error {
	done, err := p.logInWithText(c, sent, f.Action)
	if !done {
		return err
	}
	f.Notice = textKept
	return p.render(c, http.StatusOK, name, v)
}

// errWrongPassword is auth.ErrWrongPassword for a page, which cannot challenge a browser as a 401 must.
var errWrongPassword = models.NewError(models.Forbidden,
	"No account has this username or e-mail address with this password.")

// startSession makes the browser keep a new session, and ends the one that it had.
func (p *Pages) startSession(c *gin.Context, user *models.User, session *models.Session) error {
	if old := middleware.CurrentIdentity(c); old != nil {
		if err := p.Store.DeleteSession(c.Request.Context(), old.SessionID); err != nil {
			return err
		}
	}
	return p.cookie.Set(c, user, session)
}

// signedIn runs a handler for somebody who is logged in, and asks others to log in.
func (p *Pages) signedIn(h middleware.Handler) middleware.Handler {
	return func(c *gin.Context) error {
		if middleware.CurrentUser(c) == nil {
			return p.askToLogIn(c)
		}
		return h(c)
	}
}

func (p *Pages) logOut(c *gin.Context) error {
	if _, err := readForm(c, noFields); err != nil {
		return err
	}
	if identity := middleware.CurrentIdentity(c); identity != nil {
		if err := p.Store.DeleteSession(c.Request.Context(), identity.SessionID); err != nil {
			return err
		}
	}
	p.cookie.Clear(c)
	return redirect(c, http.StatusSeeOther, "/")
}
