// Command peers measures gin-blog beside other servers that list the same posts, and prints the table of README.md.
// Run it in tools/, on Linux.
//
// Each server has one processor to itself. The load runs on another one, together with the MongoDB server. All servers
// are measured in turns within one run, so a slow moment of the machine slows all of them.
package main

import (
	"context"
	"flag"
	"fmt"
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
	posts              int
	rounds             int
	length             time.Duration // of one measurement
	serverCPU, loadCPU string
}

func main() {
	var o options
	flag.IntVar(&o.posts, "posts", 10_000, "posts, at least 20")
	flag.IntVar(&o.rounds, "rounds", 5, "how often each request is measured")
	flag.DurationVar(&o.length, "length", 3*time.Second, "how long each measurement takes")
	flag.StringVar(&o.serverCPU, "server-cpu", "0", "number of the processor that each server is bound to")
	flag.StringVar(&o.loadCPU, "load-cpu", "1", "number of the processor of the load and the MongoDB server")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

// run installs, fills and measures the servers, and prints the table.
func run(ctx context.Context, o options) error {
	dir, err := program.Root(".peers")
	if err != nil {
		return err
	}
	in, err := install(ctx, dir)
	if err != nil {
		return err
	}
	self := exec.CommandContext(ctx, "taskset", "--all-tasks", "--cpu-list", "--pid", o.loadCPU, strconv.Itoa(os.Getpid()))
	if err := program.Run(self); err != nil {
		return fmt.Errorf("bind the load to a processor: %w", err)
	}
	s := &site{options: o, installed: in, dir: filepath.Join(dir, "data")}
	defer s.stop()
	pairs, err := s.start(ctx)
	if err != nil {
		return err
	}
	for _, pair := range pairs {
		if err := pair.prepare(ctx); err != nil {
			return err
		}
	}
	if err := measure(ctx, o, pairs); err != nil {
		return err
	}
	fmt.Printf("%d connections, median of %d rounds of %s, one processor for each server, %s, Node.js %s\n\n",
		connections, o.rounds, o.length, in.goVersion, in.nodeVersion)
	printTable(pairs)
	return nil
}

// measure measures every request of every server once in each round. One round before that warms the servers up.
func measure(ctx context.Context, o options, pairs []pair) error {
	for round := range o.rounds + 1 {
		for request := range pairs[0].peer.requests {
			for _, pair := range pairs {
				for _, server := range []*server{pair.peer, pair.ginBlog} {
					if round == 1 {
						server.requests[request].reset()
					}
					if err := server.measure(ctx, request, o.length); err != nil {
						return fmt.Errorf("measure %s, %s: %w", server.name, server.store, err)
					}
				}
			}
		}
	}
	return nil
}

// printTable prints a row for each request and server. Ratios are taken in each round.
func printTable(pairs []pair) {
	fmt.Print("| | server | data in | requests/s | processor time a request | to gin-blog's | p99 | memory |\n" +
		"|-|-|-|-:|-:|-:|-:|-:|\n")
	for i := range pairs[0].peer.requests {
		for _, pair := range pairs {
			for _, server := range []*server{pair.peer, pair.ginBlog} {
				r := server.requests[i]
				ratios := make([]float64, len(r.processor))
				for round := range ratios {
					ratios[round] = r.processor[round] / pair.ginBlog.requests[i].processor[round]
				}
				fmt.Printf("| %s | %s | %s | %.0f | %.0f µs | %.1f | %.1f ms | %.0f MiB |\n", r.Name, server.name, server.store,
					r.Rate(), load.Median(r.processor), load.Median(ratios), r.Percentile(99).Seconds()*1000, load.Median(r.memory))
			}
		}
	}
}
