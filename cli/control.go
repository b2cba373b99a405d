package cli

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"net/url"
	"time"

	"gin-blog/blog"
	"gin-blog/config"
	"gin-blog/internal/auth"
	"gin-blog/models"
)

func inviteOptions(c *call, f *flag.FlagSet) { f.IntVar(&c.count, "n", 1, "") }

// invite prints links with which people register, a line each.
func invite(ctx context.Context, in call) error {
	if in.count < 1 || in.count > models.MaxInvitations {
		return usageError(fmt.Sprintf("invite: -n must be 1 to %d", models.MaxInvitations))
	}
	return in.withStore(ctx, func(c *config.Config, s store) error {
		if _, err := c.EnsureSecrets(); err != nil {
			return err
		}
		invitations, err := blog.New(blog.Options{Store: s, Now: time.Now}).Invite(ctx, "", in.count)
		if err != nil {
			return err
		}
		if c.Registration != "invite" {
			in.warn("REGISTRATION is " + c.Registration + ": invitations have an effect only while it is invite")
		}
		tokens := auth.NewTokens(c.SecretKey, c.RefreshSecret, time.Now)
		for i := range invitations {
			token, err := tokens.SignInvitation(&invitations[i])
			if err != nil {
				return err
			}
			query := url.Values{"invite": {token}}
			fmt.Fprintf(in.stdout, "%s/register?%s\n", siteURL(c), query.Encode())
		}
		return nil
	})
}

// siteURL returns the address of the site, as far as the settings tell.
func siteURL(c *config.Config) string { return cmp.Or(c.BaseURL, localURL(c, "localhost", c.Port)) }

// suspend returns the command that suspends a user, or ends that. The second argument is the reason.
func suspend(suspended bool, what string) func(ctx context.Context, in call) error {
	return func(ctx context.Context, in call) error {
		return in.withUser(ctx, what, func(b *blog.Blog, user *models.User) error {
			reason := ""
			if len(in.args) > 1 {
				reason = in.args[1]
			}
			_, err := b.SuspendUser(ctx, "", user.ID, suspended, reason)
			return err
		})
	}
}

func purgeOption(c *call, f *flag.FlagSet) { f.BoolVar(&c.purge, "purge", false, "") }

func deleteUser(ctx context.Context, in call) error {
	return in.withUser(ctx, "deleted", func(b *blog.Blog, user *models.User) error {
		return b.RemoveUser(ctx, "", user.ID, in.purge)
	})
}

// withUser runs a command on the user whom the first argument names, and prints what was done.
func (c call) withUser(ctx context.Context, done string, run func(b *blog.Blog, user *models.User) error) error {
	return c.withStore(ctx, func(settings *config.Config, s store) error {
		user, err := s.UserByUsername(ctx, c.args[0])
		if err != nil {
			return nameUser(err, c.args[0], settings)
		}
		if err := run(blog.New(blog.Options{Store: s, Now: time.Now}), user); err != nil {
			return err
		}
		_, err = fmt.Fprintf(c.stdout, "%s is %s now, in the %s\n", user.Username, done, placeOf(settings))
		return err
	})
}
