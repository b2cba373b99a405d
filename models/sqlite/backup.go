package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"zombiezen.com/go/sqlite"
)

// Backup writes a consistent copy of the store's file source to a new file at path, which only its owner can read.
// It returns when the copy is on the disk. Others may read and write meanwhile; the copy is of the moment when it
// began. Backup overwrites no file, and removes a copy that it could not finish.
func Backup(ctx context.Context, source, path string) (err error) {
	if _, err := os.Stat(source); err != nil {
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
	conn, err := open(source, sqlite.OpenReadOnly)
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

// syncDir writes the names in a folder to the disk.
func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("sync folder: %w", err)
	}
	return errors.Join(dir.Sync(), dir.Close())
}
