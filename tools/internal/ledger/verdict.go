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

// Verdict says what became of the posts, and of the drafts that were to become posts. Each list has one sentence for
// each that broke a promise.
type Verdict struct {
	Store              string
	Sent, Acknowledged int
	Drafted            int      // drafts that were acknowledged
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

// idsByTitle returns the ids of posts or drafts.
func idsByTitle(posts []Post) map[string][]string {
	ids := map[string][]string{}
	for _, p := range posts {
		ids[p.Title] = append(ids[p.Title], p.ID)
	}
	return ids
}

// Judge compares the notes of the writers with the posts and the drafts that are there.
func Judge(notes []Note, posts, drafts []Post) *Verdict {
	postIDs, draftIDs := idsByTitle(posts), idsByTitle(drafts)
	v := &Verdict{}
	sent := map[string]bool{} // titles
	for _, n := range notes {
		ids := postIDs[n.Title]
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
		case Drafted:
			v.Drafted++
			v.judgeDraft(n, len(ids) > 0, slices.Contains(draftIDs[n.Title], n.ID))
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
	for _, there := range []map[string][]string{postIDs, draftIDs} {
		for title, ids := range there {
			if !sent[title] {
				v.Wrong = append(v.Wrong,
					fmt.Sprintf("%q is there as %s, but no writer sent it", title, strings.Join(ids, " and ")))
			}
		}
	}
	return v
}

// judgeDraft judges a draft that was acknowledged. It must be a post now, or still be a draft, and not both.
func (v *Verdict) judgeDraft(n Note, isPost, isDraft bool) {
	switch {
	case isPost && isDraft:
		v.Doubled = append(v.Doubled, n.Title+" is a post, and still a draft")
	case !isPost && !isDraft:
		v.Lost = append(v.Lost, fmt.Sprintf("%s was acknowledged as the draft %s", n.Title, n.ID))
	case !isPost && n.Due:
		v.Lost = append(v.Lost, n.Title+" was not published at its time")
	}
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
