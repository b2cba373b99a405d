package files

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// content returns a function that fills a file.
func content(text string) func(*os.File) error {
	return func(f *os.File) error {
		_, err := f.WriteString(text)
		return err
	}
}

// expectFiles wants a folder to hold files with these contents, by their names, and nothing else.
func expectFiles(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != len(want) {
		t.Errorf("the folder holds %v, %v, want %v", entries, err, want)
	}
	for name, text := range want {
		path := filepath.Join(dir, name)
		if got, err := os.ReadFile(path); err != nil || string(got) != text {
			t.Errorf("%s holds %q, %v, want %q", name, got, err, text)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}

// TestMake: a file is there when it is whole, and neither a failure nor a second call changes it.
func TestMake(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	broken := errors.New("the disk is full")
	err := Make(path, func(f *os.File) error {
		if _, err := os.Lstat(path); err == nil {
			t.Error("the file is there before it is whole")
		}
		return errors.Join(content("half")(f), broken)
	})
	if !errors.Is(err, broken) {
		t.Errorf("got %v, want what write returns", err)
	}
	expectFiles(t, dir, nil)
	if err := Make(path, content("whole")); err != nil {
		t.Error(err)
	}
	for _, fill := range []func() error{
		func() error { return Make(path, func(*os.File) error { t.Error("it is filled in vain"); return nil }) },
		func() error { return Make(path+"2", func(*os.File) error { return os.Rename(path, path+"2") }) }, // meanwhile
	} {
		if err := fill(); !errors.Is(err, fs.ErrExist) {
			t.Errorf("got %v, want %v", err, fs.ErrExist)
		}
	}
	expectFiles(t, dir, map[string]string{"a2": "whole"})
	if err := Replace(path+"2", content("newer")); err != nil {
		t.Error(err)
	}
	expectFiles(t, dir, map[string]string{"a2": "newer"})
}

// TestRemoveUnfinished: what a process left that was killed can be told from other files.
func TestRemoveUnfinished(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	names := []string{"copy-1", "copy-2", "other"}
	for _, name := range names {
		err := Make(filepath.Join(dir, name), func(f *os.File) error { // what there is if it is killed now
			return os.Link(f.Name(), f.Name()+".left")
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := RemoveUnfinished(dir, "copy-"); err != nil {
		t.Error(err)
	}
	left, err := filepath.Glob(filepath.Join(dir, ".*"))
	if err != nil || len(left) != 1 || !strings.HasPrefix(filepath.Base(left[0]), ".other.") {
		t.Errorf("there are still %v, %v", left, err)
	}
	if whole, err := filepath.Glob(filepath.Join(dir, "[^.]*")); err != nil || len(whole) != len(names) {
		t.Errorf("the files are %v, %v, want %v", whole, err, names)
	}
}

// TestMakeWithoutHardLinks: processes that make one file at the same time agree on it also where the file system has no
// hard links, and leave no other file behind.
func TestMakeWithoutHardLinks(t *testing.T) {
	t.Parallel()
	for _, cause := range []error{syscall.EPERM, syscall.ENOTSUP, syscall.ENOSYS} {
		dir := t.TempDir()
		path := filepath.Join(dir, "a")
		var mu sync.Mutex
		var made []string
		var starts sync.WaitGroup
		for i := range 32 {
			starts.Go(func() {
				text := strings.Repeat("x", i)
				err := makeFile(path, content(text), failWith(cause))
				if err != nil && !errors.Is(err, fs.ErrExist) {
					t.Errorf("%v: %v", cause, err)
				}
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					made = append(made, text)
				}
			})
		}
		starts.Wait()
		if len(made) != 1 {
			t.Fatalf("%v: the file was made %d times", cause, len(made))
		}
		expectFiles(t, dir, map[string]string{"a": made[0]})
	}
}

// failWith returns a function in place of os.Link for a file system without hard links.
func failWith(cause error) func(oldPath, newPath string) error {
	return func(oldPath, newPath string) error {
		return &os.LinkError{Op: "link", Old: oldPath, New: newPath, Err: cause}
	}
}

// TestMakeBesideAnotherProcess: a process without hard links waits while another one makes the file, and leaves that
// alone. It does not wait for ever for one that was killed.
func TestMakeBesideAnotherProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a")
	lock := path + ".lock"
	if err := os.WriteFile(lock, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	err := makeFile(path, content("mine"), failWith(syscall.EPERM))
	if err == nil || !strings.Contains(err.Error(), lock+" is there") {
		t.Errorf("beside the lock of a process that was killed: %v", err)
	}
	var other sync.WaitGroup
	err = makeFile(path, func(*os.File) error {
		other.Go(func() {
			time.Sleep(100 * time.Millisecond)
			if err := errors.Join(os.WriteFile(path, []byte("theirs"), 0o600), os.Remove(lock)); err != nil {
				t.Error(err)
			}
		})
		return nil
	}, failWith(syscall.EPERM))
	other.Wait()
	if !errors.Is(err, fs.ErrExist) {
		t.Errorf("got %v, want %v", err, fs.ErrExist)
	}
	expectFiles(t, filepath.Dir(path), map[string]string{"a": "theirs"})
}

// TestReadIsBounded: no more than 1 MiB of a file is read, however large it is.
func TestReadIsBounded(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a")
	for size, want := range map[int64]string{1 << 20: "", 1<<20 + 1: path + " is larger than 1 MiB", 1 << 26: "larger"} {
		if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, size)); err != nil {
			t.Fatal(err)
		}
		content, err := Read(path)
		if want == "" && (err != nil || int64(len(content)) != size) {
			t.Errorf("%d bytes: got %d, %v", size, len(content), err)
		}
		if want != "" && (err == nil || !strings.Contains(err.Error(), want) || len(content) > 1<<20+1) {
			t.Errorf("%d bytes: got %d, %v, want %q", size, len(content), err, want)
		}
	}
}
