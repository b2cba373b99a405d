package transfer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"time"

	"gin-blog/models"
)

const (
	// minWrite and maxWrite are how many records are written at a time, at least and at most.
	minWrite, maxWrite = 200, 3200
	// quickWrite and slowWrite are when the number is doubled and halved.
	quickWrite, slowWrite = models.CallTimeout / 10, models.CallTimeout / 4
)

// sums is what is compared of a table at the end.
type sums struct {
	records  int
	checksum hash.Hash // of the canonical bytes of all records, in the order of ids
}

func newSums() *sums { return &sums{checksum: sha256.New()} }

// add counts a record, unless it does not exist.
func (s *sums) add(record []byte) {
	if record == nil {
		return
	}
	s.records++
	s.checksum.Write(record)
}

// String returns the checksum.
func (s *sums) String() string { return hex.EncodeToString(s.checksum.Sum(nil)) }

// table is one type of record on both sides.
type table interface {
	name() string
	// isEmpty returns whether the target has no record, not even of another program.
	isEmpty(ctx context.Context) (bool, error)
	// count returns about how many records the source has, and whether it has others that cannot be copied.
	count(ctx context.Context) (records int, foreign bool, err error)
	// resume stores what the source has after the last record of the target.
	resume(ctx context.Context, add func(records int)) error
	// prune removes from the target what the source does not have, or has otherwise.
	prune(ctx context.Context, add func(records int)) error
	// fill stores what the target lacks.
	fill(ctx context.Context, add func(records int)) error
	// compare reads both sides.
	compare(ctx context.Context, add func(records int)) (source, target *sums, err error)
}

// tables returns all that is copied: a row for each type of record, after those that it refers to. Of sessions, those
// count that are live at a time.
func tables(source, target models.Bulk, liveAt time.Time, retry retries) []table {
	return []table{
		&sides[models.User]{source.UserTable(), target.UserTable(), retry},
		&sides[models.Session]{source.SessionTable(liveAt), target.SessionTable(liveAt), retry},
		&sides[models.KeptPost]{source.PostTable(), target.PostTable(), retry},
		&sides[models.KeptComment]{source.CommentTable(), target.CommentTable(), retry},
		&sides[models.Draft]{source.DraftTable(), target.DraftTable(), retry},
	}
}

// sides implements table.
type sides[T models.Record] struct {
	source, target models.Table[T]
	retry          retries
}

func (s *sides[T]) name() string { return s.source.Name() }

func (s *sides[T]) isEmpty(ctx context.Context) (empty bool, err error) {
	last, foreign, err := s.last(ctx, s.target)
	return last.IsZero() && !foreign, err
}

func (s *sides[T]) count(ctx context.Context) (records int, foreign bool, err error) {
	if _, foreign, err = s.last(ctx, s.source); err != nil {
		return 0, false, err
	}
	err = s.retry.do(ctx, func() error {
		records, err = s.source.Count(ctx)
		return err
	})
	return records, foreign, err
}

// last calls Last until the store is available.
func (s *sides[T]) last(ctx context.Context, in models.Table[T]) (id models.ID, foreign bool, err error) {
	err = s.retry.do(ctx, func() error {
		id, foreign, err = in.Last(ctx)
		return err
	})
	return id, foreign, err
}

func (s *sides[T]) resume(ctx context.Context, add func(records int)) error {
	last, _, err := s.last(ctx, s.target)
	if err != nil {
		return err
	}
	return s.fillAfter(ctx, last, add)
}

func (s *sides[T]) fill(ctx context.Context, add func(records int)) error {
	return s.fillAfter(ctx, models.ID{}, add)
}

// fillAfter stores the records that follow an id, as far as the target lacks them.
func (s *sides[T]) fillAfter(ctx context.Context, after models.ID, add func(records int)) error {
	var missing []T
	size, limit := 0, minWrite
	insert := func() error {
		if len(missing) == 0 {
			return nil
		}
		begin := time.Now()
		if err := s.insert(ctx, missing); err != nil {
			return err
		}
		add(len(missing))
		limit = nextLimit(limit, time.Since(begin))
		missing, size = missing[:0], 0
		return nil
	}
	for p, err := range pairs(ctx, s.source, s.target, after, s.retry) {
		if err != nil {
			return err
		}
		if p.target != nil {
			continue
		}
		missing, size = append(missing, *p.source), size+(*p.source).Size()
		if len(missing) < limit && size < models.MaxPageBytes {
			continue
		}
		if err := insert(); err != nil {
			return err
		}
	}
	return insert()
}

// nextLimit returns how many records to write at a time after so many took so long. Large batches are faster; small
// ones are written before the store's timeout on a slow machine too.
func nextLimit(limit int, took time.Duration) int {
	switch {
	case took < quickWrite:
		return min(2*limit, maxWrite)
	case took > slowWrite:
		return max(limit/2, minWrite)
	}
	return limit
}

// insert stores records. Those that the target took before it was away for a while count as stored.
func (s *sides[T]) insert(ctx context.Context, records []T) error {
	err := s.retry.do(ctx, func() error { return s.target.Insert(ctx, records) })
	if !errors.Is(err, models.ErrDuplicate) {
		return err
	}
	for i := range records { // one by one, to name the one that is refused
		err := s.retry.do(ctx, func() error { return s.target.Insert(ctx, records[i:i+1]) })
		if errors.Is(err, models.ErrDuplicate) {
			err = s.checkStored(ctx, &records[i], err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// checkStored returns nil if the target has a record exactly as it is, and otherwise refusal with the record's name.
func (s *sides[T]) checkStored(ctx context.Context, record *T, refusal error) error {
	id := (*record).RecordID()
	found, _, err := s.target.Read(ctx, models.PreviousID(id), 1)
	if err != nil {
		return err
	}
	if len(found) > 0 && bytes.Equal(canonical(nil, &found[0]), canonical(nil, record)) {
		return nil
	}
	name := ""
	if u, ok := any(*record).(models.User); ok {
		name = fmt.Sprintf(" (%s)", u.Username)
	}
	return fmt.Errorf("%s: %s%s has a name, address or key that another one has there: %w",
		s.name(), id.Hex(), name, refusal)
}

func (s *sides[T]) prune(ctx context.Context, add func(records int)) error {
	var wrong []models.ID
	remove := func() error {
		if len(wrong) == 0 {
			return nil
		}
		err := s.retry.do(ctx, func() error { return s.target.Delete(ctx, wrong) })
		wrong = wrong[:0]
		return err
	}
	var source, target []byte
	for p, err := range pairs(ctx, s.source, s.target, models.ID{}, s.retry) {
		if err != nil {
			return err
		}
		add(1)
		if p.target == nil {
			continue
		}
		if p.source != nil {
			source, target = canonical(source, p.source), canonical(target, p.target)
			if bytes.Equal(source, target) {
				continue
			}
		}
		wrong = append(wrong, (*p.target).RecordID())
		if len(wrong) < minWrite {
			continue
		}
		if err := remove(); err != nil {
			return err
		}
	}
	return remove()
}

func (s *sides[T]) compare(ctx context.Context, add func(records int)) (source, target *sums, err error) {
	source, target = newSums(), newSums()
	var record []byte
	for p, err := range pairs(ctx, s.source, s.target, models.ID{}, s.retry) {
		if err != nil {
			return nil, nil, err
		}
		if p.source != nil {
			record = canonical(record, p.source)
			source.add(record)
		}
		if p.target != nil {
			record = canonical(record, p.target)
			target.add(record)
		}
		add(1)
	}
	return source, target, nil
}
