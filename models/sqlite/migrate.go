package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migrate applies the numbered migrations that the file has not seen, all in one transaction, and notes how many
// there are in user_version. The transaction holds the write lock from its start, so two processes that start at
// once apply each migration once.
func migrate(ctx context.Context, db *sql.DB) error {
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		return fmt.Errorf("list migrations: %w", err)
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return wrap("begin migrations", err)
	}
	defer tx.Rollback() //nolint:errcheck // after a commit there is nothing to roll back

	var version int
	if err := tx.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&version); err != nil {
		return wrap("read schema version", err)
	}
	if version > len(names) {
		return fmt.Errorf("its schema has version %d and this gin-blog knows %d: run a newer gin-blog", version, len(names))
	}
	for _, name := range names[version:] {
		script, err := migrationFiles.ReadFile(name)
		if err != nil {
			return fmt.Errorf("read migration: %w", err)
		}
		if _, err := tx.ExecContext(ctx, string(script)); err != nil {
			return wrap("apply "+name, err)
		}
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf(`PRAGMA user_version = %d`, len(names))); err != nil {
		return wrap("note schema version", err)
	}
	return wrap("commit migrations", tx.Commit())
}
