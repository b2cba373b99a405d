package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"gin-blog/internal/testkit"
)

const (
	// answerTimeout is longer than the API takes for any answer, even while it stops.
	answerTimeout = 15 * time.Second
	// retryPause leaves the processor to a server that starts, while its writers are refused.
	retryPause = 20 * time.Millisecond
)

// Writer creates one post after another, some by way of drafts, or comments on one post.
type Writer struct {
	Notes Notebook

	number  int
	site    *Site
	client  *http.Client
	retries bool
	drafts  bool
	thread  string // the post to comment on, "" for a writer of posts

	acknowledged atomic.Int64 // posts
}

// Site is what several writers write to. Its fields are set before the first writer starts.
type Site struct {
	URL   string
	Token string
	// Proxied is true if a proxy is in front. Its 502 then means that no answer came.
	Proxied bool

	Fault   atomic.Value // a string: the latest fault of the program
	Outages Outages
	Failed  atomic.Int64 // tries to create a post that were not acknowledged
}

// NewWriter returns a writer that writes its notes to dir. Its number decides whether it keeps one connection or opens
// one for each post: a server that stops may close a kept connection while a request is on its way. The number also
// decides whether the writer sends each post, with an Idempotency-Key, until it is acknowledged, or only once.
func (s *Site) NewWriter(dir string, number int) (*Writer, error) {
	notes, err := OpenNotebook(filepath.Join(dir, fmt.Sprintf("writer-%02d.jsonl", number)))
	if err != nil {
		return nil, err
	}
	retries, keepsConnection := number%2 == 0, number/2%2 != 0
	return &Writer{
		Notes: notes, number: number, site: s, retries: retries,
		client: &http.Client{Transport: &http.Transport{DisableKeepAlives: !keepsConnection}},
	}, nil
}

// NewDraftWriter returns a writer that writes each post as a draft, and then publishes it: until the post is
// acknowledged, or only once. Its number decides the same as with NewWriter, and differs from those.
func (s *Site) NewDraftWriter(dir string, number int) (*Writer, error) {
	w, err := s.NewWriter(dir, number)
	if err != nil {
		return nil, err
	}
	w.drafts = true
	return w, nil
}

// NewCommentWriter returns a writer that writes comments on a post with this id. Its number decides the same as with
// NewWriter, and differs from those.
func (s *Site) NewCommentWriter(dir string, number int, post string) (*Writer, error) {
	w, err := s.NewWriter(dir, number)
	if err != nil {
		return nil, err
	}
	w.thread = post
	return w, nil
}

// Acknowledged returns the number of posts that were acknowledged.
func (w *Writer) Acknowledged() int64 { return w.acknowledged.Load() }

// Run publishes posts until stop is closed. It always finishes the post that it has begun.
func (w *Writer) Run(ctx context.Context, stop <-chan struct{}) error {
	defer w.client.CloseIdleConnections()
	for n := 1; ; n++ {
		select {
		case <-stop:
			return w.Notes.Close()
		default:
		}
		if err := w.publish(ctx, fmt.Sprintf("w%02d-%06d", w.number, n)); err != nil {
			return fmt.Errorf("writer %d: %w", w.number, err)
		}
	}
}

// publish creates a post, or a draft of which it makes a post, or a comment.
func (w *Writer) publish(ctx context.Context, title string) error {
	if w.thread != "" {
		_, err := w.send(ctx, title, "/posts/"+w.thread+"/comments", fmt.Sprintf(`{"content":%q}`, title), w.retries)
		return err
	}
	body := fmt.Sprintf(`{"title":"%s","content":"%s"}`, title, strings.Repeat("Will it last? ", 20))
	if !w.drafts {
		_, err := w.send(ctx, title, "/posts", body, w.retries)
		return err
	}
	drafted, err := w.send(ctx, title, "/drafts", body, false) // a draft that is sent twice is there twice
	if err != nil || drafted.Event != Drafted {
		return err
	}
	_, err = w.send(ctx, title, "/drafts/"+drafted.ID+"/publish", "", w.retries)
	return err
}

// send sends a request once, or until it is acknowledged if it is to retry. Without a connection it always tries again,
// because nothing was sent.
func (w *Writer) send(ctx context.Context, title, path, body string, retries bool) (outcome Note, err error) {
	for {
		if err := w.Notes.Add(Note{Title: title, Event: Sending}); err != nil {
			return outcome, err
		}
		var sent bool
		outcome, sent = w.try(ctx, title, path, body, retries)
		if ctx.Err() != nil {
			return outcome, ctx.Err()
		}
		if sent {
			outcome.Retries = retries
			if err := w.Notes.Add(outcome); err != nil {
				return outcome, err
			}
		}
		switch outcome.Event {
		case Acknowledged:
			w.acknowledged.Add(1)
			w.site.Outages.Acknowledged(time.Now())
			return outcome, nil
		case Drafted:
			return outcome, nil
		}
		w.site.Failed.Add(1)
		select {
		case <-ctx.Done():
			return outcome, ctx.Err()
		case <-time.After(retryPause):
		}
		if sent && !retries {
			return outcome, nil
		}
	}
}

// try sends a request once and returns the outcome. It returns false if it got no connection, so that nothing was sent.
func (w *Writer) try(ctx context.Context, title, path, body string, retries bool) (outcome Note, sent bool) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	reused := false
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(conn httptrace.GotConnInfo) { reused = conn.Reused },
	})
	request, err := testkit.NewRequest(ctx, http.MethodPost, w.site.URL+path, body, testkit.Bearer(w.site.Token))
	if err != nil {
		return Note{Title: title, Event: Wrong, Answer: err.Error()}, true
	}
	// With GetBody, the client would itself send a request with an Idempotency-Key again, unnoticed.
	request.GetBody = nil
	if retries {
		request.Header.Set("Idempotency-Key", title)
	}
	answer, err := w.client.Do(request)
	if err == nil {
		defer answer.Body.Close()
		var content []byte
		if content, err = io.ReadAll(answer.Body); err == nil {
			if answer.StatusCode == http.StatusBadGateway && w.site.Proxied {
				return Note{Title: title, Event: Unanswered, Fault: w.fault()}, true
			}
			return outcomeOf(title, answer.StatusCode, content), true
		}
	}
	if failed, ok := errors.AsType[*net.OpError](err); ok && failed.Op == "dial" {
		return Note{}, false
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return Note{Title: title, Event: Wrong, Answer: "none within " + answerTimeout.String()}, true
	}
	// When a server process dies, the kernel closes a connection with EOF if the server had read all that was sent, and
	// resets it otherwise. On a reused connection, EOF may also mean that the server had closed it before the request
	// arrived. Half an answer always means that the server had read the request.
	read := errors.Is(err, io.EOF) && !reused || errors.Is(err, io.ErrUnexpectedEOF)
	return Note{Title: title, Event: Unanswered, Fault: w.fault(), Read: read}, true
}

// fault returns the latest fault of the program, or "".
func (w *Writer) fault() string {
	fault, _ := w.site.Fault.Load().(string)
	return fault
}

// outcomeOf returns the note about an answer.
func outcomeOf(title string, status int, content []byte) Note {
	if status == http.StatusServiceUnavailable {
		return Note{Title: title, Event: Unavailable}
	}
	var created struct {
		Post, Draft Post
		Comment     comment
	}
	err := json.Unmarshal(content, &created)
	switch {
	case err != nil || status != http.StatusCreated: // neither
	case created.Post.Title == title:
		return Note{Title: title, Event: Acknowledged, ID: created.Post.ID}
	case created.Comment.Content == title:
		return Note{Title: title, Event: Acknowledged, ID: created.Comment.ID}
	case created.Draft.Title == title:
		return Note{Title: title, Event: Drafted, ID: created.Draft.ID}
	}
	return Note{Title: title, Event: Wrong, Answer: fmt.Sprintf("%d %s", status, content)}
}
