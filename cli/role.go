package cli

import (
	"context"
	"errors"
	"fmt"

	"gin-blog/models"
)

// setRole gives a user a role, in the store that the settings name. A server that runs on the store applies the role
// from the next request on.
func setRole(ctx context.Context, in call) error {
	username, role := in.args[0], models.Role(in.args[1])
	if role != models.RoleUser && role != models.RoleAdmin {
		return usageError("the role is user or admin, not " + string(role))
	}
	c, err := in.settings()
	if err != nil {
		return err
	}
	return withExistingStore(ctx, c, func(store models.Store) error {
		err := store.SetRole(ctx, username, role)
		if errors.Is(err, models.ErrUserNotFound) {
			return fmt.Errorf("no user is called %s in the %s", username, describeStore(c))
		}
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(in.stdout, "%s has the role %s now, in the %s\n", username, role, describeStore(c))
		return err
	})
}
