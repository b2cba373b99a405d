package cli

import (
	"context"
	"fmt"
	"time"

	"gin-blog/blog"
	"gin-blog/config"
	"gin-blog/models"
)

// setRole gives a user a role, in the store that the settings name. A server that runs on the store applies the role
// from the next request on.
func setRole(ctx context.Context, in call) error {
	username, role := in.args[0], models.Role(in.args[1])
	if role != models.RoleUser && role != models.RoleAdmin {
		return usageError("role: user or admin, not " + string(role))
	}
	return in.withStore(ctx, func(c *config.Config, s store) error {
		if err := blog.New(blog.Options{Store: s, Now: time.Now}).SetRole(ctx, username, role); err != nil {
			return nameUser(err, username, c)
		}
		_, err := fmt.Fprintf(in.stdout, "%s has the role %s now, in the %s\n", username, role, placeOf(c))
		return err
	})
}
