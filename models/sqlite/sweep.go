package sqlite

import (
	"context"
	"time"

	"zombiezen.com/go/sqlite"

	"gin-blog/models"
)

const (
	// sweepComments removes nothing if there is a post at that position again.
	sweepComments = `DELETE FROM comments WHERE post = ?1
		AND id IN (SELECT id FROM comments WHERE post = ?1 ORDER BY id LIMIT ?2)
		AND NOT EXISTS (SELECT 1 FROM posts WHERE position = ?1)`

	sweepSessions = `DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at <= ? LIMIT ?)`
)

// Sweep implements models.Store. It removes expired sessions and the comments of deleted posts: foreign keys remove the
// drafts and sessions of an account with it. It need not wait for models.SweepDelay: a comment is written in a
// transaction that finds its post.
func (s *Store) Sweep(ctx context.Context, now time.Time) (more bool, err error) {
	err = s.write(ctx, "sweep", func(conn *sqlite.Conn) error {
		if err := exec(conn, sweepSessions, now, models.SweepStep); err != nil {
			return err
		}
		if more = conn.Changes() > 0; more {
			return nil
		}
		deleted, err := queryAll(conn, single[int64], `SELECT position FROM deleted_posts LIMIT 1`)
		if err != nil || len(deleted) == 0 {
			return err
		}
		more = true
		if err := exec(conn, sweepComments, deleted[0], models.SweepStep); err != nil || conn.Changes() == models.SweepStep {
			return err
		}
		return exec(conn, `DELETE FROM deleted_posts WHERE position = ?`, deleted[0])
	})
	return more && err == nil, err
}
