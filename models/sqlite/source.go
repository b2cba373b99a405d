package sqlite

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"os"

	"zombiezen.com/go/sqlite"

	"gin-blog/models"
)

// OpenSource opens the file at path, which must exist, to read from it: it changes nothing there, and methods that
// write return models.ErrUnavailable. It refuses what Open refuses, and a file of an older gin-blog. A server may
// write to the file meanwhile.
func OpenSource(ctx context.Context, path string) (_ *Store, err error) {
	s := newStore(path, slog.New(slog.DiscardHandler), nil)
	defer func() {
		if err != nil {
			err = errors.Join(s.describe(err), s.disconnect())
		}
	}()
	if s.file, err = os.Stat(path); err != nil {
		return nil, err
	}
	f, err := inspect(ctx, path)
	if err != nil {
		return nil, err
	}
	all, err := scripts()
	if err == nil {
		err = cmp.Or(compareVersions(f.version, len(all)), models.CheckWhole(f.copySource))
	}
	if err != nil {
		return nil, err
	}
	if err := s.openReaders(func() (*sqlite.Conn, error) { return open(path, sqlite.OpenReadOnly) }); err != nil {
		return nil, err
	}
	close(s.ready)
	return s, nil
}
