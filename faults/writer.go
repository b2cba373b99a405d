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
)

const (
	// answerPatience is longer than the API takes for any answer, stopping included.
	answerPatience = 15 * time.Second
	// retryPause keeps those who were refused from taking the processor of the server that starts.
	retryPause = 20 * time.Millisecond
)

// writer creates one post after another.
type writer struct {
	number int
	url    string
	token  string
	client *http.Client
	notes  notebook
	// repeats says that it sends an Idempotency-Key, and each post until it is acknowledged. Otherwise it sends each once.
	repeats bool
	// fresh says that it takes a new connection for each post. Otherwise it keeps its connection, which a server that stops
	// may close just when a request is on its way.
	fresh bool

	fault        *atomic.Value // the latest one of the program, a string
	acknowledged atomic.Int64
	gaps         *gaps
}

func newWriter(number int, t *trial, token string) (*writer, error) {
	notes, err := openNotebook(filepath.Join(t.dir, fmt.Sprintf("writer-%02d.jsonl", number)))
	if err != nil {
		return nil, err
	}
	w := &writer{number: number, url: t.url, token: token, notes: notes, fault: &t.fault, gaps: &t.gaps,
		repeats: number%2 == 0, fresh: number/2%2 == 0}
	w.client = &http.Client{Transport: &http.Transport{DisableKeepAlives: w.fresh}}
	return w, nil
}

// run writes until stop is closed, and then finishes the post that it is at.
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

// publish sends a post: once, or until it is acknowledged. Where there was no connection to send it on, it tries again.
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
			outcome.Repeats = w.repeats
			if err := w.notes.add(outcome); err != nil {
				return err
			}
		}
		if outcome.Event == acknowledged {
			w.acknowledged.Add(1)
			w.gaps.acknowledged(time.Now())
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(retryPause):
		}
		if sent && !w.repeats {
			return nil
		}
	}
}

// send sends a post once and tells what came of it, or that no connection was to be had.
func (w *writer) send(ctx context.Context, title string) (outcome note, sent bool) {
	ctx, cancel := context.WithTimeout(ctx, answerPatience)
	defer cancel()
	kept := false
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(conn httptrace.GotConnInfo) { kept = conn.Reused }})
	body := fmt.Sprintf(`{"title":"%s","content":"%s"}`, title, strings.Repeat("Kept or not? ", 20))
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url+"/posts", strings.NewReader(body))
	if err != nil {
		return note{Title: title, Event: wrong, Answer: err.Error()}, true
	}
	request.GetBody = nil // or the client would repeat what has a key by itself, unnoticed
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+w.token)
	if w.repeats {
		request.Header.Set("Idempotency-Key", title)
	}
	answer, err := w.client.Do(request)
	if err == nil {
		defer answer.Body.Close()
		var content []byte
		if content, err = io.ReadAll(answer.Body); err == nil {
			return understand(title, answer.StatusCode, content), true
		}
	}
	var failed *net.OpError
	if errors.As(err, &failed) && failed.Op == "dial" {
		return note{}, false
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return note{Title: title, Event: wrong, Answer: "none within " + answerPatience.String()}, true
	}
	// The kernel ends a connection in order (EOF) where the server has read all that was sent, and resets it otherwise. On one
	// that was kept, EOF may also mean that the server had closed it before the request came; half an answer never does.
	read := errors.Is(err, io.EOF) && !kept || errors.Is(err, io.ErrUnexpectedEOF)
	fault, _ := w.fault.Load().(string)
	return note{Title: title, Event: unanswered, Fault: fault, Read: read}, true
}

// understand reads an answer.
func understand(title string, status int, content []byte) note {
	if status == http.StatusServiceUnavailable {
		return note{Title: title, Event: unavailable}
	}
	var created struct {
		Post struct {
			ID    string `json:"_id"`
			Title string
		}
	}
	if err := json.Unmarshal(content, &created); status == http.StatusCreated && err == nil && created.Post.Title == title {
		return note{Title: title, Event: acknowledged, ID: created.Post.ID}
	}
	return note{Title: title, Event: wrong, Answer: fmt.Sprintf("%d %s", status, content)}
}
