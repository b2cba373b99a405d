// Command bench measures gin-blog on this machine and prints the table of docs/speed.md. Run it in tools/.
//
// Machines differ, and one machine is fast at one moment and slow at another. So the figures to compare are those of
// one run: in each round, every request is measured once. The load stays on this machine.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"gin-blog/tools/internal/load"
	"gin-blog/tools/internal/program"
)

// options are the flags of the command.
type options struct {
	dir    string
	posts  int // of the largest store
	rounds int
	length time.Duration // of one measurement
}

func main() {
	var o options
	flag.StringVar(&o.dir, "dir", "../.bench", "folder that keeps the stores between runs")
	flag.IntVar(&o.posts, "posts", 1_000_000, "posts in the largest store; the others have 1,000 and 100,000")
	flag.IntVar(&o.rounds, "rounds", 5, "how often each request is measured")
	flag.DurationVar(&o.length, "length", time.Second, "how long each measurement takes")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run measures everything and prints the table.
func run(ctx context.Context, o options) error {
	kept, err := filepath.Abs(o.dir)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(kept, 0o700); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(kept, "run") // of what is made anew for each run
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	binary, err := program.Build(ctx, dir)
	if err != nil {
		return err
	}
	var sites []*site
	for _, posts := range []int{1_000, 100_000, o.posts} {
		s, err := openSite(ctx, binary, kept, dir, posts)
		if err != nil {
			return fmt.Errorf("open the store of %d posts: %w", posts, err)
		}
		defer s.program.Close()
		sites = append(sites, s)
	}
	largest := sites[len(sites)-1]
	rest, err := largest.program.ResidentMiB("VmRSS")
	if err != nil {
		return err
	}
	// The reads come before the writes, which make the stores larger.
	if err := measure(ctx, o, sites, reads); err != nil {
		return err
	}
	peak, err := largest.program.ResidentMiB("VmHWM")
	if err != nil {
		return err
	}
	if err := measure(ctx, o, sites, searches); err != nil {
		return err
	}
	if err := measure(ctx, o, sites, writes); err != nil {
		return err
	}
	printTable(o, sites)
	fmt.Printf("\nWith %s posts, the program listens %s after its start. It has %d MiB of resident memory at rest, "+
		"%d MiB at most while it is read.\n",
		thousands(o.posts), largest.started.Round(10*time.Millisecond), rest, peak)
	return nil
}

// measure measures the requests of all sites, each once in each round, those that are compared one after the other.
func measure(ctx context.Context, o options, sites []*site, requests func(*site) []*load.Request) error {
	for range o.rounds {
		for i := range requests(sites[0]) {
			for _, s := range sites {
				if err := requests(s)[i].Measure(ctx, o.length); err != nil {
					return fmt.Errorf("measure with %d posts: %w", s.posts, err)
				}
			}
		}
	}
	return nil
}

// printTable prints requests a second, and how long those with the largest store took.
func printTable(o options, sites []*site) {
	fmt.Printf("SQLite, %d connections, median of %d rounds of %s\n\n| requests a second |",
		load.Connections, o.rounds, o.length)
	for _, s := range sites {
		fmt.Printf("%s posts|", thousands(s.posts))
	}
	fmt.Printf(" p50 | p99 |\n|-|%s-:|-:|\n", strings.Repeat("-:|", len(sites)))
	for _, requests := range []func(*site) []*load.Request{reads, searches, writes} {
		for i, last := range requests(sites[len(sites)-1]) {
			fmt.Printf("|%s|", last.Name)
			for _, s := range sites {
				fmt.Printf("%.0f|", requests(s)[i].Rate())
			}
			fmt.Printf("%s|%s|\n", last.Percentile(50).Round(100*time.Microsecond),
				last.Percentile(99).Round(100*time.Microsecond))
		}
	}
}

func reads(s *site) []*load.Request    { return s.reads }
func searches(s *site) []*load.Request { return s.searches }
func writes(s *site) []*load.Request   { return s.writes }

// thousands formats a number with a comma between thousands.
func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}
