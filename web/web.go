// Package web is the pages of the blog: what people with a browser read, and the forms with which they write. Pages
// need no script. They are a door of their own: the API takes no cookie, and the pages take no Authorization header.
package web

import (
	"context"
	"html/template"
	"maps"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"gin-blog/internal/auth"
	"gin-blog/internal/urls"
	"gin-blog/internal/validation"
	"gin-blog/middleware"
	"gin-blog/models"
)

const (
	maxForm        = 64 << 10  // bytes, of a form without a long text
	maxCommentForm = 128 << 10 // bytes: twice 5,000 emoji fit, which have 12 bytes each in a form
	maxTextForm    = 2 << 20   // bytes: 100,000 emoji fit
)

// queries are the parameters that pages read, by the paths of the pages: of alternatives the first that is sent. All
// other parameters are ignored.
var queries = map[string][][]string{
	"/":                                 {{"q"}, {"after", "before"}},
	"/tags/:tag":                        {{"after", "before"}},
	"/authors/:username":                {{"after", "before"}},
	"/p/:post":                          {{"after", "before", "comment"}},
	"/p/:post/comments/:comment/delete": {{"next"}},
	"/moderation":                       {{"author"}, {"after"}},
	"/login":                            {{"next"}, {"done"}},
	"/register":                         {{"next"}},
	"/account":                          {{"done"}},
	"/account/sessions":                 {{"done"}},
	"/account/drafts":                   {{"after"}, {"done"}},
	"/account/drafts/:id":               {{"zone"}, {"done"}},
}

// store is what the pages need of the store.
type store interface {
	PostByID(ctx context.Context, id models.ID) (*models.Post, error)
	Posts(ctx context.Context, f models.PostFilter) (page []models.Post, more bool, err error)
	UserByID(ctx context.Context, id models.ID) (*models.User, error)
	UserByUsername(ctx context.Context, username string) (*models.User, error)
	CreatePost(ctx context.Context, p *models.Post, key *models.Idempotency) (existing *models.Post, err error)
	UpdatePost(ctx context.Context, id, author models.ID, change models.PostChange) (*models.Post, error)
	DeletePost(ctx context.Context, id, author models.ID, ifUnchanged *models.Post) error
	CreateComment(ctx context.Context, c *models.Comment, key *models.Idempotency) (existing *models.Comment, err error)
	CommentByID(ctx context.Context, id models.ID) (*models.Comment, error)
	Thread(ctx context.Context, f models.ThreadFilter) (page []models.Comment, more bool, err error)
	Comments(ctx context.Context, f models.CommentFilter) (page []models.Comment, more bool, err error)
	UpdateComment(ctx context.Context, id, author models.ID, change models.CommentChange) (*models.Comment, error)
	DeleteComment(ctx context.Context, id models.ID, ifUnchanged *models.Comment) error
	UpdateProfile(ctx context.Context, id models.ID, change models.ProfileChange) (*models.User, error)
	LiveSessions(ctx context.Context, user models.ID, now time.Time) ([]models.Session, error)
	CreateDraft(ctx context.Context, d *models.Draft) error
	DraftByID(ctx context.Context, id, author models.ID) (*models.Draft, error)
	Drafts(ctx context.Context, f models.DraftFilter) (page []models.Draft, more bool, err error)
	UpdateDraft(ctx context.Context, id, author models.ID, change models.DraftChange) (*models.Draft, error)
	DeleteDraft(ctx context.Context, id, author models.ID, ifUnchanged *models.Draft) error
	PublishDraft(
		ctx context.Context, id, author models.ID, p models.Publication,
	) (post *models.Post, created bool, err error)
	DeleteSession(ctx context.Context, id models.ID) error
	DeleteSessionOf(ctx context.Context, user, id models.ID) error
	DeleteSessions(ctx context.Context, user models.ID) error
}

// Markdown renders the contents of posts.
type Markdown interface {
	// Render returns safe HTML.
	Render(ctx context.Context, content string) (template.HTML, error)
	// Excerpt returns the first lines as text.
	Excerpt(content string, limit int) string
}

// Options are the parts of the pages. All are required.
type Options struct {
	Store    store
	Accounts *auth.Accounts
	Sessions *auth.Sessions
	Logins   *middleware.LoginCounter
	Keeper   *middleware.Keeper
	Markdown Markdown
	// Limits restrict comments. They are those of the API; nil limits nothing.
	Limits *auth.Limits
	// NoComments leaves out all that has to do with comments.
	NoComments bool
	// PasswordMinLength is how many characters a new password has at least.
	PasswordMinLength int
	// Address tells the address of the site as the world sees it.
	Address *urls.Address
	Now     func() time.Time
}

// Pages are the handlers of all pages.
type Pages struct {
	Options
	cookie    *middleware.SessionCookie
	origins   *http.CrossOriginProtection
	queries   map[string][][]string
	validator *validation.Validator
	templates map[string]*template.Template
	style     *asset
	autosave  *asset // the script of the editor of drafts
}

// New returns the pages. It fails if a template is wrong.
func New(o Options) (*Pages, error) {
	p := &Pages{
		Options: o, cookie: middleware.NewSessionCookie(o.Sessions, isSecure), origins: http.NewCrossOriginProtection(),
		queries: maps.Clone(queries),
	}
	if o.NoComments {
		delete(p.queries, "/p/:post")
	}
	var err error
	p.validator, err = validation.New(o.PasswordMinLength, registrationForm{}, loginForm{}, postForm{}, profileForm{},
		passwordForm{}, deletionForm{}, resetForm{}, draftForm{}, commentForm{})
	if err != nil {
		return nil, err
	}
	if p.style, err = newAsset("style.css", "text/css; charset=utf-8"); err != nil {
		return nil, err
	}
	if p.autosave, err = newAsset("autosave.js", "text/javascript; charset=utf-8"); err != nil {
		return nil, err
	}
	p.templates, err = p.parseTemplates()
	return p, err
}

// AddTo adds every page to r. first runs before everything else at "GET /".
//
// Everybody gets the same public pages, unless they are logged in: then a page has their name and their links, and no
// cache and no Keeper stores it.
func (p *Pages) AddTo(r *gin.Engine, first gin.HandlerFunc) {
	before := r.Routes()
	home := r.Group("", first, p.prepare)
	pages := r.Group("", p.prepare)

	public := []gin.HandlerFunc{middleware.LimitBody(maxForm), p.cookie.Identify, p.keepForVisitors}
	middleware.Route(home.Group("", public...), "GET /", p.home)
	readers := pages.Group("", public...)
	middleware.Route(readers, "GET /p/:post", p.post)
	middleware.Route(readers, "GET /tags/:tag", p.tag)
	middleware.Route(readers, "GET /authors/:username", p.author)

	middleware.Route(pages, "GET /static/:file", p.static)

	of := func(maxBody int64, cache gin.HandlerFunc) gin.IRoutes {
		return pages.Group("", p.refuseOtherOrigins, middleware.LimitBody(maxBody), p.cookie.Identify, cache)
	}
	texts, comments := of(maxTextForm, privately), of(maxCommentForm, privately)
	writers, forms := of(maxForm, privately), of(maxForm, middleware.Secret())

	// What was typed into those without signedIn comes back after an error or an expired session, so they take everybody's
	// forms.
	middleware.Route(writers, "GET /new", p.signedIn(p.write))
	middleware.Route(texts, "POST /new", p.publish)
	middleware.Route(writers, "GET /p/:post/edit", p.signedIn(p.edit))
	middleware.Route(texts, "POST /p/:post/edit", p.save)
	middleware.Route(writers, "GET /p/:post/delete", p.signedIn(p.confirmDelete))
	middleware.Route(writers, "POST /p/:post/delete", p.signedIn(p.remove))
	if !p.NoComments {
		middleware.Route(comments, "POST /p/:post/comments", p.comment)
		middleware.Route(writers, "GET /p/:post/comments/:comment/edit", p.signedIn(p.editComment))
		middleware.Route(comments, "POST /p/:post/comments/:comment/edit", p.saveComment)
		middleware.Route(writers, "GET /p/:post/comments/:comment/delete", p.signedIn(p.confirmDeleteComment))
		middleware.Route(writers, "POST /p/:post/comments/:comment/delete", p.signedIn(p.removeComment))
		middleware.Route(writers, "GET /moderation", p.signedIn(p.moderation))
	}

	middleware.Route(writers, "GET /account/drafts", p.signedIn(p.drafts))
	middleware.Route(writers, "GET /account/drafts/:id", p.signedIn(p.editDraft))
	middleware.Route(texts, "POST /account/drafts/:id", p.saveDraft)
	middleware.Route(writers, "GET /account/drafts/:id/delete", p.signedIn(p.confirmDeleteDraft))
	middleware.Route(writers, "POST /account/drafts/:id/delete", p.signedIn(p.deleteDraft))

	middleware.Route(forms, "GET /register", p.registration)
	middleware.Route(forms, "POST /register", p.register)
	middleware.Route(forms, "GET /login", p.login)
	middleware.Route(forms, "POST /login", p.logIn)
	middleware.Route(forms, "POST /logout", p.logOut)
	middleware.Route(forms, "GET /reset/:token", p.reset)
	middleware.Route(forms, "POST /reset/:token", p.setPassword)

	middleware.Route(forms, "GET /account", p.signedIn(p.account))
	middleware.Route(forms, "POST /account", p.saveProfile)
	middleware.Route(forms, "POST /account/password", p.signedIn(p.changePassword))
	middleware.Route(forms, "POST /account/delete", p.signedIn(p.deleteAccount))
	middleware.Route(forms, "GET /account/sessions", p.signedIn(p.sessions))
	middleware.Route(forms, "POST /account/sessions", p.signedIn(p.endSession))

	refuseOtherMethods(pages, before, r.Routes())
}

// NotFound answers a request for a path that there is not.
func (p *Pages) NotFound(c *gin.Context) {
	p.prepare(c)
	middleware.Handle(func(*gin.Context) error { return errNoPage })(c)
}
