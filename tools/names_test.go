package tools

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDocumentsNameWhatExists: the files and the tests that SECURITY.md and README.md point to are there.
func TestDocumentsNameWhatExists(t *testing.T) {
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
	for document, least := range map[string]int{"../SECURITY.md": 50, "../README.md": 12} {
		named := regexp.MustCompile("`([A-Za-z][\\w/-]*\\.go|(?:Test|Fuzz)\\w+)`").FindAllStringSubmatch(read(t, document), -1)
		if len(named) < least {
			t.Fatalf("only %d names found in %s", len(named), document)
		}
		for _, name := range named {
			if strings.HasSuffix(name[1], ".go") {
				if _, err := os.Stat(filepath.Join("..", name[1])); err != nil {
					t.Errorf("%s: %v", document, err)
				}
			} else if !strings.Contains(tests.String(), "func "+name[1]+"(") {
				t.Errorf("%s: there is no %s", document, name[1])
			}
		}
	}
}
