//go:build !unix

package sqlite

// walIndex stands for a file that cannot be read beside SQLite, which locks it.
type walIndex struct{}

// openWALIndex returns nil: there is no walIndex here.
func openWALIndex(string) *walIndex { return nil }

// dataVersion is never called.
func (*walIndex) dataVersion() (int64, error) { return 0, errClosed }
