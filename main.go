// Command gin-blog serves the blog of a well-known JWT tutorial: users, tokens and posts, on SQLite or MongoDB.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"gin-blog/config"
)

const usage = `gin-blog serves a blog API with JSON Web Tokens.

Usage:
  gin-blog [serve]                    serve until SIGTERM or Ctrl-C
  gin-blog seed [-users N] [-posts M] fill the store with believable users (password pass123) and posts:
                                      10 and 100, the same ones for the same -rand N; -force adds to what is there
  gin-blog role USERNAME user|admin   set what a user may do; it holds at once
  gin-blog backup FILE                copy the SQLite file while a server may run on it
  gin-blog healthcheck                exit 0 when the server on this machine's PORT is ready
  gin-blog version                    print version, commit and Go version
  gin-blog -h                         print this help

Settings come from the environment and from a file .env: README.md lists them.
`

// usageError says what about the command line makes no sense.
type usageError string

func (e usageError) Error() string { return string(e) }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second signal ends the process at once

	err := run(ctx, os.Args[1:], os.Environ(), os.Stdout)
	var wrong usageError
	switch {
	case errors.As(err, &wrong):
		fmt.Fprintf(os.Stderr, "gin-blog: %v\n\n%s", err, usage)
		os.Exit(2)
	case err != nil:
		fmt.Fprintf(os.Stderr, "gin-blog: %v\n", err)
		os.Exit(1)
	}
}

// run does what args ask for until it is done or ctx ends. environ has the form of os.Environ.
func run(ctx context.Context, args, environ []string, stdout io.Writer) error {
	if len(args) == 0 {
		args = []string{"serve"}
	}
	help := []string{"-h", "-help", "--help"}
	command, args := args[0], args[1:]
	switch {
	case slices.Contains(help, command), len(args) > 0 && slices.Contains(help, args[0]): // of a command too
		command, args = "help", nil
	case command == "-version", command == "--version":
		command = "version"
	}
	const flags = -1
	wantArgs := map[string]int{"serve": 0, "seed": flags, "role": 2, "backup": 1, "healthcheck": 0, "version": 0, "help": 0}
	want, known := wantArgs[command]
	switch {
	case !known && strings.HasPrefix(command, "-"):
		return usageError("unknown option " + command)
	case !known:
		return usageError("unknown command " + command)
	case want != flags && len(args) != want:
		return usageError(fmt.Sprintf("%s: got %d arguments, want %d", command, len(args), want))
	}

	switch command {
	case "help":
		_, err := io.WriteString(stdout, usage)
		return err
	case "version":
		_, err := fmt.Fprintln(stdout, buildVersion())
		return err
	}
	c, err := config.Load(environ, ".env")
	if err != nil {
		return err
	}
	switch command {
	case "seed":
		return fill(ctx, c, args, stdout)
	case "backup":
		return backup(ctx, c, args[0], stdout)
	case "role":
		return setRole(ctx, c, args[0], args[1], stdout)
	case "healthcheck":
		return healthcheck(ctx, c)
	default:
		return serve(ctx, c, stdout)
	}
}
