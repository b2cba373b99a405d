package models

import (
	"regexp"
	"strings"
	"time"
)

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

// timeForm is what RFC 3339 allows, section 5.6. The package time takes more: a comma before the fraction, an hour of
// one digit, offsets of a day.
var timeForm = regexp.MustCompile(
	`^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

// maxTime is how many characters a time has at most.
const maxTime = 100

// ParseTime returns the time that s says as RFC 3339 has it, and whether it says one. A leap second, which comes only
// at the end of a month, is the moment after it.
func ParseTime(s string) (t time.Time, ok bool) {
	if len(s) > maxTime || !timeForm.MatchString(s) {
		return time.Time{}, false
	}
	s = strings.ToUpper(s)
	const minutes = len("2006-01-02T15:04:")
	rest, leaps := strings.CutPrefix(s[minutes:], "60")
	if leaps {
		s = s[:minutes] + "59" + rest
	}
	t, err := time.Parse(time.RFC3339, s)
	if leaps {
		t = t.Truncate(time.Second).Add(time.Second).UTC()
		ok = t.Day() == 1 && t.Equal(t.Truncate(24*time.Hour))
		return t, ok && err == nil
	}
	return t, err == nil
}
