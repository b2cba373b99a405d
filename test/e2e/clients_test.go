package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gin-blog/internal/testkit"
)

// TestReactHook runs the hook of docs/clients.md in React: two tabs write posts with an access token that expires, one
// of them refreshes it, and a component turns the pages.
func TestReactHook(t *testing.T) {
	t.Parallel()
	install := exec.Command("../../scripts/npm-tools", "react")
	install.Stderr = os.Stderr
	modules, err := install.Output()
	if err != nil {
		testkit.Skip(t, "Node.js with React is not here")
	}
	dir := t.TempDir()
	if err := os.Symlink(strings.TrimSpace(string(modules)), filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	runDocumented(t, "From React", dir, map[string]string{"../clients/react.mjs": "main.mjs"}, "blog.mjs",
		"node", "main.mjs")
}

// TestGoClient compiles and runs the Go client of docs/clients.md, whose goroutines share it.
func TestGoClient(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module blog\n\ngo 1.22\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	runDocumented(t, "From Go", dir, map[string]string{"../clients/_document_test.go": "client_test.go"}, "client.go",
		"go", "test", "-count=1", ".")
}

// runDocumented writes the code in a section of docs/clients.md to a file in a directory, beside copies of other files,
// and runs a command there that uses it. Six posts must be written, and one left, with one refresh.
func runDocumented(t *testing.T, section, dir string, copies map[string]string, file, name string, args ...string) {
	t.Helper()
	p := start(t, t.TempDir(), "ACCESS_TOKEN_TTL=3s")
	p.signUp("alice")
	proxy := newExpiringProxy(t, p)
	_, port, _ := strings.Cut(proxy.Listener.Addr().String(), ":")
	blocks := codeBlocks(t, "../../docs/clients.md", section, port)
	if len(blocks) != 1 || strings.Count(blocks[0].text, "\n") > 59 {
		t.Fatalf("%d pieces of code, want one of less than 60 lines", len(blocks))
	}
	if err := os.WriteFile(filepath.Join(dir, file), []byte(blocks[0].text), 0o600); err != nil {
		t.Fatal(err)
	}
	for from, to := range copies {
		content, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, to), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	program := exec.Command(name, args...)
	program.Dir, program.Env = dir, append(os.Environ(), "BLOG_URL=http://localhost:"+port)
	if out, err := program.CombinedOutput(); err != nil {
		t.Fatalf("it fails: %v\n%s", err, out)
	}
	for call, want := range map[string]int{"POST /auth/refresh": 1, "POST /posts": 12} { // each post twice
		if got := proxy.count(call); got != want {
			t.Errorf("%d × %s, want %d", got, call, want)
		}
	}
	var left []testkit.Post
	if p.call("GET", "/posts", "", "", 200, &left); len(left) != 5 {
		t.Errorf("it leaves %d posts, want 5", len(left))
	}
}
