package sqlite

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"zombiezen.com/go/sqlite"

	"gin-blog/models"
)

// table is how records of a type are found and changed.
type table[T any] struct {
	name    string // of the table
	record  string // what one is called in the names of operations
	missing error
	fields  func(*T) []field         // that a query reads
	from    string                   // what a query reads them from
	this    string                   // the condition for one record
	key     func(id models.ID) []any // the parameters of this
	place   string                   // a column that no field keeps, or ""
	placeIs string                   // what place is in a new row

	find, insertInto string // the statements that find and insert one record
}

// newTable returns t with the statements that follow from the rest.
func newTable[T any](t table[T]) *table[T] {
	t.find = t.where(t.this)
	columns := own(t.fields(new(T)))
	if t.place != "" {
		columns = append(columns, field{column: t.place})
	}
	names := each(columns, func(f field) string { return f.column })
	parameters := each(columns, func(f field) string {
		if f.column == t.place {
			return t.placeIs
		}
		return `?`
	})
	t.insertInto = `INSERT INTO ` + t.name + ` (` + names + `) VALUES (` + parameters + `)`
	return &t
}

// insert stores a record. place are the parameters of placeIs.
func (t *table[T]) insert(conn *sqlite.Conn, record *T, place ...any) error {
	fields := own(t.fields(record))
	for _, f := range fields {
		if tags, ok := f.value.(*[]string); ok {
			if err := checkTags(*tags); err != nil {
				return err
			}
		}
	}
	return exec(conn, t.insertInto, append(values(fields), place...)...)
}

// byID is the key of a table in which the id alone names a record.
func byID(id models.ID) []any { return []any{id} }

// where returns the query for the records that meet a condition.
func (t *table[T]) where(condition string) string {
	return `SELECT ` + columns(t.name, t.fields(new(T))) + ` FROM ` + t.from + ` WHERE ` + condition
}

// byID returns one record.
func (t *table[T]) byID(conn *sqlite.Conn, id models.ID) (*T, error) {
	return queryOne(conn, t.missing, t.fields, t.find, t.key(id)...)
}

// read returns the one record that a query finds.
func (t *table[T]) read(ctx context.Context, s *Store, query string, args ...any) (record *T, err error) {
	err = s.read(ctx, "find "+t.record, func(conn *sqlite.Conn) error {
		record, err = queryOne(conn, t.missing, t.fields, query, args...)
		return err
	})
	return record, err
}

// update changes one record. It is read, changed and written in one transaction, which excludes other writers.
func (t *table[T]) update(
	ctx context.Context, s *Store, id models.ID, change func(*T) error,
) (record *T, err error) {
	err = s.write(ctx, "update "+t.record, func(conn *sqlite.Conn) error {
		if record, err = t.byID(conn, id); err != nil {
			return err
		}
		before := values(changing(t.fields(record)))
		if err := change(record); err != nil {
			return err
		}
		fields := changing(t.fields(record))
		if after := values(fields); !slices.Equal(before, after) {
			set := each(fields, func(f field) string { return f.column + ` = ?` })
			err := exec(conn, `UPDATE `+t.name+` SET `+set+` WHERE `+t.this, append(after, t.key(id)...)...)
			if err != nil {
				return err
			}
		}
		record, err = t.byID(conn, id) // as it is stored, with all that does not change
		return err
	})
	if err != nil {
		return nil, err
	}
	return record, nil
}

// remove removes one record, unless check returns an error.
func (t *table[T]) remove(ctx context.Context, s *Store, id models.ID, check func(*T) error) error {
	return s.write(ctx, "delete "+t.record, func(conn *sqlite.Conn) error {
		record, err := t.byID(conn, id)
		if err != nil {
			return err
		}
		if err := check(record); err != nil {
			return err
		}
		return exec(conn, `DELETE FROM `+t.name+` WHERE `+t.this, t.key(id)...)
	})
}

// runner is Store.read or Store.search.
type runner func(ctx context.Context, operation string, query func(*sqlite.Conn) error) error

// list returns a page of the records that a query finds, and whether there are more.
func list[T models.Record](
	ctx context.Context, run runner, operation string, limit int, fields func(*T) []field, query string, args ...any,
) (page []T, more bool, err error) {
	err = run(ctx, operation, func(conn *sqlite.Conn) error {
		page, more, err = readPage(conn, limit, fields, query, args...)
		return err
	})
	return page, more, err
}

// readPage returns a page of the records that a query finds, whose last parameter is how many, and whether there are
// more.
func readPage[T models.Record](
	conn *sqlite.Conn, limit int, fields func(*T) []field, query string, args ...any,
) ([]T, bool, error) {
	page := models.NewPage[T](limit)
	var record T
	into := fields(&record)
	err := eachRow(conn, query, append(args, limit+1), func(row *sqlite.Stmt) bool {
		scan(row, into)
		return page.Add(record)
	})
	return page.Rows, page.More, err
}

// readAll returns all rows of a query.
func readAll[T any](
	ctx context.Context, run runner, operation string, fields func(*T) []field, query string, args ...any,
) (rows []T, err error) {
	err = run(ctx, operation, func(conn *sqlite.Conn) error {
		rows, err = queryAll(conn, fields, query, args...)
		return err
	})
	return rows, err
}

// readValue returns the one value that a query finds, or the zero value if it finds none.
func readValue[T any](ctx context.Context, run runner, operation, query string, args ...any) (T, error) {
	return first(readAll(ctx, run, operation, single[T], query, args...))
}

// exec runs a statement that returns no rows. If a unique index refuses a row, the error is models.ErrDuplicate.
func exec(conn *sqlite.Conn, statement string, args ...any) error {
	return eachRow(conn, statement, args, func(*sqlite.Stmt) bool { return true })
}

// execOne runs a statement. If it changes no row, the error is missing, which may be nil.
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
			return refusal(err)
		}
	}
}

// queryAll returns all rows of a query.
func queryAll[T any](conn *sqlite.Conn, fields func(*T) []field, query string, args ...any) (rows []T, err error) {
	var record T
	into := fields(&record)
	err = eachRow(conn, query, args, func(row *sqlite.Stmt) bool {
		scan(row, into)
		rows = append(rows, record)
		return true
	})
	return rows, err
}

// queryOne returns the one row of a query, or missing if there is none.
func queryOne[T any](
	conn *sqlite.Conn, missing error, fields func(*T) []field, query string, args ...any,
) (*T, error) {
	rows, err := queryAll(conn, fields, query, args...)
	if err != nil || len(rows) == 0 {
		return nil, cmp.Or(err, missing)
	}
	return &rows[0], nil
}

// single is the field of a query for one column.
func single[T any](value *T) []field { return []field{{value: value}} }

// lookUp returns the one value that a query finds, or the zero value if it finds none.
func lookUp[T any](conn *sqlite.Conn, query string, args ...any) (T, error) {
	return first(queryAll(conn, single[T], query, args...))
}

// first returns the first row, or the zero value if there is none.
func first[T any](rows []T, err error) (row T, _ error) {
	if len(rows) > 0 {
		row = rows[0]
	}
	return row, err
}

// refusal names what the schema refuses: users are all that rows reference, and the place of a comment is all that may
// be NULL.
func refusal(err error) error {
	switch sqlite.ErrCode(err) {
	case sqlite.ResultConstraintUnique, sqlite.ResultConstraintPrimaryKey:
		return fmt.Errorf("%w: %w", models.ErrDuplicate, err)
	case sqlite.ResultConstraintForeignKey:
		return fmt.Errorf("%w: %w", models.ErrUserNotFound, err)
	case sqlite.ResultConstraintNotNull:
		return fmt.Errorf("%w: %w", models.ErrPostNotFound, err)
	}
	return err
}
