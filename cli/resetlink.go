package cli

import (
	"context"
	"fmt"
	"time"

	"gin-blog/config"
	"gin-blog/internal/auth"
)

// printResetLink prints a link with which a user sets a new password, for a person who has lost theirs.
func printResetLink(ctx context.Context, in call) error {
	username := in.args[0]
	return in.withStore(ctx, func(c *config.Config, s store) error {
		if _, err := c.EnsureSecrets(); err != nil {
			return err
		}
		user, err := s.UserByUsername(ctx, username)
		if err != nil {
			return nameUser(err, username, c)
		}
		token, err := auth.NewTokens(c.SecretKey, c.RefreshSecret, time.Now).SignReset(user)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(in.stdout, "%s/reset/%s\n", siteURL(c), token)
		return err
	})
}
