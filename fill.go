package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
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
func fill(ctx context.Context, c *config.Config, args []string, stdout io.Writer) (err error) {
	flags := flag.NewFlagSet("seed", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	users := flags.Int("users", 10, "")
	posts := flags.Int("posts", 100, "")
	random := flags.Uint64("rand", 1, "")
	force := flags.Bool("force", false, "")
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("%w: seed: %w", errUsage, err)
	}
	if flags.NArg() > 0 || *users < 1 || *posts < 0 {
		return fmt.Errorf("%w: seed takes -users of at least 1 and -posts of at least 0, and nothing else", errUsage)
	}
	if err := c.EnsureDataDir(); err != nil {
		return err
	}
	store, place, err := openStore(ctx, c, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close(context.WithoutCancel(ctx))) }()

	plan := seed.Plan{Users: *users, Posts: *posts, Random: *random}
	page, _, err := store.Posts(ctx, models.PostFilter{Limit: 1})
	if err != nil {
		return err
	}
	if len(page) > 0 {
		if !*force {
			return fmt.Errorf("the %s has posts already: -force adds to them", place)
		}
		plan.Suffix = "-" + strconv.FormatInt(time.Now().Unix(), 36)
	}
	passwords, err := auth.NewPasswords(c.BcryptCost)
	if err != nil {
		return err
	}
	if plan.PasswordHash, err = passwords.Hash(ctx, seedPassword); err != nil {
		return err
	}
	bar := progressbar.NewOptions(*users+*posts,
		progressbar.OptionSetWriter(stdout),
		progressbar.OptionSetDescription("seeding"),
		progressbar.OptionShowCount(),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionSetVisibility(isTerminal(stdout)))
	if err := seed.Fill(ctx, store, plan, func(rows int) { _ = bar.Add(rows) }); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "%d users (password %s) and %d posts are in the %s\n", *users, seedPassword, *posts, place)
	return err
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}
