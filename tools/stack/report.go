package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"gin-blog/tools/internal/ledger"
)

// report collects what was done with a stack and what came of it.
type report struct {
	engine  *engine
	stack   *stack
	rows    []row
	verdict *ledger.Verdict // nil until the posts were compared with the notes
	stuck   bool            // something failed that clients need
	short   bool            // of containers that are alike, one is enough
}

// row is one line of the table.
type row struct {
	profile, what string
	took          time.Duration // 0 if it does not matter
	loss          *loss         // nil if no clients were there
	err           error
}

// add adds a row.
func (r *report) add(line row) {
	if line.err != nil {
		progress("FAILED: %v", line.err)
	}
	r.rows = append(r.rows, line)
}

// failed reports whether anything went wrong.
func (r *report) failed() bool { return r.err() != nil }

// err returns an error that lists what went wrong, or nil.
func (r *report) err() error {
	var all []error
	for _, line := range r.rows {
		if line.err != nil {
			all = append(all, fmt.Errorf("%s: %s: %w", line.profile, line.what, line.err))
		}
	}
	return errors.Join(all...)
}

// print prints the table of docs/operations.md, and what ran.
func (r *report) print(out io.Writer) {
	fmt.Fprintf(out, "\nDocker engine %s, Docker Compose %s.\n\n", r.engine.version,
		strings.TrimPrefix(r.stack.composeVersion, "v"))
	fmt.Fprintln(out, "| profile | what was done | took | no reads for | no writes for | reads refused | writes refused |"+
		" result |\n|-|-|-:|-:|-:|-:|-:|-|")
	for _, line := range r.rows {
		fmt.Fprintln(out, line)
	}
	if v := r.verdict; v != nil {
		fmt.Fprintf(out, "\nPosts sent: %d. Acknowledged: %d. **Acknowledged and lost: %d**. Doubled: %d.\n",
			v.Sent, v.Acknowledged, len(v.Lost), len(v.Doubled))
	}
	fmt.Fprintf(out, "\n%s\n", r.realAndNot())
	if r.short {
		fmt.Fprintln(out, "Left out because of -short: faults of api-2, api-3 and mongo-3, which are like api-1 and mongo-2.")
	}
}

// String renders the line of the table.
func (l row) String() string {
	result := "ok"
	if l.err != nil {
		result = "**failed**"
	}
	took, noticed := "", " | | | "
	if l.took > 0 {
		took = fmt.Sprintf("%.0f s", l.took.Seconds())
	}
	if l.loss != nil {
		noticed = fmt.Sprintf("%d ms | %d ms | %d | %d", l.loss.reads.Milliseconds(), l.loss.writes.Milliseconds(),
			l.loss.failedReads, l.loss.failedWrites)
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s |", l.profile, l.what, took, noticed, result)
}

// realAndNot says what ran, what stood in for something, and what was not run.
func (r *report) realAndNot() string {
	if r.stack.real {
		return "Every image is the one that docker-compose.yml names. Nothing stood in."
	}
	return `Real: the engine, Compose, the Dockerfile, docker-compose.yml, all of deploy/ but Grafana's, mongosh.
Stood in: this machine's Go for golang; SecantusDB for mongo (gin-blog-made/mongo:secantusdb), whose added members hold
no data; Debian's Caddy, Prometheus and node exporter, of other versions, for caddy, prom/prometheus and
prom/node-exporter (gin-blog-made/caddy:debian and so on).
Not run, because only a real MongoDB can show it: elections and stepdowns, the copying of the data to members that were
added, the loss of the primary's disk, the text index.
Not run, because it cannot be had here: Grafana.`
}
