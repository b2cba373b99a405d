package sqlite

import (
	"context"
	"fmt"
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
	defer conn.SetInterrupt(conn.SetInterrupt(ctx.Done()))

	results := make([]error, len(batch))
	err := s.checkFile() // before, so that most of the writes that get an error are not done
	if err == nil {
		err = commitBatch(conn, batch, results)
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

// commitBatch runs writes in one transaction and fills in their results. It sets those to nil in batch whose caller
// gave up. If it returns an error, none of the writes is kept.
func commitBatch(conn *sqlite.Conn, batch []*write, results []error) (err error) {
	defer func() { // a mistake in one request must not end the process
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in a write: %v", p)
		}
	}()
	end, err := sqlitex.ImmediateTransaction(conn)
	if err != nil {
		return err
	}
	defer end(&err)
	if len(batch) == 1 { // needs no savepoint, which would copy every page that the write changes
		if !batch[0].claimed.CompareAndSwap(false, true) {
			batch[0] = nil
			return nil
		}
		return batch[0].change(conn)
	}
	for i, w := range batch {
		if !w.claimed.CompareAndSwap(false, true) {
			batch[i] = nil
			continue
		}
		results[i] = runWrite(conn, w.change)
		if conn.AutocommitEnabled() { // the error was so grave that SQLite rolled the transaction back
			return results[i]
		}
	}
	return nil
}

// runWrite runs a change, and undoes what it did if it fails.
func runWrite(conn *sqlite.Conn, change func(*sqlite.Conn) error) (err error) {
	defer sqlitex.Save(conn)(&err)
	return change(conn)
}
