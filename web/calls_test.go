package web_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/net/html/atom"

	"gin-blog/internal/testkit"
	"gin-blog/models"
)

// TestEveryCallThatAPageShows runs the lines of "As API calls" on every page, in a shell, each on a new site.
func TestEveryCallThatAPageShows(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		testkit.Skip(t, "curl is not here")
	}
	for _, path := range []string{
		"/", "/?q=hello", "/p/ID", "/authors/alice", "/tags/go", "/register", "/login", "/new", "/p/ID/edit", "/p/ID/delete",
		"/account", "/account/sessions", "/account/drafts", "/account/drafts/DRAFT", "/account/drafts/DRAFT/delete",
		"/p/ID/comments/COMMENT/edit", "/p/ID/comments/COMMENT/delete", "/moderation",
	} {
		ran := 0
		for more := true; more; ran++ {
			more = runCall(t, path, ran)
		}
		if ran == 0 {
			t.Errorf("%s shows no call", path)
		}
	}
}

// runCall runs a call that a page shows, and returns whether the page shows more after it.
func runCall(t *testing.T, path string, number int) (more bool) {
	t.Helper()
	s := newSite(t, testkit.SQLite(t))
	name, header := "alice", ""
	if path == "/register" {
		name = "bob" // the call registers alice
	}
	b := s.user(t, name)
	if path != "/register" {
		post := s.write(t, "alice", "Hello", "Hello", "go")
		comment, draft := s.comment(t, "alice", post, "Nice"), s.draft(t, "alice", "Draft", "Hello")
		path = strings.NewReplacer("ID", post.ID.Hex(), "COMMENT", comment.ID.Hex(), "DRAFT", draft.ID.Hex()).Replace(path)
		if path == "/moderation" {
			if err := s.store.SetRole(t.Context(), "alice", models.RoleAdmin); err != nil {
				t.Fatal(err)
			}
		}
		header = s.token(t, "alice")
	}
	page := b.get(path)
	if page.status == 308 {
		page = page.follow()
	}
	var lines []string
	for _, details := range page.is(200).all(atom.Details) {
		for _, code := range elements(details, atom.Code) {
			lines = append(lines, textOf(code))
		}
	}
	if number >= len(lines) {
		t.Fatalf("%s shows %d calls", path, len(lines))
	}
	line := lines[number]
	home := t.TempDir()
	const settings = "silent\nshow-error\nfail-with-body\n"
	if err := os.WriteFile(filepath.Join(home, ".curlrc"), []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "sh", "-c", line)
	command.Env = append(os.Environ(), "CURL_HOME="+home, "HOME="+home, "TOKEN="+header)
	output, err := command.CombinedOutput()
	if err != nil || !strings.HasPrefix(line, "curl ") {
		t.Errorf("%s: %s: %v: %s", path, line, err, output)
	}
	if strings.Contains(line, "Authorization") != strings.Contains(line, "$TOKEN") {
		t.Errorf("%s: a token without its place: %s", path, line)
	}
	return number+1 < len(lines)
}

// TestCallsAreQuoted: what comes from users stays one word of the shell.
func TestCallsAreQuoted(t *testing.T) {
	t.Parallel()
	s := newSite(t, testkit.SQLite(t))
	for _, text := range []string{`'; touch pwned; '`, "$(touch pwned)", "`touch pwned`", `"; touch pwned; "`, "a b&c|d"} {
		page := s.browser(t).get("/?" + fmt.Sprintf("q=%s", strings.NewReplacer(
			"%", "%25", " ", "%20", "&", "%26", "#", "%23", "+", "%2B", ";", "%3B").Replace(text)))
		for _, code := range elements(page.is(200).all(atom.Details)[0], atom.Code) {
			arguments := strings.TrimPrefix(textOf(code), "curl ")
			output, err := exec.CommandContext(t.Context(), "sh", "-c", "printf '%s\n' "+arguments).Output()
			if err != nil || strings.Count(string(output), "\n") != 1 || !strings.HasPrefix(string(output), s.url+"/posts?q=") {
				t.Errorf("%s: the shell reads %q, %v", textOf(code), output, err)
			}
		}
	}
}
