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
func backup(ctx context.Context, c *config.Config, file string, stdout io.Writer) error {
	if c.MongoURI != "" {
		return errors.New("the data is in MongoDB: back it up with mongodump")
	}
	if err := sqlite.Backup(ctx, databasePath(c), file); err != nil {
		return err
	}
	_, err := fmt.Fprintf(stdout, "%s is a copy of %s\n", file, databasePath(c))
	return err
}
