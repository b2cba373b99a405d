package main

import (
	"fmt"
	"io"
	"time"

	"gin-blog/tools/internal/ledger"
)

// verdict is a row of the table.
type verdict struct {
	*ledger.Verdict
	plan   plan
	outage time.Duration
}

// printTable prints a row for each store.
func printTable(out io.Writer, verdicts []*verdict) {
	fmt.Fprint(out, "| store | SIGKILLs | SIGTERMs | database kills | writes sent | acknowledged ",
		"| drafts | lost | doubled | cut by SIGTERM | longest outage |\n|-|-:|-:|-:|-:|-:|-:|-:|-:|-:|-:|\n")
	for _, v := range verdicts {
		fmt.Fprintf(out, "| %s | %d | %d | %d | %d | %d | %d ",
			v.Store, v.plan.kills, v.plan.terms, v.plan.databaseKills, v.Sent, v.Acknowledged, v.Drafted)
		fmt.Fprintf(out, "| %d | %d | %d | %s |\n",
			len(v.Lost), len(v.Doubled), len(v.Cut), v.outage.Round(10*time.Millisecond))
	}
}
