package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
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
	if c.Mongo == nil {
		if err := c.EnsureDataDir(); err != nil {
			return err
		}
	}
	if plan.PasswordHash, err = passwords.Hash(ctx, seedPassword); err != nil {
		return err
	}
	return placeOf(c).use(ctx, func(s store) error {
		page, _, err := s.Posts(ctx, models.PostFilter{Limit: 1})
		if err != nil {
			return err
		}
		if len(page) > 0 && !force {
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
	if flags.NArg() > 0 || plan.Users < 1 || plan.Users > maxSeedUsers || plan.Posts < 0 || plan.Posts > maxSeedPosts {
		return plan, false, usageError(fmt.Sprintf(
			"seed takes -users of at least 1 and at most %d, -posts of at least 0 and at most %d, -rand and -force",
			maxSeedUsers, maxSeedPosts))
	}
	return plan, force, nil
}
