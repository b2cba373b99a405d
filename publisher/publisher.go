// Package publisher publishes drafts when their time has come.
package publisher

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"gin-blog/background"
	"gin-blog/models"
)

const (
	// Interval is how often to look for drafts that are due. Each look is one read from an index.
	Interval = 15 * time.Second
	// batch is how many drafts one look finds.
	batch = 100
)

// Store is what a publisher needs of the store.
type Store interface {
	DueDrafts(ctx context.Context, at time.Time, limit int) ([]models.DueDraft, error)
	PublishDraft(
		ctx context.Context, id, author models.ID, p models.Publication,
	) (post *models.Post, created bool, err error)
}

// Options are the parts of a publisher.
type Options struct {
	Store    Store
	Interval time.Duration
	Log      *slog.Logger
	Now      func() time.Time // the clock
}

// Start publishes the drafts that are due, at once and then at every interval, and finishes what a crash interrupted.
// Several processes may do this on one database. While the database does not answer, the publisher tries again. It
// stops when ctx ends or stop is called, after the draft that it has begun. stop waits for that.
func Start(ctx context.Context, o Options) (stop func()) {
	return background.Start(ctx, background.Task{
		Run: o.publishDue, Interval: o.Interval, Log: o.Log,
		Failure: "cannot publish drafts in time, trying again until it works",
	})
}

// publishDue publishes the drafts that are due. If some of them fail, it returns the last error.
func (o Options) publishDue(ctx context.Context) (failure error) {
	for {
		now := models.StoredTime(o.Now())
		due, err := o.Store.DueDrafts(ctx, now, batch)
		if err != nil {
			return err
		}
		published := 0
		for _, d := range due {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			err := background.Recover(func() error { return o.publish(ctx, d, now) })
			if errors.Is(err, models.ErrUnavailable) {
				return err
			}
			if err != nil {
				failure = err
				continue
			}
			published++
		}
		if len(due) < batch || published == 0 {
			return failure
		}
	}
}

// publish publishes a draft, unless its author has deleted it, or has chosen another time, since it was found.
func (o Options) publish(ctx context.Context, d models.DueDraft, now time.Time) error {
	publication := models.Publication{At: now, IfDue: true}
	post, created, err := o.Store.PublishDraft(context.WithoutCancel(ctx), d.ID, d.AuthorID, publication)
	if errors.Is(err, models.ErrDraftNotFound) || errors.Is(err, models.ErrDraftNotDue) {
		return nil
	}
	if err != nil {
		return err
	}
	if created { // otherwise another process did
		o.Log.Info("published a draft", "draftId", d.ID.Hex(), "postId", post.ID.Hex())
	}
	return nil
}
