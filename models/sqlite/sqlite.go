// Package sqlite keeps the blog in one SQLite file, in the process itself.
package sqlite

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"sync"
	"sync/atomic"

	"zombiezen.com/go/sqlite"

	"gin-blog/models"
)

// Store is a models.Store in a file. SQLite allows one writer at a time, so one connection writes, and others read.
// In WAL mode neither waits for the other.
type Store struct {
	path     string
	use      models.Use
	log      *slog.Logger
	observe  models.Observer
	ready    atomic.Bool // whether the store is open; before, nobody but open uses what follows
	file     os.FileInfo // the file at path when it was opened
	readers  chan *sqlite.Conn
	opened   int           // number of readers
	searches chan struct{} // holds one element for each search that may begin: one less than there are readers
	writes   chan *write
	closed   chan struct{}
	closing  sync.Once
	running  sync.WaitGroup // of the goroutine that writes
	writer   *sqlite.Conn
	version  *walIndex // nil where it cannot be read
}

var (
	_ models.Store     = (*Store)(nil)
	_ models.Versioned = (*Store)(nil)
)

// New returns a store for the file at path, of which every call returns models.ErrUnavailable until Start. It changes
// nothing. It refuses a file that is empty, damaged, of a newer gin-blog, of another program or an unfinished copy, and
// for all but a server also one of an older gin-blog. There may be no file. log is told of migrations; observe receives
// each operation, and may be nil.
func New(
	ctx context.Context, path string, use models.Use, log *slog.Logger, observe models.Observer,
) (*Store, error) {
	s := newStore(path, log, observe)
	s.use = use
	if err := s.check(ctx); err != nil {
		return nil, s.describe(err)
	}
	return s, nil
}

// check returns an error if there is a file that must not, or cannot, be opened to read and write it.
func (s *Store) check(ctx context.Context) error {
	f, err := inspect(ctx, s.path)
	if err != nil || f.missing {
		return err
	}
	older := f.version < len(scripts)
	switch {
	case f.copySource != "" && older:
		return fmt.Errorf("it is an unfinished copy of %s by an older gin-blog: delete it", f.copySource)
	case !older || s.use != models.ToServe:
		err = compareVersion(f.version)
	}
	if err == nil && s.use != models.ToCopyTo {
		err = models.CheckWhole(f.copySource)
	}
	if err != nil || s.use == models.ToCopyFrom {
		return err
	}
	writable, err := os.OpenFile(s.path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return writable.Close()
}

// Start opens the file, and creates one that only its owner can read if there is none. For a server it brings a file up
// to date that an older gin-blog made, and keeps a copy of the old file beside it. For a copy to read from, it opens a
// file that exists, to which a server may write meanwhile. If Start fails, the file is as it was.
func (s *Store) Start(ctx context.Context) error {
	switch s.use {
	case models.ToServe:
		return s.startServer(ctx)
	case models.ToCopyFrom:
		return s.openSource()
	default:
		return s.open(ctx, func(_ context.Context, writer *sqlite.Conn) error {
			version, err := schemaVersion(writer)
			return cmp.Or(err, compareVersion(version))
		})
	}
}

func (s *Store) startServer(ctx context.Context) error {
	if hasLog(s.path) { // the last connection to be closed copies it into the file, if it may write
		last, err := open(s.path, sqlite.OpenReadOnly)
		if err != nil {
			return s.describe(err)
		}
		defer last.Close()
		if _, err := schemaVersion(last); err != nil { // SQLite opens a file when it reads from it
			return s.describe(err)
		}
	}
	return s.open(ctx, s.migrate)
}

// openSource opens connections that only read: methods that write return models.ErrUnavailable.
func (s *Store) openSource() (err error) {
	if s.file, err = os.Stat(s.path); err == nil {
		err = s.openReaders(func() (*sqlite.Conn, error) { return open(s.path, sqlite.OpenReadOnly) })
	}
	if err != nil {
		return errors.Join(s.describe(err), s.disconnect())
	}
	s.ready.Store(true)
	return nil
}

// open opens the connections. prepare is called with the one that writes before there are others.
func (s *Store) open(ctx context.Context, prepare func(ctx context.Context, writer *sqlite.Conn) error) (err error) {
	defer func() {
		if err != nil {
			err = errors.Join(s.describe(err), s.disconnect())
		}
	}()
	if err := s.create(ctx); err != nil {
		return err
	}
	if s.file, err = os.Stat(s.path); err != nil {
		return err
	}
	if s.writer, err = connectWriter(s.path); err != nil {
		return err
	}
	if err := prepare(ctx, s.writer); err != nil {
		return err
	}
	if err := useWAL(s.writer); err != nil {
		return err
	}
	if err := s.openReaders(func() (*sqlite.Conn, error) { return connectReader(s.path) }); err != nil {
		return err
	}
	s.version = openWALIndex(s.path)
	s.ready.Store(true)
	s.running.Go(func() { s.runWriter(s.writer) })
	return nil
}

// describe names the file that an error is about.
func (s *Store) describe(err error) error {
	return fmt.Errorf("open database %s: %w", s.path, describeDamage(err))
}

// usable returns models.ErrUnavailable before the store is open and after it was closed.
func (s *Store) usable() error {
	select {
	case <-s.closed:
		return errClosed
	default:
	}
	if !s.ready.Load() {
		return errNotOpen
	}
	return nil
}

// newStore returns a store without connections.
func newStore(path string, log *slog.Logger, observe models.Observer) *Store {
	searches := runtime.GOMAXPROCS(0)
	s := &Store{
		path: path, log: log, observe: observe, searches: make(chan struct{}, searches),
		readers: make(chan *sqlite.Conn, searches+1), writes: make(chan *write), closed: make(chan struct{}),
	}
	for range searches {
		s.searches <- struct{}{}
	}
	return s
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

// Ping reads from the file, which must still be where it was opened.
func (s *Store) Ping(ctx context.Context) error {
	return s.read(ctx, "ping", func(conn *sqlite.Conn) error {
		if err := s.checkFile(); err != nil {
			return err
		}
		return exec(conn, `SELECT 1 FROM posts LIMIT 1`)
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
	if s.usable() != nil {
		return models.PoolStats{}
	}
	idle := len(s.readers)
	return models.PoolStats{InUse: s.opened - idle, Idle: idle, Max: s.opened}
}

// DataVersion implements models.Versioned. The header of the WAL-index changes with every commit of any connection, in
// this process or in another (https://www.sqlite.org/walformat.html).
func (s *Store) DataVersion(context.Context) (int64, error) {
	if err := s.usable(); err != nil {
		return 0, err
	}
	if s.version == nil {
		return 0, fmt.Errorf("read the WAL-index: %w", errors.ErrUnsupported)
	}
	return s.version.dataVersion()
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
	for ; s.opened > 0; s.opened-- {
		errs = append(errs, (<-s.readers).Close())
	}
	if s.writer != nil {
		errs = append(errs, s.writer.Close())
		s.writer = nil
	}
	return errors.Join(errs...)
}

// before returns the bound of a page that starts after an id. The zero id starts with the newest.
func before(after models.ID) models.ID {
	if after.IsZero() {
		return models.MaxID()
	}
	return after
}
