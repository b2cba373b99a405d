// Package sqlite keeps the blog in one SQLite file, in the process itself.
package sqlite

import (
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

// applicationID ("gblg") marks the files of gin-blog, to tell them from files of other programs.
const applicationID = 0x67626c67

//go:embed migrations/*.sql
var migrations embed.FS

// Store is a models.Store in a file. SQLite allows one writer at a time, so one connection writes, and others read.
// In WAL mode neither waits for the other.
type Store struct {
	path     string
	observe  models.Observer
	file     os.FileInfo // the file at path when it was opened
	readers  chan *sqlite.Conn
	opened   int           // number of readers
	searches chan struct{} // holds one element for each running search; its capacity is below the number of readers
	writes   chan *write
	closed   chan struct{}
	closing  sync.Once
	running  sync.WaitGroup // of the goroutines that write and that purge sessions
	writer   *sqlite.Conn
	version  versionReader
}

var (
	_ models.Store     = (*Store)(nil)
	_ models.Versioned = (*Store)(nil)
)

// Open opens the file at path and brings its schema up to date. If there is no file, it creates one that only its
// owner can read. It refuses a damaged file, a file of a newer gin-blog and a file of another program, and leaves
// it unchanged. It also refuses an unfinished copy. observe receives each operation; it may be nil.
func Open(ctx context.Context, path string, observe models.Observer) (*Store, error) {
	s, err := OpenTarget(ctx, path, observe)
	if err != nil {
		return nil, err
	}
	source, err := s.CopySource(ctx)
	if err == nil {
		err = models.CheckWhole(source)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", path, err), s.Close(ctx))
	}
	return s, nil
}

// OpenTarget is Open for a copy to write to: it also opens an unfinished one, which the copy refuses.
func OpenTarget(ctx context.Context, path string, observe models.Observer) (_ *Store, err error) {
	s := newStore(path, observe)
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("open database %s: %w", path, describeDamage(err)), s.disconnect())
		}
	}()
	schema, err := newSchema()
	if err != nil {
		return nil, err
	}
	if err := checkWAL(path); err != nil {
		return nil, err
	}
	if s.file, err = createFile(path); err != nil {
		return nil, err
	}
	if err := inspect(ctx, path, len(schema.Migrations)); err != nil {
		return nil, err
	}
	// With synchronous = FULL a commit returns when it is on the disk.
	if s.writer, err = connect(path, `PRAGMA synchronous = FULL`, `PRAGMA foreign_keys = ON`); err != nil {
		return nil, err
	}
	if err := addSearchFunctions(s.writer); err != nil {
		return nil, err
	}
	if err := migrate(ctx, s.writer, schema); err != nil {
		return nil, err
	}
	if err := s.openReaders(func() (*sqlite.Conn, error) { return connect(path, `PRAGMA query_only = ON`) }); err != nil {
		return nil, err
	}
	if err := s.version.open(path); err != nil {
		return nil, err
	}
	s.running.Go(func() { s.runWriter(s.writer) })
	s.running.Go(s.runPurge)
	return s, nil
}

// newStore returns a store without connections.
func newStore(path string, observe models.Observer) *Store {
	readers := runtime.GOMAXPROCS(0) + 1
	return &Store{
		path: path, observe: observe, searches: make(chan struct{}, readers-1), readers: make(chan *sqlite.Conn, readers),
		writes: make(chan *write), closed: make(chan struct{}),
	}
}

// openReaders opens as many connections to read as the store may have.
func (s *Store) openReaders(connect func() (*sqlite.Conn, error)) error {
	for range cap(s.readers) {
		conn, err := connect()
		if err != nil {
			return err
		}
		s.readers <- conn
		s.opened++
	}
	return nil
}

// createFile creates the file if there is none, and returns its identity.
func createFile(path string) (os.FileInfo, error) {
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

// migrateTimeout bounds all migrations of a file, also while another process does them. To index a million posts again
// takes less than a minute on two cores, and some minutes on a slow disk.
const migrateTimeout = 30 * time.Minute

// migrate applies the migrations that the file lacks. Each runs in a transaction that excludes other processes. If it
// does not end, the file stays as it was.
func migrate(ctx context.Context, conn *sqlite.Conn, schema sqlitemigration.Schema) error {
	ctx, cancel := context.WithTimeout(ctx, migrateTimeout)
	defer cancel()
	version, err := pragma(conn, `PRAGMA user_version`)
	if err != nil {
		return err
	}
	if version == len(schema.Migrations) { // needs no lock, which another process may hold
		return nil
	}
	return sqlitemigration.Migrate(ctx, conn, schema)
}

// pragma returns the number that a query finds.
func pragma(conn *sqlite.Conn, query string) (value int, err error) {
	err = sqlitex.ExecuteTransient(conn, query, &sqlitex.ExecOptions{
		ResultFunc: func(row *sqlite.Stmt) error { value = row.ColumnInt(0); return nil },
	})
	return value, err
}

// Ping reads from the file, which must still be where it was opened.
func (s *Store) Ping(ctx context.Context) error {
	return s.read(ctx, "ping", func(conn *sqlite.Conn) error {
		if err := s.checkFile(); err != nil {
			return err
		}
		return sqlitex.Execute(conn, `SELECT 1 FROM posts LIMIT 1`, nil)
	})
}

// checkFile returns models.ErrUnavailable if the file that was opened is no longer at its path: what is written to it
// would be lost when the process ends.
func (s *Store) checkFile() error {
	info, err := os.Stat(s.path)
	if err != nil {
		return fmt.Errorf("%w: the database file was removed: %w", models.ErrUnavailable, err)
	}
	if !os.SameFile(s.file, info) {
		return fmt.Errorf("%w: the database file %s was replaced: restart gin-blog", models.ErrUnavailable, s.path)
	}
	return nil
}

// Pool counts the connections that only read. One more connection writes.
func (s *Store) Pool() models.PoolStats {
	idle := len(s.readers)
	return models.PoolStats{InUse: s.opened - idle, Idle: idle, Max: s.opened}
}

// Close waits until running operations have ended and closes the file. The last connection copies the WAL into it.
func (s *Store) Close(context.Context) (err error) {
	s.closing.Do(func() {
		close(s.closed)
		s.running.Wait()
		err = s.disconnect()
	})
	return err
}

// disconnect waits for the connections that are in use and closes all.
func (s *Store) disconnect() error {
	var errs []error
	for range s.opened {
		errs = append(errs, (<-s.readers).Close())
	}
	errs = append(errs, s.version.close())
	if s.writer != nil {
		errs = append(errs, s.writer.Close())
	}
	return errors.Join(errs...)
}

// before returns the bound of a page that starts after an id. The zero id starts with the newest.
func before(after models.ID) []byte {
	if after.IsZero() {
		after = models.MaxID()
	}
	return after[:]
}
