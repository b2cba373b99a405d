package sqlite

import (
	"context"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// AskWriter returns the first column of what a query finds on the connection that writes.
func (s *Store) AskWriter(ctx context.Context, query string) (values []string, err error) {
	err = s.write(ctx, "ask", func(conn *sqlite.Conn) error {
		return sqlitex.ExecuteTransient(conn, query, &sqlitex.ExecOptions{ResultFunc: func(row *sqlite.Stmt) error {
			values = append(values, row.ColumnText(0))
			return nil
		}})
	})
	return values, err
}
