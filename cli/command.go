package cli

import (
	"context"
	"flag"
	"fmt"
	"io"

	"gin-blog/config"
	"gin-blog/internal/seed"
)

// command is a row in the table of commands.
type command struct {
	name        string
	least, most int                            // how many arguments there may be besides options
	options     func(c *call, f *flag.FlagSet) // defines the options; nil if there are none
	// run does the work. ctx ends at SIGINT or SIGTERM, and the next signal ends the process at once.
	run func(ctx context.Context, c call) error
}

// call is one use of a command.
type call struct {
	args    []string // without the name of the command, and without options
	environ []string // in the form of os.Environ
	stdout  io.Writer
	stderr  io.Writer

	plan   seed.Plan // of seed
	force  bool      // of seed: whether to fill a store that has posts already
	author string    // of import
	count  int       // of invite
	purge  bool      // of delete-user
}

// usageError says what about a command line makes no sense.
type usageError string

func (e usageError) Error() string { return string(e) }

// parse reads options and arguments. What begins with "-" is an option, but for what follows an argument or "--".
func (c command) parse(args []string) (in call, err error) {
	flags := flag.NewFlagSet(c.name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	if c.options != nil {
		c.options(&in, flags)
	}
	if err := flags.Parse(args); err != nil {
		return call{}, usageError(c.name + ": " + err.Error())
	}
	in.args = flags.Args()
	if len(in.args) < c.least || len(in.args) > c.most {
		return call{}, usageError(fmt.Sprintf("%s: got %d arguments", c.name, len(in.args)))
	}
	return in, nil
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
