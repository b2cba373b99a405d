// Package routes is the HTTP side of the blog: which paths there are, what they take and what they answer.
package routes

import (
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/prometheus/client_golang/prometheus"

	"gin-blog/auth"
	"gin-blog/middleware"
	"gin-blog/models"
)

const (
	maxAccountBody = 64 << 10 // bytes, under /auth and /users
	maxPostBody    = 1 << 20  // bytes, under /posts
)

// Options are what the routes are made of. All fields but Limits, TrustedProxies, Metrics and HSTS are required.
type Options struct {
	Store     models.Store
	Passwords *auth.Passwords
	Sessions  *auth.Sessions
	Limits    *auth.Limits // nil for none
	Validator *models.Validator
	Log       *slog.Logger
	Now       func() time.Time
	// Draining tells whether the server is about to stop, so that load balancers look elsewhere.
	Draining func() bool
	// Version is the version of the program, as GET / shows it.
	Version string
	// CORSOrigins are the origins whose pages may call the API, "*" for all.
	CORSOrigins []string
	// TrustedProxies are the addresses and networks whose X-Forwarded-For is believed.
	TrustedProxies []string
	// Metrics is where the metrics of requests and logins are registered, nil for none.
	Metrics prometheus.Registerer
	// HSTS says that the server speaks TLS, and that browsers shall remember it.
	HSTS bool
}

// api holds what the handlers share.
type api struct {
	Options
	strict json.Options // how bodies are decoded; made once, since it remembers the types it has seen
	logins *prometheus.CounterVec
}

func newAPI(o Options) *api {
	return &api{Options: o, strict: strictJSON(), logins: newLogins(o.Metrics)}
}

// New returns the handler of the whole API. It fails where TrustedProxies has an entry that is no address or network.
func New(o Options) (http.Handler, error) {
	engine, err := newEngine(o)
	if err != nil {
		return nil, err
	}
	return middleware.Compress(engine)
}

func newEngine(o Options) (*gin.Engine, error) {
	a := newAPI(o)
	r := gin.New()
	r.RedirectTrailingSlash = false
	r.HandleMethodNotAllowed = true
	if err := r.SetTrustedProxies(o.TrustedProxies); err != nil {
		return nil, fmt.Errorf("trusted proxies: %w", err)
	}
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
		middleware.DrainBody(),
		renderErrors(),
		middleware.Recover(o.Log),
		middleware.CORS(o.CORSOrigins),
	)
	r.NoRoute(handle(a.noRoute))
	r.NoMethod(handle(a.noMethod))
	signedIn := middleware.Authenticate(o.Sessions)

	get(r, "/", a.index)
	get(r, "/healthz", a.healthy)
	get(r, "/readyz", a.ready)
	asYAML, asJSON, err := openapi()
	if err != nil {
		return nil, err
	}
	get(r, "/openapi.yaml", asYAML)
	get(r, "/openapi.json", asJSON)
	page, file := docs()
	get(r, "/docs", page)
	get(r, "/docs/*file", file)

	accounts := r.Group("/auth", middleware.Secret(), middleware.LimitBody(maxAccountBody))
	post(accounts, "/register", a.register)
	post(accounts, "/login", a.login)
	post(accounts, "/refresh", a.refresh)
	post(accounts, "/logout", a.logout)

	account := accounts.Group("", signedIn)
	get(account, "/me", a.me)
	patch(account, "/me", a.updateMe)
	del(account, "/me", a.deleteMe)
	post(account, "/password", a.changePassword)
	get(account, "/sessions", a.listSessions)
	del(account, "/sessions", a.endSessions)
	del(account, "/sessions/:id", a.endSession)

	admin := r.Group("/admin", signedIn, middleware.RequireRole(models.RoleAdmin), middleware.Secret())
	get(admin, "/users", a.listUsers)

	users := r.Group("/users", middleware.LimitBody(maxAccountBody))
	get(users, "/:id", a.user)

	posts := r.Group("/posts", middleware.Revalidate(), middleware.LimitBody(maxPostBody))
	get(posts, "", a.listPosts)
	get(posts, "/:id", a.readPost)

	authors := posts.Group("", signedIn)
	post(authors, "", a.createPost)
	put(authors, "/:id", a.replacePost)
	patch(authors, "/:id", a.updatePost)
	del(authors, "/:id", a.deletePost)

	return r, nil
}

// handler is a gin handler that returns what went wrong instead of rendering it.
type handler func(*gin.Context) error

func handle(h handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := h(c); err != nil {
			_ = c.Error(err)
			c.Abort()
		}
	}
}

// get routes HEAD too; net/http leaves out the body.
func get(r gin.IRoutes, path string, h handler) {
	r.Match([]string{http.MethodGet, http.MethodHead}, path, handle(h))
}

func post(r gin.IRoutes, path string, h handler)  { r.POST(path, handle(h)) }
func put(r gin.IRoutes, path string, h handler)   { r.PUT(path, handle(h)) }
func patch(r gin.IRoutes, path string, h handler) { r.PATCH(path, handle(h)) }
func del(r gin.IRoutes, path string, h handler)   { r.DELETE(path, handle(h)) }
