package transfer

import (
	"time"

	"gin-blog/models"
)

// CopiedTables returns the names of the tables that a copy covers.
func CopiedTables(store models.Bulk) (names []string) {
	for _, t := range tables(store, store, time.Now()) {
		names = append(names, t.name())
	}
	return names
}

// PostRules is postRules.
type PostRules = postRules
