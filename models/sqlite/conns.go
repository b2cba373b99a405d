package sqlite

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"gin-blog/models"
)

const (
	// patience is how long a call may take, waiting for its turn included, among the goroutines of this process and among
	// processes.
	patience = 2500 * time.Millisecond
	// searchPatience is how long a search may take, waiting included.
	searchPatience = 2 * time.Second
	// maxBatch is how many writes share a commit at most.
	maxBatch = 64
)

// connect opens a connection to the file at path with some settings. The path is no URI: a ? or % in it is part of the name.
func connect(path string, settings ...string) (*sqlite.Conn, error) {
	conn, err := open(path, sqlite.OpenReadWrite|sqlite.OpenCreate|sqlite.OpenWAL)
	if err != nil {
		return nil, err
	}
	for _, setting := range settings {
		if err := sqlitex.ExecuteTransient(conn, setting, nil); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	return conn, nil
}

// open opens a connection. Who makes a new file a WAL needs it alone for a moment, and SQLite does not wait for that.
func open(path string, flags sqlite.OpenFlags) (conn *sqlite.Conn, err error) {
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		conn, err = sqlite.OpenConn(path, flags)
		if sqlite.ErrCode(err).ToPrimary() != sqlite.ResultBusy || time.Now().After(deadline) {
			return conn, err
		}
	}
}

// read runs f with a connection that reads, without watching ctx meanwhile: that would cost as much as a short query.
func (s *Store) read(ctx context.Context, doing string, f func(*sqlite.Conn) error) error {
	conn, err := s.takeReader(ctx)
	if err != nil {
		return explain(doing, err)
	}
	defer func() { s.readers <- conn }()
	return explain(doing, f(conn))
}

// takeReader waits for a connection that reads.
func (s *Store) takeReader(ctx context.Context) (*sqlite.Conn, error) {
	select {
	case <-s.closed:
		return nil, errClosed
	case conn := <-s.readers: // without a timer where one is free
		return conn, nil
	default:
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case <-s.closed:
		return nil, errClosed
	case conn := <-s.readers:
		return conn, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// readLong is read for a query that may take long: it ends with ctx, or after searchPatience. There is always a reader that no
// such query has.
func (s *Store) readLong(ctx context.Context, doing string, f func(*sqlite.Conn) error) error {
	ctx, cancel := context.WithTimeout(ctx, searchPatience)
	defer cancel()
	select {
	case s.searches <- struct{}{}:
		defer func() { <-s.searches }()
	case <-ctx.Done():
		return explain(doing, ctx.Err())
	}
	return s.read(ctx, doing, func(conn *sqlite.Conn) error {
		defer conn.SetInterrupt(conn.SetInterrupt(ctx.Done()))
		err := f(conn)
		if sqlite.ErrCode(err) == sqlite.ResultInterrupt && ctx.Err() != nil {
			return ctx.Err()
		}
		return err
	})
}

// write is a change that waits for its turn.
type write struct {
	f    func(*sqlite.Conn) error
	done chan error
	// taken is set by whoever comes first: the writer, who then runs f, or the caller, who then no longer wants it.
	taken atomic.Bool
}

// write runs f in a transaction: what f did is undone where it fails, and on the disk where write returns nil. Writes that
// wait together share one transaction, since most of the time of a commit is the disk's.
func (s *Store) write(ctx context.Context, doing string, f func(*sqlite.Conn) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	w := &write{f: f, done: make(chan error, 1)}
	select {
	case <-s.closed:
		return fmt.Errorf("%s: %w", doing, errClosed)
	default:
	}
	select {
	case s.writes <- w:
	case <-s.closed:
		return fmt.Errorf("%s: %w", doing, errClosed)
	case <-ctx.Done():
		return explain(doing, ctx.Err())
	}
	select {
	case err := <-w.done:
		return explain(doing, err)
	case <-ctx.Done():
		if w.taken.CompareAndSwap(false, true) {
			return explain(doing, ctx.Err())
		}
		return explain(doing, <-w.done)
	}
}

// keepWriting runs writes until the store is closed.
func (s *Store) keepWriting(conn *sqlite.Conn) {
	for {
		select {
		case first := <-s.writes:
			s.runBatch(conn, s.collect(first))
		case <-s.closed:
			return
		}
	}
}

// collect takes the writes that wait behind a first one: the channel has no buffer, so whoever is in it waits.
func (s *Store) collect(first *write) []*write {
	batch := []*write{first}
	for len(batch) < maxBatch {
		select {
		case next := <-s.writes:
			batch = append(batch, next)
		default:
			return batch
		}
	}
	return batch
}

// runBatch runs writes in one transaction, each of which may fail alone, and answers them once that is on the disk, in the file
// at the store's path.
func (s *Store) runBatch(conn *sqlite.Conn, batch []*write) {
	ctx, cancel := context.WithTimeout(context.Background(), patience) // another process may hold the lock
	defer cancel()
	defer conn.SetInterrupt(conn.SetInterrupt(ctx.Done()))

	errs := make([]error, len(batch))
	err := func() (err error) {
		defer func() { // one request's mistake is not the end of the process
			if p := recover(); p != nil {
				err = fmt.Errorf("panic in a write: %v", p)
			}
		}()
		end, err := sqlitex.ImmediateTransaction(conn)
		if err != nil {
			return err
		}
		defer end(&err)
		for i, w := range batch {
			if !w.taken.CompareAndSwap(false, true) {
				batch[i] = nil
				continue
			}
			errs[i] = runOne(conn, w.f)
			if conn.AutocommitEnabled() { // an error so grave that SQLite rolled all back
				return errs[i]
			}
		}
		return nil
	}()
	if err != nil && ctx.Err() != nil {
		err = ctx.Err()
	}
	if err == nil {
		if gone := s.inPlace(); gone != nil {
			err = fmt.Errorf("%w: %w", models.ErrUnavailable, gone)
		}
	}
	for i, w := range batch {
		switch {
		case w == nil:
		case err != nil:
			w.taken.Store(true)
			w.done <- err
		default:
			w.done <- errs[i]
		}
	}
}

// runOne undoes what f did where it fails.
func runOne(conn *sqlite.Conn, f func(*sqlite.Conn) error) (err error) {
	defer sqlitex.Save(conn)(&err)
	return f(conn)
}

var errClosed = errors.New("the store is closed")

// explain says what was being done and marks the errors that a later try may not meet.
func explain(doing string, err error) error {
	if err == nil {
		return nil
	}
	if isUnavailable(err) {
		return fmt.Errorf("%s: %w: %w", doing, models.ErrUnavailable, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

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
