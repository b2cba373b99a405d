package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"gin-blog/tools/internal/program"
)

const (
	// answerTimeout is longer than the API takes for any answer, even while it stops.
	answerTimeout = 15 * time.Second
	// pause leaves the processor to a server that starts while it refuses a worker, and to the writers between two reads.
	pause = 20 * time.Millisecond
	// progressTimeout is how long it may take until every worker is served again.
	progressTimeout = 2 * time.Minute
)

// Site is the gin-blog that a crew writes to and reads from.
type Site struct {
	*program.Client
	Proxied       bool        // a proxy is in front: its 502 means that no answer came
	Stopped       atomic.Bool // the latest fault of the program was SIGTERM, which finishes the requests in flight
	Reads, Writes Meter
}

// Work says how many workers of each sort a crew has. Every other writer sends each request with an Idempotency-Key
// until it is acknowledged, the others send it once.
type Work struct {
	Posts, Drafts, Comments, Readers int
	Thread                           string // the post that is commented on
}

// Crew is writers and readers that go on while servers fail.
type Crew struct {
	workers []*worker
	stop    chan struct{}
	going   sync.WaitGroup
}

// worker sends one request after another.
type worker struct {
	site    *Site
	ledger  *Ledger
	client  *http.Client
	retries bool
	served  atomic.Int64 // requests
}

// StartCrew starts the workers. The titles of what they write begin with name.
func (l *Ledger) StartCrew(ctx context.Context, site *Site, name string, work Work) *Crew {
	c := &Crew{stop: make(chan struct{})}
	start := func(count int, do func(w *worker, title string)) {
		for range count {
			number := len(c.workers)
			// A server that stops may close a kept connection while a request is on its way, so half of them keep none.
			transport := &http.Transport{DisableKeepAlives: number/2%2 == 0}
			w := &worker{site: site, ledger: l, client: &http.Client{Transport: transport}, retries: number%2 == 0}
			c.workers = append(c.workers, w)
			c.going.Go(func() {
				defer transport.CloseIdleConnections()
				for n := 0; ctx.Err() == nil && !c.stopped(); n++ {
					do(w, fmt.Sprintf("%s-%02d-%06d", name, number, n))
				}
			})
		}
	}
	start(work.Posts, func(w *worker, title string) { w.send(ctx, title, "/posts", post(title), w.retries) })
	start(work.Drafts, func(w *worker, title string) {
		// A draft that is sent twice is there twice.
		if id := w.send(ctx, title, "/drafts", post(title), false); id != "" {
			w.send(ctx, title, "/drafts/"+id+"/publish", nil, w.retries)
		}
	})
	comments := "/posts/" + work.Thread + "/comments"
	start(work.Comments, func(w *worker, title string) {
		w.send(ctx, title, comments, map[string]string{"content": title}, w.retries)
	})
	start(work.Readers, func(w *worker, _ string) { w.read(ctx) })
	return c
}

func post(title string) map[string]string {
	return map[string]string{"title": title, "content": strings.Repeat("Will it last? ", 20)}
}

func (c *Crew) stopped() bool {
	select {
	case <-c.stop:
		return true
	default:
		return false
	}
}

// Stop waits until every worker has finished what it has begun.
func (c *Crew) Stop() {
	close(c.stop)
	c.going.Wait()
}

// AwaitProgress waits until every worker was served once more.
func (c *Crew) AwaitProgress(ctx context.Context) error {
	before := make([]int64, len(c.workers))
	for i, w := range c.workers {
		before[i] = w.served.Load()
	}
	return program.Await(ctx, progressTimeout, "every client to be served", func() error {
		for i, w := range c.workers {
			if w.served.Load() == before[i] {
				return fmt.Errorf("client %d is not", i)
			}
		}
		return nil
	})
}

// read reads the newest post.
func (w *worker) read(ctx context.Context) {
	_, err := w.try(ctx, http.MethodGet, "/posts?limit=1", nil, "", http.StatusOK)
	w.count(&w.site.Reads, err)
	sleep(ctx, pause)
}

// send sends a request once, or until it is acknowledged, and notes the answer. It returns the id that was
// acknowledged, or "".
func (w *worker) send(ctx context.Context, title, path string, body any, retries bool) string {
	w.ledger.note(title, func(*entry) {})
	key := ""
	if retries {
		key = title
	}
	for {
		content, err := w.try(ctx, http.MethodPost, path, body, key, http.StatusCreated)
		var id string
		if err == nil {
			id, err = w.ledger.acknowledge(title, content)
		}
		if ctx.Err() != nil {
			return ""
		}
		w.count(&w.site.Writes, err)
		if err == nil {
			return id
		}
		w.ledger.note(title, func(e *entry) {
			if wrong, ok := errors.AsType[*wrongAnswer](err); ok {
				e.wrong = wrong.Error()
			}
			e.cut = errors.Is(err, errUnanswered) && !retries && w.site.Stopped.Load()
		})
		sleep(ctx, pause)
		if !retries {
			return ""
		}
	}
}

func (w *worker) count(m *Meter, err error) {
	m.Count(err)
	if err == nil {
		w.served.Add(1)
	}
}

var (
	errUnanswered  = errors.New("there was no answer")
	errUnavailable = errors.New("the answer was 503")
)

// wrongAnswer is an answer that no fault explains.
type wrongAnswer struct {
	status int
	body   []byte
}

func (e *wrongAnswer) Error() string { return fmt.Sprintf("%d %s", e.status, e.body) }

// try sends a request once and returns the body of the answer. The error is errUnanswered, errUnavailable or a
// wrongAnswer. Status 0 in that one means that there was no answer in time.
func (w *worker) try(ctx context.Context, method, path string, body any, key string, want int) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	request, err := w.site.NewRequest(ctx, method, path, body)
	if err != nil {
		return nil, err
	}
	if key != "" {
		request.Header.Set("Idempotency-Key", key)
	}
	answer, err := w.client.Do(request)
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			return nil, &wrongAnswer{}
		}
		return nil, fmt.Errorf("%w: %w", errUnanswered, err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", errUnanswered, err)
	case answer.StatusCode == want:
		return content, nil
	case answer.StatusCode == http.StatusServiceUnavailable:
		return nil, errUnavailable
	case answer.StatusCode == http.StatusBadGateway && w.site.Proxied:
		return nil, errUnanswered
	}
	return nil, &wrongAnswer{answer.StatusCode, content}
}

// Create writes something besides the crew, and returns its id. The body must have a title.
func (l *Ledger) Create(ctx context.Context, c *program.Client, path string, body map[string]string) (string, error) {
	var answer json.RawMessage
	if _, err := c.Call(ctx, http.MethodPost, path, body, &answer); err != nil {
		return "", err
	}
	l.note(body["title"], func(e *entry) { e.due = body["publishAt"] != "" })
	return l.acknowledge(body["title"], answer)
}

// acknowledge notes a 201, and returns the id in it.
func (l *Ledger) acknowledge(title string, content []byte) (id string, err error) {
	var created struct{ Post, Comment, Draft Item }
	if err := json.Unmarshal(content, &created); err != nil {
		return "", &wrongAnswer{http.StatusCreated, content}
	}
	l.note(title, func(e *entry) {
		switch title {
		case created.Post.title():
			e.post, id = created.Post.ID, created.Post.ID
		case created.Comment.title():
			e.post, id = created.Comment.ID, created.Comment.ID
		case created.Draft.title():
			e.draft, id = created.Draft.ID, created.Draft.ID
		}
	})
	if id == "" {
		return "", &wrongAnswer{http.StatusCreated, content}
	}
	return id, nil
}

func sleep(ctx context.Context, length time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(length):
	}
}

// Meter counts failures, and finds the longest time without a success. It is safe for concurrent use.
type Meter struct {
	mu   sync.Mutex
	last time.Time // of a success
	loss Loss
}

// Loss is what clients noticed of faults.
type Loss struct {
	Longest time.Duration // without a success
	Failed  int           // requests
}

// Count counts a request, which failed if err is not nil.
func (m *Meter) Count(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err != nil {
		m.loss.Failed++
		return
	}
	now := time.Now()
	if !m.last.IsZero() {
		m.loss.Longest = max(m.loss.Longest, now.Sub(m.last))
	}
	m.last = now
}

// Take returns the loss since the last call.
func (m *Meter) Take() Loss {
	m.mu.Lock()
	defer m.mu.Unlock()
	loss := m.loss
	m.loss = Loss{}
	return loss
}
