package mongodb

import (
	"context"
	"log/slog"
	"time"

	"gin-blog/models"
)

// use is what a store is opened for.
type use int

const (
	toServe   use = iota // a whole database, with indexes
	toBeRead             // a whole database, which is left as it is
	toBeWhole            // an unfinished copy, or an empty database
)

// copyTimeout is how long an operation of a copy may take. Nobody waits for it, and a slow server may read a whole
// collection for it.
const copyTimeout = time.Minute

// timeout returns how long an operation may take.
func (u use) timeout() time.Duration {
	if u == toServe {
		return models.CallTimeout
	}
	return copyTimeout
}

// OpenSource is Open for a copy to read from: it makes no indexes, and methods that write must not be called.
func OpenSource(uri, name string) (*Store, error) {
	return open(uri, name, toBeRead, slog.New(slog.DiscardHandler), nil)
}

// OpenTarget is Open for a copy to write to: it also opens an unfinished one, which the copy refuses.
func OpenTarget(uri, name string) (*Store, error) {
	return open(uri, name, toBeWhole, slog.New(slog.DiscardHandler), nil)
}

// prepareFor returns the collections once they are ready for a use. Those of a database that is served lack their
// indexes.
func (s *Store) prepareFor(ctx context.Context, use use) (*collections, error) {
	if err := s.reconnect(ctx); err != nil {
		return nil, err
	}
	if use == toBeWhole {
		return s.emptyCollections(ctx)
	}
	c := s.newCollections()
	source, err := findCopySource(ctx, c)
	if err != nil {
		return nil, err
	}
	return c, models.CheckWhole(source)
}

// emptyCollections returns the collections of a database that is empty, or an unfinished copy, with all indexes.
func (s *Store) emptyCollections(ctx context.Context) (*collections, error) {
	x := &indexer{store: s, warned: map[string]bool{}}
	c, err := x.run(ctx)
	if err != nil {
		return nil, err
	}
	return c, x.broken
}
