package tools

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDocumentsNameWhatExists checks that every Go file and every test that a document names exists, and that every
// link to a file of the repository leads to one.
func TestDocumentsNameWhatExists(t *testing.T) {
	tests := allTests(t)
	documents, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	documents = append(documents, "../README.md", "../SECURITY.md", "../CONTRIBUTING.md", "../CHANGELOG.md")
	name := regexp.MustCompile("`([A-Za-z][\\w/-]*\\.go|(?:Test|Fuzz)\\w+)`")
	link := regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)
	found := map[string]int{} // names in each document
	for _, document := range documents {
		text := read(t, document)
		for _, match := range name.FindAllStringSubmatch(text, -1) {
			found[document]++
			if strings.HasSuffix(match[1], ".go") {
				if _, err := os.Stat(filepath.Join("..", match[1])); err != nil {
					t.Errorf("%s: %v", document, err)
				}
			} else if !strings.Contains(tests, "func "+match[1]+"(") {
				t.Errorf("%s names %s, which does not exist", document, match[1])
			}
		}
		for _, match := range link.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(document), match[1])); err != nil {
				t.Errorf("%s: %v", document, err)
			}
		}
	}
	for document, minimum := range map[string]int{"../SECURITY.md": 50, "../docs/survival.md": 12} {
		if found[document] < minimum {
			t.Errorf("%s has only %d names, want at least %d", document, found[document], minimum)
		}
	}
}

// allTests returns the text of every test file in the repository.
func allTests(t *testing.T) string {
	t.Helper()
	var text strings.Builder
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && len(entry.Name()) > 2 && entry.Name()[0] == '.' {
			return fs.SkipDir // what tools leave
		}
		if err == nil && strings.HasSuffix(path, "_test.go") {
			text.WriteString(read(t, path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return text.String()
}
