package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"zombiezen.com/go/sqlite"
)

// OpenExisting is Open for a file that must be there.
func OpenExisting(ctx context.Context, path string) (*Store, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	return Open(ctx, path)
}

// Backup writes a consistent copy of the store to a new file, readable by its owner only, and returns when it is on the
// disk. Writers go on meanwhile; what they write after the start is not in the copy. A file that exists is left alone, one
// that was not finished is removed.
func (s *Store) Backup(ctx context.Context, path string) (err error) {
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
	conn, err := sqlite.OpenConn(s.path, sqlite.OpenReadOnly)
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
