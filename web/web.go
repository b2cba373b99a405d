// Package web is the pages of the blog: what people with a browser read, and the forms with which they write. Pages
// need no script. They are a door of their own: the API takes no cookie, and the pages take no Authorization header.
package web

import (
	"context"
	"html/template"
	"maps"
	"net/http"

	"github.com/gin-gonic/gin"

	"gin-blog/blog"
	"gin-blog/internal/answer"
	"gin-blog/internal/markdown"
	"gin-blog/internal/site"
	"gin-blog/internal/urls"
	"gin-blog/middleware"
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
	"/archive":                          {{"after"}},
	"/tags/:tag":                        {{"after", "before"}},
	"/authors/:username":                {{"after", "before"}},
	"/p/:post":                          {{"after", "before", "comment"}},
	"/p/:post/comments/:comment/delete": {{"next"}},
	"/moderation":                       {{"author"}, {"after"}, {"done"}},
	"/moderation/users":                 {{"q"}, {"after"}, {"done"}},
	"/moderation/users/:id":             {{"done"}},
	"/moderation/invitations":           {{"done"}},
	"/moderation/log":                   {{"after"}},
	"/login":                            {{"next"}, {"done"}},
	"/register":                         {{"next"}, {"invite"}},
	"/account":                          {{"done"}},
	"/account/sessions":                 {{"done"}},
	"/account/tokens":                   {{"done"}},
	"/account/drafts":                   {{"after"}, {"done"}},
	"/account/drafts/:id":               {{"zone"}, {"done"}},
}

// Markdown renders the contents of posts.
type Markdown interface {
	// Render returns safe HTML, and what it has.
	Render(ctx context.Context, content string, o markdown.Options) (markdown.Rendered, error)
	// Excerpt returns the first lines as text.
	Excerpt(content string, limit int) string
	// Missing returns the addresses of links and images that the HTML does not have.
	Missing(ctx context.Context, content string) ([]string, error)
}

// Options are the parts of the pages. All but NoComments are required.
type Options struct {
	Blog *blog.Blog
	// Base is what every request passes. The API has the same.
	Base     *middleware.Base
	Markdown Markdown
	// NoComments leaves out all that has to do with comments.
	NoComments bool
	// Site is what the owner says of the blog.
	Site *site.Site
	// Address tells the address of the site as the world sees it.
	Address *urls.Address
}

// Pages are the handlers of all pages.
type Pages struct {
	Options
	cookie    *middleware.SessionCookie
	origins   *http.CrossOriginProtection
	wrongHost *middleware.Hint // that the site does not know its own address
	queries   map[string][][]string
	templates map[string]*template.Template
	assets    map[string]*answer.Body // by their paths
	// assetPaths are the paths of the assets by the names of their files.
	assetPaths map[string]string
}

// New returns the door for people with a browser. It fails if a template is wrong.
func New(o Options) (*gin.Engine, error) {
	p := &Pages{
		Options: o, cookie: middleware.NewSessionCookie(o.Blog.Sessions),
		origins: http.NewCrossOriginProtection(), wrongHost: o.Base.Hint(), queries: maps.Clone(queries),
	}
	if o.NoComments {
		delete(p.queries, "/p/:post")
	}
	if err := p.readAssets(); err != nil {
		return nil, err
	}
	if err := p.parseTemplates(); err != nil {
		return nil, err
	}
	r := o.Base.Door(p.renderError)
	r.Use(p.readQuery, setHeaders, middleware.Origin(o.Address), isolate, middleware.Handle(checkIDs))
	p.addPages(r)
	r.NoRoute(middleware.Handle(func(*gin.Context) error { return errNoPage }))
	r.NoMethod(middleware.Handle(func(*gin.Context) error { return errNoMethod }))
	return r, nil
}

// addPages names every page.
//
// Everybody gets the same public pages, unless they are logged in: then a page has their name and their links, and no
// cache and no Keeper stores it.
func (p *Pages) addPages(pages *gin.Engine) {
	readers := pages.Group("", middleware.LimitBody(maxForm), p.cookie.Identify, middleware.Handle(p.keepForVisitors))
	middleware.Route(readers, "GET /", p.home)
	middleware.Route(readers, "GET /p/:post", p.post)
	middleware.Route(readers, "GET /tags/:tag", p.tag)
	middleware.Route(readers, "GET /authors/:username", p.author)
	middleware.Route(readers, "GET /archive", p.archive)

	middleware.Route(pages.Group("", p.cookie.Identify, privately), "GET /tags", p.tags) // kept by blog.Tags
	middleware.Route(pages, "GET /static/:file", p.static)
	for _, name := range []string{"feed", "feed.xml", "rss", "rss.xml", "atom.xml", "index.xml"} { // readers try these
		middleware.Route(pages, "GET /"+name, p.feed)
	}

	ownForms := middleware.Handle(p.refuseOtherOrigins)
	of := func(maxBody int64, more ...gin.HandlerFunc) gin.IRoutes {
		return pages.Group("", ownForms, middleware.LimitBody(maxBody), p.cookie.Identify).Use(more...)
	}
	// What was typed into these comes back after an expired session, so they take everybody's forms.
	texts, comments := of(maxTextForm, privately), of(maxCommentForm, privately)
	forms := of(maxForm, middleware.Secret)
	writers, members := of(maxForm, privately, requireLogin), of(maxForm, middleware.Secret, requireLogin)

	// page adds a page with a form.
	page := func(r gin.IRoutes, path string, describe describer) {
		middleware.Route(r, "GET "+path, p.opens(describe))
		middleware.Route(r, "POST "+path, p.saves(describe))
	}
	page(texts, "/new", p.newPostEditor)
	page(texts, "/p/:post/edit", p.postEditor)
	page(writers, "/p/:post/delete", p.postDeletion)
	moderators := of(maxForm, privately, requireLogin, middleware.RequireAdmin)
	middleware.Route(moderators, "GET /moderation/users", p.users)
	page(moderators, "/moderation/users/:id", p.moderatedUser)
	page(of(maxForm, middleware.Secret, requireLogin, middleware.RequireAdmin), "/moderation/invitations", p.invitations)
	middleware.Route(moderators, "GET /moderation/log", p.log)
	if !p.NoComments {
		middleware.Route(comments, "POST /p/:post/comments", p.saves(p.newCommentEditor))
		page(comments, "/p/:post/comments/:comment/edit", p.commentEditor)
		page(writers, "/p/:post/comments/:comment/delete", p.commentDeletion)
		middleware.Route(moderators, "GET /moderation", p.moderation)
		middleware.Route(moderators, "POST /moderation", p.deleteSelected)
	}
	middleware.Route(writers, "GET /account/drafts", p.drafts)
	page(texts, "/account/drafts/:id", p.draftEditor)
	page(writers, "/account/drafts/:id/delete", p.draftDeletion)

	page(forms, "/register", p.registration)
	page(forms, "/login", p.login)
	middleware.Route(forms, "POST /logout", p.logOut)
	page(forms, "/reset/:token", p.reset)

	page(forms, "/account", p.profile)
	middleware.Route(members, "POST /account/password", p.saves(p.password))
	middleware.Route(members, "POST /account/delete", p.saves(p.accountDeletion))
	page(members, "/account/tokens", p.accessTokens)
	middleware.Route(members, "GET /account/sessions", p.sessions)
	middleware.Route(members, "POST /account/sessions", p.endSession)
}
