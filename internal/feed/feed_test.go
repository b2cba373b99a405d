package feed

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mmcdole/gofeed"
	"github.com/mmcdole/gofeed/atom"
	jsonfeed "github.com/mmcdole/gofeed/json"

	"gin-blog/models"
)

// hostile are texts that may break a document.
var hostile = []string{
	"plain", "", `<script>alert(1)</script>`, `]]><x>`, `&amp; &lt; & <`, `"quoted" 'single'`,
	"\x00\x01\x08\x0b\x0c\x0e\x1f\x7f",
	"\ufffe\uffff", "\xff\xfe broken", "\xed\xa0\x80",
	"line\r\nbreaks\ttabs", "\u202e\u2066", "😀 日本語 é e\u0301",
	"<?xml version=\"1.0\"?>", "<!DOCTYPE x [<!ENTITY y SYSTEM \"file:///etc/passwd\">]>&y;",
	"\u0085\u2028", "<!-- -- -->",
}

// newFeed returns a feed with an entry for each of the texts.
func newFeed(texts ...string) Feed {
	f := Feed{
		Title: "A blog", Address: "https://blog.example/feed.atom?author=a&tag=b", Page: "https://blog.example/",
	}
	written := time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)
	for i, text := range texts {
		entry := Entry{
			ID: EntryID(models.NewID()), Address: Page(fmt.Sprintf("https://blog.example/p/%d", i)), Title: text, Summary: text,
			HTML: HTML("<p>" + text + "</p>"), Authors: []Author{{Name: text + "x", Address: "https://blog.example/authors/x"}},
			Tags: []string{"go", "gin"}, Published: Timestamp(written),
			Updated: Timestamp(written.Add(time.Duration(i) * time.Hour)),
		}
		f.Entries = append(f.Entries, entry)
	}
	return f
}

func TestAtom(t *testing.T) {
	f := newFeed("First", "Second")
	f.Entries[1].Authors, f.Entries[1].HTML, f.Entries[1].Tags = nil, "", nil
	body, err := f.Atom()
	if err != nil {
		t.Fatal(err)
	}
	got, err := (&atom.Parser{}).Parse(strings.NewReader(string(body)))
	if err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	checkAtom(t, got)
	if got.ID != f.Address || got.Title != "A blog" || got.Updated != "2026-01-02T04:04:05.678Z" {
		t.Errorf("the feed is %+v", got)
	}
	if self := linkOf(got.Links, "self"); self != f.Address {
		t.Errorf("the link to itself is %q", self)
	}
	first, second := got.Entries[0], got.Entries[1]
	if first.Title != "First" || first.Summary != "First" || first.Published != "2026-01-02T03:04:05.678Z" ||
		first.Content.Type != "html" || first.Content.Value != "<p>First</p>" || first.Authors[0].Name != "Firstx" ||
		first.Authors[0].URI != "https://blog.example/authors/x" || len(first.Categories) != 2 ||
		linkOf(first.Links, "alternate") != "https://blog.example/p/0" {
		t.Errorf("the first entry is %+v", first)
	}
	if second.Content != nil || second.Categories != nil ||
		second.Authors[0].Name != "a former member" || second.Authors[0].URI != "" {
		t.Errorf("the second entry is %+v", second)
	}
}

// checkAtom checks the rules of RFC 4287 that a reader does not.
func checkAtom(t *testing.T, f *atom.Feed) {
	t.Helper()
	ids := map[string]bool{}
	check := func(what, id, updated string, links []*atom.Link) {
		if u, err := url.Parse(id); err != nil || !u.IsAbs() || ids[id] {
			t.Errorf("%s has the id %q, which is relative or has occurred", what, id)
		}
		ids[id] = true
		if _, err := time.Parse(time.RFC3339, updated); err != nil {
			t.Errorf("%s was updated at %q", what, updated)
		}
		for _, link := range links {
			if u, err := url.Parse(link.Href); err != nil || !u.IsAbs() || u.Host == "" {
				t.Errorf("%s has the link %q", what, link.Href)
			}
		}
		if linkOf(links, "alternate") == "" {
			t.Errorf("%s has no page", what)
		}
	}
	check("the feed", f.ID, f.Updated, f.Links)
	if linkOf(f.Links, "self") == "" {
		t.Error("the feed has no link to itself")
	}
	for i, e := range f.Entries {
		check(fmt.Sprintf("entry %d", i), e.ID, e.Updated, e.Links)
		if len(e.Authors) != 1 || strings.TrimSpace(e.Authors[0].Name) == "" {
			t.Errorf("entry %d has the authors %v", i, e.Authors)
		}
	}
}

// linkOf returns the address of the one link with a relation.
func linkOf(links []*atom.Link, relation string) (address string) {
	for _, link := range links {
		if link.Rel == relation && address == "" {
			address = link.Href
		} else if link.Rel == relation {
			return ""
		}
	}
	return address
}

func TestHostileTextsStayText(t *testing.T) {
	f := newFeed(hostile...)
	body, err := f.Atom()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for decoder := xml.NewDecoder(strings.NewReader(string(body))); ; {
		token, err := decoder.Token() // fails for characters that XML forbids
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			names[token.Name.Local] = true
			if token.Name.Space != "http://www.w3.org/2005/Atom" {
				t.Errorf("the element %v is not of Atom", token.Name)
			}
		case xml.Directive, xml.Comment:
			t.Errorf("the document has %s", token)
		}
	}
	for _, name := range []string{"script", "x"} {
		if names[name] {
			t.Errorf("a text became an element %s", name)
		}
	}
	parsed, err := gofeed.NewParser().ParseString(string(body))
	if err != nil {
		t.Fatal(err)
	}
	for i, item := range parsed.Items {
		if want := strings.TrimSpace(shown(hostile[i])); item.Title != want || item.Description != want {
			t.Errorf("%q became %q and %q", hostile[i], item.Title, item.Description)
		}
	}
}

// shown returns what a reader of XML gets to see of a text: U+FFFD for what XML forbids, however it is escaped
// (https://www.w3.org/TR/xml/#charsets).
func shown(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && !strings.ContainsRune("\t\n\r", r) || r == '\ufffe' || r == '\uffff' {
			return '\ufffd'
		}
		return r
	}, text)
}

func TestJSON(t *testing.T) {
	f := newFeed(hostile...)
	f.Entries[0].HTML = ""
	f.Entries[1].HTML, f.Entries[1].Title = "", "Title" // its summary is empty too
	f.Entries[2].Authors = nil
	body, err := f.JSON()
	if err != nil {
		t.Fatal(err)
	}
	got, err := (&jsonfeed.Parser{}).Parse(strings.NewReader(string(body)))
	if err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	if got.Version != "https://jsonfeed.org/version/1.1" || got.Title != f.Title || got.FeedURL != f.Address ||
		got.HomePageURL != f.Page || len(got.Items) != len(hostile) {
		t.Errorf("the feed is %+v", got)
	}
	for i, item := range got.Items {
		text := string([]rune(hostile[i])) // U+FFFD instead of each wrong byte
		if item.ID != f.Entries[i].ID || item.URL != string(f.Entries[i].Address) || len(item.Tags) != 2 ||
			item.DatePublished != "2026-01-02T03:04:05.678Z" || item.DateModified == "" {
			t.Errorf("item %d is %+v", i, item)
		}
		if item.ContentHTML == "" && item.ContentText == "" {
			t.Errorf("item %d has no content", i)
		}
		if i >= 2 && (item.ContentHTML != "<p>"+text+"</p>" || item.Summary != text || item.Title != text) {
			t.Errorf("%q became %q, %q and %q", text, item.Title, item.Summary, item.ContentHTML)
		}
		if hasAuthor := len(item.Authors) == 1; hasAuthor != (len(f.Entries[i].Authors) == 1) {
			t.Errorf("item %d has the authors %v", i, item.Authors)
		}
	}
	if got.Items[0].ContentText != "plain" || got.Items[0].Summary != "" {
		t.Errorf("an item without HTML is %+v", got.Items[0])
	}
}

func TestEmptyFeeds(t *testing.T) {
	f := Feed{Title: "A blog", Address: "https://blog.example/feed.atom", Page: "https://blog.example/"}
	body, err := f.Atom()
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := (&atom.Parser{}).Parse(strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	checkAtom(t, parsed)
	body, err = f.JSON()
	if err != nil || !strings.Contains(string(body), `"items":[]`) || !json.Valid(body) {
		t.Errorf("the empty JSON Feed is %s (%v)", body, err)
	}
}

// TestEntryID shows that ids never change: a reader would show every entry again.
func TestEntryID(t *testing.T) {
	id, err := models.ParseID("66f0a1f0dc29e0003f2bdd11")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := EntryID(id), "urn:uuid:f371ea74-c37a-5cc7-8d7c-93d2bb2a84dd"; got != want {
		t.Errorf("the id is %s, not %s", got, want)
	}
}

func TestSitemaps(t *testing.T) {
	type entry struct {
		Address string `xml:"loc"`
		Updated string `xml:"lastmod"`
	}
	var sitemap struct {
		XMLName xml.Name `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 urlset"`
		URLs    []entry  `xml:"url"`
	}
	body, err := Sitemap([]Link{
		{Address: "https://blog.example/"},
		{Address: "https://blog.example/p/a?b=1&c=<2>", Updated: Timestamp(time.Unix(0, 0))},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := xml.Unmarshal(body, &sitemap); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	want := []entry{{Address: "https://blog.example/"}, {"https://blog.example/p/a?b=1&c=<2>", "1970-01-01T00:00:00.000Z"}}
	if !slices.Equal(sitemap.URLs, want) {
		t.Errorf("the sitemap has %v", sitemap.URLs)
	}
	var index struct {
		XMLName  xml.Name `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 sitemapindex"`
		Sitemaps []entry  `xml:"sitemap"`
	}
	body, err = SitemapIndex([]Link{{Address: "https://blog.example/sitemaps/pages.xml"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := xml.Unmarshal(body, &index); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	if !slices.Equal(index.Sitemaps, []entry{{Address: "https://blog.example/sitemaps/pages.xml"}}) {
		t.Errorf("the index has %v", index.Sitemaps)
	}
	robots := string(Robots("https://blog.example"))
	if !strings.HasSuffix(robots, "\nSitemap: https://blog.example/sitemap.xml\n") {
		t.Errorf("robots.txt is %s", robots)
	}
}
