package models

import "time"

// StoredTime returns t as stores keep it: in UTC, to the millisecond.
func StoredTime(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

// ChangedAt returns the time of a change at now to something that changed last at a time, as stores keep it. If the
// clock is behind that time, the result is the next second, which Last-Modified shows too: times do not go back.
func ChangedAt(now, last time.Time) time.Time {
	if now = StoredTime(now); now.Before(last) {
		return StoredTime(last).Truncate(time.Second).Add(time.Second)
	}
	return now
}
