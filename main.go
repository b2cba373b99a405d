// Command gin-blog serves the blog of a well-known JWT tutorial: users, tokens and posts, on SQLite or MongoDB.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"gin-blog/config"
)

const usage = `gin-blog serves a blog API with JSON Web Tokens.

Usage:
  gin-blog [serve]       serve until SIGTERM or Ctrl-C
  gin-blog healthcheck   exit 0 when the server on this machine's PORT is ready
  gin-blog version       print version, commit and Go version
  gin-blog -h            print this help

Settings come from the environment and from a file .env: README.md lists them.
`

// errUsage says that the command line makes no sense.
var errUsage = errors.New("usage")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second signal ends the process at once

	err := run(ctx, os.Args[1:], os.Environ(), os.Stdout)
	switch {
	case errors.Is(err, errUsage):
		fmt.Fprintf(os.Stderr, "gin-blog: %v\n\n%s", err, usage)
		os.Exit(2)
	case err != nil:
		fmt.Fprintf(os.Stderr, "gin-blog: %v\n", err)
		os.Exit(1)
	}
}

// run does what args ask for until it is done or ctx ends. environ has the form of os.Environ.
func run(ctx context.Context, args, environ []string, stdout io.Writer) error {
	command := "serve"
	if len(args) > 0 {
		command, args = args[0], args[1:]
	}
	if len(args) > 0 {
		return fmt.Errorf("%w: %s takes no arguments, got %q", errUsage, command, args)
	}
	switch command {
	case "-h", "-help", "--help", "help":
		_, err := io.WriteString(stdout, usage)
		return err
	case "version", "-version", "--version":
		_, err := fmt.Fprintln(stdout, buildVersion())
		return err
	case "serve", "healthcheck":
	default:
		return fmt.Errorf("%w: unknown command %q", errUsage, command)
	}

	c, err := config.Load(environ, ".env")
	if err != nil {
		return err
	}
	if command == "healthcheck" {
		return healthcheck(ctx, c)
	}
	return serve(ctx, c, stdout)
}
