package files

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
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

// TestMakeWithoutHardLinks: where the file system has no hard links, a file still takes no other's place.
func TestMakeWithoutHardLinks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, want := range []error{nil, fs.ErrExist} {
		err := fill(filepath.Join(dir, "a"), content("first"), renameNew)
		if !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
	expectFiles(t, dir, map[string]string{"a": "first"})
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
