package main

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	"gin-blog/internal/testkit"
	"gin-blog/tools/internal/ledger"
)

const (
	draftWriterCount = 8
	// Every dueInterval of a trial, a draft publishes itself, as many as the plan says.
	dueInterval = time.Second
	// finishTimeout is longer than the program takes to notice a draft that is due, or whose publishing was interrupted.
	finishTimeout = 30 * time.Second
)

// createDueDrafts creates the drafts that publish themselves, and notes them.
func (t *trial) createDueDrafts(ctx context.Context) error {
	notes, err := ledger.OpenNotebook(filepath.Join(t.dir, "writer-due.jsonl"))
	if err != nil {
		return err
	}
	defer notes.Close()
	for n := range t.plan.due {
		title := fmt.Sprintf("due-%02d", n)
		if err := notes.Add(ledger.Note{Title: title, Event: ledger.Sending}); err != nil {
			return err
		}
		at := time.Now().Add(time.Duration(n+1) * dueInterval)
		body := fmt.Sprintf(`{"title":%q,"content":"On time?","publishAt":%q}`, title, at.Format(time.RFC3339Nano))
		var created struct{ Draft ledger.Post }
		_, err := t.client.Call(ctx, http.MethodPost, "/drafts", body, &created, testkit.Bearer(t.site.Token))
		if err != nil {
			return err
		}
		note := ledger.Note{Title: title, Event: ledger.Drafted, ID: created.Draft.ID, Due: true}
		if err := notes.Add(note); err != nil {
			return err
		}
	}
	return nil
}

// judge compares the notes of the writers with the posts, comments and drafts that are there. The last kill may have
// interrupted the publishing of a draft, so judge gives the program the time that it takes to finish.
func (t *trial) judge(ctx context.Context) (*ledger.Verdict, error) {
	notes, err := ledger.AllNotes(t.dir)
	if err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(finishTimeout); ; {
		// The drafts first: one that is published in between is then seen twice, and judged again.
		drafts, err := t.client.Drafts(ctx, t.site.Token)
		if err != nil {
			return nil, err
		}
		posts, err := t.client.Posts(ctx)
		if err != nil {
			return nil, err
		}
		comments, err := t.client.Comments(ctx, t.thread)
		if err != nil {
			return nil, err
		}
		posts = append(posts, comments...)
		v := ledger.Judge(notes, posts, drafts)
		if len(v.Lost)+len(v.Doubled) == 0 || time.Now().After(deadline) {
			return v, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(time.Second):
		}
	}
}
