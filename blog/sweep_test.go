package blog_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gin-blog/blog"
	"gin-blog/internal/testkit"
	"gin-blog/models"
)

// watched is a store that tells when a sweep has come to an end. The sweep comes after models.SweepDelay, which begins
// to pass when the post is gone.
type watched struct {
	models.Store
	deleted atomic.Bool
	steps   int
	done    chan int // receives the number of steps
}

func (w *watched) Sweep(ctx context.Context, now time.Time) (bool, error) {
	if w.deleted.Load() {
		now = now.Add(2 * models.SweepDelay)
	}
	more, err := w.Store.Sweep(ctx, now)
	if more {
		w.steps++
	} else if err == nil && w.steps > 0 {
		w.done <- w.steps
		w.steps = 0
	}
	return more, err
}

// TestSweep: comments of a post that is deleted while the sweeper runs are swept, step by step.
func TestSweep(t *testing.T) {
	testkit.Each(t, func(t *testing.T, store models.Store) {
		now := models.StoredTime(time.Now())
		author := models.NewID()
		post := models.Post{ID: models.NewID(), AuthorID: author, CreatedAt: now, UpdatedAt: now}
		if _, err := store.CreatePost(t.Context(), &post, nil); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			comments := make([]models.KeptComment, models.SweepStep)
			for i := range comments {
				comments[i].Comment = models.Comment{
					ID: models.NewID(), PostID: post.ID, Content: "c", CreatedAt: now, UpdatedAt: now,
				}
			}
			if err := store.CommentTable().Insert(t.Context(), comments); err != nil {
				t.Fatal(err)
			}
		}
		w := &watched{Store: store, done: make(chan int, 1)}
		stop := blog.New(blog.Options{Store: w, Log: slog.New(slog.DiscardHandler)}).Sweep(t.Context(), 10*time.Millisecond)
		if err := store.DeletePost(t.Context(), post.ID, func(*models.Post) error { return nil }); err != nil {
			t.Fatal(err)
		}
		w.deleted.Store(true)
		select {
		case steps := <-w.done:
			if steps < 3 {
				t.Errorf("%d comments were swept in %d steps", 3*models.SweepStep, steps)
			}
		case <-time.After(30 * time.Second):
			t.Error("nothing was swept")
		}
		stop()
	})
}

// failing is a store whose sweeps fail.
type failing struct {
	models.Store
	calls chan struct{}
}

func (f failing) Sweep(context.Context, time.Time) (bool, error) {
	f.calls <- struct{}{}
	return true, errors.New("disk on fire")
}

func TestSweepThatFailsIsTriedAgain(t *testing.T) {
	var log bytes.Buffer
	store := failing{calls: make(chan struct{})}
	stop := blog.New(blog.Options{Store: store, Log: slog.New(slog.NewTextHandler(&log, nil))}).
		Sweep(t.Context(), time.Millisecond)
	for range 5 {
		<-store.calls
	}
	go func() {
		for range store.calls { // more may have begun
		}
	}()
	stop()
	close(store.calls)
	if lines := strings.Count(log.String(), "disk on fire"); lines != 1 {
		t.Errorf("5 failures in a row make %d lines in the log, want 1:\n%s", lines, log.String())
	}
}

// deriving is a store that has one batch to derive.
type deriving struct {
	models.Store
	calls chan bool // receives whether there is more
	done  bool
}

func (d *deriving) Derive(context.Context) (more bool, err error) {
	more, d.done = !d.done, true
	d.calls <- more
	return more, nil
}

// TestJobsDerive: what is to be derived is derived from the start on, batch by batch.
func TestJobsDerive(t *testing.T) {
	store := &deriving{Store: testkit.SQLite(t), calls: make(chan bool, 2)}
	b := blog.New(blog.Options{Store: store, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	defer b.StartJobs(t.Context())()
	for _, want := range []bool{true, false} {
		select {
		case more := <-store.calls:
			if more != want {
				t.Errorf("more: %v, want %v", more, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("it is not derived")
		}
	}
}
