package ledger

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// The faults of the program, as Site.Fault has them.
const (
	Kill = "SIGKILL"
	Term = "SIGTERM"
)

// Verdict says what became of the posts. Each list has one sentence for each post that broke a promise.
type Verdict struct {
	Store              string
	Sent, Acknowledged int
	Lost               []string // was acknowledged, and is not there
	Doubled            []string // is there more than once
	Cut                []string // got no answer although the program stopped in order
	Wrong              []string // got a wrong answer, or was never sent
}

// AllNotes returns the notes of all writers that wrote to dir.
func AllNotes(dir string) (all []Note, err error) {
	paths, err := filepath.Glob(filepath.Join(dir, "writer-*.jsonl"))
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		notes, err := ReadNotes(path)
		if err != nil {
			return nil, err
		}
		all = append(all, notes...)
	}
	return all, nil
}

// Judge compares the notes of the writers with the posts that are there.
func Judge(notes []Note, posts []Post) *Verdict {
	idsByTitle := map[string][]string{}
	for _, p := range posts {
		idsByTitle[p.Title] = append(idsByTitle[p.Title], p.ID)
	}
	v := &Verdict{}
	sent := map[string]bool{} // titles
	for _, n := range notes {
		ids := idsByTitle[n.Title]
		switch n.Event {
		case Sending:
			if sent[n.Title] {
				continue
			}
			sent[n.Title] = true
			v.Sent++
			if len(ids) > 1 {
				v.Doubled = append(v.Doubled, fmt.Sprintf("%s is there as %s", n.Title, strings.Join(ids, " and ")))
			}
		case Acknowledged:
			v.Acknowledged++
			if !slices.Contains(ids, n.ID) {
				v.Lost = append(v.Lost, fmt.Sprintf("%s was acknowledged as %s", n.Title, n.ID))
			}
		case Unanswered:
			// If the post was sent only once and is there, the server has read the request too.
			if n.Fault == Term && (n.Read || !n.Retries && len(ids) > 0) {
				v.Cut = append(v.Cut, n.Title+" got no answer")
			}
		case Wrong:
			v.Wrong = append(v.Wrong, fmt.Sprintf("%s was answered %s", n.Title, n.Answer))
		}
	}
	for title, ids := range idsByTitle {
		if !sent[title] {
			v.Wrong = append(v.Wrong, fmt.Sprintf("%q is there as %s, but no writer sent it", title, strings.Join(ids, " and ")))
		}
	}
	return v
}

// Err returns an error that lists the broken promises, at most 20 of each sort, or nil.
func (v *Verdict) Err() error {
	const limit = 20
	var lines []string
	for _, list := range []struct {
		name      string
		sentences []string
	}{{"lost", v.Lost}, {"doubled", v.Doubled}, {"cut by SIGTERM", v.Cut}, {"wrong", v.Wrong}} {
		for i, sentence := range list.sentences {
			if i == limit {
				lines = append(lines, fmt.Sprintf("%s: %s: and %d more", v.Store, list.name, len(list.sentences)-limit))
				break
			}
			lines = append(lines, fmt.Sprintf("%s: %s: %s", v.Store, list.name, sentence))
		}
	}
	if lines == nil {
		return nil
	}
	return errors.New(strings.Join(lines, "\n"))
}
