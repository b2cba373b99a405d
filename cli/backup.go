package cli

import (
	"context"
	"errors"
	"fmt"

	"gin-blog/models/sqlite"
)

// backup copies the SQLite file to a new file, while a server may run on it.
func backup(ctx context.Context, in call) error {
	c, err := in.settings()
	if err != nil {
		return err
	}
	if c.MongoURI != "" {
		return errors.New("the data is in MongoDB: back it up with mongodump")
	}
	if err := requireFile(c); err != nil {
		return err
	}
	from, to := databasePath(c), in.args[0]
	if err := sqlite.Backup(ctx, from, to); err != nil {
		return err
	}
	_, err = fmt.Fprintf(in.stdout, "%s is a copy of %s\n", to, from)
	return err
}
