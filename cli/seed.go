package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"strings"

	"gin-blog/internal/auth"
	"gin-blog/internal/seed"
	"gin-blog/models"
)

// seedPassword is the password of every user that the command seed creates.
const seedPassword = "pass123"

// The most that one run creates.
const (
	maxSeedUsers = 1_000_000
	maxSeedPosts = 100_000_000
)

// suffixLength is the number of random characters, of 5 bits each, that tell usernames apart from older ones.
const suffixLength = 8

func seedOptions(c *call, f *flag.FlagSet) {
	f.IntVar(&c.plan.Users, "users", 10, "")
	f.IntVar(&c.plan.Posts, "posts", 100, "")
	f.Uint64Var(&c.plan.Random, "rand", 1, "")
	f.BoolVar(&c.force, "force", false, "")
}

// seedStore fills the store that the settings name with users and posts.
func seedStore(ctx context.Context, in call) error {
	plan := in.plan
	if plan.Users < 1 || plan.Users > maxSeedUsers || plan.Posts < 0 || plan.Posts > maxSeedPosts {
		return usageError(fmt.Sprintf("seed: -users is 1 to %d, and -posts 0 to %d", maxSeedUsers, maxSeedPosts))
	}
	c, err := in.settings()
	if err != nil {
		return err
	}
	passwords := auth.NewPasswords(c.BcryptCost)
	if c.Mongo == nil {
		if err := c.EnsureDataDir(); err != nil {
			return err
		}
	}
	in.warn(newDatabaseWarnings(c)...)
	if plan.PasswordHash, err = passwords.Hash(ctx, seedPassword); err != nil {
		return err
	}
	return placeOf(c).open(ctx, models.ToRun, func(s store) error {
		page, _, err := s.Posts(ctx, models.PostFilter{Limit: 1})
		if err != nil {
			return err
		}
		if len(page) > 0 && !in.force {
			return fmt.Errorf("the %s has posts already: -force adds %d users and %d posts to them",
				placeOf(c), plan.Users, plan.Posts)
		}
		users, err := s.Users(ctx, models.UserFilter{Limit: 1})
		if err != nil {
			return err
		}
		if len(users) > 0 { // the new usernames must differ from theirs
			plan.Suffix = "-" + strings.ToLower(rand.Text()[:suffixLength])
		}
		begin, finish := showProgress(in.stdout)
		err = seed.Fill(ctx, s, plan, begin("seeding", plan.Users+plan.Posts))
		finish()
		if errors.Is(err, models.ErrDuplicate) {
			return fmt.Errorf("others added users with the same names to the %s meanwhile: seed again", placeOf(c))
		}
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(in.stdout, "%d users and %d posts are in the %s now\n"+
			"Log in as %s, or as the author of any post, with the password %s\n",
			plan.Users, plan.Posts, placeOf(c), seed.FirstUsername(plan), seedPassword)
		return err
	})
}
