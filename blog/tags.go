package blog

import (
	"context"
	"time"

	"gin-blog/models"
)

// maxTagAge is how old the counts of tags may be. To count them, the store looks at every post.
const maxTagAge = time.Minute

type tagCounts struct {
	counts []models.TagCount
	at     time.Time
	last   models.ID // of the log, which has an entry before each purge
}

// Tags returns how many posts have each tag, the most used first, at most models.MaxTagCounts of them. The counts may
// be a minute old, but none are from before a purge. All who ask meanwhile wait for one count.
func (b *Blog) Tags(ctx context.Context) ([]models.TagCount, error) {
	entries, _, err := b.Store.Log(ctx, models.LogFilter{Limit: 1})
	if err != nil {
		return nil, err
	}
	var newest models.ID
	if len(entries) > 0 {
		newest = entries[0].ID
	}
	if last := b.tags.Load(); last != nil && last.last == newest && b.Now().Sub(last.at) < maxTagAge {
		return last.counts, nil
	}
	result := b.counting.DoChan(newest.Hex(), func() (any, error) {
		at := b.Now()
		counts, err := b.Store.Tags(context.WithoutCancel(ctx))
		if err == nil {
			b.tags.Store(&tagCounts{counts, at, newest})
		}
		return counts, err
	})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-result:
		counts, _ := r.Val.([]models.TagCount)
		return counts, r.Err
	}
}
