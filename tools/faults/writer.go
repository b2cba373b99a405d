package main

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

// writer creates one post after another.
type writer struct {
	number int
	url    string
	token  string
	client *http.Client
	notes  notebook
	// retries makes the writer send each post, with an Idempotency-Key, until it is acknowledged. Otherwise the writer
	// sends each post only once.
	retries bool

	fault        *atomic.Value // a string: the latest fault of the program
	acknowledged atomic.Int64  // posts
	outages      *outages
}

// newWriter returns a writer. Its number decides whether it retries, and whether it keeps one connection or opens one
// for each post. A server that stops may close a kept connection while a request is on its way.
func newWriter(number int, t *trial, token string) (*writer, error) {
	notes, err := openNotebook(filepath.Join(t.dir, fmt.Sprintf("writer-%02d.jsonl", number)))
	if err != nil {
		return nil, err
	}
	retries, keepsConnection := number%2 == 0, number/2%2 != 0
	return &writer{
		number: number, url: t.url, token: token, notes: notes, retries: retries, fault: &t.fault, outages: &t.outages,
		client: &http.Client{Transport: &http.Transport{DisableKeepAlives: !keepsConnection}},
	}, nil
}

// run publishes posts until stop is closed. It always finishes the post that it has begun.
func (w *writer) run(ctx context.Context, stop <-chan struct{}) error {
	defer w.client.CloseIdleConnections()
	for n := 1; ; n++ {
		select {
		case <-stop:
			return w.notes.file.Close()
		default:
		}
		if err := w.publish(ctx, fmt.Sprintf("w%02d-%06d", w.number, n)); err != nil {
			return fmt.Errorf("writer %d: %w", w.number, err)
		}
	}
}

// publish sends a post once, or until it is acknowledged if the writer retries. Without a connection it always tries
// again, because nothing was sent.
func (w *writer) publish(ctx context.Context, title string) error {
	for {
		if err := w.notes.add(note{Title: title, Event: sending}); err != nil {
			return err
		}
		outcome, sent := w.send(ctx, title)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if sent {
			outcome.Retries = w.retries
			if err := w.notes.add(outcome); err != nil {
				return err
			}
		}
		if outcome.Event == acknowledged {
			w.acknowledged.Add(1)
			w.outages.acknowledged(time.Now())
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(retryPause):
		}
		if sent && !w.retries {
			return nil
		}
	}
}

// send sends a post once and returns the outcome. It returns false if it got no connection, so that nothing was sent.
func (w *writer) send(ctx context.Context, title string) (outcome note, sent bool) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	reused := false
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(conn httptrace.GotConnInfo) { reused = conn.Reused },
	})
	body := fmt.Sprintf(`{"title":"%s","content":"%s"}`, title, strings.Repeat("Will it last? ", 20))
	request, err := testkit.NewRequest(ctx, http.MethodPost, w.url+"/posts", body, testkit.Bearer(w.token))
	if err != nil {
		return note{Title: title, Event: wrong, Answer: err.Error()}, true
	}
	// With GetBody, the client would itself send a request with an Idempotency-Key again, unnoticed.
	request.GetBody = nil
	if w.retries {
		request.Header.Set("Idempotency-Key", title)
	}
	answer, err := w.client.Do(request)
	if err == nil {
		defer answer.Body.Close()
		var content []byte
		if content, err = io.ReadAll(answer.Body); err == nil {
			return outcomeOf(title, answer.StatusCode, content), true
		}
	}
	if failed, ok := errors.AsType[*net.OpError](err); ok && failed.Op == "dial" {
		return note{}, false
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return note{Title: title, Event: wrong, Answer: "none within " + answerTimeout.String()}, true
	}
	// When a server process dies, the kernel closes a connection with EOF if the server had read all that was sent, and
	// resets it otherwise. On a reused connection, EOF may also mean that the server had closed it before the request
	// arrived. Half an answer always means that the server had read the request.
	read := errors.Is(err, io.EOF) && !reused || errors.Is(err, io.ErrUnexpectedEOF)
	fault, _ := w.fault.Load().(string)
	return note{Title: title, Event: unanswered, Fault: fault, Read: read}, true
}

// outcomeOf returns the note about an answer.
func outcomeOf(title string, status int, content []byte) note {
	if status == http.StatusServiceUnavailable {
		return note{Title: title, Event: unavailable}
	}
	var created struct{ Post post }
	err := json.Unmarshal(content, &created)
	if err == nil && status == http.StatusCreated && created.Post.Title == title {
		return note{Title: title, Event: acknowledged, ID: created.Post.ID}
	}
	return note{Title: title, Event: wrong, Answer: fmt.Sprintf("%d %s", status, content)}
}
