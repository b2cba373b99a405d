// Command peers measures gin-blog beside other servers that list the same posts, and prints the table of docs/speed.md.
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
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"gin-blog/tools/internal/load"
	"gin-blog/tools/internal/program"
)

const (
	pageSize = 20
	// Numbers of processors: of each server, and of the load and the MongoDB server.
	serverCPU, loadCPU = "0", "1"
)

// options are the flags of the command.
type options struct {
	posts  int
	rounds int
	length time.Duration // of one measurement
}

func main() {
	var o options
	flag.IntVar(&o.posts, "posts", 10_000, "posts, at least 20")
	flag.IntVar(&o.rounds, "rounds", 5, "how often each request is measured")
	flag.DurationVar(&o.length, "length", 3*time.Second, "how long each measurement takes")
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
	self := exec.CommandContext(ctx, "taskset", "--all-tasks", "--cpu-list", "--pid", loadCPU, strconv.Itoa(os.Getpid()))
	if err := program.Run(self); err != nil {
		return fmt.Errorf("bind the load to a processor: %w", err)
	}
	s := &site{posts: o.posts, installation: in, dir: filepath.Join(dir, "data")}
	defer s.stop()
	servers, err := s.start(ctx)
	if err != nil {
		return err
	}
	for round := range o.rounds + 1 {
		for i := range servers[0].requests {
			for _, server := range servers {
				// The first round warms the servers up.
				if err := server.measure(ctx, server.requests[i], o.length, round > 0); err != nil {
					return fmt.Errorf("measure %s, %s: %w", server.name, server.store, err)
				}
			}
		}
	}
	fmt.Printf("%d connections, median of %d rounds of %s, one processor for each server, %s, Node.js %s\n\n",
		load.Connections, o.rounds, o.length, strings.Replace(runtime.Version(), "go", "Go ", 1), in.nodeVersion[1:])
	printTable(servers)
	return nil
}

// measure sends one of the requests to the server for the given time, and keeps what that showed if it counts.
func (s *server) measure(ctx context.Context, r *request, length time.Duration, counts bool) error {
	before, err := s.process.ProcessorTime()
	if err != nil {
		return err
	}
	if err := r.Measure(ctx, length); err != nil {
		return err
	}
	if !counts {
		r.Samples = nil
		return nil
	}
	after, timeErr := s.process.ProcessorTime()
	resident, err := s.process.ResidentMiB("VmRSS")
	answered := len(r.Samples[len(r.Samples)-1].Times)
	r.processor = append(r.processor, float64((after-before).Microseconds())/float64(answered))
	r.memory = append(r.memory, float64(resident))
	return errors.Join(timeErr, err)
}

// printTable prints a row for each request and server. Ratios are taken in each round.
func printTable(servers []*server) {
	fmt.Print("||server|data in|requests/s|processor time a request|to gin-blog's|p99|memory|\n" +
		"|-|-|-|-:|-:|-:|-:|-:|\n")
	for i, row := range servers[0].requests {
		for _, s := range servers {
			r := s.requests[i]
			ratios := make([]float64, len(r.processor))
			for round := range ratios {
				ratios[round] = r.processor[round] / s.ginBlog.requests[i].processor[round]
			}
			fmt.Printf("|%s|%s|%s|%.0f|%.0f µs|%.1f|%.1f ms|%.0f MiB|\n", row.Name, s.name, s.store,
				r.Rate(), load.Median(r.processor), load.Median(ratios), r.Percentile(99).Seconds()*1000, load.Median(r.memory))
		}
	}
}
