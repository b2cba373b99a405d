package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"

	"zombiezen.com/go/sqlite"

	"gin-blog/models"
)

// OpenSource opens the file at path, which must exist, to read from it: it changes nothing there, and methods that
// write return models.ErrUnavailable. It refuses what Open refuses, and a file of an older gin-blog. A server may
// write to the file meanwhile.
func OpenSource(ctx context.Context, path string) (_ *Store, err error) {
	s := newStore(path, nil)
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("open database %s: %w", path, describeDamage(err)), s.disconnect())
		}
	}()
	if s.file, err = os.Stat(path); err != nil {
		return nil, err
	}
	schema, err := newSchema()
	if err != nil {
		return nil, err
	}
	if err := checkWAL(path); err != nil {
		return nil, err
	}
	if err := inspect(ctx, path, len(schema.Migrations)); err != nil {
		return nil, err
	}
	if err := s.openReaders(func() (*sqlite.Conn, error) { return open(path, sqlite.OpenReadOnly) }); err != nil {
		return nil, err
	}
	if err := s.checkSource(ctx, len(schema.Migrations)); err != nil {
		return nil, err
	}
	return s, nil
}

// checkSource returns an error if the file has an older schema than version, or is an unfinished copy.
func (s *Store) checkSource(ctx context.Context, version int) error {
	var found int
	err := s.read(ctx, "read schema version", func(conn *sqlite.Conn) (err error) {
		found, err = pragma(conn, `PRAGMA user_version`)
		return err
	})
	if err != nil {
		return err
	}
	if found < version {
		return errors.New("an older gin-blog made it: start this one on it once, which brings it up to date")
	}
	source, err := s.CopySource(ctx)
	if err != nil {
		return err
	}
	return models.CheckWhole(source)
}
