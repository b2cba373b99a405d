// Command bench measures gin-blog on this machine and prints the table of README.md.
//
// Machines differ and are noisy, so every figure that matters is a ratio of two rates that were measured in turns within
// one run: the API against a ceiling, or against itself on a smaller store. Load goes to this machine only.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/gin-gonic/gin"

	"gin-blog/auth"
	"gin-blog/models"
	"gin-blog/models/sqlite"
	"gin-blog/routes"
)

const (
	connections = 32
	pageSize    = 20
)

func main() {
	dir := flag.String("dir", ".bench", "folder that keeps the filled stores between runs")
	rounds := flag.Int("rounds", 5, "how often each target is measured")
	length := flag.Duration("length", 2*time.Second, "how long each measurement takes")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *dir, *rounds, *length, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run measures everything and prints the table.
func run(ctx context.Context, dir string, rounds int, length time.Duration, out io.Writer) error {
	small, err := filled(ctx, dir, 1_000)
	if err != nil {
		return err
	}
	defer small.Close(ctx)
	large, err := filled(ctx, dir, 100_000)
	if err != nil {
		return err
	}
	defer large.Close(ctx)
	page, _, err := large.Posts(ctx, models.PostFilter{Limit: pageSize})
	if err != nil {
		return err
	}

	targets := []*target{
		{name: "from memory", store: memory{large, page}},
		{name: "1,000 posts", store: small},
		{name: "100,000 posts", store: large},
	}
	for _, t := range targets {
		if err := t.serve(ctx); err != nil {
			return err
		}
		defer t.close()
	}
	for range rounds { // in turns, so that a slow moment of the machine hits all
		for _, t := range targets {
			if err := t.measure(ctx, length); err != nil {
				return fmt.Errorf("%s: %w", t.name, err)
			}
		}
	}

	fmt.Fprintf(out, "GET /posts, %d posts a page, %d connections, SQLite, median of %d rounds of %s\n\n", pageSize, connections, rounds, length)
	fmt.Fprintln(out, "| store | requests/s | to memory | to 1,000 posts |")
	fmt.Fprintln(out, "|-|-:|-:|-:|")
	for _, t := range targets {
		fmt.Fprintf(out, "| %s | %.0f | %.2f | %.2f |\n", t.name, t.median(), t.ratio(targets[0]), t.ratio(targets[1]))
	}
	return storm(ctx, out)
}

// filled opens the store with n posts in dir, after filling it where it is not.
func filled(ctx context.Context, dir string, n int) (*sqlite.Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, fmt.Sprintf("%d-posts.db", n))
	if _, err := os.Stat(path); err != nil {
		if err := fill(ctx, path, n); err != nil {
			return nil, fmt.Errorf("fill %s: %w", path, err)
		}
	}
	return sqlite.Open(ctx, path)
}

// memory is a store that holds one page: the ceiling for any store behind the same handlers.
type memory struct {
	models.Store
	page []models.Post
}

func (m memory) Posts(context.Context, models.PostFilter) ([]models.Post, bool, error) {
	return m.page, true, nil
}

// target is one API to measure.
type target struct {
	name      string
	store     models.Store
	passwords *auth.Passwords // those of a test where nil
	server    *http.Server
	addr      string
	rates     []float64 // requests a second, one for each round
}

// serve starts the API as main does, on a free port, with a log that nobody reads.
func (t *target) serve(ctx context.Context) error {
	gin.SetMode(gin.ReleaseMode)
	if t.passwords == nil {
		var err error
		if t.passwords, err = auth.NewPasswords(4); err != nil {
			return err
		}
	}
	handler, err := routes.New(routes.Options{
		Store:     t.store,
		Passwords: t.passwords,
		Sessions: auth.NewSessions(t.store, auth.NewTokens("a", "b", time.Now), auth.SessionOptions{
			AccessTTL: 15 * time.Minute, RefreshTTL: time.Hour, Now: time.Now,
		}),
		Validator:   models.NewValidator(6),
		Log:         slog.New(slog.NewTextHandler(io.Discard, nil)),
		Now:         time.Now,
		Draining:    func() bool { return false },
		CORSOrigins: []string{"*"},
	})
	if err != nil {
		return err
	}
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	t.addr = listener.Addr().String()
	t.server = &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	go t.server.Serve(listener) //nolint:errcheck // it ends with the program
	return nil
}

func (t *target) close() { _ = t.server.Close() }
