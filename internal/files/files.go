// Package files reads files, and makes files that are there as a whole or not at all.
package files

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Make makes a file that only its owner can read. write fills it under another name in the same folder. Once it is on
// the disk, it gets its name in one step. So nobody reads half of it, not even after a crash. If there is a file at
// path by then, that one stays, and the error is fs.ErrExist.
func Make(path string, write func(f *os.File) error) error {
	if err := expectNone(path); err != nil { // before the work is done
		return err
	}
	return fill(path, write, func(from, path string) error {
		err := os.Link(from, path)
		if err == nil || errors.Is(err, fs.ErrExist) {
			return err
		}
		return renameNew(from, path) // exFAT and some network mounts have no links
	})
}

// Replace is Make, but the new file takes the place of one that is there.
func Replace(path string, write func(f *os.File) error) error { return fill(path, write, os.Rename) }

// RemoveUnfinished removes what processes left that ended while they made files in a folder whose names begin with
// prefix. Nobody may make such a file meanwhile.
func RemoveUnfinished(dir, prefix string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), "."+prefix) {
			err = errors.Join(err, os.Remove(filepath.Join(dir, entry.Name())))
		}
	}
	return err
}

// maxSize is how many bytes Read reads: far more than settings, secrets and certificates have.
const maxSize = 1 << 20

// Read reads a file of at most 1 MiB. It refuses a pipe or a device, which might hold up the reader for ever.
func Read(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err == nil && len(content) > maxSize {
		err = fmt.Errorf("%s is larger than 1 MiB", path)
	}
	return content, err
}

// expectNone returns an error unless there is no file at path.
func expectNone(path string) error {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return cmp.Or[error](err, &fs.PathError{Op: "create", Path: path, Err: syscall.EEXIST})
}

// renameNew renames a file to path, unless there is a file by then. It cannot tell if one comes in that moment.
func renameNew(from, path string) error {
	if err := expectNone(path); err != nil {
		return err
	}
	return os.Rename(from, path)
}

// fill fills a new file under another name, and has it named.
func fill(path string, write func(f *os.File) error, name func(from, path string) error) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	err = write(f)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := name(f.Name(), path); err != nil {
		return err
	}
	syncDir(dir)
	return nil
}

// syncDir writes the names in a folder to the disk, where the file system can do that. SQLite ignores the same error.
func syncDir(path string) {
	if dir, err := os.Open(path); err == nil {
		_ = dir.Sync()
		_ = dir.Close()
	}
}
