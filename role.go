package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"gin-blog/config"
	"gin-blog/models"
)

// setRole gives a user a role, in the store that the settings name. A server that runs on it sees the role with the
// next request.
func setRole(ctx context.Context, c *config.Config, username, role string, stdout io.Writer) error {
	r := models.Role(role)
	if r != models.RoleUser && r != models.RoleAdmin {
		return usageError("the role is user or admin, not " + role)
	}
	return onStore(ctx, c, func(store models.Store, place string) error {
		err := store.SetRole(ctx, username, r)
		if errors.Is(err, models.ErrUserNotFound) {
			return fmt.Errorf("no user is called %s in the %s", username, place)
		}
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(stdout, "%s has the role %s now\n", username, r)
		return err
	})
}

// onStore runs a command on the store that the settings name.
func onStore(ctx context.Context, c *config.Config, command func(store models.Store, place string) error) (err error) {
	if err := c.EnsureDataDir(); err != nil {
		return err
	}
	store, place, err := openStore(ctx, c, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close(context.WithoutCancel(ctx))) }()
	return command(store, place)
}
