// Package ledger writes to a running gin-blog while it fails, keeps what the writers were told, and compares that with
// what is there.
package ledger

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"gin-blog/tools/internal/program"
)

// Ledger has an entry for each title that was sent. It is safe for concurrent use.
type Ledger struct {
	mu      sync.Mutex
	entries map[string]entry
}

// entry is what a writer was told of a post, a draft or a comment.
type entry struct {
	post  string // the id of the acknowledged post or comment, "" if there is none
	draft string // the id of the acknowledged draft, "" if there is none
	due   bool   // the draft publishes itself before the end
	cut   bool   // it was sent once, and got no answer because of a SIGTERM
	wrong string // an answer that must not be
}

// New returns an empty ledger.
func New() *Ledger { return &Ledger{entries: map[string]entry{}} }

// enter changes the entry of a title.
func (l *Ledger) enter(title string, change func(*entry)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.entries[title]
	change(&e)
	l.entries[title] = e
}

// Create writes something besides a crew, and returns its id. The body must have a title.
func (l *Ledger) Create(ctx context.Context, c *program.Client, path string, body map[string]string) (string, error) {
	l.enter(body["title"], func(e *entry) { e.due = body["publishAt"] != "" })
	return l.send(ctx, c, body["title"], path, body)
}

// send sends a request, and enters the title and the id that was acknowledged.
func (l *Ledger) send(ctx context.Context, c *program.Client, title, path string, body any) (id string, err error) {
	l.enter(title, func(*entry) {})
	var created struct{ Post, Comment, Draft Item }
	if _, err := c.Call(ctx, http.MethodPost, path, body, &created); err != nil {
		return "", err
	}
	l.enter(title, func(e *entry) {
		switch title {
		case created.Post.title():
			e.post, id = created.Post.ID, created.Post.ID
		case created.Comment.title():
			e.post, id = created.Comment.ID, created.Comment.ID
		case created.Draft.title():
			e.draft, id = created.Draft.ID, created.Draft.ID
		default:
			e.wrong = fmt.Sprintf("with something else: %v", created)
		}
	})
	return id, nil
}

// Item is a post or a draft as its list shows it, or a comment, which has its title in its content.
type Item struct {
	ID             string `json:"_id"`
	Title, Content string
}

// Verdict says what became of the posts, the drafts and the comments. Each list has a sentence for each that broke a
// promise.
type Verdict struct {
	Acknowledged int      // posts and comments
	Drafted      int      // drafts that were acknowledged
	Lost         []string // was acknowledged, and is not there
	Doubled      []string // is there more than once
	Cut          []string // got no answer, although the program stopped in order
	Wrong        []string // got a wrong answer, or was never sent
}

// settleTimeout is longer than the program takes to notice a draft that is due, or whose publishing was interrupted.
const settleTimeout = 30 * time.Second

// Compare reads what is there, comments on the post thread included, and compares it with the ledger.
func (l *Ledger) Compare(ctx context.Context, c *program.Client, thread string) (*Verdict, error) {
	for deadline := time.Now().Add(settleTimeout); ; sleep(ctx, time.Second) {
		// The drafts first: one that is published in between is then seen twice, and judged again.
		drafts, err := program.List[Item](ctx, c, "/drafts?limit=100")
		if err != nil {
			return nil, err
		}
		posts, err := program.List[Item](ctx, c, "/posts?limit=100")
		if err != nil {
			return nil, err
		}
		var comments []Item
		if thread != "" {
			if comments, err = program.List[Item](ctx, c, "/posts/"+thread+"/comments?limit=100"); err != nil {
				return nil, err
			}
		}
		v := l.Judge(slices.Concat(posts, comments), drafts)
		if len(v.Lost)+len(v.Doubled) == 0 || time.Now().After(deadline) {
			return v, nil
		}
	}
}

// Judge compares the ledger with the posts and comments, and the drafts, that are there.
func (l *Ledger) Judge(posts, drafts []Item) *Verdict {
	l.mu.Lock()
	defer l.mu.Unlock()
	postIDs, draftIDs := idsByTitle(posts), idsByTitle(drafts)
	v := &Verdict{}
	for title, e := range l.entries {
		ids := postIDs[title]
		if len(ids) > 1 {
			v.Doubled = append(v.Doubled, fmt.Sprintf("%s is there as %s", title, strings.Join(ids, " and ")))
		}
		if e.post != "" {
			v.Acknowledged++
			if !slices.Contains(ids, e.post) {
				v.Lost = append(v.Lost, fmt.Sprintf("%s was acknowledged as %s", title, e.post))
			}
		}
		if e.draft != "" {
			v.Drafted++
			v.judgeDraft(title, e, len(ids) > 0, slices.Contains(draftIDs[title], e.draft))
		}
		if e.cut && len(ids) > 0 {
			v.Cut = append(v.Cut, title+" was stored, and got no answer")
		}
		if e.wrong != "" {
			v.Wrong = append(v.Wrong, fmt.Sprintf("%s was answered %s", title, e.wrong))
		}
	}
	for _, item := range slices.Concat(posts, drafts) {
		if _, ok := l.entries[item.title()]; !ok {
			v.Wrong = append(v.Wrong, fmt.Sprintf("%q is there as %s, but no writer sent it", item.title(), item.ID))
		}
	}
	return v
}

// judgeDraft judges a draft that was acknowledged. It must be a post now, or still be a draft, and not both.
func (v *Verdict) judgeDraft(title string, e entry, isPost, isDraft bool) {
	switch {
	case isPost && isDraft:
		v.Doubled = append(v.Doubled, title+" is a post, and still a draft")
	case !isPost && !isDraft:
		v.Lost = append(v.Lost, fmt.Sprintf("%s was acknowledged as the draft %s", title, e.draft))
	case !isPost && e.due:
		v.Lost = append(v.Lost, title+" was not published at its time")
	}
}

// Err returns an error that lists the broken promises, at most 20 of each sort, or nil.
func (v *Verdict) Err() error {
	const limit = 20
	var all []error
	for _, list := range []struct {
		name      string
		sentences []string
	}{{"lost", v.Lost}, {"doubled", v.Doubled}, {"cut by SIGTERM", v.Cut}, {"wrong", v.Wrong}} {
		for _, sentence := range list.sentences[:min(limit, len(list.sentences))] {
			all = append(all, fmt.Errorf("%s: %s", list.name, sentence))
		}
		if more := len(list.sentences) - limit; more > 0 {
			all = append(all, fmt.Errorf("%s: and %d more", list.name, more))
		}
	}
	return errors.Join(all...)
}

func (i Item) title() string {
	if i.Title == "" {
		return i.Content
	}
	return i.Title
}

// idsByTitle returns the ids of items.
func idsByTitle(items []Item) map[string][]string {
	ids := map[string][]string{}
	for _, i := range items {
		ids[i.title()] = append(ids[i.title()], i.ID)
	}
	return ids
}
