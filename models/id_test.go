package models_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gin-blog/models"
)

func TestIDsSortByCreation(t *testing.T) {
	const n = 100_000
	last := models.NewID()
	if age := time.Since(last.Timestamp()); age < 0 || age > 2*time.Second {
		t.Errorf("the id is %v old", age)
	}
	for range n {
		next := models.NewID()
		if bytes.Compare(last[:], next[:]) >= 0 {
			t.Fatalf("%s was made after %s", next.Hex(), last.Hex())
		}
		last = next
	}
}

// TestIDsSortWhateverTheClockSays: the clock stands still, is set back, and is set right again, while many make ids.
func TestIDsSortWhateverTheClockSays(t *testing.T) {
	var maker models.IDMaker
	noon := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	var last models.ID
	places := map[uint64]bool{} // by the first 63 bits, which SQLite keeps posts by
	for _, at := range []time.Duration{0, 0, 0, time.Minute, 0, -time.Hour, -time.Hour, time.Minute, 2 * time.Minute} {
		next := maker.NewID(noon.Add(at))
		if bytes.Compare(last[:], next[:]) >= 0 {
			t.Errorf("at %s, %s was made after %s", at, next.Hex(), last.Hex())
		}
		last, places[binary.BigEndian.Uint64(next[:])>>1] = next, true
	}
	if got := last.Timestamp(); len(places) != 9 || !got.Equal(noon.Add(2*time.Minute)) {
		t.Errorf("there are %d places, want 9, and the last id is of %s", len(places), got)
	}
	ids := make([][]models.ID, 8)
	var makers sync.WaitGroup
	for i := range ids {
		makers.Go(func() {
			for range 1000 {
				ids[i] = append(ids[i], maker.NewID(noon))
			}
		})
	}
	makers.Wait()
	seen := map[models.ID]bool{}
	for _, made := range ids {
		if !slices.IsSortedFunc(made, func(a, b models.ID) int { return bytes.Compare(a[:], b[:]) }) {
			t.Error("the ids of one maker are not in order")
		}
		for _, id := range made {
			seen[id] = true
		}
	}
	if len(seen) != 8000 {
		t.Errorf("%d ids differ, want 8000", len(seen))
	}
}

func TestIDAfter(t *testing.T) {
	now := time.Now()
	early, late := models.NewIDAt(now.Add(-time.Hour)), models.NewIDAt(now)
	for name, c := range map[string]struct {
		id, newest models.ID
		stays      bool
	}{
		"the first":                {early, models.ID{}, true},
		"newer":                    {late, early, true},
		"the same":                 {late, late, true},
		"older":                    {early, late, false},
		"older than any clock":     {late, models.MaxID(), true},
		"older than one far ahead": {late, models.NewIDAt(now.AddDate(50, 0, 0)), false},
	} {
		got := models.IDAfter(c.id, c.newest)
		if stays := got == c.id; stays != c.stays || !stays && bytes.Compare(got[:], c.newest[:]) <= 0 {
			t.Errorf("%s: %s for %s after %s", name, got.Hex(), c.id.Hex(), c.newest.Hex())
		}
	}
}

func TestTimesOfChangesDoNotGoBack(t *testing.T) {
	at := time.Date(2026, 1, 2, 12, 0, 0, 5_000_000, time.UTC)
	for _, c := range []struct{ now, last, want time.Time }{
		{at.Add(time.Microsecond), at, at}, {at.Add(time.Hour), at, at.Add(time.Hour)}, {at, at, at},
		{at.Add(-time.Hour), at, at.Add(995 * time.Millisecond)}, {at.Add(-time.Hour), time.Time{}, at.Add(-time.Hour)},
	} {
		if got := models.ChangedAt(c.now, c.last); !got.Equal(c.want) {
			t.Errorf("a change at %s after %s is of %s, want %s", c.now, c.last, got, c.want)
		}
	}
}

func TestPreviousID(t *testing.T) {
	for _, pair := range [][2]string{
		{"66f0a1b2c3d4e5f60718293b", "66f0a1b2c3d4e5f60718293a"}, {"66f0a1b2c3d4e5f607180000", "66f0a1b2c3d4e5f60717ffff"},
		{"000000000000000000000001", "000000000000000000000000"}, {"ffffffffffffffffffffffff", "fffffffffffffffffffffffe"},
		{"800000000000000000000000", "7fffffffffffffffffffffff"},
	} {
		id, err := models.ParseID(pair[0])
		if err != nil {
			t.Fatal(err)
		}
		if got := models.PreviousID(id).Hex(); got != pair[1] {
			t.Errorf("before %s is %s, want %s", pair[0], got, pair[1])
		}
	}
	if got := models.MaxID().Hex(); got != "ffffffffffffffffffffffff" {
		t.Errorf("the greatest is %s", got)
	}
}

func TestParseID(t *testing.T) {
	id := models.NewID()
	for _, s := range []string{id.Hex(), strings.ToUpper(id.Hex())} {
		if got, err := models.ParseID(s); err != nil || got != id {
			t.Errorf("parse %s: %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "1", id.Hex() + "0", strings.Repeat("g", 24), " " + id.Hex()[1:]} {
		if _, err := models.ParseID(s); !errors.Is(err, models.ErrInvalidID) {
			t.Errorf("parse %q: got %v, want ErrInvalidID", s, err)
		}
	}
}
