package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"zombiezen.com/go/sqlite"
)

// Backup writes a consistent copy of a store's file to a new one, readable by its owner only, and returns when it is on the
// disk. Readers and writers go on meanwhile; what is written after the start is not in the copy. A file that exists is left
// alone, one that was not finished is removed.
func Backup(ctx context.Context, store, path string) (err error) {
	if _, err := os.Stat(store); err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	defer func() {
		err = errors.Join(err, f.Close())
		if err != nil {
			os.Remove(path)
		}
	}()
	conn, err := open(store, sqlite.OpenReadOnly)
	if err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	defer conn.Close()
	conn.SetInterrupt(ctx.Done())
	if err := exec(conn, `VACUUM INTO ?`, path); err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes the name of a new file as durable as the file.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync folder: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}
