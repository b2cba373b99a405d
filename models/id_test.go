package models_test

import (
	"bytes"
	"errors"
	"strings"
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
	seen := map[models.ID]bool{last: true}
	var disorder int
	for range n {
		next := models.NewID()
		if seen[next] {
			t.Fatalf("%s was made twice", next.Hex())
		}
		seen[next] = true
		if bytes.Compare(last[:], next[:]) >= 0 {
			disorder++ // the clock stood still or was set back in between
		}
		last = next
	}
	if disorder > n/1000 {
		t.Errorf("%d of %d ids do not sort after the one before", disorder, n)
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
