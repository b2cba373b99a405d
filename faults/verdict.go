package main

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// verdict is what became of the posts of a trial. The lists hold titles, with what is to be said of them.
type verdict struct {
	store                     string
	plan                      plan
	sent, acknowledged        int
	lost, doubled, cut, wrong []string
	outage                    time.Duration
}

// notes reads what all writers noted.
func (t *trial) notes() (all []note, err error) {
	paths, err := filepath.Glob(filepath.Join(t.dir, "writer-*.jsonl"))
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		notes, err := readNotes(path)
		if err != nil {
			return nil, err
		}
		all = append(all, notes...)
	}
	return all, nil
}

// judge compares what the writers noted with the posts that are there.
func judge(notes []note, posts []post) *verdict {
	there := map[string][]string{} // ids by title
	for _, p := range posts {
		there[p.Title] = append(there[p.Title], p.ID)
	}
	v := &verdict{}
	known := map[string]bool{}
	for _, n := range notes {
		ids := there[n.Title]
		switch n.Event {
		case sending:
			if known[n.Title] {
				continue
			}
			known[n.Title] = true
			v.sent++
			if len(ids) > 1 {
				v.doubled = append(v.doubled, fmt.Sprintf("%s is there as %s", n.Title, strings.Join(ids, " and ")))
			}
		case acknowledged:
			v.acknowledged++
			if !slices.Contains(ids, n.ID) {
				v.lost = append(v.lost, fmt.Sprintf("%s was acknowledged as %s", n.Title, n.ID))
			}
		case unanswered:
			// A post that is there, and was sent no other time, tells too that the request was read.
			if n.Fault == term && (n.Read || !n.Repeats && len(ids) > 0) {
				v.cut = append(v.cut, n.Title+" got no answer")
			}
		case wrong:
			v.wrong = append(v.wrong, fmt.Sprintf("%s was answered %s", n.Title, n.Answer))
		}
	}
	for title, ids := range there {
		if !known[title] {
			v.wrong = append(v.wrong, fmt.Sprintf("%q is there as %s, and nobody sent it", title, strings.Join(ids, " and ")))
		}
	}
	return v
}

// complaints says what is not as promised, or returns nil.
func (v *verdict) complaints() error {
	const most = 20 // of a kind
	var lines []string
	for _, kind := range []struct {
		name string
		what []string
	}{{"lost", v.lost}, {"doubled", v.doubled}, {"cut by SIGTERM", v.cut}, {"wrong", v.wrong}} {
		for i, what := range kind.what {
			if i == most {
				lines = append(lines, fmt.Sprintf("%s: %s: and %d more", v.store, kind.name, len(kind.what)-most))
				break
			}
			lines = append(lines, fmt.Sprintf("%s: %s: %s", v.store, kind.name, what))
		}
	}
	if lines == nil {
		return nil
	}
	return fmt.Errorf("%s", strings.Join(lines, "\n"))
}

func printTable(out io.Writer, verdicts []*verdict) {
	fmt.Fprint(out, "| store | SIGKILLs | SIGTERMs | database kills | writes sent | acknowledged ",
		"| lost | doubled | cut by SIGTERM | longest outage |\n|-|-:|-:|-:|-:|-:|-:|-:|-:|-:|\n")
	for _, v := range verdicts {
		fmt.Fprintf(out, "| %s | %d | %d | %d | %d | %d ",
			v.store, v.plan.kills, v.plan.terms, v.plan.databaseKills, v.sent, v.acknowledged)
		fmt.Fprintf(out, "| %d | %d | %d | %s |\n",
			len(v.lost), len(v.doubled), len(v.cut), v.outage.Round(10*time.Millisecond))
	}
}
