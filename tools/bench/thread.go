package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"gin-blog/models"
	"gin-blog/models/sqlite"
	"gin-blog/seed"
	"gin-blog/tools/internal/load"
)

const (
	// threadSize is how many comments the measured post has.
	threadSize = 100_000
	// commentBatch is how many of them are stored at a time.
	commentBatch = 500
)

// measureThread measures the first page and the last page of the comments on one post, in turns, and prints the rates.
// The API keeps no answers meanwhile.
func measureThread(ctx context.Context, o options, out io.Writer) (err error) {
	path := filepath.Join(o.dir, fmt.Sprintf("%d-comments", threadSize), "gin-blog.db")
	if _, err := os.Stat(path); err != nil {
		fill := func(store models.Store) error { return populateThread(ctx, store) }
		if err := fillFile(ctx, path, fill); err != nil {
			return err
		}
	}
	store, err := sqlite.Open(ctx, path, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close(ctx)) }()
	post, last, err := threadEnds(ctx, store)
	if err != nil {
		return err
	}
	api, err := serve(ctx, notVersioned{store}, cheapCost)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, api.close()) }()
	comments := "/posts/" + post.Hex() + "/comments"
	pages := []*load.Request{
		api.get(fmt.Sprintf("the first %d comments of %s", pageSize, thousands(threadSize)), comments, ""),
		api.get(fmt.Sprintf("the last %d comments of %s", pageSize, thousands(threadSize)),
			comments+"?after="+last.Hex(), ""),
	}
	for range o.rounds {
		for _, page := range pages {
			if err := page.Measure(ctx, o.length); err != nil {
				return fmt.Errorf("measure %s: %w", page.Name, err)
			}
		}
	}
	fmt.Fprint(out, "| asked of the database each time | requests/s | of the first page's rate |\n|-|-:|-:|\n")
	for _, page := range pages {
		fmt.Fprintf(out, "| %s | %.0f | %.2f |\n", page.Name, page.Rate(), page.Ratio(pages[0]))
	}
	fmt.Fprintln(out)
	return nil
}

// threadEnds returns the newest post, and the id of the comment before the last page of its comments.
func threadEnds(ctx context.Context, store *sqlite.Store) (post, last models.ID, err error) {
	posts, _, err := store.Posts(ctx, models.PostFilter{Limit: 1})
	if err != nil {
		return post, last, err
	}
	// The newest of all comments are the last page.
	comments, _, err := store.Comments(ctx, models.CommentFilter{Limit: pageSize + 1})
	if err != nil {
		return post, last, err
	}
	return posts[0].ID, comments[len(comments)-1].ID, nil
}

// populateThread stores a few posts with their authors, and many comments on the newest post.
func populateThread(ctx context.Context, store models.Store) error {
	plan := seed.Plan{Users: postsPerUser, Posts: postsPerUser, Random: 1, PasswordHash: "none"}
	if err := seed.Fill(ctx, store, plan, func(int) {}); err != nil {
		return err
	}
	users, err := store.Users(ctx, models.UserFilter{Limit: plan.Users})
	if err != nil {
		return err
	}
	posts, _, err := store.Posts(ctx, models.PostFilter{Limit: 1})
	if err != nil {
		return err
	}
	for start := 0; start < threadSize; start += commentBatch {
		batch, now := make([]models.Comment, commentBatch), models.StoredTime(time.Now())
		for i := range batch {
			batch[i] = models.Comment{
				ID: models.NewID(), PostID: posts[0].ID, AuthorID: users[(start+i)%len(users)].ID, CreatedAt: now, UpdatedAt: now,
				Content: fmt.Sprintf("This is comment %d, and it says as much as most comments do: thank you.", start+i),
			}
		}
		if err := store.CreateComments(ctx, batch); err != nil {
			return err
		}
	}
	return nil
}
