package blog

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"gin-blog/models"
)

const (
	// publishEvery is how often to look for drafts that are due. Each look is one read from an index.
	publishEvery = 15 * time.Second
	// sweepEvery is how often to look for what deletions have left. Nobody sees it in the meantime.
	sweepEvery = 30 * time.Second
	// deriveEvery is how often to look for posts that the search cannot find yet, such as those of other programs.
	deriveEvery = time.Minute

	maxDue   = 100 // drafts that one look finds
	maxNamed = 10  // drafts that a warning names
)

// StartJobs starts what runs beside the requests, until ctx ends or stop is called: Publish, Sweep and Derive.
func (b *Blog) StartJobs(ctx context.Context) (stop func()) {
	stops := []func(){b.Publish(ctx, publishEvery), b.Sweep(ctx, sweepEvery), b.Derive(ctx, deriveEvery)}
	return func() {
		for _, stop := range stops {
			stop()
		}
	}
}

// Publish publishes the drafts that are due, at once and then at every interval, and finishes what a crash interrupted.
// Several processes may do this on one database. A draft that cannot be published stays as it is, and holds up no other
// one. Publish ends when ctx ends or stop is called, after the draft that it has begun. stop waits for that.
func (b *Blog) Publish(ctx context.Context, every time.Duration) (stop func()) {
	failed := map[models.ID]bool{} // what could not be published the last time, and was warned of
	const failure = "cannot publish drafts in time, trying again until it works"
	return b.repeat(ctx, every, failure, func(ctx context.Context) (err error) {
		failed, err = b.publishDue(ctx, failed)
		return err
	})
}

// Sweep removes what deletions have left, in batches.
func (b *Blog) Sweep(ctx context.Context, every time.Duration) (stop func()) {
	const failure = "could not remove what deletions have left, trying again"
	return b.repeatBatches(ctx, every, failure, func(ctx context.Context) (more bool, err error) {
		return b.Store.Sweep(ctx, time.Now())
	})
}

// Derive makes what the store derives from records, in batches.
func (b *Blog) Derive(ctx context.Context, every time.Duration) (stop func()) {
	const failure = "could not make all posts searchable, trying again"
	return b.repeatBatches(ctx, every, failure, b.Store.Derive)
}

// repeatBatches runs a job at once and then at every interval, batch by batch while there are more. After each it rests
// as long as it took, so that others get at least half of the time of a database that has one writer. It ends when ctx
// ends or stop is called, which waits for the batch that has begun.
func (b *Blog) repeatBatches(
	ctx context.Context, every time.Duration, failure string, batch func(context.Context) (more bool, err error),
) (stop func()) {
	return b.repeat(ctx, every, failure, func(ctx context.Context) error {
		for {
			start := time.Now()
			more, err := batch(ctx)
			if err != nil || !more {
				return err
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(time.Since(start)):
			}
		}
	})
}

// repeat runs a job at once and then at every interval, until ctx ends or stop is called. stop waits until the job has
// returned. A panic of the job counts as a failure. Of several failures in a row, the first is logged.
func (b *Blog) repeat(
	ctx context.Context, every time.Duration, failure string, job func(context.Context) error,
) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for hasFailed := false; ; {
			err := recovered(func() error { return job(ctx) })
			if err != nil && !hasFailed && ctx.Err() == nil {
				b.Log.WarnContext(ctx, failure, "cause", err)
			}
			hasFailed = err != nil
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
		}
	})
	return func() {
		cancel()
		running.Wait()
	}
}

// recovered runs a function, and returns a panic as an error that says where it was.
func recovered(run func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = fmt.Errorf("panic: %v\n%s", value, debug.Stack())
		}
	}()
	return run()
}

// publishDue publishes the drafts that are due. It returns those that it could not publish, and warns of the ones that
// are not in known. It returns an error if the database does not answer.
func (b *Blog) publishDue(ctx context.Context, known map[models.ID]bool) (map[models.ID]bool, error) {
	var after models.DueDraft
	failed := map[models.ID]bool{}
	var named []string
	var cause error
	for more := true; more; {
		due, err := b.Store.DueDrafts(ctx, b.now(), after, maxDue)
		if err != nil {
			return known, err
		}
		for _, d := range due {
			if ctx.Err() != nil {
				return known, ctx.Err()
			}
			err := recovered(func() error { return b.publish(ctx, d) })
			if models.KindOf(err) == models.Unavailable { // because of the database, or of this draft
				if _, away := b.Store.DueDrafts(ctx, b.now(), after, 1); away != nil {
					return known, err
				}
			}
			if err == nil {
				continue
			}
			failed[d.ID] = true
			if !known[d.ID] && len(named) < maxNamed {
				named, cause = append(named, d.ID.Hex()), err
			}
		}
		if more = len(due) == maxDue; more {
			after = due[len(due)-1]
		}
	}
	if len(named) > 0 {
		b.Log.WarnContext(ctx, "cannot publish drafts whose time has come: their authors may change or delete them",
			"drafts", named, "all", len(failed), "cause", cause)
	}
	return failed, nil
}

// errNotDue says that the author of a draft has chosen another time since the draft was found.
var errNotDue = errors.New("the time of the draft has not come")

// publish publishes a draft, unless its author has deleted or moved it since it was found, or is suspended. A draft
// whose publishing has begun is finished by the store.
func (b *Blog) publish(ctx context.Context, due models.DueDraft) error {
	author, err := b.Store.UserByID(ctx, due.AuthorID)
	if err == nil && !author.SuspendedAt.IsZero() { // it waits for the end of the suspension
		return nil
	}
	publish := func(d *models.Draft) (*models.Post, error) {
		switch {
		case d.Foreign:
			return nil, models.ErrForeignDraft
		case d.PublishAt.IsZero() || d.PublishAt.After(b.now()):
			return nil, errNotDue
		}
		return b.asPost(d)
	}
	post, created, err := b.Store.PublishDraft(context.WithoutCancel(ctx), due.ID, due.AuthorID, publish)
	if errors.Is(err, models.ErrDraftNotFound) || errors.Is(err, errNotDue) {
		return nil
	}
	if err != nil {
		return err
	}
	if created { // otherwise another process did
		b.Log.Info("published a draft", "draftId", due.ID.Hex(), "postId", post.ID.Hex())
	}
	return nil
}
