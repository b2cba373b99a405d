// Package sqlite keeps the blog in one SQLite file, in the process itself.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"gin-blog/models"
)

// patience is how long a call waits for its turn to write, among the goroutines of this process and
// among processes.
const patience = 2500 * time.Millisecond

// Store is a models.Store in a file. SQLite allows one writer at a time, so writes go through a connection of
// their own while reads share a pool; in WAL mode neither waits for the other.
type Store struct {
	path  string
	write *sql.DB
	read  *sql.DB
	stmts statements
}

var _ models.Store = (*Store)(nil)

// Open opens the file at path, or makes it, readable by its owner only, and brings its schema up to date.
// A file that a newer gin-blog wrote is refused.
func Open(ctx context.Context, path string) (*Store, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}

	s := &Store{path: path}
	if s.write, err = connect(path, 1, "_txlock", "immediate"); err != nil {
		return nil, err
	}
	if err := migrate(ctx, s.write); err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", path, err), s.write.Close())
	}
	if s.read, err = connect(path, 2*runtime.GOMAXPROCS(0)+2, "_query_only", "1"); err != nil {
		return nil, errors.Join(err, s.write.Close())
	}
	if err := s.stmts.prepare(ctx, s.read, s.write); err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", path, err), s.read.Close(), s.write.Close())
	}
	return s, nil
}

// connect makes a pool of n connections to the file at path, with one more setting of the driver.
// The path goes through url.URL so that a ? or % in it stays part of the name.
func connect(path string, n int, key, value string) (*sql.DB, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	settings := url.Values{
		"_busy_timeout": {strconv.FormatInt(patience.Milliseconds(), 10)},
		"_journal_mode": {"WAL"},
		"_synchronous":  {"FULL"}, // a commit is on the disk before it is answered
		"_foreign_keys": {"1"},
		"_defensive":    {"1"},
		"_dqs":          {"0"},
		key:             {value},
	}
	dsn := url.URL{Scheme: "file", Path: filepath.ToSlash(abs), RawQuery: settings.Encode()}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n)
	return db, nil
}

// Path is the file the store is kept in.
func (s *Store) Path() string { return s.path }

// Ping reads from the file.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	return wrap("ping", s.read.QueryRowContext(ctx, `SELECT 1 FROM sqlite_schema LIMIT 1`).Scan(&one))
}

// Close waits for running statements and closes the file; the last connection folds the WAL into it.
func (s *Store) Close(context.Context) error {
	return errors.Join(s.stmts.close(), s.read.Close(), s.write.Close())
}

// wrap says what was being done and marks the errors that a later try may not meet.
func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	if unavailable(err) {
		return fmt.Errorf("%s: %w: %w", doing, models.ErrUnavailable, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

func unavailable(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	switch primaryCode(err) {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR,
		sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN:
		return true
	}
	return false
}

// isDuplicate tells whether a unique index refused a row.
func isDuplicate(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) &&
		(e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
}

// isForeignKey tells whether a row names another that is not there.
func isForeignKey(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code() == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
}

// primaryCode is SQLite's result code without the extension, 0 where err is not SQLite's.
func primaryCode(err error) int {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return 0
	}
	return e.Code() & 0xff
}

// millis is how times are stored.
func millis(t time.Time) int64 { return t.UnixMilli() }

func fromMillis(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
