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
	// maxNamed is how many drafts a warning names.
	maxNamed = 10
)

// Store is what a publisher needs of the store.
type Store interface {
	DueDrafts(ctx context.Context, at time.Time, after models.DueDraft, limit int) ([]models.DueDraft, error)
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

// publisher publishes what is due, again and again.
type publisher struct {
	Options
	// failed are the drafts that could not be published the last time. They were warned of.
	failed map[models.ID]bool
}

// Start publishes the drafts that are due, at once and then at every interval, and finishes what a crash interrupted.
// Several processes may do this on one database. While the database does not answer, the publisher tries again. A draft
// that cannot be published stays as it is, and holds up no other one. The publisher stops when ctx ends or stop is
// called, after the draft that it has begun. stop waits for that.
func Start(ctx context.Context, o Options) (stop func()) {
	p := &publisher{Options: o}
	return background.Start(ctx, background.Task{
		Run: p.publishDue, Interval: o.Interval, Log: o.Log,
		Failure: "cannot publish drafts in time, trying again until it works",
	})
}

// publishDue publishes the drafts that are due. It returns an error if the database does not answer.
func (p *publisher) publishDue(ctx context.Context) error {
	var after models.DueDraft
	failed := map[models.ID]bool{}
	var named []string
	var cause error
	for more := true; more; {
		now := models.StoredTime(p.Now())
		due, err := p.Store.DueDrafts(ctx, now, after, batch)
		if err != nil {
			return err
		}
		for _, d := range due {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			err := background.Recover(func() error { return p.publish(ctx, d, now) })
			if errors.Is(err, models.ErrUnavailable) { // because of the database, or of this draft
				if _, away := p.Store.DueDrafts(ctx, now, after, 1); away != nil {
					return err
				}
			}
			if err == nil {
				continue
			}
			failed[d.ID] = true
			if !p.failed[d.ID] && len(named) < maxNamed {
				named, cause = append(named, d.ID.Hex()), err
			}
		}
		if more = len(due) == batch; more {
			after = due[len(due)-1]
		}
	}
	p.failed = failed
	if len(named) > 0 {
		p.Log.WarnContext(ctx, "cannot publish drafts whose time has come: their authors may change or delete them",
			"drafts", named, "all", len(failed), "cause", cause)
	}
	return nil
}

// publish publishes a draft, unless its author has deleted it, or has chosen another time, since it was found.
func (p *publisher) publish(ctx context.Context, d models.DueDraft, now time.Time) error {
	publication := models.Publication{At: now, IfDue: true}
	post, created, err := p.Store.PublishDraft(context.WithoutCancel(ctx), d.ID, d.AuthorID, publication)
	if errors.Is(err, models.ErrDraftNotFound) || errors.Is(err, models.ErrDraftNotDue) {
		return nil
	}
	if err != nil {
		return err
	}
	if created { // otherwise another process did
		p.Log.Info("published a draft", "draftId", d.ID.Hex(), "postId", post.ID.Hex())
	}
	return nil
}
