package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"runtime/debug"
	"strconv"
	"time"

	"gin-blog/config"
	"gin-blog/middleware"
	"gin-blog/models"
	"gin-blog/publisher"
	"gin-blog/server"
	"gin-blog/sweeper"
)

// storeCloseTimeout is how long the store may take to close. Together with server.StopTimeout it is less than the 10 s
// that Docker waits.
const storeCloseTimeout = 2 * time.Second

// memoryLimit is how many bytes the process takes before it collects garbage more often. All that clients can make it
// hold at once is less.
const memoryLimit = 128 << 20

// serve answers requests until a signal or ctx stops it, then lets the requests in flight finish.
func serve(ctx context.Context, in call) (err error) {
	c, err := in.load()
	if err != nil {
		return err
	}
	terminal := isTerminal(in.stdout)
	log := newLogger(c, in.stdout, terminal)
	if debug.SetMemoryLimit(-1) == math.MaxInt64 { // GOMEMLIMIT is not set
		debug.SetMemoryLimit(memoryLimit)
	}
	for _, warning := range c.Warnings {
		log.Warn(warning)
	}
	if err := c.EnsureDataDir(); err != nil {
		return err
	}
	if err := c.EnsureSecrets(); err != nil {
		return err
	}
	logSettings(ctx, c, log, terminal)
	certificate, err := loadCertificate(c, log)
	if err != nil {
		return err
	}
	ctx, release := server.HandleSignals(ctx, certificate)
	defer release()

	metrics := newMetrics(c)
	store, err := openStore(ctx, c, log, metrics.StoreObserver(storeLabel(c)))
	if err != nil && ctx.Err() != nil {
		log.Info("stopped before the start was over")
		return nil
	}
	if err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeCloseTimeout)
		defer cancel()
		err = errors.Join(err, store.Close(closing))
	}()
	metrics.WatchPool(storeLabel(c), store)
	stopMetrics, err := metrics.Serve(ctx, c.MetricsAddr, log)
	if err != nil {
		return fmt.Errorf("METRICS_ADDR: %w", err)
	}
	defer stopMetrics()
	defer startJobs(ctx, store, log)()

	srv := server.New(server.Options{
		Certificate: certificate, ConnContext: middleware.PerConnection, DrainDelay: c.DrainDelay, Log: log,
	})
	site, err := newSite(c, store, log, metrics, srv.Draining)
	if err != nil {
		return err
	}
	listener, err := server.Listen(ctx, ":"+strconv.Itoa(c.Port))
	if err != nil {
		return fmt.Errorf("PORT: %w", err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	url := fmt.Sprintf("%s://localhost:%d", scheme(c), port)
	announce(c, url, log, in.stdout, terminal)
	return srv.Serve(ctx, listener, site)
}

// announce says at which address the server listens: to people at a terminal, or in the log.
func announce(c *config.Config, url string, log *slog.Logger, out io.Writer, terminal bool) {
	if isForPeople(c, terminal) {
		fmt.Fprint(out, banner(c, url))
		return
	}
	log.Info("listening", "url", url, "store", describeStore(c), "version", version())
}

// logSettings logs the settings in force. People at a terminal see them if they ask for more.
func logSettings(ctx context.Context, c *config.Config, log *slog.Logger, terminal bool) {
	level := slog.LevelInfo
	if isForPeople(c, terminal) {
		level = slog.LevelDebug
	}
	log.LogAttrs(ctx, level, "settings", c.Attrs()...)
}

// loadCertificate loads the certificate that the settings name, or returns nil where they name none.
func loadCertificate(c *config.Config, log *slog.Logger) (*server.Certificate, error) {
	if c.TLSCert == "" {
		return nil, nil
	}
	certificate, err := server.LoadCertificate(c.TLSCert, c.TLSKey, log)
	if err != nil {
		return nil, fmt.Errorf("TLS_CERT and TLS_KEY: %w", err)
	}
	return certificate, nil
}

// newMetrics returns the metrics, or nil, which measures nothing, where the settings have no METRICS_ADDR.
func newMetrics(c *config.Config) *server.Metrics {
	if c.MetricsAddr == "" {
		return nil
	}
	return server.NewMetrics(version(), revision())
}

// startJobs starts what the server does beside answering requests. It ends with ctx, or when stop is called.
func startJobs(ctx context.Context, store models.Store, log *slog.Logger) (stop func()) {
	stopPublisher := publisher.Start(ctx, publisher.Options{
		Store: store, Interval: publisher.Interval, Log: log, Now: time.Now,
	})
	stopSweeper := sweeper.Start(ctx, store, log)
	return func() {
		stopPublisher()
		stopSweeper()
	}
}

// scheme returns the scheme of the server's URLs.
func scheme(c *config.Config) string {
	if c.TLSCert != "" {
		return "https"
	}
	return "http"
}
