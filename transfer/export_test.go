package transfer

import (
	"time"

	"gin-blog/models"
)

// CopiedTables returns the names of the tables that a copy covers.
func CopiedTables(store models.Bulk) (names []string) {
	for _, t := range tables(store, store, time.Now(), retryFor) {
		names = append(names, t.name())
	}
	return names
}

// NextLimit is nextLimit, and its bounds.
var NextLimit, MinWrite, MaxWrite = nextLimit, minWrite, maxWrite

// PostRules is postRules.
type PostRules = postRules
