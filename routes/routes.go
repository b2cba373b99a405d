// Package routes is the HTTP side of the blog: which paths there are, what they accept and what they answer.
package routes

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"gin-blog/internal/auth"
	"gin-blog/internal/markdown"
	"gin-blog/internal/urls"
	"gin-blog/middleware"
	"gin-blog/models"
)

const (
	maxAccountBody = 64 << 10 // bytes, under /auth and /users
	maxPostBody    = 2 << 20  // bytes, under /posts, /drafts and /comments: 100,000 characters fit, escaped or not
)

// Options are the parts of the API. Store, Passwords and Sessions are required.
type Options struct {
	Store     models.Store
	Passwords *auth.Passwords
	Sessions  *auth.Sessions
	// Limits restrict logins, registrations and comments. Default: no limits.
	Limits *auth.Limits
	// NoComments leaves out the calls for comments.
	NoComments bool
	// PasswordMinLength is how many characters a new password has at least. Default: 6.
	PasswordMinLength int
	// CORSOrigins are the origins whose pages may call the API. Default: "*", all.
	CORSOrigins []string
	// TrustedProxies are the addresses and networks whose X-Forwarded-For is believed. Default: none.
	TrustedProxies []string
	// Site is the address of the site. Default: that of the request, as the trusted proxies have it.
	Site *urls.Address
	// Markdown renders the contents of posts. Default: one for the feeds alone.
	Markdown *markdown.Renderer
	// HSTS tells browsers to use HTTPS only. It is for a server that speaks TLS.
	HSTS bool
	// Version is shown by GET /.
	Version string
	// Draining returns whether the server is about to stop. Default: it never is.
	Draining func() bool
	// Metrics is where the metrics of requests and logins are registered. Default: nowhere.
	Metrics prometheus.Registerer
	// Log receives a line for each request. Default: it is discarded.
	Log *slog.Logger
	// Now is the clock. Default: time.Now.
	Now func() time.Time
	// Keeper keeps answers, for the API and the pages. Default: one for the API alone.
	Keeper *middleware.Keeper
	// Logins counts logins, for the API and the pages. Default: one for the API alone.
	Logins *middleware.LoginCounter
	// Pages are shown to people with a browser. Default: there are none.
	Pages Pages
}

// Pages is the part of the site for people with a browser.
type Pages interface {
	// AddTo adds every page to r. first runs before everything else at "GET /", where the API has its index: it answers
	// programs, and ends their requests.
	AddTo(r *gin.Engine, first gin.HandlerFunc)
	// NotFound answers a request for a path that there is not.
	NotFound(c *gin.Context)
}

// withDefaults fills in what is not set.
func (o Options) withDefaults() Options {
	o.PasswordMinLength = cmp.Or(o.PasswordMinLength, 6)
	if o.CORSOrigins == nil {
		o.CORSOrigins = []string{"*"}
	}
	if o.Draining == nil {
		o.Draining = func() bool { return false }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Keeper == nil {
		o.Keeper = middleware.NewKeeper(o.Store, o.Metrics)
	}
	if o.Logins == nil {
		o.Logins = middleware.NewLoginCounter(o.Metrics)
	}
	if o.Markdown == nil {
		o.Markdown = markdown.NewRenderer()
	}
	return o
}

// New returns the handler of the API. It fails if TrustedProxies has an entry that is no address or network.
func New(o Options) (http.Handler, error) {
	engine, err := newEngine(o.withDefaults())
	if err != nil {
		return nil, err
	}
	return middleware.EndConnections(middleware.TrimSlash(engine)), nil
}

// newEngine returns the router with its middleware and all routes. o has its defaults.
func newEngine(o Options) (*gin.Engine, error) {
	r := gin.New()
	r.RedirectTrailingSlash = false
	r.HandleMethodNotAllowed = true
	r.RemoteIPHeaders = []string{"X-Forwarded-For"} // without X-Real-IP, which proxies pass on as clients send it
	if err := r.SetTrustedProxies(o.TrustedProxies); err != nil {
		return nil, fmt.Errorf("trusted proxies: %w", err)
	}
	if o.Site == nil {
		var err error
		if o.Site, err = urls.NewAddress("", o.TrustedProxies); err != nil {
			return nil, err
		}
	}
	useMiddleware(r, o)
	h, err := newHandlers(o)
	if err != nil {
		return nil, err
	}
	cors := middleware.CORS(o.CORSOrigins)
	addRoutes(r.Group("", cors), h, o)
	unknown := noRoute(r.Routes())
	if o.Pages == nil {
		middleware.Route(r.Group("", cors), "GET /", h.health.index)
		r.NoRoute(cors, middleware.Handle(unknown))
	} else {
		o.Pages.AddTo(r, unlessHTML(cors, middleware.Handle(h.health.index)))
		r.NoRoute(unlessHTML(cors, middleware.Handle(unknown)), o.Pages.NotFound)
	}
	r.NoMethod(cors, middleware.Handle(noMethod)) // never a page: they have every method
	return r, nil
}

// useMiddleware installs the middleware of every request, in this order:
//
//   - Metrics sees each request from its start to its end, also a request that panics.
//   - RequestID comes before everything that logs or answers.
//   - AccessLog runs outside of Answer, to log what was sent, and how long that took.
//   - Admit refuses what takes too much memory, and holds that of a request until its answer was sent.
//   - Answer sends the whole answer when everything inside of it is done, and 500 if there is none. So the first
//     Recover makes 500 of a panic in the rendering of an error.
//   - RenderErrors answers the errors of what is inside: of the second Recover, which turns a panic into an error, and
//     of the handlers.
//
// CORS is not among them, because it must not run for pages. It runs first for the routes of the API, and for requests
// without a route, because a preflight request names a method that has none.
func useMiddleware(r *gin.Engine, o Options) {
	if o.Metrics != nil {
		r.Use(middleware.Metrics(o.Metrics))
	}
	if o.HSTS {
		r.Use(middleware.HSTS())
	}
	r.Use(
		middleware.RequestID(),
		middleware.CloseWhen(o.Draining),
		middleware.NoSniff(),
		middleware.AccessLog(o.Log),
		middleware.Admit(),
		middleware.Answer(),
		middleware.Recover(o.Log),
		middleware.RenderErrors(renderError),
		middleware.Recover(o.Log),
		middleware.LimitPatience,
	)
}

// handlers are the handlers of the API, by resource.
type handlers struct {
	docs     *docs
	health   *health
	login    *login
	account  *account
	admin    *admin
	users    *users
	posts    *posts
	comments *comments
	drafts   *drafts
	feeds    *feeds
	sitemaps *sitemaps
}

func newHandlers(o Options) (*handlers, error) {
	decoder, err := newDecoder(o.PasswordMinLength)
	if err != nil {
		return nil, err
	}
	docs, err := newDocs()
	if err != nil {
		return nil, err
	}
	accounts := auth.NewAccounts(auth.AccountOptions{
		Store: o.Store, Passwords: o.Passwords, Sessions: o.Sessions, Limits: o.Limits, Log: o.Log, Now: o.Now,
	})
	return &handlers{
		docs:     docs,
		health:   &health{o.Store, o.Draining, o.Version},
		login:    &login{decoder, accounts, o.Sessions, o.Logins},
		account:  &account{decoder, accounts, o.Store, o.Now},
		admin:    &admin{o.Store},
		users:    &users{o.Store},
		posts:    &posts{decoder, o.Store, o.Store, o.Now},
		comments: &comments{decoder, o.Store, o.Store, o.Limits, o.Now},
		drafts:   &drafts{decoder, o.Store, o.Now},
		feeds:    &feeds{o.Store, o.Store, o.Site, o.Markdown, feedParameters(o.NoComments)},
		sitemaps: newSitemaps(o.Store, o.Site),
	}, nil
}

// addRoutes names every path of the API.
//
// The calls that take a body check in this order: the token, what can be refused without the body (refuseID,
// refuseMediaType), and, once the whole body is there, the session.
func addRoutes(r gin.IRouter, h *handlers, o Options) {
	verify, authenticate := middleware.VerifyToken(o.Sessions), middleware.Authenticate(o.Sessions)
	badID, badMediaType := middleware.Handle(refuseID), middleware.Handle(refuseMediaType)
	buffer := middleware.BufferBody()
	signedIn := []gin.HandlerFunc{verify, badID, buffer, authenticate}
	signedInWithBody := []gin.HandlerFunc{verify, badID, badMediaType, buffer, authenticate}

	middleware.Route(r, "GET /healthz", h.health.alive)
	middleware.Route(r, "GET /readyz", h.health.ready)
	middleware.Route(r, "GET /openapi.yaml", h.docs.openAPI)
	middleware.Route(r, "GET /openapi.json", h.docs.openAPIAsJSON)
	middleware.Route(r, "GET /docs", h.docs.page)
	middleware.Route(r, "GET /docs/*file", h.docs.file)

	auths := r.Group("", middleware.Secret(), middleware.LimitBody(maxAccountBody))
	visitors := auths.Group("", badMediaType, buffer)
	middleware.Route(visitors, "POST /auth/register", h.login.register)
	middleware.Route(visitors, "POST /auth/login", h.login.logIn)
	middleware.Route(visitors, "POST /auth/refresh", h.login.refresh)
	middleware.Route(visitors, "POST /auth/logout", h.login.logOut)

	own, ownWithBody := auths.Group("", signedIn...), auths.Group("", signedInWithBody...)
	middleware.Route(own, "GET /auth/me", h.account.me)
	middleware.Route(ownWithBody, "PATCH /auth/me", h.account.updateMe)
	middleware.Route(ownWithBody, "DELETE /auth/me", h.account.deleteMe)
	middleware.Route(ownWithBody, "POST /auth/password", h.account.changePassword)
	middleware.Route(own, "GET /auth/sessions", h.account.listSessions)
	middleware.Route(own, "DELETE /auth/sessions", h.account.endSessions)
	middleware.Route(own, "DELETE /auth/sessions/:id", h.account.endSession)

	admins := own.Group("", middleware.RequireRole(models.RoleAdmin))
	middleware.Route(admins, "GET /admin/users", h.admin.list)

	public := r.Group("", middleware.LimitBody(maxAccountBody))
	middleware.Route(public, "GET /users/:id", h.users.read)

	allPosts := r.Group("", middleware.Revalidate(), middleware.LimitBody(maxPostBody))
	lists, readers := allPosts.Group("", o.Keeper.Keep), allPosts.Group("", middleware.KnownQuery(), o.Keeper.Keep)
	middleware.Route(lists, "GET /posts", h.posts.list)
	middleware.Route(readers, "GET /posts/:id", h.posts.read)

	authors, authorsWithBody := allPosts.Group("", signedIn...), allPosts.Group("", signedInWithBody...)
	middleware.Route(authorsWithBody, "POST /posts", h.posts.create)
	middleware.Route(authorsWithBody, "PUT /posts/:id", h.posts.replace)
	middleware.Route(authorsWithBody, "PATCH /posts/:id", h.posts.update)
	middleware.Route(authors, "DELETE /posts/:id", h.posts.delete)

	if !o.NoComments {
		addCommentRoutes(h.comments, lists, readers, authors, authorsWithBody, admins)
	}

	addCrawlerRoutes(r, h, o)
	allDrafts := r.Group("", middleware.NoStore(), middleware.LimitBody(maxPostBody))
	addDraftRoutes(h.drafts, allDrafts.Group("", signedIn...), allDrafts.Group("", signedInWithBody...))
}

// addCrawlerRoutes names the paths for feed readers and search engines.
func addCrawlerRoutes(r gin.IRouter, h *handlers, o Options) {
	crawlers := r.Group("", middleware.Revalidate(), middleware.LimitBody(maxAccountBody))
	feedReaders := crawlers.Group("", middleware.KnownQuery(feedParameters(false)...), keepBySite(o.Keeper, o.Site))
	middleware.Route(feedReaders, "GET /feed.atom", h.feeds.atom)
	middleware.Route(feedReaders, "GET /feed.json", h.feeds.json)
	middleware.Route(crawlers, "GET /sitemap.xml", h.sitemaps.index)
	middleware.Route(crawlers, "GET /sitemaps/:file", h.sitemaps.read)
	middleware.Route(crawlers, "GET /robots.txt", h.sitemaps.robots)
}

// addCommentRoutes names the paths of comments.
func addCommentRoutes(h *comments, lists, readers, authors, authorsWithBody, admins gin.IRoutes) {
	middleware.Route(lists, "GET /posts/:id/comments", h.list)
	middleware.Route(authorsWithBody, "POST /posts/:id/comments", h.create)
	middleware.Route(readers, "GET /comments/:id", h.read)
	middleware.Route(authorsWithBody, "PATCH /comments/:id", h.update)
	middleware.Route(authors, "DELETE /comments/:id", h.delete)
	middleware.Route(admins, "GET /admin/comments", h.listAll)
}

// addDraftRoutes names the paths of drafts.
func addDraftRoutes(h *drafts, drafters, draftersWithBody gin.IRoutes) {
	middleware.Route(drafters, "GET /drafts", h.list)
	middleware.Route(draftersWithBody, "POST /drafts", h.create)
	middleware.Route(drafters, "GET /drafts/:id", h.read)
	middleware.Route(draftersWithBody, "PUT /drafts/:id", h.replace)
	middleware.Route(draftersWithBody, "PATCH /drafts/:id", h.update)
	middleware.Route(drafters, "DELETE /drafts/:id", h.delete)
	middleware.Route(drafters, "POST /drafts/:id/publish", h.publish)
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

// refuseMediaType refuses a body that decode would refuse for its type, before the body arrives.
func refuseMediaType(c *gin.Context) error { return checkMediaType(c.Request.Header) }
