package sqlite

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync/atomic"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"gin-blog/models"
)

// maxBatch is how many writes share a commit at most.
const maxBatch = 64

// write is a change that waits for the writer.
type write struct {
	change func(*sqlite.Conn) error
	result chan error
	// claimed is set by whoever comes first: the writer, which then runs the change, or the caller, which gave up.
	claimed atomic.Bool
}

// write runs change in a transaction. If change fails, what it did is undone; if write returns nil, it is on the
// disk. Writes that wait at the same time share one transaction, because a commit spends most of its time waiting
// for the disk.
func (s *Store) write(ctx context.Context, operation string, change func(*sqlite.Conn) error) error {
	return s.observe.Do(operation, func() error {
		ctx, done := models.LimitWait(ctx, models.CallTimeout)
		defer done()
		return classify(s.enqueue(ctx, &write{change: change, result: make(chan error, 1)}))
	})
}

// enqueue hands a write to the writer and waits for the result. When ctx ends before the writer has begun, the
// write is not run; when it ends later, enqueue waits for the result all the same.
func (s *Store) enqueue(ctx context.Context, w *write) error {
	if err := s.usable(); err != nil {
		return err
	}
	select {
	case s.writes <- w:
	case <-s.closed:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-w.result:
		return err
	case <-ctx.Done():
		if w.claimed.CompareAndSwap(false, true) {
			return ctx.Err()
		}
		return <-w.result
	}
}

// runWriter runs writes until the store is closed.
func (s *Store) runWriter(conn *sqlite.Conn) {
	for {
		select {
		case first := <-s.writes:
			s.runBatch(conn, s.collectBatch(first))
		case <-s.closed:
			return
		}
	}
}

// collectBatch adds to the first write those that wait behind it. The channel has no buffer, so each of them has a
// caller who waits.
func (s *Store) collectBatch(first *write) []*write {
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

// runBatch runs writes in one transaction, in which each may fail alone, and sends the results after the commit.
func (s *Store) runBatch(conn *sqlite.Conn, batch []*write) {
	ctx, cancel := context.WithTimeout(context.Background(), models.CallTimeout) // another process may hold the lock
	defer cancel()
	results := make([]error, len(batch))
	err := s.checkFile() // before, so that most of the writes that get an error are not done
	if err == nil {
		err = safely(func() error {
			return inTransaction(ctx, conn, func() error { return runAll(conn, batch, results) })
		})
		if err != nil && ctx.Err() != nil {
			err = ctx.Err()
		}
	}
	if err == nil {
		err = s.checkFile() // after, because the file may have gone meanwhile
	}
	for i, w := range batch {
		switch {
		case w == nil: // its caller gave up
		case err != nil:
			w.claimed.Store(true)
			w.result <- err
		default:
			w.result <- results[i]
		}
	}
}

// runAll runs writes and fills in their results. It sets those to nil in batch whose caller gave up. If it returns an
// error, none of the writes may be kept.
func runAll(conn *sqlite.Conn, batch []*write, results []error) error {
	for i, w := range batch {
		if !w.claimed.CompareAndSwap(false, true) {
			batch[i] = nil
			continue
		}
		if len(batch) == 1 { // needs no savepoint, which would copy every page that the write changes
			return safely(func() error { return w.change(conn) })
		}
		results[i] = w.runAlone(conn)
		if conn.AutocommitEnabled() { // the error was so grave that SQLite rolled the transaction back
			return results[i]
		}
	}
	return nil
}

// runAlone runs a change, and undoes what it did if it fails.
func (w *write) runAlone(conn *sqlite.Conn) (err error) {
	defer sqlitex.Save(conn)(&err)
	return safely(func() error { return w.change(conn) })
}

// safely returns a panic as an error: a mistake in one write must end neither the process nor the other writes.
func safely(run func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in a write: %v\n%s", p, debug.Stack())
		}
	}()
	return run()
}
