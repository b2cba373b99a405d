package web_test

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"gin-blog/internal/urls"
)

// description returns what a page says of itself to search engines.
func description(p *page) string {
	for _, meta := range p.all(atom.Meta) {
		if attribute(meta, "name") == "description" {
			return attribute(meta, "content")
		}
	}
	return ""
}

// TestTextsOnPages: what the page of a post shows, lists and descriptions show too, without what is not to be read.
func TestTextsOnPages(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		alice := s.user(t, "alice")
		for _, c := range []struct {
			content, excerpt string
			shows            []string
		}{
			{"Claim[^1].\n\n[^1]: Smith", "Claim.", []string{"Claim1.", "Smith", "↩"}},
			{"One.\n\n<!--more-->\n\nTwo. <!-- note to self -->", "One.", []string{"One.", "Two."}},
			{"See [the manual][man]." + strings.Repeat("\n\nWords and words.", 200) + "\n\n[man]: https://example.com",
				"See the manual. Words and words.", []string{"See the manual."}},
			{"![](data:image/png;base64," + strings.Repeat("iVBORw0KGgo", 2_000) + "=)\n\nFirst words.", "First words.",
				[]string{"First words."}},
			{"[a](https://example.com/?a=1&section=2): https://example.com/?b=1&section=2",
				"a: https://example.com/?b=1&section=2", []string{"?b=1&section=2"}},
			{"![Cat](https://example.com/a.png)![Dog](https://example.com/b.png)\n\n- 450 g flour\n\n50 g rye&#1;",
				"Cat Dog 450 g flour; 50 g rye\uFFFD", []string{"450 g flour", "50 g rye\uFFFD"}},
			{"שלום עולם\n\n```go\nfunc f() {}\n```", "שלום עולם", []string{"שלום עולם", "func f() {}"}},
		} {
			post := s.write(t, "alice", "Title", c.content)
			hidden := []string{"[^1]", "<!--", "&lt;!--", "note to self", "base64", "§", "\x01", "[man]"}
			shown := s.browser(t).get("/p/title-" + post.ID.Hex()).is(200).shows(c.shows...).hides(hidden...)
			if got := description(shown); !strings.HasPrefix(got, c.excerpt) {
				t.Errorf("the description of %.60q is %q, not %q", c.content, got, c.excerpt)
			}
			alice.get("/").is(200).shows(c.excerpt).hides(hidden...)
		}
	})
}

// TestTextsRunInTheirDirection: a browser finds out the direction of all that people write.
func TestTextsRunInTheirDirection(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		alice := s.user(t, "alice")
		post := s.write(t, "alice", "שלום", "שלום עולם")
		path := urls.Post(post.ID, post.Title)
		s.comment(t, "alice", post, "שלום")
		for path, count := range map[string]map[atom.Atom]int{ // how many there are of each at least
			"/?q=x":                          {atom.H1: 1, atom.Input: 1},
			"/":                              {atom.H1: 1, atom.H2: 1, atom.P: 1},
			urls.Post(post.ID, "") + "/edit": {atom.Input: 2, atom.Textarea: 1},
			path:                             {atom.H1: 1, atom.Div: 2, atom.Textarea: 1},
			"/account":                       {atom.Textarea: 1},
		} {
			shown := alice.get(path)
			for tag, least := range count {
				n := 0
				for _, element := range shown.is(200).all(tag) {
					if attribute(element, "dir") == "auto" {
						n++
					}
				}
				if n < least {
					t.Errorf("%s: %d elements %s have dir=auto, not %d", path, n, tag, least)
				}
			}
		}
	})
}

// TestIDsOfTextsAreTheirOwn: ids of a post, of comments and of the page never meet, and links lead where they should.
func TestIDsOfTextsAreTheirOwn(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		alice := s.user(t, "alice")
		text := "# Comments\n\n# main\n\n[up](#comments) [post](/p/x) note[^1]\n\n[^1]: Smith"
		post := s.write(t, "alice", "Title", text)
		for i := range 2 {
			alice.get("/p/"+post.ID.Hex()).follow().form("Comment").
				fill("Your comment", fmt.Sprint(text, i)).send().is(303)
		}
		for _, path := range []string{"/p/title-" + post.ID.Hex(), "/moderation"} {
			if err := s.store.SetRole(t.Context(), "alice", "admin"); err != nil {
				t.Fatal(err)
			}
			shown, ids := alice.get(path).is(200), map[string]bool{}
			for n := range shown.root.Descendants() {
				if id := attribute(n, "id"); n.Type == html.ElementNode && id != "" {
					if ids[id] {
						t.Errorf("%s: two elements have the id %s", path, id)
					}
					ids[id] = true
				}
			}
			notes := 0
			for _, a := range shown.all(atom.A) {
				id, isHere := strings.CutPrefix(attribute(a, "href"), "#")
				if isHere && id != "top" && !ids[id] {
					t.Errorf("%s: a link leads to %s, which is nowhere", path, id)
				}
				if attribute(a, "role") == "doc-noteref" {
					notes++
				}
			}
			if want := strings.Count(shown.body, `<div class="text"`); notes != want || notes < 2 {
				t.Errorf("%s: %d of %d texts have a note", path, notes, want)
			}
		}
	})
}

// TestPreviewSaysWhatDoesNotShow: an image that no browser would load is named, and one that it loads is not.
func TestPreviewSaysWhatDoesNotShow(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		form := s.user(t, "alice").get("/new").form("Preview").fill("Title", "T")
		form.fill("Text", "![a](http://example.com/a.png) ![b](b.png) ![c](https://example.com/c.png) [d](/p/d) [e](e.html)").
			send().is(200).shows("These addresses do not work here", "http://example.com/a.png", "b.png", "e.html").
			hides("<code>https://", "<code>/p/d")
		form.fill("Text", "![c](https://example.com/c.png)").send().is(200).hides("These addresses do not work here")
	})
}
