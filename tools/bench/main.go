// Command bench measures gin-blog on this machine and prints the tables of docs/speed.md. Run it in tools/.
//
// Machines differ, and one machine is fast at one moment and slow at another. So the figures to compare are ratios of
// two rates that were measured in turns within one run. The load stays on this machine.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
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
	dir    string
	posts  int // of the largest store
	rounds int
	length time.Duration // of one measurement
}

func main() {
	var o options
	flag.StringVar(&o.dir, "dir", filepath.Join(program.Root, ".bench"), "folder that keeps the stores between runs")
	flag.IntVar(&o.posts, "posts", 1_000_000, "posts in the largest store; the others have 1,000 and 100,000")
	flag.IntVar(&o.rounds, "rounds", 5, "how often each request is measured")
	flag.DurationVar(&o.length, "length", time.Second, "how long each measurement takes")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run measures everything and prints the tables.
func run(ctx context.Context, o options, out io.Writer) (err error) {
	var sites []*site
	defer func() {
		for _, s := range sites {
			err = errors.Join(err, s.close(ctx))
		}
	}()
	for _, posts := range []int{1_000, 100_000, o.posts} {
		s, err := openSite(ctx, o.dir, posts, out)
		if err != nil {
			return fmt.Errorf("open the store of %d posts: %w", posts, err)
		}
		sites = append(sites, s)
	}
	largest := sites[len(sites)-1]
	c, err := openCeilings(ctx, o.dir, largest)
	if err != nil {
		return fmt.Errorf("prepare the ceilings: %w", err)
	}
	defer func() { err = errors.Join(err, c.close()) }()

	if err := measureRates(ctx, o, sites, c); err != nil {
		return err
	}
	printRates(out, o, sites)
	printCeilings(out, sites, c)
	if err := measureMemory(ctx, largest, o.length*time.Duration(o.rounds), out); err != nil {
		return fmt.Errorf("measure memory: %w", err)
	}
	return storm(ctx, out)
}

// measureRates measures every request once in each round, so that a slow moment of the machine slows all of them.
func measureRates(ctx context.Context, o options, sites []*site, c *ceilings) error {
	for range o.rounds {
		if err := c.measure(ctx, o.length); err != nil {
			return fmt.Errorf("measure the ceilings: %w", err)
		}
		for i := range sites[0].requests {
			for _, s := range sites {
				if err := s.requests[i].Measure(ctx, o.length); err != nil {
					return fmt.Errorf("measure %s of %d posts: %w", s.requests[i].Name, s.posts, err)
				}
			}
		}
	}
	return nil
}

// printRates prints requests a second: a row for each request, a column for each store.
func printRates(out io.Writer, o options, sites []*site) {
	smallest, largest := sites[0], sites[len(sites)-1]
	list := largest.requests[0]
	fmt.Fprintf(out, "Requests a second on SQLite, %d connections, median of %d rounds of %s\n\n| |",
		connections, o.rounds, o.length)
	for _, s := range sites {
		fmt.Fprintf(out, " %s posts |", thousands(s.posts))
	}
	fmt.Fprintf(out, " of its rate at %s | of the list's rate |\n|-|-:|-:|-:|-:|-:|\n", thousands(smallest.posts))
	for i, r := range largest.requests {
		fmt.Fprintf(out, "| %s |", r.Name)
		for _, s := range sites {
			fmt.Fprintf(out, " %.0f |", s.requests[i].Rate())
		}
		fmt.Fprintf(out, " %.2f | %.2f |\n", r.Ratio(smallest.requests[i]), r.Ratio(list))
	}
}

// printCeilings compares the list, and the creation of posts, with the ceilings.
func printCeilings(out io.Writer, sites []*site, c *ceilings) {
	smallest, middle, largest := sites[0], sites[len(sites)-2], sites[len(sites)-1]
	list, middleList := largest.requests[0], middle.requests[0]
	fmt.Fprintf(out, "\nThe list of %s posts has %.2f of its rate at %s,",
		thousands(middle.posts), middleList.Ratio(smallest.requests[0]), thousands(smallest.posts))
	fmt.Fprintf(out, " and %.2f of the rate of the same handler with the page in memory.\n",
		middleList.Ratio(c.encoded))
	fmt.Fprintf(out, "\nThe list of %s posts, and ceilings behind the same middleware:\n\n", thousands(largest.posts))
	fmt.Fprint(out, "| | requests/s | the list's rate to it |\n|-|-:|-:|\n")
	for _, r := range []*load.Request{c.encoded, c.ready} {
		fmt.Fprintf(out, "| %s | %.0f | %.2f |\n", r.Name, r.Rate(), list.Ratio(r))
	}
	create := largest.request("create")
	fmt.Fprintf(out, "| a bare durable insert of the same row | %.0f | %.2f (creating) |\n",
		c.insert.Rate(), create.Ratio(c.insert))
}

// thousands formats a number with a comma between thousands.
func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}
