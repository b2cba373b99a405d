package cli

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"golang.org/x/crypto/bcrypt"

	"gin-blog/config"
	"gin-blog/internal/auth"
	"gin-blog/models"
)

// command is a row in the table of commands.
type command struct {
	name  string
	shown string // in place of the name, in the help
	// args are the arguments as the help shows them: a word for each, in brackets if it may be left out, and none of them
	// an option. Where they begin with "[-", run parses and checks the arguments itself.
	args string
	// run does the work. ctx ends at SIGINT or SIGTERM, and the next signal ends the process at once.
	run  func(ctx context.Context, c call) error
	help string // may have several lines
}

// call is one use of a command.
type call struct {
	args    []string // without the name of the command, and without a "--" that run does not parse itself
	environ []string // in the form of os.Environ
	stdout  io.Writer
	stderr  io.Writer
}

// usageError says what about a command line makes no sense.
type usageError string

func (e usageError) Error() string { return string(e) }

// parsesArgs returns whether run parses and checks the arguments itself.
func (c command) parsesArgs() bool { return strings.HasPrefix(c.args, "[-") }

// check returns args without the first "--". It returns a usageError unless there are as many as the command takes, and
// none before the "--" begins with "-".
func (c command) check(args []string) ([]string, error) {
	if c.parsesArgs() {
		return args, nil
	}
	var checked []string
	for i, arg := range args {
		if arg == "--" {
			checked = append(checked, args[i+1:]...)
			break
		}
		if strings.HasPrefix(arg, "-") {
			return nil, usageError(fmt.Sprintf("%s: unknown option %s; a name like that goes after --", c.name, arg))
		}
		checked = append(checked, arg)
	}
	most := len(strings.Fields(c.args))
	least := most - strings.Count(c.args, "[")
	if len(checked) < least || len(checked) > most {
		want := strconv.Itoa(most)
		if least < most {
			want = fmt.Sprintf("%d to %d", least, most)
		}
		return nil, usageError(fmt.Sprintf("%s: got %d arguments, want %s", c.name, len(checked), want))
	}
	return checked, nil
}

// settings reads the settings, and writes a line to stderr for each name that seems to be meant as one.
func (c call) settings() (*config.Config, error) {
	settings, err := c.load()
	if err != nil {
		return nil, err
	}
	c.warn(settings.Warnings...)
	return settings, nil
}

// warn writes warnings to stderr, a line each.
func (c call) warn(warnings ...string) {
	for _, warning := range warnings {
		fmt.Fprintf(c.stderr, "gin-blog: warning: %s\n", warning)
	}
}

// load reads the settings from the environment and from the file .env in the working directory.
func (c call) load() (*config.Config, error) {
	return config.Load(c.environ, ".env", config.Limits{
		MinBcryptCost:    bcrypt.MinCost,
		MaxBcryptCost:    auth.MaxCost,
		MaxPasswordBytes: models.MaxPasswordBytes,
	})
}
