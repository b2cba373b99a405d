package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gin-gonic/gin"

	"gin-blog/auth"
	"gin-blog/config"
	"gin-blog/models"
	"gin-blog/models/mongodb"
	"gin-blog/models/sqlite"
	"gin-blog/routes"
)

const (
	// drainPatience is how long requests in flight may take to finish after SIGTERM.
	drainPatience = 7 * time.Second

	readHeaderTimeout = 5 * time.Second
	readTimeout       = 30 * time.Second // a body of 1 MiB over a slow line
	writeTimeout      = 40 * time.Second // longer than reading may take, so that who was too slow hears it
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 32 << 10
)

// serve answers requests until ctx ends, then lets those in flight finish.
func serve(ctx context.Context, c *config.Config, stdout io.Writer) (err error) {
	log := newLogger(c, stdout)
	if err := c.EnsureDataDir(); err != nil {
		return err
	}
	if err := c.EnsureSecrets(); err != nil {
		return err
	}
	store, place, err := openStore(ctx, c, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close(context.WithoutCancel(ctx))) }()

	var draining atomic.Bool
	api, err := newAPI(c, store, log, draining.Load)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:                      api,
		DisableGeneralOptionsHandler: true, // the API answers "OPTIONS *" too
		ReadHeaderTimeout:            readHeaderTimeout,
		ReadTimeout:                  readTimeout,
		WriteTimeout:                 writeTimeout,
		IdleTimeout:                  idleTimeout,
		MaxHeaderBytes:               maxHeaderBytes,
		ErrorLog:                     slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	listener, err := listen(ctx, c.Port)
	if err != nil {
		return err
	}
	port := listener.Addr().(*net.TCPAddr).Port
	log.Info("listening", "url", fmt.Sprintf("http://localhost:%d", port), "store", place, "version", version())

	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}

	log.Info("stopping: requests in flight may finish")
	draining.Store(true)
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainPatience)
	defer cancel()
	if err := server.Shutdown(drain); err != nil {
		log.Warn("some requests did not finish in time", "cause", err)
		return errors.Join(server.Close())
	}
	log.Info("stopped")
	return nil
}

// openStore opens the store that the settings name, and says in a few words where it is.
func openStore(ctx context.Context, c *config.Config, log *slog.Logger) (models.Store, string, error) {
	if c.MongoURI != "" {
		store, err := mongodb.Open(c.MongoURI, c.MongoDB, log)
		return store, "MongoDB database " + c.MongoDB, err
	}
	path := databasePath(c)
	store, err := sqlite.Open(ctx, path)
	return store, "SQLite file " + path, err
}

// databasePath is where the embedded store is.
func databasePath(c *config.Config) string { return filepath.Join(c.DataDir, "gin-blog.db") }

// newAPI puts the API together as the settings say.
func newAPI(c *config.Config, store models.Store, log *slog.Logger, draining func() bool) (http.Handler, error) {
	gin.SetMode(gin.ReleaseMode)
	passwords, err := auth.NewPasswords(c.BcryptCost)
	if err != nil {
		return nil, err
	}
	var limits *auth.Limits
	if c.RateLimit {
		limits = auth.NewLimits(time.Now)
	}
	return routes.New(routes.Options{
		Store:     store,
		Passwords: passwords,
		Sessions: auth.NewSessions(store, auth.NewTokens(c.SecretKey, c.RefreshSecret, time.Now), auth.SessionOptions{
			AccessTTL:  c.AccessTokenTTL,
			RefreshTTL: c.RefreshTokenTTL,
			Grace:      c.RefreshGrace,
			Rotation:   c.RefreshRotation,
			Now:        time.Now,
		}),
		Limits:         limits,
		Validator:      models.NewValidator(c.PasswordMinLength),
		Log:            log,
		Now:            time.Now,
		Draining:       draining,
		Version:        version(),
		CORSOrigins:    c.CORSOrigins,
		TrustedProxies: c.TrustedProxies,
	})
}

func newLogger(c *config.Config, w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// listen binds the port on all addresses; port 0 takes a free one.
func listen(ctx context.Context, port int) (net.Listener, error) {
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", ":"+strconv.Itoa(port))
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("port %d is in use: stop the other program or set PORT", port)
	}
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return listener, nil
}

// healthcheck asks the server on this machine whether it is ready.
func healthcheck(ctx context.Context, c *config.Config) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/readyz", c.Port), nil)
	if err != nil {
		return fmt.Errorf("healthcheck: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("healthcheck: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("healthcheck: the server is not ready (%s)", response.Status)
	}
	return nil
}
