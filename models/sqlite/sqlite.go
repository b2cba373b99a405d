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

const (
	// patience is how long a call may take, waiting for its turn to write included, among the goroutines of this
	// process and among processes.
	patience = 2500 * time.Millisecond

	// applicationID marks the files of gin-blog ("gblg"), so that no other program's file is taken for one.
	applicationID = 0x67626c67
)

//go:embed migrations/*.sql
var migrations embed.FS

// Store is a models.Store in a file. SQLite allows one writer at a time, so writes go through a connection of
// their own while reads share a pool; in WAL mode neither waits for the other.
type Store struct {
	path    string
	writer  *sqlitex.Pool
	readers *sqlitex.Pool
	closing sync.Once
	stop    context.CancelFunc // ends the purge of sessions
	purging sync.WaitGroup
}

var _ models.Store = (*Store)(nil)

// Open opens the file at path, or makes it, readable by its owner only, and brings its schema up to date.
// A file that a newer gin-blog wrote, or another program, is refused.
func Open(ctx context.Context, path string) (*Store, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}

	s := &Store{path: path}
	// A commit is on the disk before it is answered.
	s.writer, err = connect(path, 1, `PRAGMA synchronous = FULL`, `PRAGMA foreign_keys = ON`)
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	if err := s.migrate(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", path, err), s.writer.Close())
	}
	s.readers, err = connect(path, runtime.GOMAXPROCS(0)+1, `PRAGMA query_only = ON`)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", path, err), s.writer.Close())
	}
	ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	s.purging.Go(func() { s.keepPurging(ctx) })
	return s, nil
}

// connect makes a pool of n connections with some settings. The path is no URI: a ? or % in it is part of the name.
func connect(path string, n int, settings ...string) (*sqlitex.Pool, error) {
	return sqlitex.NewPool(path, sqlitex.PoolOptions{
		Flags:    sqlite.OpenReadWrite | sqlite.OpenCreate | sqlite.OpenWAL,
		PoolSize: n,
		PrepareConn: func(conn *sqlite.Conn) error {
			for _, setting := range settings {
				if err := sqlitex.ExecuteTransient(conn, setting, nil); err != nil {
					return err
				}
			}
			return nil
		},
	})
}

// migrate applies the numbered migrations that the file has not seen, each in a transaction that two processes cannot
// both be in.
func (s *Store) migrate(ctx context.Context) error {
	schema := sqlitemigration.Schema{AppID: applicationID}
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	for _, name := range names {
		script, err := migrations.ReadFile(name)
		if err != nil {
			return err
		}
		schema.Migrations = append(schema.Migrations, string(script))
	}
	return s.write(ctx, "migrate", func(conn *sqlite.Conn) error {
		var version int
		err := sqlitex.ExecuteTransient(conn, `PRAGMA user_version`, &sqlitex.ExecOptions{
			ResultFunc: func(row *sqlite.Stmt) error {
				version = row.ColumnInt(0)
				return nil
			},
		})
		if err != nil {
			return err
		}
		if version > len(schema.Migrations) {
			return fmt.Errorf("its schema has version %d and this gin-blog knows %d: run a newer gin-blog", version, len(schema.Migrations))
		}
		return sqlitemigration.Migrate(ctx, conn, schema)
	})
}

// Path is the file the store is kept in.
func (s *Store) Path() string { return s.path }

// Ping reads from the file, which must still be where it was opened.
func (s *Store) Ping(ctx context.Context) error {
	if _, err := os.Stat(s.path); err != nil {
		return fmt.Errorf("ping: %w: %w", models.ErrUnavailable, err)
	}
	return s.read(ctx, "ping", func(conn *sqlite.Conn) error {
		return sqlitex.Execute(conn, `SELECT 1 FROM posts LIMIT 1`, nil)
	})
}

// Close waits for running statements and closes the file; the last connection folds the WAL into it.
func (s *Store) Close(context.Context) (err error) {
	s.closing.Do(func() {
		s.stop()
		s.purging.Wait()
		err = errors.Join(s.readers.Close(), s.writer.Close())
	})
	return err
}

// read runs f with a connection that reads. Whatever f does ends with ctx.
func (s *Store) read(ctx context.Context, doing string, f func(*sqlite.Conn) error) error {
	return use(ctx, s.readers, doing, f)
}

// write runs f with the connection that writes, when its turn comes.
func (s *Store) write(ctx context.Context, doing string, f func(*sqlite.Conn) error) error {
	return use(ctx, s.writer, doing, f)
}

// writeAll is write for several statements that happen all or not at all.
func (s *Store) writeAll(ctx context.Context, doing string, f func(*sqlite.Conn) error) error {
	return s.write(ctx, doing, func(conn *sqlite.Conn) (err error) {
		end, err := sqlitex.ImmediateTransaction(conn)
		if err != nil {
			return err
		}
		defer end(&err)
		return f(conn)
	})
}

func use(ctx context.Context, pool *sqlitex.Pool, doing string, f func(*sqlite.Conn) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := pool.Take(ctx)
	if err == nil {
		defer pool.Put(conn)
		err = f(conn)
	}
	switch {
	case err == nil:
		return nil
	case sqlite.ErrCode(err) == sqlite.ResultInterrupt && ctx.Err() != nil:
		err = ctx.Err()
	}
	if isUnavailable(err) {
		return fmt.Errorf("%s: %w: %w", doing, models.ErrUnavailable, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// isUnavailable tells the errors that a later try may not meet.
func isUnavailable(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	switch sqlite.ErrCode(err).ToPrimary() {
	case sqlite.ResultBusy, sqlite.ResultLocked, sqlite.ResultFull, sqlite.ResultIOErr, sqlite.ResultReadOnly, sqlite.ResultCantOpen:
		return true
	}
	return false
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
