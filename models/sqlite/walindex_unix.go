//go:build unix

package sqlite

import (
	"encoding/binary"
	"errors"
	"hash/maphash"
	"syscall"
)

// walIndexFormat begins the header of every WAL-index (https://www.sqlite.org/walformat.html, section 2.1).
const walIndexFormat = 3007000

// walIndexHeader is what of the WAL-index a commit changes: a counter of commits, the number of frames in the WAL, and
// checksums. The index begins with two copies of it. A commit writes the second copy and then the first one, before it
// returns, so the first copy is enough to see that something was committed.
type walIndexHeader [48]byte

// walIndex is the file in which the processes that use a database say where the newest data is in the WAL.
type walIndex struct {
	fd   int
	seed maphash.Seed
}

// openWALIndex opens the WAL-index of a database, which at least one connection has read from. It returns nil if there
// is none, or if it has another format.
//
// The file is never closed: when a process closes any descriptor of a file, it loses all its locks on the file, also
// those of SQLite's own connections (https://www.sqlite.org/howtocorrupt.html, section 2.2). A process opens its
// database once.
func openWALIndex(path string) *walIndex {
	fd, err := syscall.Open(path+"-shm", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	w := &walIndex{fd: fd, seed: maphash.MakeSeed()}
	header, err := w.read()
	if err != nil || binary.NativeEndian.Uint32(header[:]) != walIndexFormat {
		return nil
	}
	return w
}

// dataVersion returns a hash of the header.
func (w *walIndex) dataVersion() (int64, error) {
	header, err := w.read()
	return int64(maphash.Bytes(w.seed, header[:])), err
}

func (w *walIndex) read() (header walIndexHeader, err error) {
	n, err := syscall.Pread(w.fd, header[:], 0)
	for err == syscall.EINTR {
		n, err = syscall.Pread(w.fd, header[:], 0)
	}
	if err == nil && n < len(header) {
		err = errors.New("the WAL-index is cut short")
	}
	return header, err
}
