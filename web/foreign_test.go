package web_test

import (
	"strings"
	"testing"

	"golang.org/x/net/html/atom"

	"gin-blog/internal/testkit"
)

// TestForeignDatabaseIsShown: every page that a reader and an author reach by links shows what other programs have
// stored, and leaves it as it was.
func TestForeignDatabaseIsShown(t *testing.T) {
	f := testkit.NewForeign(t)
	s := newSite(t, testkit.OpenMongoDB(t, f.DB, nil))
	reader, alice := s.browser(t), s.browser(t)
	crawl(t, reader, "/")
	reader.get("/register").form("Register").fill("Username", "TWIN").fill("Password", testkit.Password).send().
		is(409).shows("Username already taken")
	alice.get("/login").form("Log in").fill("Username", "alice").fill("Password", testkit.Password).send().is(303)
	crawl(t, alice, "/account")
	f.CheckUnchanged(t)
}

// crawl visits every page that links lead to, and finds it.
func crawl(t *testing.T, b *browser, start string) {
	t.Helper()
	seen, todo := map[string]bool{start: true}, []string{start}
	for len(todo) > 0 {
		path := todo[0]
		todo = todo[1:]
		p := b.get(path)
		if p.status >= 400 {
			t.Errorf("%s: %d", path, p.status)
			continue
		}
		for _, a := range p.all(atom.A) {
			path, _, _ := strings.Cut(attribute(a, "href"), "#")
			isPage := strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "/feed.") && path != "/docs"
			if isPage && path != "/tags/" && !seen[path] && len(seen) < 200 { // the empty tag has no page
				seen[path] = true
				todo = append(todo, path)
			}
		}
	}
	if len(seen) < 20 {
		t.Errorf("only %d pages were found", len(seen))
	}
}
