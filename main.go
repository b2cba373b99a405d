// Command gin-blog serves the blog of a well-known JWT tutorial: users, tokens and posts, on SQLite or MongoDB.
package main

import (
	"context"
	"os"

	"gin-blog/cli"
)

func main() {
	os.Exit(cli.Run(context.Background(), os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}
