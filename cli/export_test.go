package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gin-blog/internal/testkit"
)

// TestExportAndImport moves the posts of one store to another by files.
func TestExportAndImport(t *testing.T) {
	environ := seeded(t, "-users", "2", "-posts", "5")
	dir := t.TempDir()
	markdown := filepath.Join(dir, "markdown")
	other := []string{"DATA_DIR=" + filepath.Join(dir, "other"), "BCRYPT_COST=4"}
	same := []string{"DATA_DIR=" + filepath.Join(dir, "same"), "BCRYPT_COST=4"}
	for _, c := range []struct {
		environ        []string
		args           []string
		code           int
		stdout, stderr string
	}{
		{environ, []string{"export", markdown}, 0, "5 posts of the SQLite file", ""},
		{environ, []string{"export", markdown}, 1, "", "markdown is not empty: name a new folder"},
		{environ, []string{"import", markdown}, 0, "0 created, 0 updated, 5 unchanged, 0 skipped, 0 refused in the", ""},
		{other, []string{"import", markdown}, 1, "", "gin-blog.db: run gin-blog once, which makes it, or set DATA_DIR to"},
		{other, []string{"seed", "-users", "1", "-posts", "0", "-rand", "9"}, 0, "", ""},
		{other, []string{"import", markdown}, 1, "refused   ", "import: 5 of the files above were refused"},
		{same, []string{"seed", "-users", "2", "-posts", "0"}, 0, "", ""},
		{same, []string{"import", markdown}, 0, "5 created, 0 updated, 0 unchanged, 0 skipped, 0 refused in the", ""},
		{same, []string{"import", markdown}, 0, "unchanged ", ""},
		{other, []string{"import", filepath.Join(dir, "nowhere")}, 1, "", "no such file"},
		{environ, []string{"export"}, 2, "", "export: got 0 arguments"},
		{environ, []string{"import", "-x", "a"}, 2, "", "import: flag provided but not defined: -x"},
	} {
		code, stdout, stderr := runIn(t, c.environ, c.args...)
		if code != c.code || !strings.Contains(stdout, c.stdout) || !strings.Contains(stderr, c.stderr) {
			t.Errorf("%v: exit %d, stdout %q, stderr %q, want %d, %q, %q",
				c.args, code, stdout, stderr, c.code, c.stdout, c.stderr)
		}
		if strings.Contains(stdout, "\x1b") || strings.Count(stderr, "\n") > 1 && code != 2 {
			t.Errorf("%v: stdout %q, stderr %q", c.args, stdout, stderr)
		}
	}
}

// TestImportSaysWhatItDid: a line for each text, none for other files, which the last line counts.
func TestImportSaysWhatItDid(t *testing.T) {
	environ := seeded(t, "-users", "1", "-posts", "0")
	dir := t.TempDir()
	for name, content := range map[string]string{
		"2023-01-05-hello.md": "---\ntags: [go, C++]\n---\n\n![a](a.png)\n",
		"draft.md":            "---\ndraft: \"true\"\n---\n\nx\n",
		"page.html":           "<p>",
		"wrong.md":            "---\ntitle: Foo: bar\n---\n\nx\n",
		"a.png":               "",
		"b.css":               "",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want := `created   2023-01-05-hello.md: tags left out: C++; images and links that do not work here: a.png
skipped   draft.md: not public: it says draft: true
skipped   page.html: only Markdown is read: files .md
refused   wrong.md: its front matter is wrong at line 2: ` +
		`mapping values are not allowed in this context: put the text in quotes
1 created, 0 updated, 0 unchanged, 2 skipped, 1 refused in the SQLite file `
	code, stdout, stderr := runIn(t, environ, "import", dir)
	if code != 1 || !strings.HasPrefix(stdout, want) || !strings.HasSuffix(stdout, "; 2 other files were passed over\n") ||
		stderr != "gin-blog: import: 1 of the files above were refused\n" {
		t.Errorf("exit %d, stdout %q, stderr %q, want %q", code, stdout, stderr, want)
	}
}

// TestImportPrintsNoControlCharacters: a file may be called like a command to the terminal.
func TestImportPrintsNoControlCharacters(t *testing.T) {
	environ := seeded(t, "-users", "1", "-posts", "0")
	dir := t.TempDir()
	file := []byte("---\ntitle: \"\\e[2J\"\ndate: 2024-05-01\n---\n\nx\n")
	if err := os.WriteFile(filepath.Join(dir, "\x1b[2J.md"), file, 0o600); err != nil {
		testkit.Skip(t, err.Error())
	}
	code, stdout, stderr := runIn(t, environ, "import", dir)
	if code != 1 || strings.ContainsRune(stdout+stderr, '\x1b') || !strings.Contains(stdout, "refused   ?[2J.md") {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}
