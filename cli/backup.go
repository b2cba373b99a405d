package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"gin-blog/models/sqlite"
)

// backup copies the SQLite file to a new file, while a server may run on it. Without a name, the new file has one with
// the time, and is beside the SQLite file.
func backup(ctx context.Context, in call) error {
	c, err := in.settings()
	if err != nil {
		return err
	}
	if c.Mongo != nil {
		return errors.New("the data is in MongoDB: back it up with mongodump")
	}
	if err := placeOf(c).requireFile(); err != nil {
		return err
	}
	from, to := placeOf(c).file, filepath.Join(c.DataDir, time.Now().UTC().Format("gin-blog-20060102-150405.db"))
	if len(in.args) > 0 {
		to = in.args[0]
	}
	otherVersion, err := sqlite.Backup(ctx, from, to)
	if err != nil {
		return err
	}
	if otherVersion != nil {
		in.warn(fmt.Sprintf("%s: %v", from, otherVersion))
	}
	_, err = fmt.Fprintf(in.stdout, "%s is a copy of %s\n", to, from)
	return err
}
