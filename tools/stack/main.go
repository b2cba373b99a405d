// Command stack runs the stacks of docker-compose.yml on the Docker engine that is there, lets their containers fail,
// and looks for lost writes. Run it in tools/.
//
// It brings each profile up, kills and stops every container while clients read and write, takes the stack from the
// default to the scale profile and back, and prints its table. It exits 1 if a promise was
// broken. If images on the engine are not what their names say, STAND_INS may tell, and the table repeats that. The
// load stays on this machine.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"gin-blog/tools/internal/ledger"
)

// timeout is how long everything may take, with pulling the images.
const timeout = 40 * time.Minute

func main() {
	short := flag.Bool("short", false, "let only one container of several alike fail")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := run(ctx, *short); err != nil {
		fmt.Fprintln(os.Stderr, "stack:", err)
		os.Exit(1)
	}
}

// run runs the trial and prints the table, as far as it came.
func run(ctx context.Context, short bool) (err error) {
	e, err := findEngine(ctx)
	if err != nil {
		return err
	}
	defer e.log.Close()
	down := func() error {
		return e.compose(context.WithoutCancel(ctx), "--profile", "*", "down", "--volumes", "--remove-orphans", "-t", "5")
	}
	if err := down(); err != nil { // what an earlier run left
		return err
	}
	defer func() { err = errors.Join(err, down()) }()
	t := &trial{engine: e, book: ledger.New(), short: short, standIns: os.Getenv("STAND_INS")}
	err = t.run(ctx)
	t.stopCrew()
	if err != nil {
		_ = e.compose(context.WithoutCancel(ctx), "--profile", "*", "logs", "--timestamps", "--tail", "200")
		err = fmt.Errorf("%w (more in %s)", err, e.log.Name())
	}
	fmt.Printf("\nDocker engine %s, Docker Compose %s.\n\n"+
		"| profile | what was done | took | no reads for | no writes for | reads refused | writes refused |\n"+
		"|-|-|-:|-:|-:|-:|-:|\n%s\n%s", e.version, e.composeVersion, t.table.String(), t.verdict)
	if t.standIns == "" {
		fmt.Println("Every image was the one that docker-compose.yml names.")
	} else {
		fmt.Printf("Stand-ins: %s.\n", t.standIns)
	}
	return err
}

// progress tells the user what is done now.
func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "stack: %s %s\n", time.Now().Format(time.TimeOnly), fmt.Sprintf(format, args...))
}
