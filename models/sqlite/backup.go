package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"zombiezen.com/go/sqlite"

	"gin-blog/internal/files"
)

// Backup writes a consistent copy of the store's file source to a new file at path, which only its owner can read.
// It returns when the copy is on the disk. Others may read and write meanwhile; the copy is of the moment when it
// began. Backup overwrites no file, and a copy that does not get to its end never has the name path. It copies a file
// of any version: otherVersion is nil if that is the version of this gin-blog, and otherwise says what to do.
func Backup(ctx context.Context, source, path string) (otherVersion, err error) {
	f, err := inspect(ctx, source)
	if err == nil && f.missing {
		err = fs.ErrNotExist
	}
	if err != nil {
		return nil, fmt.Errorf("back up %s: %w", source, describeDamage(err))
	}
	if err := files.Make(path, func(f *os.File) error { return copyTo(ctx, source, f) }); err != nil {
		return nil, fmt.Errorf("back up %s: %w", source, err)
	}
	return compareVersion(f.version), nil
}

// copyTo writes a consistent copy of a file, log included, to an empty one.
func copyTo(ctx context.Context, source string, to *os.File) error {
	conn, err := open(source, sqlite.OpenReadOnly)
	if err != nil {
		return err
	}
	defer removeJournal(to.Name())
	conn.SetInterrupt(ctx.Done())
	return errors.Join(exec(conn, `VACUUM INTO ?`, to.Name()), conn.Close())
}

// removeJournal removes what SQLite leaves beside a new file if it cannot fill it, as on a full disk.
func removeJournal(path string) {
	for _, suffix := range []string{"-journal", "-wal", "-shm"} {
		_ = os.Remove(path + suffix)
	}
}
