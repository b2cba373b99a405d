//go:build unix

package sqlite

import (
	"encoding/binary"
	"errors"
	"sync/atomic"
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
	seen atomic.Pointer[seenHeader]
}

// seenHeader is a header and the version that stands for it.
type seenHeader struct {
	header  walIndexHeader
	version int64
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
	w := &walIndex{fd: fd}
	header, err := w.read()
	if err != nil || binary.NativeEndian.Uint32(header[:]) != walIndexFormat {
		return nil
	}
	w.seen.Store(&seenHeader{header: header})
	return w
}

// version returns a number that is another one after each change of the header.
func (w *walIndex) version() (int64, error) {
	header, err := w.read()
	if err != nil {
		return 0, err
	}
	for {
		last := w.seen.Load()
		if last.header == header {
			return last.version, nil
		}
		next := &seenHeader{header: header, version: last.version + 1}
		if w.seen.CompareAndSwap(last, next) {
			return next.version, nil
		}
	}
}

func (w *walIndex) read() (header walIndexHeader, _ error) {
	for {
		n, err := syscall.Pread(w.fd, header[:], 0)
		switch {
		case err == syscall.EINTR:
			continue
		case err == nil && n < len(header):
			return header, errors.New("the WAL-index is cut short")
		}
		return header, err
	}
}
