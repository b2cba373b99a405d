package cli

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"gin-blog/blog"
	"gin-blog/config"
	"gin-blog/internal/auth"
	"gin-blog/internal/markdown"
	"gin-blog/internal/server"
	"gin-blog/internal/urls"
	"gin-blog/middleware"
	"gin-blog/models"
	"gin-blog/routes"
	"gin-blog/web"
)

// newSite puts the API and the pages together as the settings say.
func newSite(
	c *config.Config, store models.Store, log *slog.Logger, metrics server.Metrics, draining func() bool,
) (http.Handler, error) {
	gin.SetMode(gin.ReleaseMode)
	passwords := auth.NewPasswords(c.BcryptCost)
	metrics.WatchPasswords(passwords)
	address := urls.NewAddress(c.BaseURL, c.Proxies)
	b := blog.New(blog.Options{
		Store: store, Passwords: passwords, PasswordMinLength: c.PasswordMinLength, Log: log, Now: time.Now,
		Registration: blog.Registration(c.Registration),
		Sessions: auth.NewSessions(store, auth.NewTokens(c.SecretKey, c.RefreshSecret, time.Now), auth.SessionOptions{
			AccessTTL:  c.AccessTokenTTL,
			RefreshTTL: c.RefreshTokenTTL,
			Grace:      c.RefreshGrace,
			Rotation:   c.RefreshRotation,
			Now:        time.Now,
		}),
	})
	if c.RateLimit {
		b.Limits = auth.NewLimits(time.Now)
	}
	base := middleware.NewBase(middleware.BaseOptions{
		TrustedProxies: c.Proxies, HSTS: c.TLSCert != "", Draining: draining, Store: store, Metrics: metrics,
		Log: log,
	})
	renderer := markdown.NewRenderer()
	api := routes.New(routes.Options{
		Blog: b, Base: base, NoComments: !c.Comments, CORSOrigins: c.CORSOrigins, Address: address, Markdown: renderer,
		Site: c.Site, Version: version(),
	})
	pages, err := web.New(web.Options{
		Blog: b, Base: base, NoComments: !c.Comments, Address: address, Markdown: renderer, Site: c.Site,
	})
	if err != nil {
		return nil, err
	}
	return middleware.Doors(api, pages), nil
}
