// Command bench measures gin-blog on this machine and prints the tables of README.md.
//
// Machines differ and are noisy, so every figure that matters is a ratio of two rates that were measured in turns within
// one run. Load goes to this machine only.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"
)

const (
	connections = 32
	pageSize    = 20
)

func main() {
	dir := flag.String("dir", ".bench", "folder that keeps the filled stores between runs")
	most := flag.Int("posts", 1_000_000, "how many posts the largest store has; the others have 1,000 and 100,000")
	rounds := flag.Int("rounds", 5, "how often each request is measured")
	length := flag.Duration("length", time.Second, "how long each measurement takes")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *dir, *most, *rounds, *length, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run measures everything and prints the tables.
func run(ctx context.Context, dir string, most, rounds int, length time.Duration, out io.Writer) (err error) {
	var sites []*site
	defer func() {
		for _, s := range sites {
			err = errors.Join(err, s.close(ctx))
		}
	}()
	for _, n := range []int{1_000, 100_000, most} {
		s, err := open(ctx, dir, n, out)
		if err != nil {
			return fmt.Errorf("open the store of %d posts: %w", n, err)
		}
		sites = append(sites, s)
	}
	largest := sites[len(sites)-1]
	ceilings, err := openCeilings(ctx, largest)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ceilings.close()) }()

	for range rounds { // in turns, so that a slow moment of the machine hits all
		if err := ceilings.measure(ctx, length); err != nil {
			return err
		}
		for r := range largest.requests {
			for _, s := range sites {
				if err := s.requests[r].measure(ctx, length); err != nil {
					return fmt.Errorf("%s of %d posts: %w", s.requests[r].name, s.posts, err)
				}
			}
		}
	}
	printRates(out, sites, ceilings, rounds, length)
	if err := memory(ctx, largest, length*time.Duration(rounds), out); err != nil {
		return fmt.Errorf("measure memory: %w", err)
	}
	return storm(ctx, out)
}

// printRates prints requests a second, and what the targets of the project are about.
func printRates(out io.Writer, sites []*site, c *ceilings, rounds int, length time.Duration) {
	smallest, largest := sites[0], sites[len(sites)-1]
	list := largest.requests[0]
	fmt.Fprintf(out, "Requests a second on SQLite, %d connections, median of %d rounds of %s\n\n| |", connections, rounds, length)
	for _, s := range sites {
		fmt.Fprintf(out, " %s posts |", thousands(s.posts))
	}
	fmt.Fprintf(out, " of its rate at %s | of the list's rate |\n|-|-:|-:|-:|-:|-:|\n", thousands(smallest.posts))
	for r, request := range largest.requests {
		fmt.Fprintf(out, "| %s |", request.name)
		for _, s := range sites {
			fmt.Fprintf(out, " %.0f |", s.requests[r].median())
		}
		fmt.Fprintf(out, " %.2f | %.2f |\n", request.ratio(smallest.requests[r]), request.ratio(list))
	}
	middle := sites[len(sites)-2]
	fmt.Fprintf(out, "\nThe list of %s posts has %.2f of its rate at %s, and %.2f of the rate of the same handler with the page in memory.\n",
		thousands(middle.posts), middle.requests[0].ratio(smallest.requests[0]), thousands(smallest.posts), middle.requests[0].ratio(c.encoded))
	fmt.Fprintf(out, "\nThe list of %s posts, and ceilings behind the same middleware:\n\n", thousands(largest.posts))
	fmt.Fprintf(out, "| | requests/s | the list's rate to it |\n|-|-:|-:|\n")
	for _, ceiling := range []*request{c.encoded, c.ready} {
		fmt.Fprintf(out, "| %s | %.0f | %.2f |\n", ceiling.name, ceiling.median(), list.ratio(ceiling))
	}
	create := largest.find("create")
	fmt.Fprintf(out, "| a bare durable insert of the same row | %.0f | %.2f (creating) |\n", c.insert.median(), create.ratio(c.insert))
}

// thousands writes a number as people read it.
func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}
