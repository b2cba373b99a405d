package sqlite

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"

	"gin-blog/models"
)

// connect opens a connection to the file at path, which must exist, and applies settings to it. A ? or % in the path is
// part of the name, not of a URI.
func connect(path string, settings ...string) (*sqlite.Conn, error) {
	conn, err := open(path, sqlite.OpenReadWrite)
	if err != nil {
		return nil, err
	}
	for _, setting := range settings {
		err = errors.Join(err, exec(conn, setting))
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// maxIdleLog is how many bytes the write-ahead log keeps of the disk once what it held is in the file. In daily use it
// has about 4 MB, and a limit near that would shrink and extend it again and again.
const maxIdleLog = 16 << 20

// connectWriter opens the connection that writes. With synchronous = FULL a commit returns when it is on the disk. The
// triggers on posts call fold_words, and so do migrations. A connection that only reads does without it.
func connectWriter(path string) (*sqlite.Conn, error) {
	conn, err := connect(path, `PRAGMA synchronous = FULL`, `PRAGMA foreign_keys = ON`,
		fmt.Sprintf(`PRAGMA journal_size_limit = %d`, maxIdleLog))
	return define(conn, err, "fold_words", 2, func(args []sqlite.Value) sqlite.Value {
		return sqlite.TextValue(strings.Join(models.SearchTerms(args[0].Text(), args[1].Text()), " "))
	})
}

// connectReader opens a connection that only reads. Searches call has_words. To read the schema opens the files, also
// the WAL-index: later there may be no descriptor left for them.
func connectReader(path string) (*sqlite.Conn, error) {
	conn, err := connect(path, `PRAGMA query_only = ON`, `SELECT count(*) FROM sqlite_schema`)
	return define(conn, err, "has_words", 3, func(args []sqlite.Value) sqlite.Value {
		if models.Words(args[0].Text()).OccurIn(args[1].Text(), args[2].Text()) {
			return sqlite.IntegerValue(1)
		}
		return sqlite.IntegerValue(0)
	})
}

// define gives a connection a function of SQL, which triggers may call, unless there is an error already.
func define(
	conn *sqlite.Conn, err error, name string, parameters int, function func([]sqlite.Value) sqlite.Value,
) (*sqlite.Conn, error) {
	if err != nil {
		return nil, err
	}
	err = conn.CreateFunction(name, &sqlite.FunctionImpl{
		NArgs:         parameters,
		Deterministic: true,
		AllowIndirect: true,
		Scalar:        func(_ sqlite.Context, args []sqlite.Value) (sqlite.Value, error) { return function(args), nil },
	})
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// open opens a connection.
func open(path string, flags sqlite.OpenFlags) (conn *sqlite.Conn, err error) {
	err = retryBusy(func() error {
		conn, err = sqlite.OpenConn(path, flags)
		return err
	})
	return conn, err
}

// useWAL makes the file have a write-ahead log, as every file has but a backup.
func useWAL(conn *sqlite.Conn) error {
	return retryBusy(func() error { return exec(conn, `PRAGMA journal_mode = WAL`) })
}

// retryBusy retries while another process does what SQLite does not wait for, such as switching a file to WAL.
func retryBusy(do func() error) error {
	for deadline := time.Now().Add(models.CallTimeout); ; time.Sleep(5 * time.Millisecond) {
		err := do()
		if sqlite.ErrCode(err).ToPrimary() != sqlite.ResultBusy || time.Now().After(deadline) {
			return err
		}
	}
}

// read runs a short query on a connection that only reads. The query does not end with ctx: to watch it would cost
// as much as the query.
func (s *Store) read(ctx context.Context, operation string, query func(*sqlite.Conn) error) error {
	return s.observe.Do(operation, func() error { return s.withReader(ctx, query) })
}

// change is execOne in a transaction of its own.
func (s *Store) change(ctx context.Context, operation string, missing error, statement string, args ...any) error {
	return s.write(ctx, operation, func(conn *sqlite.Conn) error {
		return execOne(conn, missing, statement, args...)
	})
}

// search runs a query that may take long. It ends with ctx, or with models.ErrSearchTooLong after models.SearchTimeout,
// waiting for its turn included. One reader is always left for short queries.
func (s *Store) search(ctx context.Context, operation string, query func(*sqlite.Conn) error) error {
	return s.observe.Do(operation, func() error {
		ctx, done := models.LimitWait(ctx, models.CallTimeout)
		defer done()
		ctx, cancel := context.WithTimeoutCause(ctx, models.SearchTimeout, models.ErrSearchTooLong)
		defer cancel()
		turn, err := take(ctx, s, s.searches)
		if err != nil {
			return classify(err)
		}
		defer func() { s.searches <- turn }()
		return s.withReader(ctx, func(conn *sqlite.Conn) error {
			defer conn.SetInterrupt(conn.SetInterrupt(ctx.Done()))
			err := query(conn)
			if sqlite.ErrCode(err) == sqlite.ResultInterrupt && ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return err
		})
	})
}

// withReader lends query a connection that only reads.
func (s *Store) withReader(ctx context.Context, query func(*sqlite.Conn) error) error {
	conn, err := take(ctx, s, s.readers)
	if err != nil {
		return classify(err)
	}
	defer func() { s.readers <- conn }()
	return classify(query(conn))
}

// take waits for one of the things that a channel holds. The caller puts it back.
func take[T any](ctx context.Context, s *Store, from chan T) (thing T, err error) {
	if err := s.usable(); err != nil {
		return thing, err
	}
	select {
	case thing = <-from: // the usual case, without the cost of a timer
		return thing, nil
	default:
	}
	ctx, done := models.LimitWait(ctx, models.CallTimeout)
	defer done()
	select {
	case thing = <-from:
		return thing, nil
	case <-s.closed:
		return thing, errClosed
	case <-ctx.Done():
		return thing, context.Cause(ctx)
	}
}

var (
	// errClosed is the answer of a store after Close.
	errClosed = fmt.Errorf("%w: the store is closed", models.ErrUnavailable)
	// errNotOpen is the answer of a store before it is open.
	errNotOpen = fmt.Errorf("%w: the file is being opened", models.ErrUnavailable)
)

// classify marks the errors of SQLite after which a later try may succeed, as models.ErrUnavailable or ErrDiskFull.
func classify(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%w: %w", models.ErrUnavailable, err)
	}
	if isDiskFull(err) {
		return fmt.Errorf("%w: %w", models.ErrDiskFull, err)
	}
	switch sqlite.ErrCode(err).ToPrimary() {
	case sqlite.ResultBusy, sqlite.ResultLocked, sqlite.ResultIOErr, sqlite.ResultReadOnly, sqlite.ResultCantOpen:
		return fmt.Errorf("%w: %w", models.ErrUnavailable, err)
	}
	return err
}

// isDiskFull returns whether SQLite had no room for what it wrote, to the file or to the WAL-index.
func isDiskFull(err error) bool {
	code := sqlite.ErrCode(err)
	return code == sqlite.ResultFull || code == sqlite.ResultIOErrSHMSize
}
