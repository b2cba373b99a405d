package cli

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

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
	c *config.Config, store models.Store, log *slog.Logger, metrics *server.Metrics, draining func() bool,
) (http.Handler, error) {
	gin.SetMode(gin.ReleaseMode)
	passwords, err := auth.NewPasswords(c.BcryptCost)
	if err != nil {
		return nil, err
	}
	metrics.WatchPasswords(passwords)
	address, err := urls.NewAddress(c.BaseURL, c.TrustedProxies)
	if err != nil {
		return nil, err
	}
	api := routes.Options{
		Store:             store,
		Passwords:         passwords,
		PasswordMinLength: c.PasswordMinLength,
		Sessions: auth.NewSessions(store, auth.NewTokens(c.SecretKey, c.RefreshSecret, time.Now), auth.SessionOptions{
			AccessTTL:  c.AccessTokenTTL,
			RefreshTTL: c.RefreshTokenTTL,
			Grace:      c.RefreshGrace,
			Rotation:   c.RefreshRotation,
			Now:        time.Now,
		}),
		NoComments:     !c.Comments,
		CORSOrigins:    c.CORSOrigins,
		TrustedProxies: c.TrustedProxies,
		Site:           address,
		Markdown:       markdown.NewRenderer(),
		HSTS:           c.TLSCert != "",
		Version:        version(),
		Draining:       draining,
		Metrics:        metrics.Registerer(),
		Log:            log,
		Now:            time.Now,
		Keeper:         middleware.NewKeeper(store, metrics.Registerer()),
		Logins:         middleware.NewLoginCounter(metrics.Registerer()),
	}
	if c.RateLimit {
		api.Limits = auth.NewLimits(time.Now)
	}
	api.Pages, err = newPages(api)
	if err != nil {
		return nil, err
	}
	return routes.New(api)
}

// newPages makes the pages, with the parts that they share with the API.
func newPages(api routes.Options) (*web.Pages, error) {
	return web.New(web.Options{
		Store:    api.Store,
		Sessions: api.Sessions,
		Accounts: auth.NewAccounts(auth.AccountOptions{
			Store: api.Store, Passwords: api.Passwords, Sessions: api.Sessions, Limits: api.Limits, Log: api.Log, Now: api.Now,
		}),
		Logins:            api.Logins,
		Keeper:            api.Keeper,
		Markdown:          api.Markdown,
		Limits:            api.Limits,
		NoComments:        api.NoComments,
		PasswordMinLength: api.PasswordMinLength,
		Address:           api.Site,
		Now:               api.Now,
	})
}
