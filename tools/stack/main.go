// Command stack runs the stacks of docker-compose.yml on a Docker engine, lets their containers fail, and looks for
// lost writes. Run it in tools/.
//
// It brings each profile up, kills and stops every container while clients read and write, takes the stack from the
// default to the scale profile and back, and prints a table. It exits 1 if a promise was broken. If this machine cannot
// run the stacks, it says so and exits 0, or 1 if REQUIRE_DOCKER is set. The load stays on this machine.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"gin-blog/tools/internal/program"
)

// timeout is how long everything may take.
const timeout = 25 * time.Minute

// errCannotRun is the reason why the stacks cannot be run on this machine. Nothing was tested then.
var errCannotRun = errors.New("not run")

func main() {
	var o options
	flag.StringVar(&o.images, "images", "auto", "real (pulled), made (from Debian's packages), "+
		"or auto (made if they cannot be pulled)")
	flag.BoolVar(&o.short, "short", false, "let only one container of several alike fail, for CI")
	flag.BoolVar(&o.keep, "keep", false, "keep the engine's data, with its images, for the next run")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err := run(ctx, o)
	if errors.Is(err, errCannotRun) && ctx.Err() == nil && os.Getenv("REQUIRE_DOCKER") == "" {
		fmt.Printf("stack: THE STACKS WERE %v\n", err)
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "stack:", err)
		os.Exit(1)
	}
}

// options are what the command line chooses.
type options struct {
	images string
	keep   bool
	short  bool
}

// run prepares an engine and images, runs the scenario and prints the table.
func run(ctx context.Context, o options) (err error) {
	root, err := filepath.Abs(program.Root)
	if err != nil {
		return err
	}
	dir := filepath.Join(root, ".stack")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return err
	}
	// Not in dir: checks that read all files of the repository would read those of the images.
	work := filepath.Join(cache, "gin-blog-stack")
	if err := os.MkdirAll(work, 0o700); err != nil {
		return err
	}
	e, err := findEngine(ctx, dir, work)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.close(o.keep)) }()
	s := &stack{engine: e, root: root, dir: dir, work: work, files: []string{"docker-compose.yml"}}
	if err := s.prepare(ctx, o.images); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.remove()) }()
	r := &report{engine: e, stack: s, short: o.short}
	err = s.scenario(ctx, r)
	if err != nil {
		s.printLogs()
		err = fmt.Errorf("%w (logs and notes are in %s)", err, dir)
	}
	r.print(os.Stdout)
	return errors.Join(err, r.err())
}

// progress tells the user what is done now.
func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "stack: %s %s\n", time.Now().Format(time.TimeOnly), fmt.Sprintf(format, args...))
}
