// Package routes is the HTTP side of the blog: which paths there are, what they accept and what they answer.
package routes

import (
	"github.com/gin-gonic/gin"

	"gin-blog/blog"
	"gin-blog/internal/markdown"
	"gin-blog/internal/urls"
	"gin-blog/middleware"
	"gin-blog/models"
)

const (
	maxAccountBody = 64 << 10 // bytes, under /auth and /users
	maxPostBody    = 2 << 20  // bytes, under /posts, /drafts and /comments: 100,000 characters fit, escaped or not
)

// Options are the parts of the API. Blog and Base are required, Site and Markdown for the calls that need them.
type Options struct {
	Blog *blog.Blog
	// Base is what every request passes. The pages have the same.
	Base *middleware.Base
	// NoComments leaves out the calls for comments.
	NoComments bool
	// CORSOrigins are the origins whose pages may call the API, or "*" for all.
	CORSOrigins []string
	// Site is the address of the site.
	Site *urls.Address
	// Markdown renders the contents of posts.
	Markdown *markdown.Renderer
	// Version is shown by GET /.
	Version string
}

// New returns the door for programs.
func New(o Options) (*gin.Engine, error) {
	r, err := o.Base.Door(renderError)
	if err != nil {
		return nil, err
	}
	r.Use(middleware.CORS(o.CORSOrigins))
	addRoutes(r, &api{Options: o, decoder: newDecoder()})
	r.NoRoute(middleware.Handle(noRoute(r.Routes())))
	r.NoMethod(middleware.Handle(noMethod))
	return r, nil
}

// api is what all handlers share.
type api struct {
	Options
	*decoder
}

// addRoutes names every path of the API.
func addRoutes(r *gin.Engine, a *api) {
	docs, health, users := newDocs(), &health{a}, &users{a}
	feeds := &feeds{a}
	sitemaps := newSitemaps(a)
	route := middleware.Route

	route(r, "GET /", health.index)
	route(r, "GET /healthz", health.alive)
	route(r, "GET /readyz", health.ready)
	route(r, "GET /openapi.yaml", docs)
	route(r, "GET /openapi.json", docs)
	route(r, "GET /docs", docs)
	route(r, "GET /docs/*file", docs)
	route(r.Group("", middleware.LimitBody(maxAccountBody)), "GET /users/:id", users.read)

	crawlers := r.Group("", middleware.Revalidate, middleware.LimitBody(maxAccountBody))
	feedReaders := crawlers.Group("", middleware.KnownQuery(feedParameters(false)...), middleware.Handle(feeds.keep))
	route(feedReaders, "GET /feed.atom", feeds.atom)
	route(feedReaders, "GET /feed.json", feeds.json)
	route(crawlers, "GET /sitemap.xml", sitemaps.index)
	route(crawlers, "GET /sitemaps/:file", sitemaps.read)
	route(crawlers, "GET /robots.txt", sitemaps.robots)

	addRoutesWithBodies(r, a)
}

// addRoutesWithBodies names the paths of which some take a body. Those check in this order: the token, what can be
// refused without the body (refuseID, refuseMediaType), and, once the whole body is there, the session.
func addRoutesWithBodies(r *gin.Engine, a *api) {
	buffer, badID, badType := middleware.BufferBody(), middleware.Handle(refuseID), middleware.Handle(refuseMediaType)
	verify, authenticate := middleware.VerifyToken(a.Blog.Sessions), middleware.Authenticate(a.Blog.Sessions)
	signedIn := func(g *gin.RouterGroup) (plain, withBody *gin.RouterGroup) {
		return g.Group("", verify, badID, buffer, authenticate), g.Group("", verify, badID, badType, buffer, authenticate)
	}
	login, account, users := &login{a}, &account{a}, &users{a}
	posts, comments, drafts := &posts{a}, &comments{a}, &drafts{a}
	route := middleware.Route

	secret := r.Group("", middleware.Secret, middleware.LimitBody(maxAccountBody))
	visitors := secret.Group("", badType, buffer)
	route(visitors, "POST /auth/register", login.register)
	route(visitors, "POST /auth/login", login.logIn)
	route(visitors, "POST /auth/refresh", login.refresh)
	route(visitors, "POST /auth/logout", login.logOut)
	own, ownWithBody := signedIn(secret)
	route(own, "GET /auth/me", account.me)
	route(ownWithBody, "PATCH /auth/me", account.updateMe)
	route(ownWithBody, "DELETE /auth/me", account.deleteMe)
	route(ownWithBody, "POST /auth/password", account.changePassword)
	route(own, "GET /auth/sessions", account.listSessions)
	route(own, "DELETE /auth/sessions", account.endSessions)
	route(own, "DELETE /auth/sessions/:id", account.endSession)
	admins := own.Group("", middleware.RequireAdmin)
	route(admins, "GET /admin/users", users.list)

	public := r.Group("", middleware.Revalidate, middleware.LimitBody(maxPostBody))
	keep := middleware.Handle(func(c *gin.Context) error { return a.Base.Keeper.Keep(c, "") })
	lists := public.Group("", badID, keep)
	readers := public.Group("", badID, middleware.KnownQuery(), keep)
	writers, writersWithBody := signedIn(public)
	route(lists, "GET /posts", posts.list)
	route(readers, "GET /posts/:id", posts.read)
	route(writersWithBody, "POST /posts", posts.create)
	route(writersWithBody, "PUT /posts/:id", posts.change)
	route(writersWithBody, "PATCH /posts/:id", posts.change)
	route(writers, "DELETE /posts/:id", posts.delete)
	if !a.NoComments {
		route(lists, "GET /posts/:id/comments", comments.list)
		route(writersWithBody, "POST /posts/:id/comments", comments.create)
		route(readers, "GET /comments/:id", comments.read)
		route(writersWithBody, "PATCH /comments/:id", comments.update)
		route(writers, "DELETE /comments/:id", comments.delete)
		route(admins, "GET /admin/comments", comments.listAll)
	}

	drafters, draftersWithBody := signedIn(r.Group("", middleware.NoStore, middleware.LimitBody(maxPostBody)))
	route(drafters, "GET /drafts", drafts.list)
	route(draftersWithBody, "POST /drafts", drafts.create)
	route(drafters, "GET /drafts/:id", drafts.read)
	route(draftersWithBody, "PUT /drafts/:id", drafts.change)
	route(draftersWithBody, "PATCH /drafts/:id", drafts.change)
	route(drafters, "DELETE /drafts/:id", drafts.delete)
	route(drafters, "POST /drafts/:id/publish", drafts.publish)
}

// refuseID refuses a malformed id in the path, before the body arrives.
func refuseID(c *gin.Context) error {
	id, ok := c.Params.Get("id")
	if !ok {
		return nil
	}
	_, err := models.ParseID(id)
	return err
}
