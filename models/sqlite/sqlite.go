// Package sqlite keeps the blog in one SQLite file, in the process itself.
package sqlite

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"sync"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitemigration"
	"zombiezen.com/go/sqlite/sqlitex"

	"gin-blog/models"
)

// applicationID marks the files of gin-blog ("gblg"), so that no other program's file is taken for one.
const applicationID = 0x67626c67

//go:embed migrations/*.sql
var migrations embed.FS

// Store is a models.Store in a file. SQLite allows one writer at a time, so one connection writes, for all who wait
// together in one transaction, while others read; in WAL mode neither waits for the other.
type Store struct {
	path     string
	observe  models.Observer
	file     os.FileInfo // what was at path when it was opened
	readers  chan *sqlite.Conn
	opened   int           // how many readers there are
	searches chan struct{} // one for each search under way, fewer than readers
	writes   chan *write
	closed   chan struct{}
	closing  sync.Once
	running  sync.WaitGroup // the writer and the purge of sessions
	writer   *sqlite.Conn
}

var _ models.Store = (*Store)(nil)

// Open opens the file at path, or makes it, readable by its owner only, and brings its schema up to date. A file that is
// damaged, that a newer gin-blog wrote, or another program, is refused and left as it is.
// observe is told of each operation; it may be nil.
func Open(ctx context.Context, path string, observe models.Observer) (_ *Store, err error) {
	readers := runtime.GOMAXPROCS(0) + 1
	s := &Store{
		path: path, observe: observe, searches: make(chan struct{}, readers-1), readers: make(chan *sqlite.Conn, readers),
		writes: make(chan *write), closed: make(chan struct{}),
	}
	defer func() {
		if code := sqlite.ErrCode(err).ToPrimary(); code == sqlite.ResultNotADB || code == sqlite.ResultCorrupt {
			err = fmt.Errorf("%w (%q)", errDamaged, err)
		}
		if err != nil {
			err = errors.Join(fmt.Errorf("open database %s: %w", path, err), s.disconnect())
		}
	}()
	schema, err := newSchema()
	if err != nil {
		return nil, err
	}
	if err := checkWAL(path); err != nil {
		return nil, err
	}
	if s.file, err = makeFile(path); err != nil {
		return nil, err
	}
	if err := inspect(ctx, path, len(schema.Migrations)); err != nil {
		return nil, err
	}
	// A commit is on the disk before it is answered.
	if s.writer, err = connect(path, `PRAGMA synchronous = FULL`, `PRAGMA foreign_keys = ON`); err != nil {
		return nil, err
	}
	if err := migrate(ctx, s.writer, schema); err != nil {
		return nil, err
	}
	for range readers {
		conn, err := connect(path, `PRAGMA query_only = ON`)
		if err != nil {
			return nil, err
		}
		s.readers <- conn
		s.opened++
	}
	s.running.Go(func() { s.keepWriting(s.writer) })
	s.running.Go(s.keepPurging)
	return s, nil
}

// makeFile makes the file where there is none, and returns what it is.
func makeFile(path string) (os.FileInfo, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	return info, errors.Join(err, f.Close())
}

// newSchema reads the numbered migrations.
func newSchema() (sqlitemigration.Schema, error) {
	schema := sqlitemigration.Schema{AppID: applicationID}
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return schema, err
	}
	for _, name := range names {
		script, err := migrations.ReadFile(name)
		if err != nil {
			return schema, err
		}
		schema.Migrations = append(schema.Migrations, string(script))
	}
	return schema, nil
}

// migrate applies the migrations that the file has not seen, each in a transaction that two processes cannot both be in.
func migrate(ctx context.Context, conn *sqlite.Conn, schema sqlitemigration.Schema) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute) // another process may be at it
	defer cancel()
	version, err := pragma(conn, `PRAGMA user_version`)
	if err != nil {
		return err
	}
	if version == len(schema.Migrations) { // without the lock that another process may hold
		return nil
	}
	return sqlitemigration.Migrate(ctx, conn, schema)
}

// pragma reads a number that the file carries.
func pragma(conn *sqlite.Conn, query string) (value int, err error) {
	err = sqlitex.ExecuteTransient(conn, query, &sqlitex.ExecOptions{
		ResultFunc: func(row *sqlite.Stmt) error { value = row.ColumnInt(0); return nil },
	})
	return value, err
}

// Ping reads from the file, which must still be where it was opened.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.inPlace(); err != nil {
		return fmt.Errorf("ping: %w: %w", models.ErrUnavailable, err)
	}
	return s.read(ctx, "ping", func(conn *sqlite.Conn) error {
		return sqlitex.Execute(conn, `SELECT 1 FROM posts LIMIT 1`, nil)
	})
}

// inPlace returns an error where the file that was opened is no longer at its path: what is written to it would be gone with
// the process.
func (s *Store) inPlace() error {
	now, err := os.Stat(s.path)
	if err != nil {
		return fmt.Errorf("the database file was removed: %w", err)
	}
	if !os.SameFile(s.file, now) {
		return fmt.Errorf("the database file %s was replaced: start again", s.path)
	}
	return nil
}

// Pool counts the connections that read; one more writes.
func (s *Store) Pool() models.PoolStats {
	idle := len(s.readers)
	return models.PoolStats{InUse: s.opened - idle, Idle: idle, Max: s.opened}
}

// Close waits for what is under way and closes the file; the last connection folds the WAL into it.
func (s *Store) Close(context.Context) (err error) {
	s.closing.Do(func() {
		close(s.closed)
		s.running.Wait()
		err = s.disconnect()
	})
	return err
}

// disconnect waits for the connections that are lent and closes all.
func (s *Store) disconnect() error {
	var errs []error
	for range s.opened {
		errs = append(errs, (<-s.readers).Close())
	}
	if s.writer != nil {
		errs = append(errs, s.writer.Close())
	}
	return errors.Join(errs...)
}

// isDuplicate tells whether a unique index refused a row.
func isDuplicate(err error) bool {
	code := sqlite.ErrCode(err)
	return code == sqlite.ResultConstraintUnique || code == sqlite.ResultConstraintPrimaryKey
}

// isForeignKey tells whether a row names another that is not there.
func isForeignKey(err error) bool { return sqlite.ErrCode(err) == sqlite.ResultConstraintForeignKey }

// exec runs a statement that answers no rows.
func exec(conn *sqlite.Conn, query string, args ...any) error {
	return sqlitex.Execute(conn, query, &sqlitex.ExecOptions{Args: args})
}

// execOne runs a statement that changes one row, and returns missing where there was none to change.
func execOne(conn *sqlite.Conn, missing error, query string, args ...any) error {
	if err := exec(conn, query, args...); err != nil {
		return err
	}
	if conn.Changes() == 0 {
		return missing
	}
	return nil
}

// before is the bound of a page that starts behind an id; the zero id starts with the newest.
func before(after models.ID) []byte {
	if after.IsZero() {
		return bytes.Repeat([]byte{0xff}, len(after)) // sorts after every id
	}
	return after[:]
}

// columnID reads an id.
func columnID(row *sqlite.Stmt, column int) (id models.ID) {
	row.ColumnBytes(column, id[:])
	return id
}

// columnTime reads a time, which is stored as milliseconds since 1970.
func columnTime(row *sqlite.Stmt, column int) time.Time {
	return time.UnixMilli(row.ColumnInt64(column)).UTC()
}
