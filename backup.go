package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"gin-blog/config"
	"gin-blog/models/sqlite"
)

// backup copies the embedded store to a new file, while a server may run on it.
func backup(ctx context.Context, c *config.Config, file string, stdout io.Writer) (err error) {
	if c.MongoURI != "" {
		return errors.New("the data is in MongoDB: back it up with mongodump")
	}
	store, err := sqlite.OpenExisting(ctx, databasePath(c))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close(context.WithoutCancel(ctx))) }()
	if err := store.Backup(ctx, file); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "%s is a copy of %s\n", file, store.Path())
	return err
}
