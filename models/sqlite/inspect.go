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
)

// checkTimeout bounds the check of the file at the start. It is enough for some 40 MB; of a larger file the first
// part is checked.
const checkTimeout = 200 * time.Millisecond

// found is what inspect finds.
type found struct {
	missing    bool   // there is no file
	version    int    // of the schema
	copySource string // of an unfinished copy

	owner, objects, copies int // the id of the program, how many objects there are, and whether a table copy_source
}

// selectFound reads foundFields.
const selectFound = `SELECT (SELECT application_id FROM pragma_application_id),
	(SELECT user_version FROM pragma_user_version), count(*), count(*) FILTER (WHERE name = 'copy_source')
	FROM sqlite_schema`

func foundFields(f *found) []field {
	return []field{{value: &f.owner}, {value: &f.version}, {value: &f.objects}, {value: &f.copies}}
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
	if !hasLog(path) {
		f, err := inspectWith(ctx, immutable(path), sqlite.OpenReadOnly|sqlite.OpenURI)
		if after, statErr := os.Stat(path); err == nil ||
			statErr == nil && after.ModTime().Equal(before.ModTime()) && !hasLog(path) {
			return f, err
		} // else another process has begun to write, which this connection did not heed
	}
	return inspectWith(ctx, path, sqlite.OpenReadOnly)
}

// hasLog returns whether there is a file with a write-ahead log, which holds something or is in use. An empty log may
// be there without its file.
func hasLog(path string) bool {
	_, err := os.Stat(path)
	_, logErr := os.Stat(path + "-wal")
	return err == nil && logErr == nil
}

// immutable returns the address of a file that nobody writes to. Connections by its path make a log and its index
// beside the file, and those that may not write leave them there.
func immutable(path string) string {
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	address := url.URL{Scheme: "file", Path: "/" + strings.TrimPrefix(filepath.ToSlash(path), "/")}
	address.RawQuery = "immutable=1"
	return address.String()
}

// inspectWith inspects a file with flags for a connection that only reads: another one copies the log into the file
// when it closes, and could destroy what can be saved.
func inspectWith(ctx context.Context, path string, flags sqlite.OpenFlags) (found, error) {
	conn, err := open(path, flags)
	if err != nil {
		return found{}, err
	}
	defer conn.Close()
	var f found
	err = eachRow(conn, selectFound, nil, func(row *sqlite.Stmt) bool { scan(row, foundFields(&f)); return false })
	if err != nil {
		return found{}, err
	}
	if f.owner != applicationID && f.objects > 0 {
		return found{}, errors.New("it is the database of another program: set another DATA_DIR")
	}
	if err := checkStructure(ctx, conn); err != nil {
		return found{}, err
	}
	if f.copies > 0 { // else an older gin-blog made the file
		f.copySource, err = lookUp[string](conn, selectCopySource)
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
	switch problem, err := lookUp[string](conn, `PRAGMA quick_check(1)`); {
	case sqlite.ErrCode(err) == sqlite.ResultInterrupt:
		return nil
	case err == nil && problem != "ok":
		return fmt.Errorf("%w (%q)", errDamaged, problem)
	default:
		return err
	}
}

var errDamaged = errors.New("the file is damaged, or no database: " +
	"move it and its -wal away, and put a backup in its place")

// describeDamage adds to an error of SQLite about the file's contents, or about its disk, what to do about it.
func describeDamage(err error) error {
	if isDiskFull(err) {
		return fmt.Errorf("the disk is full (%w)", err)
	}
	if code := sqlite.ErrCode(err).ToPrimary(); code == sqlite.ResultNotADB || code == sqlite.ResultCorrupt {
		return fmt.Errorf("%w (%w)", errDamaged, err)
	}
	return err
}
