package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math"
	"net"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"gin-blog/config"
	"gin-blog/internal/server"
	"gin-blog/middleware"
	"gin-blog/models"
	"gin-blog/publisher"
	"gin-blog/sweeper"
)

// storeCloseTimeout is how long the store may take to close. Together with server.StopTimeout it is less than the 10 s
// that Docker waits.
const storeCloseTimeout = 2 * time.Second

// memoryLimit is how many bytes the process takes before it collects garbage more often. All that clients can make it
// hold at once is less.
const memoryLimit = 128 << 20

// serve answers requests until a signal or ctx stops it, then lets the requests in flight finish. A start that fails
// changes nothing: it looks at everything that may be wrong, and takes its ports, before it writes anything.
func serve(ctx context.Context, in call) (err error) {
	c, err := in.load()
	if err != nil {
		return err
	}
	terminal := isTerminal(in.stdout)
	log, out := startLog(c, in.stdout, terminal)
	defer out.Close()
	limitMemory()
	certificate := server.NewCertificate(c.TLSCert, c.TLSKey, log)
	ctx, release := server.HandleSignals(ctx, certificate.Reload)
	defer release()
	if err := c.ReadSecrets(); err != nil {
		return err
	}
	logSettings(ctx, c, log, terminal)
	if err := certificate.Load(); err != nil {
		return fmt.Errorf("TLS_CERT and TLS_KEY: %w", err)
	}
	metrics := newMetrics(c)
	store, err := newServedStore(ctx, c, log, metrics.StoreObserver(storeLabel(c)))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeStore(ctx, store)) }()
	unstopped := context.WithoutCancel(ctx) // serveStore heeds a stop that came meanwhile
	listener, err := server.Listen(unstopped, ":"+strconv.Itoa(c.Port))
	if err != nil {
		return fmt.Errorf("PORT: %w", err)
	}
	defer listener.Close()
	metrics.WatchPool(storeLabel(c), store)
	stopMetrics, err := metrics.Serve(unstopped, c.MetricsAddr, log)
	if err != nil {
		return fmt.Errorf("METRICS_ADDR: %w", err)
	}
	defer stopMetrics()
	undo, err := makeDataDir(c, log)
	defer func() {
		if err != nil {
			undo()
		}
	}()
	if err != nil {
		return err
	}
	srv := server.New(server.Options{
		Certificate: certificate, ConnContext: middleware.PerConnection, DrainDelay: c.DrainDelay, Log: log,
	})
	site, err := newSite(c, store, log, metrics, srv.Draining)
	if err != nil {
		return err
	}
	return serveStore(ctx, store, log, func(ctx context.Context) error { return srv.Serve(ctx, listener, site) }, func() {
		undo = func() {}
		port := listener.Addr().(*net.TCPAddr).Port
		announce(c, fmt.Sprintf("%s://localhost:%d", scheme(c), port), log, out, terminal)
	})
}

// limitMemory sets the limit that GOMEMLIMIT does not set.
func limitMemory() {
	if debug.SetMemoryLimit(-1) == math.MaxInt64 {
		debug.SetMemoryLimit(memoryLimit)
	}
}

// closeStore closes the store, also if ctx has ended.
func closeStore(ctx context.Context, store models.Store) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeCloseTimeout)
	defer cancel()
	return store.Close(ctx)
}

// makeDataDir makes DATA_DIR and the secrets, if they are not there. undo removes what it made.
func makeDataDir(c *config.Config, log *slog.Logger) (undo func(), err error) {
	if warning := newDatabaseWarning(c); warning != "" {
		log.Warn(warning)
	}
	var made []string
	if _, err := os.Stat(c.DataDir); errors.Is(err, fs.ErrNotExist) {
		made = append(made, c.DataDir)
	}
	if err = c.EnsureDataDir(); err == nil {
		var secrets []string
		secrets, err = c.EnsureSecrets()
		made = append(made, secrets...)
	}
	return func() {
		for _, path := range slices.Backward(made) {
			_ = os.Remove(path) // a folder that is not empty stays
		}
	}, err
}

// serveStore starts the store and serves it until ctx ends. Requests wait for the store, but not for long: if its start
// takes a while, they are answered that it is not there yet. Once it is, serveStore calls announce and starts the jobs.
func serveStore(
	ctx context.Context, store servedStore, log *slog.Logger, serve func(context.Context) error, announce func(),
) error {
	started := make(chan struct{})
	group, running := errgroup.WithContext(ctx)
	group.Go(func() error {
		err := store.Start(running)
		if err != nil && ctx.Err() != nil {
			log.Info("stopped before the start was over")
			return nil
		}
		if err != nil {
			return err
		}
		close(started)
		announce()
		defer startJobs(running, store, log)()
		<-running.Done()
		return nil
	})
	group.Go(func() error {
		select {
		case <-started:
		case <-time.After(models.CallTimeout):
		case <-running.Done():
			return nil
		}
		return serve(running)
	})
	return group.Wait()
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
