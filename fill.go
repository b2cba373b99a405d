package main

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
	"gin-blog/config"
	"gin-blog/models"
	"gin-blog/seed"
)

// seedPassword is the password of every user that seed makes.
const seedPassword = "pass123"

// fill is the command seed: it fills the store that the settings name.
func fill(ctx context.Context, c *config.Config, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("seed", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	users := flags.Int("users", 10, "")
	posts := flags.Int("posts", 100, "")
	random := flags.Uint64("rand", 1, "")
	force := flags.Bool("force", false, "")
	if err := flags.Parse(args); err != nil {
		return usageError("seed: " + err.Error())
	}
	if flags.NArg() > 0 || *users < 1 || *posts < 0 {
		return usageError("seed takes -users of at least 1 and -posts of at least 0, and nothing else")
	}
	plan := seed.Plan{Users: *users, Posts: *posts, Random: *random}
	passwords, err := auth.NewPasswords(c.BcryptCost)
	if err != nil {
		return err
	}
	if plan.PasswordHash, err = passwords.Hash(ctx, seedPassword); err != nil {
		return err
	}
	return onStore(ctx, c, func(store models.Store, place string) error {
		page, _, err := store.Posts(ctx, models.PostFilter{Limit: 1})
		if err != nil {
			return err
		}
		if len(page) > 0 && !*force {
			return fmt.Errorf("the %s has posts already: -force adds to them", place)
		}
		if len(page) > 0 { // names that were not there the last time
			plan.Suffix = "-" + strconv.FormatInt(time.Now().Unix(), 36)
		}
		bar := progressbar.NewOptions(plan.Users+plan.Posts,
			progressbar.OptionSetWriter(stdout),
			progressbar.OptionSetDescription("seeding"),
			progressbar.OptionShowCount(),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish(),
			progressbar.OptionSetVisibility(isTerminal(stdout)))
		if err := seed.Fill(ctx, store, plan, func(rows int) { _ = bar.Add(rows) }); err != nil {
			return err
		}
		_, err = fmt.Fprintf(stdout, "%d users (password %s) and %d posts are in the %s\n", plan.Users, seedPassword, plan.Posts, place)
		return err
	})
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}
