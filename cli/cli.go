// Package cli is the command line of gin-blog. Each command has a file of its own, a row in the table of commands, and
// its help in usage.txt.
package cli

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"gin-blog/internal/server"
)

// usage is the help for all commands.
//
//go:embed usage.txt
var usage string

// commands returns the table of all commands. The first one runs when none is named.
func commands() []command {
	return []command{
		{"serve", 0, 0, serve},
		{"seed", 0, parsesArgs, seedStore},
		{"role", 2, 2, setRole},
		{"reset-link", 1, 1, printResetLink},
		{"backup", 0, 1, backup},
		{"copy", 2, 2, copyBetweenStores},
		{"export", 1, 1, export},
		{"import", 0, parsesArgs, importFiles},
		{"healthcheck", 0, 0, healthcheck},
		{"version", 0, 0, printVersion},
		{"help", 0, 0, printHelp},
	}
}

// Run runs the command that args name, until it is done, a signal stops it, or ctx ends. environ has the form of
// os.Environ. It returns the exit code of the process: 0, 1 when the command failed, 2 when args make no sense; it
// writes why to stderr.
func Run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
	c, rest, err := find(args)
	if err == nil {
		ctx, stop := server.StopContext(ctx)
		defer stop()
		err = c.run(ctx, call{args: rest, environ: environ, stdout: stdout, stderr: stderr})
	}
	if err == nil {
		return 0
	}
	code := 1
	if _, ok := errors.AsType[usageError](err); ok {
		code = 2
		fmt.Fprintf(stderr, "%s\n", usage) // before the error, so that a terminal shows that last
	}
	fmt.Fprintf(stderr, "gin-blog: %s\n", withoutAddresses(err.Error(), args, code == 2))
	return code
}

// withoutAddresses takes the arguments out of a message that may have a password: addresses, if all is set, and
// otherwise those with a user.
func withoutAddresses(message string, args []string, all bool) string {
	for _, arg := range args {
		_, value, _ := strings.Cut(arg, "=") // of an option
		for _, text := range []string{arg, value} {
			if strings.Contains(text, "://") && (all || strings.Contains(text, "@")) {
				message = strings.ReplaceAll(message, text, "ADDRESS")
			}
		}
	}
	return message
}

// find returns the command that args name, and its arguments.
func find(args []string) (command, []string, error) {
	table := commands()
	name := table[0].name
	if len(args) > 0 {
		name, args = args[0], args[1:]
	}
	helpFlags := []string{"-h", "-help", "--help"}
	switch {
	case slices.Contains(helpFlags, name), len(args) > 0 && slices.Contains(helpFlags, args[0]):
		name, args = "help", nil
	case name == "-version", name == "--version":
		name = "version"
	}
	i := slices.IndexFunc(table, func(c command) bool { return c.name == name })
	switch {
	case i < 0 && strings.HasPrefix(name, "-"):
		return command{}, nil, usageError("unknown option " + name)
	case i < 0:
		return command{}, nil, usageError("unknown command " + name)
	}
	args, err := table[i].check(args)
	return table[i], args, err
}

func printHelp(_ context.Context, c call) error {
	_, err := io.WriteString(c.stdout, usage)
	return err
}
