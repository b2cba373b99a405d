package transfer

import (
	"time"

	"gin-blog/models"
)

// CopiedTables returns the names of the tables that a copy covers.
func CopiedTables(store models.Bulk) (names []string) {
	for _, t := range tables(store, time.Now()) {
		names = append(names, t.Name())
	}
	return names
}
