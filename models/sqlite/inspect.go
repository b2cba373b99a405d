package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// checkTimeout bounds the check of the file at the start. It is enough for some 40 MB; of a larger file the first
// part is checked.
const checkTimeout = 200 * time.Millisecond

// inspect returns an error if the file is damaged, or was written by a newer gin-blog or by another program. It
// opens the file read-only: a connection that may write copies the WAL into the file when it closes, and could
// destroy what can be saved. known is the number of migrations of this gin-blog.
func inspect(ctx context.Context, path string, known int) error {
	conn, err := open(path, sqlite.OpenReadOnly)
	if err != nil {
		return err
	}
	defer conn.Close()
	version, err := pragma(conn, `PRAGMA user_version`)
	if err != nil {
		return err
	}
	if version > known {
		return fmt.Errorf("its schema has version %d and this gin-blog knows %d: run a newer gin-blog", version, known)
	}
	// In this order, because another process may be creating the tables: it marks the file before that.
	objects, err := pragma(conn, `SELECT count(*) FROM sqlite_schema`)
	if err != nil {
		return err
	}
	owner, err := pragma(conn, `PRAGMA application_id`)
	if err != nil {
		return err
	}
	if owner != applicationID && objects > 0 {
		return errors.New("it is the database of another program: set another DATA_DIR")
	}
	return checkStructure(ctx, conn)
}

// checkWAL returns an error if the write-ahead log beside the file belongs to another file. SQLite does not notice
// that: it deletes the log, or writes the pages of one database into another.
func checkWAL(path string) error {
	wal := path + "-wal"
	log, err := os.Stat(wal)
	if errors.Is(err, fs.ErrNotExist) || err == nil && log.Size() == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	header := make([]byte, 20)
	f, err := os.Open(path)
	if err == nil {
		defer f.Close()
		_, err = io.ReadFull(f, header)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF): // no file, or empty
		return fmt.Errorf("%s holds the last writes to a file that is gone: put that file back, "+
			"or move %s away to begin anew", wal, wal)
	case err != nil:
		return err
	case header[18] == 1 && header[19] == 1: // the file is not in WAL mode, as a backup is
		return fmt.Errorf("%s is of another file than this one: move it away to use this one", wal)
	}
	return nil
}

// checkStructure returns an error if the pages of the file do not fit together.
func checkStructure(ctx context.Context, conn *sqlite.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	defer conn.SetInterrupt(conn.SetInterrupt(ctx.Done()))
	problem := ""
	err := sqlitex.ExecuteTransient(conn, `PRAGMA quick_check(1)`, &sqlitex.ExecOptions{
		ResultFunc: func(row *sqlite.Stmt) error { problem = row.ColumnText(0); return nil },
	})
	switch {
	case sqlite.ErrCode(err) == sqlite.ResultInterrupt:
		return nil
	case err != nil:
		return err
	case problem != "ok":
		return fmt.Errorf("%w (%q)", errDamaged, problem)
	}
	return nil
}

var errDamaged = errors.New("the file is damaged, or no database: " +
	"move it and its -wal away, and put a backup in its place")

// describeDamage adds to an error of SQLite about the file's contents what to do about it.
func describeDamage(err error) error {
	if code := sqlite.ErrCode(err).ToPrimary(); code == sqlite.ResultNotADB || code == sqlite.ResultCorrupt {
		return fmt.Errorf("%w (%q)", errDamaged, err)
	}
	return err
}
