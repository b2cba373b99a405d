package sqlite

import (
	"sync"

	"zombiezen.com/go/sqlite"
)

// versionReader reads the version of the data, on a connection of its own that never writes.
type versionReader struct {
	index *walIndex // nil where it cannot be read

	mu   sync.Mutex
	conn *sqlite.Conn // nil once closed
	stmt *sqlite.Stmt
}

// open prepares what read uses.
func (v *versionReader) open(path string) (err error) {
	if v.conn, err = connect(path); err != nil {
		return err
	}
	if v.stmt, err = v.conn.Prepare(`PRAGMA data_version`); err != nil {
		return err
	}
	if _, err = v.readPragma(); err != nil { // after the first read, there is a WAL-index
		return err
	}
	v.index = openWALIndex(path)
	return nil
}

// read takes less than a microsecond where it can read the WAL-index, and some microseconds elsewhere.
func (v *versionReader) read() (int64, error) {
	if v.index != nil {
		return v.index.version()
	}
	return v.readPragma()
}

// readPragma asks SQLite, which takes and gives back a lock on the file.
func (v *versionReader) readPragma() (version int64, err error) {
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

// DataVersion implements models.Versioned. The header of the WAL-index, and where that cannot be read, PRAGMA
// data_version, changes with every commit of any connection, in this process or in another
// (https://www.sqlite.org/walformat.html, https://www.sqlite.org/pragma.html#pragma_data_version).
func (s *Store) DataVersion() (int64, error) {
	if err := s.usable(); err != nil {
		return 0, err
	}
	return s.version.read()
}
