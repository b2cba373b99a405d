//go:build unix

package transfer_test

import (
	"path/filepath"
	"syscall"
	"testing"

	"gin-blog/internal/testkit"
)

// TestImportOpensNoPipe: a pipe would make an import wait for somebody who writes to it.
func TestImportOpensNoPipe(t *testing.T) {
	s, dir := testkit.SQLite(t).(store), t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "a.md"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := importFrom(t, s, dir)["a.md"]; got != "refused: it is no regular file" {
		t.Errorf("got %q", got)
	}
}
