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
		{"serve", 0, 0, nil, serve},
		{"seed", 0, 0, seedOptions, seedStore},
		{"role", 2, 2, nil, setRole},
		{"reset-link", 1, 1, nil, printResetLink},
		{"invite", 0, 0, inviteOptions, invite},
		{"suspend", 1, 2, nil, suspend(true, "suspended")},
		{"unsuspend", 1, 1, nil, suspend(false, "no longer suspended")},
		{"delete-user", 1, 1, purgeOption, deleteUser},
		{"backup", 0, 1, nil, backup},
		{"copy", 2, 2, nil, copyBetweenStores},
		{"export", 1, 1, nil, export},
		{"import", 1, 1, importOptions, importFiles},
		{"healthcheck", 0, 0, nil, healthcheck},
		{"version", 0, 0, nil, printVersion},
		{"help", 0, 0, nil, printHelp},
	}
}

// Run runs the command that args name, until it is done, a signal stops it, or ctx ends. environ has the form of
// os.Environ. It returns the exit code of the process: 0, 1 when the command failed, 2 when args make no sense; it
// writes why to stderr.
func Run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
	c, in, err := find(args)
	if err == nil {
		ctx, stop := server.StopContext(ctx)
		defer stop()
		in.environ, in.stdout, in.stderr = environ, stdout, stderr
		err = c.run(ctx, in)
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

// find returns the command that args name, and its options and arguments.
func find(args []string) (command, call, error) {
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
	if i < 0 {
		return command{}, call{}, usageError("unknown command " + name)
	}
	in, err := table[i].parse(args)
	return table[i], in, err
}

func printHelp(_ context.Context, c call) error {
	_, err := io.WriteString(c.stdout, usage)
	return err
}
