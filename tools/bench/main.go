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
	"math"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
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
	printRates(out, o, sites, c)
	if err := measureThread(ctx, o, out); err != nil {
		return fmt.Errorf("measure comments: %w", err)
	}
	if err := whileWriting(ctx, largest, o, out); err != nil {
		return fmt.Errorf("measure while writing: %w", err)
	}
	if err := measureProcess(ctx, largest, o.length*time.Duration(o.rounds), out); err != nil {
		return fmt.Errorf("measure the process: %w", err)
	}
	return storm(ctx, out)
}

// measureRates measures every request once in each round, so that a slow moment of the machine slows all of them.
// What is compared is measured one right after another.
func measureRates(ctx context.Context, o options, sites []*site, c *ceilings) error {
	largest := sites[len(sites)-1]
	var requests []*load.Request
	for i := range largest.kept {
		for _, s := range sites {
			if s == largest {
				requests = append(requests, s.ready[i])
			}
			requests = append(requests, s.kept[i])
		}
	}
	requests = append(requests, c.encoded)
	for i := range largest.cold {
		for _, s := range sites {
			requests = append(requests, s.cold[i])
		}
	}
	for i := range largest.writes {
		for _, s := range sites {
			requests = append(requests, s.writes[i])
		}
	}
	for range o.rounds {
		if err := c.measureInsert(o.length); err != nil {
			return err
		}
		for _, r := range requests {
			if err := r.Measure(ctx, o.length); err != nil {
				return fmt.Errorf("measure %s: %w", r.Name, err)
			}
		}
	}
	return nil
}

// printRates prints requests a second: a row for each request, a column for each store.
func printRates(out io.Writer, o options, sites []*site, c *ceilings) {
	largest := sites[len(sites)-1]
	fmt.Fprintf(out, "Requests a second on SQLite, %d connections, median of %d rounds of %s\n\n",
		connections, o.rounds, o.length)
	printTable(out, sites, "the same answer again", "of the same bytes ready-made",
		func(s *site) []*load.Request { return s.kept },
		func(i int) float64 { return largest.kept[i].Ratio(largest.ready[i]) })
	printTable(out, sites, "asked of the database each time", "of the list's rate",
		func(s *site) []*load.Request { return s.cold },
		func(i int) float64 { return largest.cold[i].Ratio(largest.cold[0]) })
	fmt.Fprintf(out, "The list has %.2f of the rate of the same handler with the page in memory.\n\n",
		largest.cold[0].Ratio(c.encoded))
	printTable(out, sites, "writes", "of a bare durable insert of the same row",
		func(s *site) []*load.Request { return s.writes },
		func(i int) float64 {
			if i > 0 { // only creating inserts such a row
				return math.NaN()
			}
			return largest.writes[i].Ratio(c.insert)
		})
}

// printTable prints one table. ratio is of the largest store, NaN where there is none.
func printTable(
	out io.Writer, sites []*site, title, ratioTitle string, requests func(*site) []*load.Request,
	ratio func(i int) float64,
) {
	fmt.Fprintf(out, "| %s |", title)
	for _, s := range sites {
		fmt.Fprintf(out, " %s posts |", thousands(s.posts))
	}
	fmt.Fprintf(out, " %s |\n|-|%s-:|\n", ratioTitle, strings.Repeat("-:|", len(sites)))
	for i, r := range requests(sites[0]) {
		fmt.Fprintf(out, "| %s |", r.Name)
		for _, s := range sites {
			fmt.Fprintf(out, " %.0f |", requests(s)[i].Rate())
		}
		if value := ratio(i); math.IsNaN(value) {
			fmt.Fprint(out, " |\n")
		} else {
			fmt.Fprintf(out, " %.2f |\n", value)
		}
	}
	fmt.Fprintln(out)
}

// thousands formats a number with a comma between thousands.
func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}
