package transfer

import (
	"bytes"
	"context"
	"iter"

	"gin-blog/models"
)

// readSize is how many records are read at a time. Long records come in smaller batches.
const readSize = 1000

// pair is a record as the source and as the target have it. One of them is nil where only the other side has it.
type pair[T models.Record] struct{ source, target *T }

// pairs yields the records of both tables whose ids follow after, in the order of ids. It reads ahead on both sides at
// once.
func pairs[T models.Record](
	ctx context.Context, source, target models.Table[T], after models.ID, retry retries,
) iter.Seq2[pair[T], error] {
	return func(yield func(pair[T], error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		from, to := newStream(ctx, source, after, retry), newStream(ctx, target, after, retry)
		for {
			var p pair[T]
			s, err := from.peek()
			if err != nil {
				yield(p, err)
				return
			}
			t, err := to.peek()
			if err != nil {
				yield(p, err)
				return
			}
			order := compareIDs(s, t)
			if order <= 0 {
				p.source = from.pop()
			}
			if order >= 0 {
				p.target = to.pop()
			}
			if p.source == nil && p.target == nil || !yield(p, nil) {
				return
			}
		}
	}
}

// compareIDs compares the ids of two records. One that does not exist comes last.
func compareIDs[T models.Record](a, b *T) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	x, y := (*a).RecordID(), (*b).RecordID()
	return bytes.Compare(x[:], y[:])
}

// stream reads a table in the order of ids. A goroutine reads the next batch while this one is used; it ends with ctx.
type stream[T models.Record] struct {
	ctx     context.Context
	batches <-chan batch[T]
	rows    []T
	err     error
}

// batch is some records, or the error that ends the stream.
type batch[T models.Record] struct {
	rows []T
	err  error
}

func newStream[T models.Record](ctx context.Context, table models.Table[T], after models.ID, retry retries) *stream[T] {
	batches := make(chan batch[T])
	go func() {
		for {
			b, next := readBatch(ctx, table, after, retry)
			select {
			case batches <- b:
			case <-ctx.Done(): // the channel stays open: an end that comes too early must not look like the end of the table
				return
			}
			if b.err != nil || next.IsZero() {
				close(batches)
				return
			}
			after = next
		}
	}()
	return &stream[T]{ctx: ctx, batches: batches}
}

// readBatch reads the records that follow after. next is the last of them, or zero if there are no more.
func readBatch[T models.Record](
	ctx context.Context, table models.Table[T], after models.ID, retry retries,
) (b batch[T], next models.ID) {
	b.err = retry.do(ctx, func() (err error) {
		b.rows, next, err = table.Read(ctx, after, readSize)
		return err
	})
	return b, next
}

// peek returns the next record, or nil if there are no more.
func (s *stream[T]) peek() (*T, error) {
	for len(s.rows) == 0 && s.err == nil {
		select {
		case b, more := <-s.batches:
			if !more {
				return nil, nil
			}
			s.rows, s.err = b.rows, b.err
		case <-s.ctx.Done():
			s.err = s.ctx.Err()
		}
	}
	if s.err != nil {
		return nil, s.err
	}
	return &s.rows[0], nil
}

// pop returns the record that peek returned, and goes on to the next one.
func (s *stream[T]) pop() *T {
	if len(s.rows) == 0 {
		return nil
	}
	row := &s.rows[0]
	s.rows = s.rows[1:]
	return row
}
