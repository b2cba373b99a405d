package sqlite

import (
	"context"
	"log/slog"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"gin-blog/models"
)

// Open opens a file for a command.
func Open(ctx context.Context, path string, observe models.Observer) (*Store, error) {
	s, err := New(ctx, path, models.ToRun, slog.New(slog.DiscardHandler), observe)
	if err != nil {
		return nil, err
	}
	return s, s.Start(ctx)
}

// Position is the row id of a post.
func Position(id models.ID) int64 { return position(id) }

// Migrate brings the schema of a file up to date, on a connection that has the function fold_words.
func Migrate(ctx context.Context, path string, conn *sqlite.Conn) error {
	return newStore(path, slog.New(slog.DiscardHandler), nil).migrate(ctx, conn)
}

// PagePlan is how SQLite finds the page of a filter: a line for each step of EXPLAIN QUERY PLAN.
func (s *Store) PagePlan(ctx context.Context, f models.PostFilter) (steps []string, err error) {
	query, args := pageQuery(f)
	return s.plan(ctx, query, args)
}

// CommentPlans are how SQLite finds a page of a thread, one comment, and pages of all comments and of an author's.
func (s *Store) CommentPlans(ctx context.Context) (plans map[string][]string, err error) {
	plans = map[string][]string{}
	for name, query := range map[string]string{
		"thread": selectThread, "thread before": selectThreadBefore, "one": comments.find, "all": selectComments,
		"of an author": selectCommentsOf, "sweep": sweepComments, "by key": comments.byKey(),
	} {
		if plans[name], err = s.plan(ctx, query, nil); err != nil {
			return nil, err
		}
	}
	return plans, nil
}

// DraftPlans are how SQLite finds a page of drafts, and the drafts that are due.
func (s *Store) DraftPlans(ctx context.Context) (page, due []string, err error) {
	if page, err = s.plan(ctx, selectDrafts, nil); err != nil {
		return nil, nil, err
	}
	due, err = s.plan(ctx, selectDueDrafts, nil)
	return page, due, err
}

func (s *Store) plan(ctx context.Context, query string, args []any) (steps []string, err error) {
	err = s.read(ctx, "explain", func(conn *sqlite.Conn) error {
		return eachRow(conn, `EXPLAIN QUERY PLAN `+query, args, func(row *sqlite.Stmt) bool {
			steps = append(steps, row.GetText("detail"))
			return true
		})
	})
	return steps, err
}

// SearchForever runs a search that finds no end.
func (s *Store) SearchForever(ctx context.Context) error {
	const endless = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n`
	return s.search(ctx, "list posts", func(conn *sqlite.Conn) error {
		return sqlitex.ExecuteTransient(conn, endless, nil)
	})
}
