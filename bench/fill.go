package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"gin-blog/models"
	"gin-blog/models/sqlite"
)

// postsPerAuthor is how many posts an author has on average.
const postsPerAuthor = 100

// fill makes a file with n posts of some 60 words. It appears at path only when it is whole.
func fill(ctx context.Context, path string, n int) error {
	unfinished := path + ".unfinished"
	if err := removeStore(unfinished); err != nil {
		return err
	}
	store, err := sqlite.Open(ctx, unfinished)
	if err != nil {
		return err
	}
	if err := populate(ctx, store, n); err != nil {
		return errors.Join(err, store.Close(ctx))
	}
	if err := store.Close(ctx); err != nil {
		return err
	}
	return os.Rename(unfinished, path)
}

// populate puts n posts and their authors into a store.
func populate(ctx context.Context, store models.Store, n int) error {
	random := rand.New(rand.NewPCG(1, 2))
	authors := make([]models.ID, max(n/postsPerAuthor, 1))
	now := time.Now().UTC()
	for i := range authors {
		authors[i] = models.NewID()
		u := &models.User{ID: authors[i], Username: fmt.Sprintf("author%d", i), Role: models.RoleUser, CreatedAt: now}
		if err := store.CreateUser(ctx, u); err != nil {
			return err
		}
	}
	for i := range n {
		p := &models.Post{
			ID: models.NewID(), Title: words(random, 6), Content: words(random, 60), Tags: []string{"go", "gin"},
			AuthorID: authors[random.IntN(len(authors))], CreatedAt: now, UpdatedAt: now,
		}
		if _, err := store.CreatePost(ctx, p, nil); err != nil {
			return fmt.Errorf("post %d: %w", i, err)
		}
	}
	return nil
}

// words makes a text of n words.
func words(random *rand.Rand, n int) string {
	vocabulary := strings.Fields("a the of and to in is on by it or be at as an we us if no do so up go he my " +
		"about water people school between country thought without another through because different sentence")
	text := make([]string, n)
	for i := range text {
		text[i] = vocabulary[random.IntN(len(vocabulary))]
	}
	return strings.Join(text, " ")
}

// removeStore deletes what an unfinished run left.
func removeStore(path string) error {
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}
