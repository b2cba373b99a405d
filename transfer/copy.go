// Package transfer moves the contents of the blog: from one store to another, and to files and back.
package transfer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gin-blog/models"
)

// retryFor is how long a store may be unavailable during a copy: long enough to elect a new primary.
const retryFor = retries(30 * time.Second)

// maxRepairs is how often a copy looks for what changed in the source. The second time helps if an earlier run was
// interrupted between the users and their sessions, which MongoDB shows only with their user.
const maxRepairs = 2

// comparedLifetime is how long a session must still live to be compared at the end. Others may expire meanwhile.
const comparedLifetime = 10 * time.Minute

// Progress receives how far a copy is. It returns a function that is called with the number of records that were done
// since.
type Progress func(step string, records int) (add func(records int))

// Count is the result of a copy for one type of record.
type Count struct {
	Name     string // as SQLite's table
	Records  int    // on each side
	Checksum string // SHA-256 of all records, in hexadecimal
}

// Copy copies all records of source to target, which must be empty, or an unfinished copy of the same source. address
// names the source, without a password. Copy only reads from the source. In the end it compares both sides; until they
// are found to be the same, the target is marked as an unfinished copy. Copy may be called again after any error: what
// is there already is not copied again. It returns ErrDiffer if something writes to the source or to the target.
//
// leftOut names the tables of a MongoDB source that have records whose id is no ObjectID, which cannot be copied.
func Copy(
	ctx context.Context, source, target models.Bulk, address string, progress Progress,
) (counts []Count, leftOut []string, err error) {
	c := &copying{source: source, target: target, progress: progress, retry: retryFor}
	if err := c.begin(ctx, address); err != nil {
		return nil, nil, err
	}
	err = c.run(ctx, "copying", c.tables(0), table.resume)
	switch {
	case err == nil:
		counts, err = c.compare(ctx)
	case errors.Is(err, models.ErrDuplicate):
		err = ErrDiffer // perhaps what is there comes from an earlier run, and the source has changed since
	}
	for range maxRepairs {
		if errors.Is(err, ErrDiffer) {
			counts, err = c.repair(ctx)
		}
	}
	if err != nil {
		return nil, nil, err
	}
	err = c.retry.do(ctx, func() error { return target.SetCopySource(ctx, "") })
	return counts, c.leftOut, err
}

// ErrDiffer says that source and target have different records after a copy.
var ErrDiffer = errors.New("source and target differ, because something wrote to one of them meanwhile")

// copying is a copy that goes on.
type copying struct {
	source, target models.Bulk
	progress       Progress
	retry          retries
	records        int // of the source, about
	leftOut        []string
}

// tables returns all that is copied. Of sessions, those count that live for a while yet.
func (c *copying) tables(lifetime time.Duration) []table {
	return tables(c.source, c.target, time.Now().Add(lifetime), c.retry)
}

// begin marks the target as an unfinished copy. It returns an error if the target must not be written to, or if there
// is nothing to copy.
func (c *copying) begin(ctx context.Context, address string) error {
	for _, t := range c.tables(0) {
		records, foreign, err := t.count(ctx)
		if err != nil {
			return fmt.Errorf("read the source: %w", err)
		}
		c.records += records
		if foreign {
			c.leftOut = append(c.leftOut, t.name())
		}
	}
	if c.records == 0 {
		return fmt.Errorf("there is nothing to copy in %s", address)
	}
	var unfinished string
	err := c.retry.do(ctx, func() (err error) {
		unfinished, err = c.target.CopySource(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("read the target: %w", err)
	}
	if unfinished == address {
		return nil
	}
	if unfinished != "" {
		return fmt.Errorf("the target is an unfinished copy of %s: finish that one, or take an empty target", unfinished)
	}
	for _, t := range c.tables(0) {
		empty, err := t.isEmpty(ctx)
		if err != nil {
			return fmt.Errorf("read the target: %w", err)
		}
		if !empty {
			return fmt.Errorf("the target is not empty: it has %s", t.name())
		}
	}
	return c.retry.do(ctx, func() error { return c.target.SetCopySource(ctx, address) })
}

// run does a step for each table.
func (c *copying) run(
	ctx context.Context, name string, tables []table, step func(table, context.Context, func(int)) error,
) error {
	add := c.progress(name, c.records)
	for _, t := range tables {
		if err := step(t, ctx, add); err != nil {
			return fmt.Errorf("%s %s: %w", name, t.name(), err)
		}
	}
	return nil
}

// repair makes the target what the source is now, and compares both again.
func (c *copying) repair(ctx context.Context) ([]Count, error) {
	dependentsFirst := c.tables(0)
	slices.Reverse(dependentsFirst)
	if err := c.run(ctx, "looking for changes", dependentsFirst, table.prune); err != nil {
		return nil, err
	}
	if err := c.run(ctx, "copying changes", c.tables(0), table.fill); err != nil {
		return nil, err
	}
	return c.compare(ctx)
}

// compare returns what both sides have, or ErrDiffer with what differs.
func (c *copying) compare(ctx context.Context) (counts []Count, err error) {
	add := c.progress("comparing", c.records)
	for _, t := range c.tables(comparedLifetime) {
		source, target, err := t.compare(ctx, add)
		if err != nil {
			return nil, fmt.Errorf("compare %s: %w", t.name(), err)
		}
		if source.String() != target.String() {
			return nil, fmt.Errorf("%w: %s, %d records (%s) in the source and %d (%s) in the target",
				ErrDiffer, t.name(), source.records, source, target.records, target)
		}
		counts = append(counts, Count{Name: t.name(), Records: source.records, Checksum: source.String()})
	}
	return counts, nil
}
