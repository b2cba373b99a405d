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

	// sweepPosts and sweepCommentsOf remove some of what a purged user wrote.
	sweepPosts = `DELETE FROM posts WHERE position IN (SELECT position FROM posts WHERE author_id = ? LIMIT ?)`

	sweepCommentsOf = `DELETE FROM comments WHERE (post, id) IN
		(SELECT post, id FROM comments WHERE author_id = ? LIMIT ?)`

	sweepSessions = `DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at <= ? LIMIT ?)`
)

// Sweep implements models.Store. It removes expired sessions, invitations and entries of the log, what purged users
// wrote, and the comments of deleted posts: foreign keys remove the drafts and sessions of an account with it. It need
// not wait for models.SweepDelay: a comment is written in a transaction that finds its post. Only the mark of a purged
// user stays so long, because a post may be written after its author was purged.
func (s *Store) Sweep(ctx context.Context, now time.Time) (more bool, err error) {
	err = s.write(ctx, "sweep", func(conn *sqlite.Conn) error {
		if err := exec(conn, `DELETE FROM invitations WHERE expires_at <= ?`, now); err != nil {
			return err
		}
		expired := models.NewIDAt(now.Add(-models.LogTTL))
		if err := exec(conn, `DELETE FROM admin_log WHERE id < ?`, expired); err != nil {
			return err
		}
		if err := exec(conn, sweepSessions, now, models.SweepStep); err != nil {
			return err
		}
		if more = conn.Changes() > 0; more {
			return nil
		}
		if more, err = sweepPurged(conn, now); err != nil || more {
			return err
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

// Derive implements models.Store. Triggers derive everything when a post is written.
func (s *Store) Derive(ctx context.Context) (more bool, err error) {
	return false, s.read(ctx, "derive", func(*sqlite.Conn) error { return nil })
}

// sweepPurged removes some of what purged users wrote, and the marks of those of whom nothing more can come. It returns
// whether it removed anything.
func sweepPurged(conn *sqlite.Conn, now time.Time) (removed bool, err error) {
	purged, err := queryAll(conn, single[models.ID], `SELECT id FROM purged_users ORDER BY purged_at`)
	if err != nil {
		return false, err
	}
	for _, id := range purged {
		for _, sweep := range []string{sweepPosts, sweepCommentsOf} {
			if err := exec(conn, sweep, id, models.PurgeStep); err != nil || conn.Changes() > 0 {
				return err == nil, err
			}
		}
	}
	return false, exec(conn, `DELETE FROM purged_users WHERE purged_at <= ?`, now.Add(-models.SweepDelay))
}
