//go:build unix

package files

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestReadOpensNoPipe: a pipe that nobody writes to would hold up its reader for ever.
func TestReadOpensNoPipe(t *testing.T) {
	t.Parallel()
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{pipe, "/dev/zero", t.TempDir()} {
		if _, err := Read(path); err == nil || !strings.Contains(err.Error(), path+" is no regular file") {
			t.Errorf("%s: got %v", path, err)
		}
	}
}
