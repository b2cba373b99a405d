package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"gin-blog/internal/auth"
	"gin-blog/models"
)

// printResetLink prints a link with which a user sets a new password, for somebody who has lost theirs.
func printResetLink(ctx context.Context, in call) error {
	username := in.args[0]
	c, err := in.settings()
	if err != nil {
		return err
	}
	return withExistingStore(ctx, c, func(store models.Store) error {
		if _, err := c.EnsureSecrets(); err != nil {
			return err
		}
		user, err := store.UserByUsername(ctx, username)
		if errors.Is(err, models.ErrUserNotFound) {
			return fmt.Errorf("no user is called %s in the %s", username, describeStore(c))
		}
		if err != nil {
			return err
		}
		token, err := auth.NewTokens(c.SecretKey, c.RefreshSecret, time.Now).SignReset(user)
		if err != nil {
			return err
		}
		site := cmp.Or(strings.TrimSuffix(c.BaseURL, "/"), fmt.Sprintf("%s://localhost:%d", scheme(c), c.Port))
		_, err = fmt.Fprintf(in.stdout, "%s/reset/%s\n", site, token)
		return err
	})
}
