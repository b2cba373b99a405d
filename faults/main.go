// Command faults shows that a write which gin-blog acknowledged is kept: it kills and stops the program, and the MongoDB
// server, while writers create posts, compares what is there afterwards with what the writers noted, and prints the table
// of README.md. It exits 1 where anything is not as promised.
//
// Load goes to this machine only.
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
)

// mongoServer is the script that says which MongoDB server there is, and becomes it.
const mongoServer = "scripts/mongo-server"

// plan is how many faults a store has to survive.
type plan struct{ kills, terms, databaseKills int }

func main() {
	short := flag.Bool("short", false, "fewer faults, for CI")
	seed := flag.Uint64("seed", 1, "where the order and the moments of the faults come from")
	flag.Parse()
	p := plan{kills: 20, terms: 10, databaseKills: 10}
	if *short {
		p = plan{kills: 3, terms: 2, databaseKills: 2}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, p, *seed, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "faults:", err)
		os.Exit(1)
	}
}

// run tries every store and prints the table.
func run(ctx context.Context, p plan, seed uint64, out io.Writer) error {
	dir, err := filepath.Abs(".faults")
	if err != nil {
		return err
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	binary := filepath.Join(dir, "gin-blog")
	if built, err := exec.CommandContext(ctx, "go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w: %s", err, built)
	}
	trials, err := prepare(ctx, dir, binary, p, seed)
	if err != nil {
		return err
	}
	var verdicts []*verdict
	var complaints []error
	for _, t := range trials {
		v, err := t.run(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w (the logs are in %s)", t.name, err, t.dir)
		}
		verdicts = append(verdicts, v)
		complaints = append(complaints, v.complaints())
	}
	printTable(out, verdicts)
	if len(trials) == 1 {
		fmt.Fprintln(os.Stderr, "faults: NO MONGODB SERVER COULD BE HAD: MONGODB WAS LEFT OUT")
		if os.Getenv("CI") == "true" {
			complaints = append(complaints, errors.New("MongoDB was left out"))
		}
	}
	return errors.Join(complaints...)
}

// prepare prepares a trial on SQLite, and one on MongoDB where a server can be had.
func prepare(ctx context.Context, dir, binary string, p plan, seed uint64) ([]*trial, error) {
	onSQLite := p
	onSQLite.databaseKills = 0
	sqlite, err := newTrial("SQLite", filepath.Join(dir, "sqlite"), binary, onSQLite, seed)
	if err != nil {
		return nil, err
	}
	which := exec.CommandContext(ctx, mongoServer)
	which.Stderr = os.Stderr
	server, err := which.Output()
	if err != nil {
		return []*trial{sqlite}, nil
	}
	name := fmt.Sprintf("MongoDB (%s)", bytes.TrimSpace(server))
	mongodb, err := newTrial(name, filepath.Join(dir, "mongodb"), binary, p, seed)
	if err != nil {
		return nil, err
	}
	return []*trial{sqlite, mongodb}, mongodb.useMongoDB()
}
