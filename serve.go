package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"gin-blog/auth"
	"gin-blog/config"
	"gin-blog/models"
	"gin-blog/models/metered"
	"gin-blog/models/mongodb"
	"gin-blog/models/sqlite"
	"gin-blog/routes"
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
	log.LogAttrs(ctx, slog.LevelInfo, "settings", c.Attrs()...)
	tlsConfig, err := newTLSConfig(c, log)
	if err != nil {
		return err
	}
	if tlsConfig == nil { // nothing to read again: it is a stop like any other
		var release context.CancelFunc
		ctx, release = signal.NotifyContext(ctx, syscall.SIGHUP)
		defer release()
	}
	store, place, err := openStore(ctx, c, log)
	if err != nil && ctx.Err() != nil {
		log.Info("stopped before the start was over")
		return nil
	}
	if err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closePatience)
		defer cancel()
		err = errors.Join(err, store.Close(closing))
	}()
	stopMetrics, metrics, err := serveMetrics(ctx, c, log)
	if err != nil {
		return err
	}
	defer stopMetrics()

	server := newServer(tlsConfig, log)
	server.http.Handler, err = newAPI(c, store, log, metrics, server.draining.Load)
	if err != nil {
		return err
	}
	listener, err := listen(ctx, ":"+strconv.Itoa(c.Port))
	if err != nil {
		return fmt.Errorf("PORT: %w", err)
	}
	server.start(listener)
	port := listener.Addr().(*net.TCPAddr).Port
	log.Info("listening", "url", fmt.Sprintf("%s://localhost:%d", scheme(c), port), "store", place, "version", version())
	select {
	case err := <-server.ended:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
		return server.drain(context.WithoutCancel(ctx), c.DrainDelay)
	}
}

// serveMetrics serves the metrics at METRICS_ADDR until stop is called. Where that is not set there is no registry either.
func serveMetrics(ctx context.Context, c *config.Config, log *slog.Logger) (stop func() error, _ *prometheus.Registry, err error) {
	if c.MetricsAddr == "" {
		return func() error { return nil }, nil, nil
	}
	registry := newMetrics()
	listener, err := listen(ctx, c.MetricsAddr)
	if err != nil {
		return nil, nil, fmt.Errorf("METRICS_ADDR: %w", err)
	}
	server := &http.Server{Handler: metricsHandler(registry), ReadHeaderTimeout: readHeaderTimeout, IdleTimeout: idleTimeout}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("the metrics are no longer served", "cause", err)
		}
	}()
	log.Info("metrics", "url", fmt.Sprintf("http://%s/metrics", listener.Addr()))
	return server.Close, registry, nil
}

// openStore opens the store that the settings name, and says in a few words where it is.
func openStore(ctx context.Context, c *config.Config, log *slog.Logger) (models.Store, string, error) {
	if c.MongoURI != "" {
		store, err := mongodb.Open(c.MongoURI, c.MongoDB, log, nil)
		if err != nil {
			return nil, "", fmt.Errorf("MONGO_URI: %w", err)
		}
		return store, "MongoDB database " + c.MongoDB, nil
	}
	path := databasePath(c)
	store, err := sqlite.Open(ctx, path, nil)
	return store, "SQLite file " + path, err
}

// kind is the name of the store in the metrics.
func kind(c *config.Config) string {
	if c.MongoURI != "" {
		return "mongodb"
	}
	return "sqlite"
}

// databasePath is where the embedded store is.
func databasePath(c *config.Config) string { return filepath.Join(c.DataDir, "gin-blog.db") }

// newAPI puts the API together as the settings say.
func newAPI(
	c *config.Config, store models.Store, log *slog.Logger, metrics *prometheus.Registry, draining func() bool,
) (http.Handler, error) {
	gin.SetMode(gin.ReleaseMode)
	passwords, err := auth.NewPasswords(c.BcryptCost)
	if err != nil {
		return nil, err
	}
	var registerer prometheus.Registerer // stays nil where nobody asked for metrics, which then cost nothing
	if metrics != nil {
		registerer = metrics
		observePasswords(metrics, passwords)
		store = metered.New(store, kind(c), metrics)
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
		Metrics:        registerer,
		HSTS:           c.TLSCert != "",
	})
}

func newLogger(c *config.Config, w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// listen binds an address; port 0 takes a free one.
func listen(ctx context.Context, address string) (net.Listener, error) {
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		_, port, _ := net.SplitHostPort(address)
		return nil, fmt.Errorf("port %s is in use: stop the other program or choose another", port)
	}
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return listener, nil
}

// scheme is what clients speak with the server.
func scheme(c *config.Config) string {
	if c.TLSCert != "" {
		return "https"
	}
	return "http"
}
