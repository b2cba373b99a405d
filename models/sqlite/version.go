package sqlite

import (
	"sync"

	"zombiezen.com/go/sqlite"
)

// versionReader reads the version of the data, on a connection of its own that never writes.
type versionReader struct {
	mu   sync.Mutex
	conn *sqlite.Conn // nil once closed
	stmt *sqlite.Stmt
}

// open prepares the statement that read uses.
func (v *versionReader) open(path string) (err error) {
	if v.conn, err = connect(path, `PRAGMA query_only = ON`); err != nil {
		return err
	}
	v.stmt, err = v.conn.Prepare(`PRAGMA data_version`)
	return err
}

// read takes some microseconds.
func (v *versionReader) read() (version int64, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.conn == nil {
		return 0, errClosed
	}
	if _, err := v.stmt.Step(); err != nil {
		return 0, err
	}
	version = v.stmt.ColumnInt64(0)
	return version, v.stmt.Reset()
}

func (v *versionReader) close() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.conn == nil {
		return nil
	}
	conn := v.conn
	v.conn = nil
	return conn.Close()
}

// DataVersion implements models.Versioned: PRAGMA data_version changes with every commit of another connection, in this
// process or in another (https://www.sqlite.org/pragma.html#pragma_data_version).
func (s *Store) DataVersion() (int64, error) { return s.version.read() }
