package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// verdict says what became of the posts of a trial. Each list has one sentence for each post that broke a promise.
type verdict struct {
	store              string
	plan               plan
	sent, acknowledged int
	lost               []string // was acknowledged, and is not there
	doubled            []string // is there more than once
	cut                []string // got no answer although the program stopped in order
	wrong              []string // got a wrong answer, or was never sent
	outage             time.Duration
}

// notes returns the notes of all writers.
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

// judge compares the notes of the writers with the posts that are there.
func judge(notes []note, posts []post) *verdict {
	idsByTitle := map[string][]string{}
	for _, p := range posts {
		idsByTitle[p.Title] = append(idsByTitle[p.Title], p.ID)
	}
	v := &verdict{}
	sent := map[string]bool{} // titles
	for _, n := range notes {
		ids := idsByTitle[n.Title]
		switch n.Event {
		case sending:
			if sent[n.Title] {
				continue
			}
			sent[n.Title] = true
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
			// If the post was sent only once and is there, the server has read the request too.
			if n.Fault == term && (n.Read || !n.Retries && len(ids) > 0) {
				v.cut = append(v.cut, n.Title+" got no answer")
			}
		case wrong:
			v.wrong = append(v.wrong, fmt.Sprintf("%s was answered %s", n.Title, n.Answer))
		}
	}
	for title, ids := range idsByTitle {
		if !sent[title] {
			v.wrong = append(v.wrong, fmt.Sprintf("%q is there as %s, but no writer sent it", title, strings.Join(ids, " and ")))
		}
	}
	return v
}

// err returns an error that lists the broken promises, at most 20 of each sort, or nil.
func (v *verdict) err() error {
	const limit = 20
	var lines []string
	for _, list := range []struct {
		name      string
		sentences []string
	}{{"lost", v.lost}, {"doubled", v.doubled}, {"cut by SIGTERM", v.cut}, {"wrong", v.wrong}} {
		for i, sentence := range list.sentences {
			if i == limit {
				lines = append(lines, fmt.Sprintf("%s: %s: and %d more", v.store, list.name, len(list.sentences)-limit))
				break
			}
			lines = append(lines, fmt.Sprintf("%s: %s: %s", v.store, list.name, sentence))
		}
	}
	if lines == nil {
		return nil
	}
	return errors.New(strings.Join(lines, "\n"))
}

// printTable prints a row for each store.
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
