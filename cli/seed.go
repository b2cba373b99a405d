package cli

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/schollz/progressbar/v3"

	"gin-blog/auth"
	"gin-blog/models"
	"gin-blog/seed"
)

// seedPassword is the password of every user that the command seed creates.
const seedPassword = "pass123"

// seedStore fills the store that the settings name with users and posts.
func seedStore(ctx context.Context, in call) error {
	plan, force, err := seedPlan(in.args)
	if err != nil {
		return err
	}
	c, err := in.settings()
	if err != nil {
		return err
	}
	passwords, err := auth.NewPasswords(c.BcryptCost)
	if err != nil {
		return err
	}
	if plan.PasswordHash, err = passwords.Hash(ctx, seedPassword); err != nil {
		return err
	}
	return withStore(ctx, c, func(store models.Store) error {
		page, _, err := store.Posts(ctx, models.PostFilter{Limit: 1})
		if err != nil {
			return err
		}
		if len(page) > 0 && !force {
			return fmt.Errorf("the %s has posts already: -force adds to them", describeStore(c))
		}
		if len(page) > 0 { // the usernames must differ from those of the last time
			plan.Suffix = "-" + strconv.FormatInt(time.Now().Unix(), 36)
		}
		bar := newProgressBar(plan.Users+plan.Posts, in.stdout)
		if err := seed.Fill(ctx, store, plan, func(rows int) { _ = bar.Add(rows) }); err != nil {
			return err
		}
		_, err = fmt.Fprintf(in.stdout, "%d users (password %s) and %d posts are in the %s\n",
			plan.Users, seedPassword, plan.Posts, describeStore(c))
		return err
	})
}

// seedPlan reads the options of the command. force says to fill a store that has posts already.
func seedPlan(args []string) (plan seed.Plan, force bool, err error) {
	flags := flag.NewFlagSet("seed", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.IntVar(&plan.Users, "users", 10, "")
	flags.IntVar(&plan.Posts, "posts", 100, "")
	flags.Uint64Var(&plan.Random, "rand", 1, "")
	flags.BoolVar(&force, "force", false, "")
	if err := flags.Parse(args); err != nil {
		return plan, false, usageError("seed: " + err.Error())
	}
	if flags.NArg() > 0 || plan.Users < 1 || plan.Posts < 0 {
		return plan, false, usageError("seed takes -users of at least 1 and -posts of at least 0, and nothing else")
	}
	return plan, force, nil
}

// newProgressBar returns a bar of so many rows. It shows on terminals only.
func newProgressBar(rows int, w io.Writer) *progressbar.ProgressBar {
	return progressbar.NewOptions(rows,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetDescription("seeding"),
		progressbar.OptionShowCount(),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionSetVisibility(isTerminal(w)))
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}
