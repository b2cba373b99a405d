package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// checkTimeout bounds the check of the file at the start. It is enough for some 40 MB; of a larger file the first
// part is checked.
const checkTimeout = 200 * time.Millisecond

// found is what inspect finds.
type found struct {
	missing    bool   // there is no file
	version    int    // of the schema
	copySource string // of an unfinished copy
}

// inspect looks at a file without changing anything in its folder. It returns an error if the file is empty, damaged or
// the database of another program.
func inspect(ctx context.Context, path string) (found, error) {
	if err := checkWAL(path); err != nil {
		return found{}, err
	}
	before, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return found{missing: true}, nil
	case err != nil:
		return found{}, err
	case !before.Mode().IsRegular():
		return found{}, errors.New("it is no regular file")
	case before.Size() == 0:
		return found{}, errors.New("the file is empty: put a backup in its place, or delete it to begin a new blog")
	}
	if hasLog(path) {
		return inspectWith(ctx, func() (*sqlite.Conn, error) { return open(path, sqlite.OpenReadOnly) })
	}
	f, err := inspectWith(ctx, func() (*sqlite.Conn, error) { return openImmutable(path) })
	if after, statErr := os.Stat(path); err == nil ||
		statErr == nil && after.ModTime().Equal(before.ModTime()) && !hasLog(path) {
		return f, err
	}
	// Another process has begun to write, which openImmutable does not heed.
	return inspectWith(ctx, func() (*sqlite.Conn, error) { return open(path, sqlite.OpenReadOnly) })
}

// hasLog returns whether there is a file with a write-ahead log, which holds something or is in use. An empty log may
// be there without its file.
func hasLog(path string) bool {
	_, err := os.Stat(path)
	_, logErr := os.Stat(path + "-wal")
	return err == nil && logErr == nil
}

// openImmutable opens a file that nobody writes to. Other connections make a log and its index beside the file, and
// those that may not write leave them there.
func openImmutable(path string) (*sqlite.Conn, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	address := url.URL{Scheme: "file", Path: "/" + strings.TrimPrefix(filepath.ToSlash(absolute), "/")}
	address.RawQuery = "immutable=1"
	return open(address.String(), sqlite.OpenReadOnly|sqlite.OpenURI)
}

// inspectWith inspects the file of a connection, which must be one that only reads: another one copies the log into the
// file when it closes, and could destroy what can be saved.
func inspectWith(ctx context.Context, connect func() (*sqlite.Conn, error)) (f found, err error) {
	conn, err := connect()
	if err != nil {
		return found{}, err
	}
	defer conn.Close()
	objects, err := pragma(conn, `SELECT count(*) FROM sqlite_schema`)
	if err != nil {
		return found{}, err
	}
	owner, err := pragma(conn, `PRAGMA application_id`)
	if err != nil {
		return found{}, err
	}
	if owner != applicationID && objects > 0 {
		return found{}, errors.New("it is the database of another program: set another DATA_DIR")
	}
	if f.version, err = pragma(conn, `PRAGMA user_version`); err != nil {
		return found{}, err
	}
	if err := checkStructure(ctx, conn); err != nil {
		return found{}, err
	}
	tables, err := pragma(conn, `SELECT count(*) FROM sqlite_schema WHERE name = 'copy_source'`)
	if err == nil && tables > 0 { // else an older gin-blog made the file
		f.copySource, err = findCopySource(conn)
	}
	return f, err
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
		return fmt.Errorf("%w (%w)", errDamaged, err)
	}
	return err
}
