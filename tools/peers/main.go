// Command peers measures gin-blog beside other servers that list the same posts, and prints the table of README.md.
// Run it in tools/, on Linux.
//
// Each server has one processor to itself. The load runs on another one, together with the MongoDB server. All servers
// are measured in turns within one run, so a slow moment of the machine slows all of them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"time"

	"gin-blog/tools/internal/load"
	"gin-blog/tools/internal/program"
)

const (
	connections = 32
	pageSize    = 20
)

// options are the flags of the command.
type options struct {
	dir          string
	users, posts int
	rounds       int
	length       time.Duration // of one measurement
	serverCPU    string        // the processor of the servers
	loadCPU      string        // the processor of the load and of the MongoDB server
}

func main() {
	var o options
	flag.StringVar(&o.dir, "dir", filepath.Join(program.Root, ".peers"), "folder that keeps what is installed")
	flag.IntVar(&o.users, "users", 100, "users who write the posts")
	flag.IntVar(&o.posts, "posts", 10_000, "posts, at least 20")
	flag.IntVar(&o.rounds, "rounds", 5, "how often each request is measured")
	flag.DurationVar(&o.length, "length", 3*time.Second, "how long each measurement takes")
	flag.StringVar(&o.serverCPU, "server-cpu", "0", "number of the processor that each server is bound to")
	flag.StringVar(&o.loadCPU, "load-cpu", "1", "number of the processor of the load and the MongoDB server")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

// run installs and fills the servers, measures them, and prints the table.
func run(ctx context.Context, o options, out io.Writer) (err error) {
	if o.dir, err = filepath.Abs(o.dir); err != nil {
		return err
	}
	installed, err := install(ctx, o.dir)
	if err != nil {
		return err
	}
	data, err := os.MkdirTemp(o.dir, "data")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(data)) }()
	if err := bindSelf(ctx, o.loadCPU); err != nil {
		return err
	}
	s := &site{options: o, installed: installed, dir: data}
	defer s.stop()
	if err := s.startMongoDB(ctx); err != nil {
		return err
	}
	posts, err := s.fill(ctx)
	if err != nil {
		return err
	}
	peers, err := s.startPeers(ctx)
	if err != nil {
		return err
	}
	for _, p := range peers {
		if err := p.prepare(ctx, posts[:pageSize]); err != nil {
			return fmt.Errorf("%s, %s: %w", p.name, p.store, err)
		}
	}
	if err := measure(ctx, o, peers); err != nil {
		return err
	}
	printTable(out, o, installed, peers)
	return nil
}

// bindSelf binds this process to a processor.
func bindSelf(ctx context.Context, cpu string) error {
	taskset := exec.CommandContext(ctx, "taskset", "--all-tasks", "--cpu-list", "--pid", cpu, strconv.Itoa(os.Getpid()))
	if output, err := taskset.CombinedOutput(); err != nil {
		return fmt.Errorf("bind the load to processor %s: %w: %s", cpu, err, output)
	}
	return nil
}

// measure measures every request of every peer once in each round. One round before that warms the servers up.
func measure(ctx context.Context, o options, peers []*peer) error {
	for round := range o.rounds + 1 {
		for request := range peers[0].figures {
			for _, p := range peers {
				if err := p.measure(ctx, request, o.length); err != nil {
					return fmt.Errorf("measure %s, %s: %w", p.name, p.store, err)
				}
			}
		}
		if round == 0 {
			for _, p := range peers {
				p.forget()
			}
		}
	}
	return nil
}

// printTable prints a row for each request and peer. Its ratios are medians of the ratios of each round.
func printTable(out io.Writer, o options, installed *installation, peers []*peer) {
	fmt.Fprintf(out, "%d connections, median of %d rounds of %s, one processor for each server, %s, Node.js %s\n\n",
		connections, o.rounds, o.length, installed.goVersion, installed.nodeVersion)
	fmt.Fprint(out, "| | server | data in | requests/s | processor time a request | to gin-blog's | p99 | memory |\n",
		"|-|-|-|-:|-:|-:|-:|-:|\n")
	for i, request := range peers[0].figures {
		for _, p := range peers {
			f := p.figures[i]
			ratios := make([]float64, len(f.processor))
			for round := range ratios {
				ratios[round] = f.processor[round] / p.ginBlog.figures[i].processor[round]
			}
			fmt.Fprintf(out, "| %s | %s | %s | %.0f | %.0f µs | %.1f | %.1f ms | %.0f MiB |\n",
				request.load.Name, p.name, p.store, f.load.Rate(), load.Median(f.processor), load.Median(ratios),
				load.Median(f.p99), load.Median(f.memory))
		}
	}
}
