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
}

// Tags returns how many posts have each tag, the most used first, at most models.MaxTagCounts of them. The counts may
// be a minute old. All who ask meanwhile wait for one count.
func (b *Blog) Tags(ctx context.Context) ([]models.TagCount, error) {
	if last := b.tags.Load(); last != nil && b.Now().Sub(last.at) < maxTagAge {
		return last.counts, nil
	}
	result := b.counting.DoChan("", func() (any, error) {
		at := b.Now()
		counts, err := b.Store.Tags(context.WithoutCancel(ctx))
		if err == nil {
			b.tags.Store(&tagCounts{counts, at})
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
