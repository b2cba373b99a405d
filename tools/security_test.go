package tools

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestSecurityNamesWhatExists: the files and the tests that SECURITY.md points to are there.
func TestSecurityNamesWhatExists(t *testing.T) {
	var tests strings.Builder
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, "_test.go") {
			tests.WriteString(read(t, path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`([A-Za-z][\\w/-]*\\.go|(?:Test|Fuzz)\\w+)`").FindAllStringSubmatch(read(t, "../SECURITY.md"), -1)
	if len(named) < 50 {
		t.Fatalf("only %d names found", len(named))
	}
	for _, name := range named {
		if strings.HasSuffix(name[1], ".go") {
			if _, err := os.Stat(filepath.Join("..", name[1])); err != nil {
				t.Error(err)
			}
		} else if !strings.Contains(tests.String(), "func "+name[1]+"(") {
			t.Errorf("there is no %s", name[1])
		}
	}
}
