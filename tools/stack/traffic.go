package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"gin-blog/internal/testkit"
	"gin-blog/tools/internal/ledger"
)

const (
	writerCount = 4
	readerCount = 3
	readPause   = 10 * time.Millisecond
	// readTimeout is longer than the proxy and the API take for any answer to a short read.
	readTimeout = 10 * time.Second
)

// traffic is some readers and writers that go on while containers fail.
type traffic struct {
	site    *ledger.Site
	writers []*ledger.Writer

	read      ledger.Outages
	readTries atomic.Int64
	readFails atomic.Int64

	log    *os.File // why reads failed
	cancel context.CancelFunc
	stop   chan struct{}
	going  sync.WaitGroup
	failed chan error // of the first writer that cannot go on
}

// startTraffic starts reading from a site and writing to it. The notes go to dir. first is the number of the first
// writer.
func startTraffic(ctx context.Context, site *ledger.Site, dir string, first int) (*traffic, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	log, err := os.OpenFile(filepath.Join(dir, "refused-reads.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	t := &traffic{site: site, stop: make(chan struct{}), failed: make(chan error, writerCount), log: log}
	ctx, t.cancel = context.WithCancel(ctx)
	for number := range writerCount {
		w, err := site.NewWriter(dir, first+number)
		if err != nil {
			return nil, err
		}
		t.writers = append(t.writers, w)
		t.going.Go(func() {
			if err := w.Run(ctx, t.stop); err != nil {
				t.failed <- err
			}
		})
	}
	for range readerCount {
		t.going.Go(func() { t.readAll(ctx) })
	}
	return t, nil
}

// readAll reads the newest posts again and again, each time over a connection of its own.
func (t *traffic) readAll(ctx context.Context) {
	client := &http.Client{Timeout: readTimeout, Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		select {
		case <-t.stop:
			return
		case <-ctx.Done():
			return
		case <-time.After(readPause):
		}
		t.readTries.Add(1)
		if err := t.readOnce(ctx, client); err != nil {
			t.readFails.Add(1)
			fmt.Fprintln(t.log, time.Now().Format(time.TimeOnly), err)
			continue
		}
		t.read.Acknowledged(time.Now())
	}
}

func (t *traffic) readOnce(ctx context.Context, client *http.Client) error {
	request, err := testkit.NewRequest(ctx, http.MethodGet, t.site.URL+"/posts?limit=1", "")
	if err != nil {
		return err
	}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", answer.StatusCode)
	}
	_, err = io.Copy(io.Discard, answer.Body)
	return err
}

// awaitProgress waits until readers and every writer have succeeded once more.
func (t *traffic) awaitProgress(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, recoveryTimeout)
	defer cancel()
	reads := t.readTries.Load() - t.readFails.Load()
	before := make([]int64, len(t.writers))
	for i, w := range t.writers {
		before[i] = w.Acknowledged()
	}
	for {
		done := t.readTries.Load()-t.readFails.Load() > reads+readerCount
		for i, w := range t.writers {
			done = done && w.Acknowledged() > before[i]
		}
		if done {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("clients are not served again within %s", recoveryTimeout)
		case err := <-t.failed:
			return err
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// loss is what clients noticed of a step: the longest time in which no request succeeded, and how many failed.
type loss struct {
	reads, writes             time.Duration
	failedReads, failedWrites int64
}

// during does something, waits until clients are served, and returns what they noticed.
func (t *traffic) during(ctx context.Context, do func(ctx context.Context) error) (loss, error) {
	if err := t.awaitProgress(ctx); err != nil {
		return loss{}, err
	}
	failedReads, failedWrites := t.readFails.Load(), t.site.Failed.Load()
	t.read.Restart()
	t.site.Outages.Restart()
	if err := do(ctx); err != nil {
		return loss{}, err
	}
	if err := t.awaitProgress(ctx); err != nil {
		return loss{}, err
	}
	return loss{
		reads: t.read.Longest(), writes: t.site.Outages.Longest(),
		failedReads: t.readFails.Load() - failedReads, failedWrites: t.site.Failed.Load() - failedWrites,
	}, nil
}

// end stops the traffic: every writer finishes the post that it has begun.
func (t *traffic) end() error {
	close(t.stop)
	t.going.Wait()
	t.cancel()
	t.log.Close()
	select {
	case err := <-t.failed:
		return err
	default:
		return nil
	}
}
