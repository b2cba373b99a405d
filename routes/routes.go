// Package routes is the HTTP side of the blog: which paths there are, what they accept and what they answer.
package routes

import (
	"github.com/gin-gonic/gin"

	"gin-blog/blog"
	"gin-blog/internal/answer"
	"gin-blog/internal/markdown"
	"gin-blog/internal/site"
	"gin-blog/internal/urls"
	"gin-blog/middleware"
	"gin-blog/models"
)

const (
	maxAccountBody = 64 << 10 // bytes, under /auth and /users
	maxPostBody    = 2 << 20  // bytes, under /posts, /drafts and /comments: 100,000 characters fit, escaped or not
)

// Options are the parts of the API. Blog and Base are required, the others for the calls that need them.
type Options struct {
	Blog *blog.Blog
	// Base is what every request passes. The pages have the same.
	Base *middleware.Base
	// NoComments leaves out the calls for comments.
	NoComments bool
	// CORSOrigins are the origins whose pages may call the API, or "*" for all.
	CORSOrigins []string
	// Address tells the address of the site as the world sees it.
	Address *urls.Address
	// Site is what the owner says of the blog.
	Site *site.Site
	// Markdown renders the contents of posts.
	Markdown *markdown.Renderer
	// Version is shown by GET /.
	Version string
}

// New returns the door for programs.
func New(o Options) *gin.Engine {
	r := o.Base.Door(renderError)
	r.Use(middleware.CORS(o.CORSOrigins), middleware.Handle(onlyReadTags))
	addRoutes(r, &api{Options: o, decoder: newDecoder()})
	r.NoRoute(middleware.Handle(noRoute(r.Routes())))
	r.NoMethod(middleware.Handle(noMethod))
	return r
}

// api is what all handlers share.
type api struct {
	Options
	*decoder
}

// addRoutes names every path of the API.
func addRoutes(r *gin.Engine, a *api) {
	docs, sitemaps := newDocs(a.Site), newSitemaps(a)
	route := middleware.Route

	route(r, "GET /", a.index)
	route(r, "GET /healthz", a.alive)
	route(r, "GET /readyz", a.ready)
	route(r, "GET /openapi.yaml", docs)
	route(r, "GET /openapi.json", docs)
	route(r, "GET /docs", docs)
	route(r, "GET /docs/*file", docs)
	route(r.Group("", middleware.LimitBody(maxAccountBody)), "GET /users/:id", a.readUser)

	crawlers := r.Group("", middleware.Revalidate, middleware.LimitBody(maxAccountBody), middleware.Origin(a.Address))
	feedReaders := crawlers.Group("", middleware.KnownQuery(feedParameters(false)...), middleware.Handle(a.keep))
	route(feedReaders, "GET /feed.atom", a.atomFeed)
	route(feedReaders, "GET /feed.json", a.jsonFeed)
	route(crawlers, "GET /sitemap.xml", sitemaps.index)
	route(crawlers, "GET /sitemaps/:file", sitemaps.read)
	route(crawlers, "GET /robots.txt", sitemaps.robots)

	addRoutesWithBodies(r, a)
}

// addRoutesWithBodies names the paths of which some take a body. Those check in this order: the token, what can be
// refused without the body (refuseHead, refuseMediaType), and, once the whole body is there, the session.
func addRoutesWithBodies(r *gin.Engine, a *api) {
	buffer, badHead, badType := middleware.BufferBody(), middleware.Handle(refuseHead), middleware.Handle(refuseMediaType)
	verify := middleware.VerifyToken(a.Blog.Sessions)
	// signedIn returns groups for users, and for programs whose access token has the scope.
	signedIn := func(g *gin.RouterGroup, scope models.Scope) (plain, withBody *gin.RouterGroup) {
		checked, authenticate := g.Group("", verify, badHead), middleware.Authenticate(a.Blog.Sessions, scope)
		return checked.Group("", buffer, authenticate), checked.Group("", badType, buffer, authenticate)
	}
	route := middleware.Route

	secret := r.Group("", middleware.Secret, middleware.LimitBody(maxAccountBody))
	visitors := secret.Group("", badType, buffer)
	route(visitors, "POST /auth/register", a.register)
	route(visitors, "POST /auth/login", a.logIn)
	route(visitors, "POST /auth/refresh", a.refresh)
	route(visitors, "POST /auth/logout", a.logOut)
	own, ownWithBody := signedIn(secret, "")
	route(own, "GET /auth/me", a.me)
	route(ownWithBody, "PATCH /auth/me", a.updateMe)
	route(ownWithBody, "DELETE /auth/me", a.deleteMe)
	route(ownWithBody, "POST /auth/password", a.changePassword)
	route(own, "GET /auth/sessions", a.listSessions)
	route(own, "DELETE /auth/sessions", a.endSessions)
	route(own, "DELETE /auth/sessions/:id", a.endSession)
	route(own, "GET /auth/tokens", a.listAccessTokens)
	route(ownWithBody, "POST /auth/tokens", a.createAccessToken)
	route(own, "DELETE /auth/tokens/:id", a.deleteAccessToken)
	admins := own.Group("", middleware.RequireAdmin)
	route(admins, "GET /admin/users", a.listUsers)
	route(ownWithBody.Group("", middleware.RequireAdmin), "PATCH /admin/users/:id", a.suspendUser)
	route(admins, "DELETE /admin/users/:id", a.removeUser)
	route(admins, "GET /admin/log", a.listLog)

	public := r.Group("", middleware.Revalidate, middleware.LimitBody(maxPostBody))
	keep := middleware.Handle(a.keep)
	lists := public.Group("", badHead, a.originOfView, keep)
	readers := public.Group("", badHead, middleware.KnownQuery(), keep)
	writers, writersWithBody := signedIn(public, models.ScopePosts)
	route(lists, "GET /posts", a.listPosts)
	route(public.Group("", middleware.KnownQuery()), "GET /posts/tags", a.listTags)
	route(public.Group("", badHead, middleware.KnownQuery("view"), a.originOfView, keep), "GET /posts/:id", a.readPost)
	route(writersWithBody, "POST /posts", a.createPost)
	route(writersWithBody, "PUT /posts/:id", a.changePost)
	route(writersWithBody, "PATCH /posts/:id", a.changePost)
	route(writers, "DELETE /posts/:id", a.deletePost)
	if !a.NoComments {
		route(lists, "GET /posts/:id/comments", a.listComments)
		commenters, commentersWithBody := signedIn(public, models.ScopeComments)
		route(commentersWithBody, "POST /posts/:id/comments", a.createComment)
		route(readers, "GET /comments/:id", a.readComment)
		route(commentersWithBody, "PATCH /comments/:id", a.updateComment)
		route(commenters, "DELETE /comments/:id", a.deleteComment)
		route(admins, "GET /admin/comments", a.listAllComments)
	}

	drafters, draftersWithBody := signedIn(
		r.Group("", middleware.NoStore, middleware.LimitBody(maxPostBody)), models.ScopeDrafts)
	addDraftRoutes(a, drafters, draftersWithBody)
}

func addDraftRoutes(a *api, drafters, draftersWithBody *gin.RouterGroup) {
	route := middleware.Route
	route(drafters, "GET /drafts", a.listDrafts)
	route(draftersWithBody, "POST /drafts", a.createDraft)
	route(drafters, "GET /drafts/:id", a.readDraft)
	route(draftersWithBody, "PUT /drafts/:id", a.changeDraft)
	route(draftersWithBody, "PATCH /drafts/:id", a.changeDraft)
	route(drafters, "DELETE /drafts/:id", a.deleteDraft)
	route(drafters, "POST /drafts/:id/publish", a.publishDraft)
}

// keep keeps answers. Those with absolute links are kept separately for each address of the site.
func (h *api) keep(c *gin.Context) error { return h.Base.Keeper.Keep(c, middleware.OriginOf(c)) }

// refuseHead refuses a malformed id in the path, and malformed ETags in the header, before the body arrives.
func refuseHead(c *gin.Context) error {
	if id, ok := c.Params.Get("id"); ok {
		if _, err := models.ParseID(id); err != nil {
			return err
		}
	}
	return answer.CheckTags(c.Request.Header)
}
