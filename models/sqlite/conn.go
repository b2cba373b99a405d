package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"gin-blog/models"
)

// connect opens a connection that reads, to the file at path, which must exist. A ? or % in the path is part of the
// name, not of a URI.
func connect(path string) (*sqlite.Conn, error) {
	return openWith(path, `PRAGMA query_only = ON`)
}

// openWriter opens the connection that writes. With synchronous = FULL a commit returns when it is on the disk.
func openWriter(path string) (*sqlite.Conn, error) {
	conn, err := openWith(path, `PRAGMA synchronous = FULL`, `PRAGMA foreign_keys = ON`)
	if err != nil {
		return nil, err
	}
	if err := addSearchFunctions(conn); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// openWith opens a connection that may write, and applies settings to it.
func openWith(path string, settings ...string) (*sqlite.Conn, error) {
	conn, err := open(path, sqlite.OpenReadWrite)
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
	return retryBusy(func() error { return sqlitex.ExecuteTransient(conn, `PRAGMA journal_mode = WAL`, nil) })
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

// search runs a query that may take long. It ends with ctx, or with models.ErrSearchTooLong after models.SearchTimeout,
// waiting for its turn included. One reader is always left for short queries.
func (s *Store) search(ctx context.Context, operation string, query func(*sqlite.Conn) error) error {
	return s.observe.Do(operation, func() error {
		ctx, done := models.LimitWait(ctx, models.CallTimeout)
		defer done()
		ctx, cancel := context.WithTimeoutCause(ctx, models.SearchTimeout, models.ErrSearchTooLong)
		defer cancel()
		if err := s.usable(); err != nil {
			return err
		}
		select {
		case s.searches <- struct{}{}:
			defer func() { <-s.searches }()
		case <-s.closed:
			return errClosed
		case <-ctx.Done():
			return classify(context.Cause(ctx))
		}
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
	conn, err := s.takeReader(ctx)
	if err != nil {
		return classify(err)
	}
	defer func() { s.readers <- conn }()
	return classify(query(conn))
}

// takeReader waits for a connection that only reads.
func (s *Store) takeReader(ctx context.Context) (*sqlite.Conn, error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	select {
	case conn := <-s.readers: // the usual case, without the cost of a timer
		return conn, nil
	default:
	}
	ctx, done := models.LimitWait(ctx, models.CallTimeout)
	defer done()
	select {
	case <-s.closed:
		return nil, errClosed
	case conn := <-s.readers:
		return conn, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

var (
	// errClosed is the answer of a store after Close.
	errClosed = fmt.Errorf("%w: the store is closed", models.ErrUnavailable)
	// errNotOpen is the answer of a store before it is open.
	errNotOpen = fmt.Errorf("%w: the file is being opened", models.ErrUnavailable)
)

// classify marks the errors of SQLite after which a later try may succeed as models.ErrUnavailable.
func classify(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%w: %w", models.ErrUnavailable, err)
	}
	switch sqlite.ErrCode(err).ToPrimary() {
	case sqlite.ResultBusy, sqlite.ResultLocked, sqlite.ResultFull, sqlite.ResultIOErr, sqlite.ResultReadOnly,
		sqlite.ResultCantOpen:
		return fmt.Errorf("%w: %w", models.ErrUnavailable, err)
	}
	return err
}

// exec runs a statement that returns no rows. If a unique index refuses a row, the error is models.ErrDuplicate.
func exec(conn *sqlite.Conn, statement string, args ...any) error {
	return duplicate(sqlitex.Execute(conn, statement, &sqlitex.ExecOptions{Args: args}))
}

// execOne runs a statement that changes one row, or returns missing if there is no such row.
func execOne(conn *sqlite.Conn, missing error, statement string, args ...any) error {
	if err := exec(conn, statement, args...); err != nil {
		return err
	}
	if conn.Changes() == 0 {
		return missing
	}
	return nil
}

// eachRow passes the rows of a query to add, until there are no more or add returns false.
func eachRow(conn *sqlite.Conn, query string, args []any, add func(row *sqlite.Stmt) bool) error {
	stmt, err := conn.Prepare(query)
	if err != nil {
		return err
	}
	defer stmt.Reset()
	bind(stmt, args)
	for {
		ok, err := stmt.Step()
		if err != nil || !ok || !add(stmt) {
			return err
		}
	}
}

// addRow adds a row to a page, and returns whether there was room for its texts, which are in the columns texts.
func addRow[T any](page *models.Page[T], row *sqlite.Stmt, scan func(*sqlite.Stmt) T, texts ...string) bool {
	size := 0
	for _, text := range texts {
		size += row.ColumnLen(column(row, text))
	}
	if !page.Reserve(size) {
		return false
	}
	page.Rows = append(page.Rows, scan(row))
	return true
}

// bind sets the parameters of a statement. sqlitex.Execute would do it by reflection, which shows in the rate of
// the list.
func bind(stmt *sqlite.Stmt, args []any) {
	for i, arg := range args {
		switch arg := arg.(type) {
		case int64:
			stmt.BindInt64(i+1, arg)
		case string:
			stmt.BindText(i+1, arg)
		case []byte:
			stmt.BindBytes(i+1, arg)
		}
	}
}

// queryAll returns all rows of a query, each as scan returns it.
func queryAll[T any](conn *sqlite.Conn, scan func(*sqlite.Stmt) T, query string, args ...any) (rows []T, err error) {
	err = sqlitex.Execute(conn, query, &sqlitex.ExecOptions{
		Args:       args,
		ResultFunc: func(row *sqlite.Stmt) error { rows = append(rows, scan(row)); return nil },
	})
	return rows, duplicate(err)
}

// queryOne returns the one row of a query as scan returns it, or missing if there is none.
func queryOne[T any](
	conn *sqlite.Conn, missing error, scan func(*sqlite.Stmt) T, query string, args ...any,
) (*T, error) {
	rows, err := queryAll(conn, scan, query, args...)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, missing
	}
	return &rows[0], nil
}

// duplicate turns the refusal of a unique index into models.ErrDuplicate.
func duplicate(err error) error {
	switch sqlite.ErrCode(err) {
	case sqlite.ResultConstraintUnique, sqlite.ResultConstraintPrimaryKey:
		return fmt.Errorf("%w: %w", models.ErrDuplicate, err)
	}
	return err
}

// orNull returns what value points to, or nil, which SQLite keeps as NULL.
func orNull[T any](value *T) any {
	if value == nil {
		return nil
	}
	return *value
}

// column returns the number of the column with a name, so that scans do not depend on the order of columns in a query.
// It panics if there is none, which is a mistake in the query.
func column(row *sqlite.Stmt, name string) int {
	i := row.ColumnIndex(name)
	if i < 0 {
		panic("sqlite: the query has no column " + name)
	}
	return i
}

// columnID reads an id.
func columnID(row *sqlite.Stmt, name string) (id models.ID) {
	row.ColumnBytes(column(row, name), id[:])
	return id
}

// columnBytes reads bytes.
func columnBytes(row *sqlite.Stmt, name string) []byte {
	i := column(row, name)
	content := make([]byte, row.ColumnLen(i))
	row.ColumnBytes(i, content)
	return content
}

// columnText reads a text.
func columnText(row *sqlite.Stmt, name string) string { return row.ColumnText(column(row, name)) }

// columnTime reads a time, which is stored as milliseconds since 1970.
func columnTime(row *sqlite.Stmt, name string) time.Time {
	return time.UnixMilli(row.ColumnInt64(column(row, name))).UTC()
}
