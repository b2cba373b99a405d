// Package transfer moves the contents of the blog: from one store to another, and to files and back.
package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/gob"
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
	Name     string // as in the source
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
	for _, t := range tables(target, time.Now()) {
		last, foreign, err := t.Last(ctx)
		if err != nil {
			return nil, nil, fmt.Errorf("read the target: %w", err)
		}
		if !last.IsZero() || foreign {
			return nil, nil, fmt.Errorf("the target is not empty: it has %s", t.Name())
		}
	}
	records := 0
	for _, t := range tables(source, time.Now()) {
		n, err := t.Count(ctx)
		var foreign bool
		if err == nil {
			_, foreign, err = t.Last(ctx)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("read the source: %w", err)
		}
		records += n
		if foreign {
			leftOut = append(leftOut, t.Name())
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
	now := time.Now()
	add, targets := progress("copying", records), tables(target, now)
	for i, from := range tables(source, now) {
		if err := from.copyTo(ctx, targets[i], add); err != nil {
			return nil, fmt.Errorf("copy %s: %w", from.Name(), err)
		}
	}
	now = time.Now().Add(comparedLifetime)
	add, targets = progress("comparing", 2*records), tables(target, now)
	for i, from := range tables(source, now) {
		want, err := from.count(ctx, add)
		if err != nil {
			return nil, fmt.Errorf("compare %s of the source: %w", from.Name(), err)
		}
		got, err := targets[i].count(ctx, add)
		if err != nil {
			return nil, fmt.Errorf("compare %s of the target: %w", from.Name(), err)
		}
		if got.Name = want.Name; want != got {
			return nil, fmt.Errorf("%w: %s, %d records (%s) in the source and %d (%s) in the target",
				ErrDiffer, want.Name, want.Records, want.Checksum, got.Records, got.Checksum)
		}
		counts = append(counts, want)
	}
	return counts, nil
}

// table is a models.Table of some type of record.
type table interface {
	Name() string
	Count(ctx context.Context) (int, error)
	Last(ctx context.Context) (id models.ID, foreign bool, err error)
	copyTo(ctx context.Context, target table, add func(records int)) error
	count(ctx context.Context, add func(records int)) (Count, error)
}

// tables returns all that is copied of a store: a row for each type of record, after those that it refers to. Of
// sessions, those count that are live at a time.
func tables(store models.Bulk, liveAt time.Time) []table {
	return []table{
		tableOf[models.User]{store.UserTable()},
		tableOf[models.Session]{store.SessionTable(liveAt)},
		tableOf[models.KeptPost]{store.PostTable()},
		tableOf[models.KeptComment]{store.CommentTable()},
		tableOf[models.Draft]{store.DraftTable()},
		tableOf[models.AccessToken]{store.AccessTokenTable()},
		tableOf[models.LogEntry]{store.LogTable()},
	}
}

// tableOf implements table.
type tableOf[T models.Record] struct{ models.Table[T] }

func (t tableOf[T]) copyTo(ctx context.Context, target table, add func(records int)) error {
	return t.eachBatch(ctx, add, func(records []T) error { return target.(tableOf[T]).Insert(ctx, records) })
}

// count reads a table. Two tables have the same checksum if and only if they have the same records: gob writes all
// fields of a record, in their order, and no tags or an empty list of them in the same way.
func (t tableOf[T]) count(ctx context.Context, add func(records int)) (Count, error) {
	counted, checksum := Count{Name: t.Name()}, sha256.New()
	encoder := gob.NewEncoder(checksum)
	err := t.eachBatch(ctx, add, func(records []T) error {
		for i := range records {
			if err := encoder.Encode(&records[i]); err != nil {
				return fmt.Errorf("encode a record: %w", err)
			}
		}
		counted.Records += len(records)
		return nil
	})
	counted.Checksum = hex.EncodeToString(checksum.Sum(nil))
	return counted, err
}

// eachBatch passes all records to do, in the order of ids, until ctx ends. Then it calls add with their number.
func (t tableOf[T]) eachBatch(ctx context.Context, add func(records int), do func(records []T) error) error {
	for after := (models.ID{}); ; {
		if ctx.Err() != nil { // not every store looks at it for a short query
			return ctx.Err()
		}
		records, next, err := t.Read(ctx, after, batchSize)
		if err != nil {
			return err
		}
		if len(records) > 0 {
			if err := do(records); err != nil {
				return err
			}
			add(len(records))
		}
		if next.IsZero() {
			return nil
		}
		after = next
	}
}
