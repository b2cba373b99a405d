// Package transfer moves the contents of the blog: from one store to another, and to files and back.
package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"gin-blog/models"
)

// batchSize is how many records are read and written at a time. Long records come in smaller batches.
const batchSize = 100

// comparedLifetime is how long a session must still live to be compared at the end. Others may expire meanwhile.
const comparedLifetime = 10 * time.Minute

var (
	// ErrIncomplete says that the target has a part of the source. It must be emptied before it can be copied to again.
	ErrIncomplete = errors.New("the target is an incomplete copy")
	// ErrDiffer says that source and target have different records after a copy.
	ErrDiffer = errors.New("source and target differ, because something wrote to one of them meanwhile")
)

// Progress receives how far a step is. It returns a function that is called with the number of records that were done
// since.
type Progress func(step string, records int) (add func(records int))

// Count is the result of a copy for one type of record.
type Count struct {
	Name     string // as SQLite's table
	Records  int    // on each side
	Checksum string // SHA-256 of all records, in hexadecimal
}

// Copy copies all records of source to target, which must be empty, and compares both sides. address names the source,
// without a password. Copy only reads from the source. Until both sides are found to be the same, the target is marked
// as an unfinished copy, and every error is ErrIncomplete.
//
// leftOut names the tables of a MongoDB source that have records whose id is no ObjectID, which cannot be copied.
func Copy(
	ctx context.Context, source, target models.Bulk, address string, progress Progress,
) (counts []Count, leftOut []string, err error) {
	unfinished, err := target.CopySource(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("read the target: %w", err)
	}
	if unfinished != "" {
		return nil, nil, fmt.Errorf("%w of %s", ErrIncomplete, unfinished)
	}
	records := 0
	for _, t := range tables(source, target, time.Now()) {
		n, foreign, err := t.inspect(ctx)
		if err != nil {
			return nil, nil, err
		}
		records += n
		if foreign {
			leftOut = append(leftOut, t.name())
		}
	}
	if records == 0 {
		return nil, nil, fmt.Errorf("there is nothing to copy in %s", address)
	}
	if err := target.SetCopySource(ctx, address); err != nil {
		return nil, nil, err
	}
	counts, err = copyAndCompare(ctx, source, target, records, progress)
	if err == nil {
		err = target.SetCopySource(ctx, "")
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrIncomplete, err)
	}
	return counts, leftOut, nil
}

// copyAndCompare copies about so many records, and returns what both sides have, or ErrDiffer.
func copyAndCompare(
	ctx context.Context, source, target models.Bulk, records int, progress Progress,
) (counts []Count, err error) {
	add := progress("copying", records)
	for _, t := range tables(source, target, time.Now()) {
		if err := t.copy(ctx, add); err != nil {
			return nil, fmt.Errorf("copy %s: %w", t.name(), err)
		}
	}
	add = progress("comparing", 2*records)
	for _, t := range tables(source, target, time.Now().Add(comparedLifetime)) {
		from, to, err := t.count(ctx, add)
		if err != nil {
			return nil, fmt.Errorf("compare %s: %w", t.name(), err)
		}
		if from != to {
			return nil, fmt.Errorf("%w: %s, %d records (%s) in the source and %d (%s) in the target",
				ErrDiffer, t.name(), from.Records, from.Checksum, to.Records, to.Checksum)
		}
		counts = append(counts, from)
	}
	return counts, nil
}

// table is one type of record on both sides.
type table interface {
	name() string
	// inspect returns about how many records the source has, and whether it has others that cannot be copied. It returns
	// an error if the target has records, even of another program.
	inspect(ctx context.Context) (records int, foreign bool, err error)
	copy(ctx context.Context, add func(records int)) error
	count(ctx context.Context, add func(records int)) (source, target Count, err error)
}

// tables returns all that is copied: a row for each type of record, after those that it refers to. Of sessions, those
// count that are live at a time.
func tables(source, target models.Bulk, liveAt time.Time) []table {
	return []table{
		sides[models.User]{source.UserTable(), target.UserTable()},
		sides[models.Session]{source.SessionTable(liveAt), target.SessionTable(liveAt)},
		sides[models.KeptPost]{source.PostTable(), target.PostTable()},
		sides[models.KeptComment]{source.CommentTable(), target.CommentTable()},
		sides[models.Draft]{source.DraftTable(), target.DraftTable()},
	}
}

// sides implements table.
type sides[T models.Record] struct{ source, target models.Table[T] }

func (s sides[T]) name() string { return s.source.Name() }

func (s sides[T]) inspect(ctx context.Context) (records int, foreign bool, err error) {
	last, others, err := s.target.Last(ctx)
	if err != nil {
		return 0, false, fmt.Errorf("read the target: %w", err)
	}
	if !last.IsZero() || others {
		return 0, false, fmt.Errorf("the target is not empty: it has %s", s.name())
	}
	_, foreign, err = s.source.Last(ctx)
	if err == nil {
		records, err = s.source.Count(ctx)
	}
	if err != nil {
		return 0, false, fmt.Errorf("read the source: %w", err)
	}
	return records, foreign, nil
}

func (s sides[T]) copy(ctx context.Context, add func(records int)) error {
	return eachBatch(ctx, s.source, func(records []T) error {
		if err := s.target.Insert(ctx, records); err != nil {
			return err
		}
		add(len(records))
		return nil
	})
}

func (s sides[T]) count(ctx context.Context, add func(records int)) (source, target Count, err error) {
	if source, err = count(ctx, s.source, add); err == nil {
		target, err = count(ctx, s.target, add)
	}
	return source, target, err
}

// count reads a table.
func count[T models.Record](ctx context.Context, table models.Table[T], add func(records int)) (Count, error) {
	counted, checksum := Count{Name: table.Name()}, sha256.New()
	var record []byte
	err := eachBatch(ctx, table, func(records []T) error {
		for i := range records {
			record = canonical(record, &records[i])
			checksum.Write(record)
		}
		counted.Records += len(records)
		add(len(records))
		return nil
	})
	counted.Checksum = hex.EncodeToString(checksum.Sum(nil))
	return counted, err
}

// eachBatch passes all records of a table to do, in the order of ids, until ctx ends.
func eachBatch[T models.Record](ctx context.Context, table models.Table[T], do func(records []T) error) error {
	for after := (models.ID{}); ; {
		if ctx.Err() != nil { // not every store looks at it for a short query
			return ctx.Err()
		}
		records, next, err := table.Read(ctx, after, batchSize)
		if err != nil {
			return err
		}
		if len(records) > 0 {
			if err := do(records); err != nil {
				return err
			}
		}
		if next.IsZero() {
			return nil
		}
		after = next
	}
}
