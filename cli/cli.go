// Package cli is the command line of gin-blog. Each command has a file of its own and a row in the table of commands.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"gin-blog/internal/server"
)

// commands returns the table of all commands, in the order of the help. The first one runs when none is named.
func commands() []command {
	return []command{
		{"serve", "[serve]", "", serve, "serve until SIGTERM or Ctrl-C"},
		{"seed", "seed", "[-users N] [-posts M]", seedStore,
			"fill the store with believable users (password pass123) and posts:\n" +
				"10 and 100, the same ones for the same -rand N; -force adds to what is there"},
		{"role", "role", "USERNAME user|admin", setRole, "set what a user may do; it takes effect at once"},
		{"reset-link", "reset-link", "USERNAME", printResetLink,
			"print a link that sets a new password: once, within an hour"},
		{"backup", "backup", "[FILE]", backup,
			"copy the SQLite file while a server may run on it;\n" +
				"without FILE, the copy is gin-blog-TIME.db in DATA_DIR"},
		{"copy", "copy", "FROM TO", copyBetweenStores,
			"copy a store to an empty one: sqlite:FILE, mongodb://HOST/DATABASE"},
		{"export", "export", "DIR", export, "write the posts to Markdown files with front matter, in a new folder"},
		{"import", "import", "[-author NAME] DIR", importFiles,
			"import such files, and say for each what was done;\n" +
				"-author NAME: the author of files that name nobody here"},
		{"healthcheck", "healthcheck", "", healthcheck, "exit 0 when the server on this machine's PORT is ready"},
		{"version", "version", "", printVersion, "print version, commit and Go version"},
		{"help", "-h", "", printHelp, "print this help"},
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
		fmt.Fprintf(stderr, "%s\n", usage()) // before the error, so that a terminal shows that last
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

// usage returns the help for all commands.
func usage() string {
	const width = 35 // of the left column
	var text strings.Builder
	text.WriteString("gin-blog serves a blog API with JSON Web Tokens.\n\nUsage:\n")
	for _, c := range commands() {
		left := strings.TrimSpace("gin-blog " + c.shown + " " + c.args)
		for line := range strings.SplitSeq(c.help, "\n") {
			fmt.Fprintf(&text, "  %-*s %s\n", width, left, line)
			left = ""
		}
	}
	text.WriteString("\nWhere you have only the sources, write \"go run .\" for gin-blog.\n" +
		"Settings come from the environment and from a file .env: docs/settings.md lists them.\n")
	return text.String()
}

func printHelp(_ context.Context, c call) error {
	_, err := io.WriteString(c.stdout, usage())
	return err
}
