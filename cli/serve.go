package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"net"
	"net/netip"
	"net/url"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"gin-blog/blog"
	"gin-blog/config"
	"gin-blog/internal/answer"
	"gin-blog/internal/server"
	"gin-blog/models"
)

// storeCloseTimeout is how long the store may take to close. Together with server.StopTimeout it is less than the 10 s
// that Docker waits.
const storeCloseTimeout = 2 * time.Second

// memoryLimit is how many bytes the process takes before it collects garbage more often. All that clients can make it
// hold at once is less.
const memoryLimit = 128 << 20

// serve answers requests until a signal or ctx stops it, then lets the requests in flight finish. A start that fails
// changes nothing: it looks at everything that may be wrong, and takes its ports, before it writes anything.
func serve(ctx context.Context, in call) error {
	c, err := config.Load(in.environ, dotenv)
	if err != nil {
		return err
	}
	people := isForPeople(c, isTerminal(in.stdout))
	log, out := startLog(c, in.stdout, people)
	defer out.Close()
	if debug.SetMemoryLimit(-1) == math.MaxInt64 { // GOMEMLIMIT sets none
		debug.SetMemoryLimit(memoryLimit)
	}
	var encryption *tls.Config
	load, reload := func() error { return nil }, func() {}
	if c.TLSCert != "" {
		encryption, load = server.Certificate(c.TLSCert, c.TLSKey)
		reload = func() {
			if err := load(); err != nil {
				log.Error("the certificate was not reloaded, the one before stays", "cause", err)
				return
			}
			log.Info("the certificate was reloaded")
		}
	}
	defer server.HandleHangups(reload)()
	if err := c.ReadSecrets(); err != nil {
		return err
	}
	level := slog.LevelInfo
	if people { // see them if they ask for more
		level = slog.LevelDebug
	}
	log.LogAttrs(ctx, level, "settings", c.Attrs()...)
	if err := load(); err != nil {
		return fmt.Errorf("TLS_CERT and TLS_KEY: %w", err)
	}
	return serveAs(ctx, c, encryption, log, func(url string) {
		if people {
			fmt.Fprint(out, banner(c, url))
		} else {
			log.Info("listening", "url", url, "store", placeOf(c).String(), "version", version())
		}
	})
}

// serveAs serves what the settings name. It calls announce with its address when it is ready.
func serveAs(
	ctx context.Context, c *config.Config, encryption *tls.Config, log *slog.Logger, announce func(url string),
) (err error) {
	metrics := server.NewMetrics(version(), revision())
	where := placeOf(c)
	served, err := where.newStore(ctx, models.ToServe, log, metrics.StoreObserver(where.label()))
	if err != nil {
		return err
	}
	unstopped := context.WithoutCancel(ctx) // serveStore heeds a stop that came meanwhile
	defer func() {
		closing, cancel := context.WithTimeout(unstopped, storeCloseTimeout)
		defer cancel()
		err = errors.Join(err, served.Close(closing))
	}()
	listener, err := server.Listen(unstopped, net.JoinHostPort(c.Host, strconv.Itoa(c.Port)))
	if err != nil {
		return fmt.Errorf("HOST and PORT: %w", err)
	}
	defer listener.Close()
	metrics.WatchPool(where.label(), served)
	stopMetrics, err := metrics.Serve(unstopped, c.MetricsAddr, log)
	if err != nil {
		return fmt.Errorf("METRICS_ADDR: %w", err)
	}
	defer stopMetrics()
	for _, warning := range newDatabaseWarnings(c) {
		log.Warn(warning)
	}
	made, err := makeDataDir(c)
	defer func() {
		if err == nil {
			return
		}
		for _, path := range slices.Backward(made) {
			_ = os.Remove(path) // a folder that is not empty stays
		}
	}()
	if err != nil {
		return err
	}
	srv := &server.Server{
		TLS: encryption, ConnContext: answer.PerConnection, DrainDelay: c.DrainDelay, Log: log,
	}
	site, err := newSite(c, served, log, metrics, srv.Draining)
	if err != nil {
		return err
	}
	return serveStore(ctx, served, log, func(ctx context.Context) error { return srv.Serve(ctx, listener, site) }, func() {
		made = nil // so it stays
		announce(localURL(c, "localhost", listener.Addr().(*net.TCPAddr).Port))
	})
}

// makeDataDir makes DATA_DIR and the secrets, if they are not there, and returns the paths of those that it made.
func makeDataDir(c *config.Config) (made []string, err error) {
	if _, err := os.Stat(c.DataDir); errors.Is(err, fs.ErrNotExist) {
		made = append(made, c.DataDir)
	}
	if err := c.EnsureDataDir(); err != nil {
		return made, err
	}
	secrets, err := c.EnsureSecrets()
	return append(made, secrets...), err
}

// serveStore serves a store until ctx ends, and starts it meanwhile. Requests before its start are answered that it is
// not there yet. Once it is, serveStore calls announce and starts the jobs.
func serveStore(
	ctx context.Context, s store, log *slog.Logger, serve func(context.Context) error, announce func(),
) error {
	group, running := errgroup.WithContext(ctx)
	group.Go(func() error {
		err := s.Start(running)
		if err != nil && ctx.Err() != nil {
			log.Info("stopped before the start was over")
			return nil
		}
		if err != nil {
			return err
		}
		announce()
		defer blog.New(blog.Options{Store: s, Log: log, Now: time.Now}).StartJobs(running)()
		<-running.Done()
		return nil
	})
	group.Go(func() error { return serve(running) })
	return group.Wait()
}

// localURL returns the URL at which this machine reaches the server. usual is the host for a server that listens on all
// addresses.
func localURL(c *config.Config, usual string, port int) string {
	host, scheme := c.Host, "http"
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = usual
	}
	if c.TLSCert != "" {
		scheme = "https"
	}
	return (&url.URL{Scheme: scheme, Host: net.JoinHostPort(host, strconv.Itoa(port))}).String() // escapes a zone
}

// banner returns what a person at a terminal needs first, in five lines. url is the address of the server.
func banner(c *config.Config, url string) string {
	return fmt.Sprintf(`gin-blog %s listens at %s
  try it   %s/docs
  data     %s
  admin    %s role USERNAME admin
  stop     Ctrl-C
`, version(), url, url, placeOf(c), programName(os.Args[0]))
}

// programName returns how to run the program again that was started as arg0.
func programName(arg0 string) string {
	if strings.Contains(arg0, "go-build") { // where go run keeps what it compiled
		return "go run ."
	}
	return arg0
}
