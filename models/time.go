package models

import "time"

// StoredTime returns t as stores keep it: in UTC, to the millisecond.
func StoredTime(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
