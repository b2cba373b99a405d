// Command faults shows that gin-blog keeps every write that it acknowledged. Run it in tools/.
//
// It kills and stops the program, and the MongoDB server, while writers create posts, comments, and drafts of which
// they make posts. Then it compares what is there with the notes of the writers, and prints the table of
// docs/survival.md. It exits 1 if a promise was broken. The load stays on this machine.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"

	"gin-blog/tools/internal/program"
)

// plan is the number of faults of each sort that a store goes through, and of drafts that come due meanwhile.
type plan struct {
	kills, terms, databaseKills int
	due                         int // drafts that publish themselves
}

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
	if err := run(ctx, p, *seed, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "faults:", err)
		os.Exit(1)
	}
}

// run runs a trial on each store and prints the table.
func run(ctx context.Context, p plan, seed uint64, out io.Writer) error {
	dir, err := filepath.Abs(filepath.Join(program.Root, ".faults"))
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
	trials, err := prepare(ctx, dir, binary, p, seed)
	if err != nil {
		return err
	}
	var verdicts []*verdict
	var broken []error
	for _, t := range trials {
		v, err := t.run(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w (the logs are in %s)", t.name, err, t.dir)
		}
		verdicts = append(verdicts, v)
		broken = append(broken, v.Err())
	}
	printTable(out, verdicts)
	if len(trials) == 1 {
		fmt.Fprintln(os.Stderr, "faults: NO MONGODB SERVER WAS FOUND: MONGODB WAS LEFT OUT")
		if os.Getenv("CI") == "true" {
			broken = append(broken, errors.New("MongoDB was left out"))
		}
	}
	return errors.Join(broken...)
}

// prepare returns a trial on SQLite, and one on MongoDB if scripts/mongo-server finds a server.
func prepare(ctx context.Context, dir, binary string, p plan, seed uint64) ([]*trial, error) {
	onSQLite := p
	onSQLite.databaseKills = 0
	sqlite, err := newTrial("SQLite", filepath.Join(dir, "sqlite"), binary, onSQLite, seed)
	if err != nil {
		return nil, err
	}
	script, err := filepath.Abs(filepath.Join(program.Root, "scripts", "mongo-server"))
	if err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, script)
	command.Stderr = os.Stderr
	server, err := command.Output()
	if err != nil {
		return []*trial{sqlite}, nil
	}
	name := fmt.Sprintf("MongoDB (%s)", bytes.TrimSpace(server))
	mongodb, err := newTrial(name, filepath.Join(dir, "mongodb"), binary, p, seed)
	if err != nil {
		return nil, err
	}
	return []*trial{sqlite, mongodb}, mongodb.useMongoDB(script)
}
