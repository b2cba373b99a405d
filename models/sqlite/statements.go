package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// statements are the queries of the hot paths, prepared once: parsing SQL would cost more than running it.
type statements struct {
	posts       *sql.Stmt
	postByID    *sql.Stmt
	createPost  *sql.Stmt
	liveSession *sql.Stmt
}

func (s *statements) prepare(ctx context.Context, read, write *sql.DB) error {
	for _, p := range []struct {
		stmt **sql.Stmt
		db   *sql.DB
		text string
	}{
		{&s.posts, read, selectPosts},
		{&s.postByID, read, selectPostByID},
		{&s.createPost, write, insertPost},
		{&s.liveSession, read, selectLiveSession},
	} {
		stmt, err := p.db.PrepareContext(ctx, p.text)
		if err != nil {
			return fmt.Errorf("prepare %q: %w", p.text, err)
		}
		*p.stmt = stmt
	}
	return nil
}

func (s *statements) close() error {
	return errors.Join(s.posts.Close(), s.postByID.Close(), s.createPost.Close(), s.liveSession.Close())
}
