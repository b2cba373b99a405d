package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"gin-blog/tools/internal/ledger"
	"gin-blog/tools/internal/program"
)

// seededPosts is how many posts the file has that is copied into the stack.
const seededPosts = 250

// moveIn copies the SQLite file of a blog that ran on this machine into the MongoDB of the stack, as docs/operations.md
// says, and brings the default profile up.
func (s *stack) moveIn(ctx context.Context) error {
	one := filepath.Join(s.dir, "one")
	if err := os.RemoveAll(one); err != nil {
		return err
	}
	binary, err := program.Build(ctx, one)
	if err != nil {
		return err
	}
	data := filepath.Join(one, "data")
	err = s.shell(ctx, `DATA_DIR="$1" MONGO_URI='' "$2" seed -users 5 -posts "$3"`, data, binary, fmt.Sprint(seededPosts))
	if err != nil {
		return err
	}
	for _, args := range [][]string{
		{"up", "--detach", "--wait", "mongo"},
		{"run", "--rm", "-T", "--user", fmt.Sprint(os.Getuid()), "--volume", data + ":/from", "api",
			"copy", "sqlite:/from/gin-blog.db", "mongodb://mongo:27017/blog?replicaSet=rs0"},
	} {
		if err := s.compose(ctx, args...); err != nil {
			return err
		}
	}
	if err := s.up(ctx, ""); err != nil {
		return err
	}
	posts, err := ledger.Client{URL: direct}.Posts(ctx)
	if err == nil && len(posts) != seededPosts {
		err = fmt.Errorf("%d posts are there, want %d", len(posts), seededPosts)
	}
	return err
}
