package main

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"

	"gin-blog/internal/testkit"
	"gin-blog/tools/internal/ledger"
)

const commentWriterCount = 4

// createThread creates the post that is commented on, notes it, and returns its id.
func (t *trial) createThread(ctx context.Context) (id string, err error) {
	notes, err := ledger.OpenNotebook(filepath.Join(t.dir, "writer-thread.jsonl"))
	if err != nil {
		return "", err
	}
	defer notes.Close()
	const title = "the post that is commented on"
	if err := notes.Add(ledger.Note{Title: title, Event: ledger.Sending}); err != nil {
		return "", err
	}
	var created struct{ Post ledger.Post }
	body := fmt.Sprintf(`{"title":%q,"content":"What do you think?"}`, title)
	_, err = t.client.Call(ctx, http.MethodPost, "/posts", body, &created, testkit.Bearer(t.site.Token))
	if err != nil {
		return "", err
	}
	return created.Post.ID, notes.Add(ledger.Note{Title: title, Event: ledger.Acknowledged, ID: created.Post.ID})
}
