// Command faults shows that gin-blog keeps every write that it acknowledged. Run it in tools/.
//
// It kills and stops the program, and the MongoDB server, while writers create posts, comments, and drafts of which
// they make posts. Then it compares what is there with what the writers were told, and prints the table of
// docs/survival.md. It exits 1 if a promise was broken. The load stays on this machine.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"gin-blog/tools/internal/program"
)

// plan is the number of faults of each sort that a store goes through, and of drafts that come due meanwhile.
type plan struct{ kills, terms, databaseKills, due int }

func main() {
	short := flag.Bool("short", false, "fewer faults, for CI")
	seed := flag.Uint64("seed", 1, "seed of the random order and moments of the faults")
	flag.Parse()
	p := plan{kills: 20, terms: 10, databaseKills: 10, due: 20}
	if *short {
		p = plan{kills: 3, terms: 2, databaseKills: 2, due: 4}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, p, *seed); err != nil {
		fmt.Fprintln(os.Stderr, "faults:", err)
		os.Exit(1)
	}
}

// run runs a trial on each store and prints the table.
func run(ctx context.Context, p plan, seed uint64) error {
	dir, err := program.Root(".faults")
	if err != nil {
		return err
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	binary, err := program.Build(ctx, dir)
	if err != nil {
		return err
	}
	onSQLite := p
	onSQLite.databaseKills = 0
	trials := []*trial{{name: "SQLite", plan: onSQLite}}
	script, err := program.Root("scripts", "mongo-server")
	if err != nil {
		return err
	}
	var broken []error
	if server, err := program.Output(ctx, script); err == nil {
		name := fmt.Sprintf("MongoDB (%s)", server)
		trials = append(trials, &trial{name: name, plan: p, mongoServer: script})
	} else {
		fmt.Fprintln(os.Stderr, "faults: NO MONGODB SERVER WAS FOUND: MONGODB WAS LEFT OUT")
		if os.Getenv("CI") == "true" {
			broken = append(broken, errors.New("MongoDB was left out"))
		}
	}
	table := "| store | SIGKILLs | SIGTERMs | database kills | acknowledged | drafts | lost | doubled | cut by SIGTERM " +
		"| longest outage |\n|-|-:|-:|-:|-:|-:|-:|-:|-:|-:|\n"
	for i, t := range trials {
		v, err := t.run(ctx, binary, filepath.Join(dir, fmt.Sprint(i)), seed)
		if err != nil {
			return fmt.Errorf("%s: %w (the logs are in %s)", t.name, err, dir)
		}
		if err := errors.Join(v.Err(), errors.Join(t.broken...)); err != nil {
			broken = append(broken, fmt.Errorf("%s: %w", t.name, err))
		}
		table += fmt.Sprintf("| %s | %d | %d | %d | %d | %d | %d | %d | %d | %s |\n", t.name, t.plan.kills, t.plan.terms,
			t.plan.databaseKills, v.Acknowledged, v.Drafted, len(v.Lost), len(v.Doubled), len(v.Cut),
			t.site.Writes.Take().Longest.Round(10*time.Millisecond))
	}
	fmt.Print(table)
	return errors.Join(broken...)
}
