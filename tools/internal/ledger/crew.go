package ledger

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"gin-blog/tools/internal/program"
)

const (
	// pause leaves the processor to a server that starts while it refuses a worker, and to the writers between two reads.
	pause = 20 * time.Millisecond
	// progressTimeout is how long it may take until every worker is served again.
	progressTimeout = 2 * time.Minute
)

// Site is the gin-blog that a crew writes to and reads from.
type Site struct {
	program.Client
	Proxied       bool        // a proxy is in front: its 502 means that no answer came
	Stopped       atomic.Bool // the latest fault of the program was SIGTERM, which finishes the requests in flight
	Reads, Writes Meter
}

// Work says how many workers of each sort a crew has. Every other writer sends each request with an Idempotency-Key
// until it is acknowledged, the others send it once.
type Work struct {
	Posts, Drafts, Comments, Readers int
	Thread                           string        // the post that is commented on
	Pause                            time.Duration // of a worker after each request
}

// Crew is writers and readers that go on while servers fail.
type Crew struct {
	workers []*worker
	stopped atomic.Bool
	going   sync.WaitGroup
}

// worker sends one request after another.
type worker struct {
	site    *Site
	ledger  *Ledger
	client  program.Client
	retries bool
	served  atomic.Int64 // requests
}

// StartCrew starts the workers. The titles of what they write begin with name.
func (l *Ledger) StartCrew(ctx context.Context, site *Site, name string, work Work) *Crew {
	c := &Crew{}
	start := func(count int, do func(w *worker, title string)) {
		for range count {
			number := len(c.workers)
			w := &worker{site: site, ledger: l, client: site.Client, retries: number%2 == 0}
			// A server that stops may close a kept connection while a request is on its way, so half of them keep none.
			w.client.Transport = &http.Transport{DisableKeepAlives: number/2%2 == 0}
			c.workers = append(c.workers, w)
			c.going.Go(func() {
				for n := 0; ctx.Err() == nil && !c.stopped.Load(); n++ {
					do(w, fmt.Sprintf("%s-%02d-%06d", name, number, n))
					sleep(ctx, work.Pause)
				}
			})
		}
	}
	post := func(title string) map[string]string {
		return map[string]string{"title": title, "content": strings.Repeat("Will it last? ", 20)}
	}
	start(work.Posts, func(w *worker, title string) { w.write(ctx, title, "/posts", post(title), w.retries) })
	start(work.Drafts, func(w *worker, title string) {
		// A draft that is sent twice is there twice.
		if id := w.write(ctx, title, "/drafts", post(title), false); id != "" {
			w.write(ctx, title, "/drafts/"+id+"/publish", nil, w.retries)
		}
	})
	start(work.Comments, func(w *worker, title string) {
		comment := map[string]string{"content": title}
		w.write(ctx, title, "/posts/"+work.Thread+"/comments", comment, w.retries)
	})
	start(work.Readers, func(w *worker, _ string) {
		_, err := w.client.Call(ctx, http.MethodGet, "/posts?limit=1", nil, nil)
		w.count(&site.Reads, err)
		sleep(ctx, pause)
	})
	return c
}

// Stop waits until every worker has finished what it has begun.
func (c *Crew) Stop() {
	c.stopped.Store(true)
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

// write sends a request once, or until it is acknowledged, and enters the answers into the ledger. It returns the id
// that was acknowledged, or "".
func (w *worker) write(ctx context.Context, title, path string, body any, retries bool) (id string) {
	w.client.Key = ""
	if retries {
		w.client.Key = title
	}
	for deadline := time.Now().Add(progressTimeout); ; {
		id, err := w.ledger.send(ctx, &w.client, title, path, body)
		if ctx.Err() != nil {
			return ""
		}
		w.count(&w.site.Writes, err)
		if err == nil {
			return id
		}
		refusal, answered := errors.AsType[*program.StatusError](err)
		w.ledger.enter(title, func(e *entry) {
			switch {
			case answered && refusal.Status == http.StatusServiceUnavailable:
			case answered && refusal.Status == http.StatusBadGateway && w.site.Proxied:
			case answered || errors.Is(err, context.DeadlineExceeded):
				e.wrong = err.Error()
			default:
				e.cut = !retries && w.site.Stopped.Load()
			}
		})
		sleep(ctx, pause)
		if !retries || time.Now().After(deadline) {
			return ""
		}
	}
}

func (w *worker) count(m *Meter, err error) {
	m.count(err)
	if err == nil {
		w.served.Add(1)
	}
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

func (m *Meter) count(err error) {
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
