//go:build unix

package transfer_test

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"gin-blog/internal/testkit"
)

// TestImportOpensNoPipe: a pipe would make an import wait for somebody who writes to it.
func TestImportOpensNoPipe(t *testing.T) {
	s, dir := testkit.SQLite(t).(store), t.TempDir()
	for _, name := range []string{"a.md", "users.json", "posts.json"} {
		if err := syscall.Mkfifo(filepath.Join(dir, name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, results := range map[string]map[string]string{
		"a.md": importMarkdown(t, s, dir), "users.json": importJSON(t, s, dir), "posts.json": importJSON(t, s, dir),
	} {
		if got := results[name]; !strings.HasPrefix(got, "refused: ") || !strings.Contains(got, "no regular file") {
			t.Errorf("%s: %q", name, got)
		}
	}
}
