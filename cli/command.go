package cli

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"gin-blog/config"
)

// command is a row in the table of commands.
type command struct {
	name        string
	least, most int // how many arguments there may be, none of them an option
	// run does the work. ctx ends at SIGINT or SIGTERM, and the next signal ends the process at once.
	run func(ctx context.Context, c call) error
}

// parsesArgs is the most arguments of a command whose run parses and checks them itself.
const parsesArgs = -1

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

// check returns args without the first "--". It returns a usageError unless there are as many as the command takes, and
// none before the "--" begins with "-".
func (c command) check(args []string) ([]string, error) {
	if c.most == parsesArgs {
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
	if len(checked) < c.least || len(checked) > c.most {
		want := strconv.Itoa(c.most)
		if c.least < c.most {
			want = fmt.Sprintf("%d to %d", c.least, c.most)
		}
		return nil, usageError(fmt.Sprintf("%s: got %d arguments, want %s", c.name, len(checked), want))
	}
	return checked, nil
}

// dotenv is the file of settings in the working directory.
const dotenv = ".env"

// settings reads the settings, and writes a line to stderr for each name that seems to be meant as one.
func (c call) settings() (*config.Config, error) {
	settings, err := config.Load(c.environ, dotenv)
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
