package web

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"gin-blog/blog"
	"gin-blog/internal/answer"
	"gin-blog/internal/auth"
	"gin-blog/middleware"
	"gin-blog/models"
)

// registration is the page to register. The parameter "next" is where to go then.
func (p *Pages) registration(c *gin.Context) (*formPage, error) {
	next := localPath(c.Query("next"))
	f := newForm(withNext("/register", next), "username", "name", "email", "password", "invite")
	f.Other = loginAddress(next)
	e := newVisitorsPage(c, "register", "Register", f, call{Does: "Register", Request: "POST /auth/register"})
	e.find = func() (*models.Post, map[string]string, error) {
		if !isRead(c) { // the form has it
			return nil, nil, nil
		}
		invite := c.Query("invite")
		_, err := p.Blog.Admit(c.Request.Context(), invite)
		return nil, map[string]string{"invite": invite}, err
	}
	e.save = func() (string, error) {
		in := blog.NewAccount{
			Username: f.Value("username"), Name: f.Value("name"), Email: f.Value("email"), Password: f.Value("password"),
			Invite: f.Value("invite"),
		}
		user, err := p.Blog.Register(c.Request.Context(), in, middleware.ClientOf(c))
		if err != nil {
			return "", err
		}
		session, err := p.Blog.Sessions.Start(c.Request.Context(), user, middleware.ClientOf(c))
		if err != nil { // there is an account now, so the next step is to log in
			return loginAddress(next), nil
		}
		return next, p.startSession(c, user, session)
	}
	return e, nil
}

// login is the page to log in. The parameter "next" is where to go then.
func (p *Pages) login(c *gin.Context) (*formPage, error) {
	next := localPath(c.Query("next"))
	f := newForm(loginAddress(next), "username", "password")
	if p.Blog.Registration != blog.RegistrationInvite && p.Blog.Registration != blog.RegistrationClosed {
		f.Other = withNext("/register", next)
	}
	e := newVisitorsPage(c, "login", "Log in", f, call{Does: "Log in, for a token", Request: "POST /auth/login"})
	e.save = func() (string, error) { return next, p.checkLogin(c, f) }
	return e, nil
}

// newVisitorsPage returns a page for those who are not logged in. example is the call of the API that does the same.
func newVisitorsPage(c *gin.Context, template, title string, f *form, example call) *formPage {
	e := newFormPage(template, title, f)
	e.Description, e.NoIndex, e.forVisitors = title+" to write posts.", false, true
	if isRead(c) { // a page that comes back has no password at all
		example.Body, example.Public = `{"username": "alice", "password": "pass123"}`, true
		e.Calls = []call{example}
	}
	return e
}

// checkLogin logs in with the username and the password in a form.
func (p *Pages) checkLogin(c *gin.Context, f *form) error {
	ctx := c.Request.Context()
	in := blog.Credentials{Username: f.Value("username"), Password: f.Value("password")}
	user, session, err := p.Blog.LogIn(ctx, in, middleware.ClientOf(c))
	p.Base.Logins.Count(err)
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
	"You are no longer logged in. Log in to continue: your text is kept.")

// logInWithText keeps what somebody typed into a form whose session has ended: in a form to log in, which is sent to
// the same path. After the login it shows the page again. Nothing is stored.
func (p *Pages) logInWithText(c *gin.Context, f *form, describe describer) error {
	err := errSessionEnded
	if _, tries := f.values["password"]; tries {
		err = p.checkLogin(c, f)
	}
	if err == nil {
		e, err := describe(c)
		if err != nil {
			return err
		}
		e.Form.show(f.values)
		e.Form.Notice, e.Form.Typed = "You are logged in, and your text is here.", true
		return p.render(c, http.StatusOK, e.view)
	}
	login := newForm(f.Action, "username", "password")
	login.show(f.values)
	login.Kept = map[string]string{}
	for name := range f.limits {
		login.Kept[name] = f.Value(name)
	}
	err = p.refuse(c, err, newFormPage("login", "Log in", login).view)
	if errors.Is(err, answer.ErrTooManyLarge) {
		return middleware.ErrLogInFirst
	}
	return err
}

// errWrongPassword is auth.ErrWrongPassword for a page, which cannot challenge a browser as a 401 must.
var errWrongPassword = models.NewError(models.Forbidden,
	"Wrong username, email or password.")

// startSession makes the browser keep a new session, and ends the one that it had.
func (p *Pages) startSession(c *gin.Context, user *models.User, session *models.Session) error {
	if old := middleware.CurrentIdentity(c); old != nil {
		if err := p.Blog.LogOut(c.Request.Context(), old.SessionID); err != nil {
			return err
		}
	}
	return p.cookie.Set(c, user, session)
}

// requireLogin asks those who are not logged in to log in.
func requireLogin(c *gin.Context) {
	if middleware.CurrentUser(c) == nil {
		c.Abort()
		middleware.Handle(askToLogIn)(c)
	}
}

func (p *Pages) logOut(c *gin.Context) error {
	if err := newForm("").read(c); err != nil {
		return err
	}
	if identity := middleware.CurrentIdentity(c); identity != nil {
		if err := p.Blog.LogOut(c.Request.Context(), identity.SessionID); err != nil {
			return err
		}
	}
	p.cookie.Clear(c)
	return redirect(c, http.StatusSeeOther, "/")
}
