package web_test

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"

	"gin-blog/internal/site"
	"gin-blog/internal/testkit"
	"gin-blog/models"
	"gin-blog/web"
)

// TestTheSiteIsItsOwners: what the owner has set up is on every page, and in the style sheet.
func TestTheSiteIsItsOwners(t *testing.T) {
	accent, err := site.ParseAccent("#a3201d")
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, testkit.SQLite(t), func(o *web.Options) {
		o.Site = site.New(site.Site{
			Title: "Notizen & mehr", Description: "Über das <Gehen>", Language: language.Arabic,
			Zone:   site.LoadZone("Asia/Tokyo"),
			Accent: accent, CSS: []byte("body { --mine: 1 }"),
		})
	})
	s.user(t, "alice")
	post := s.write(t, "alice", "Hello", "World", "go")
	own := "/p/" + post.ID.Hex()
	for _, path := range []string{"/", "/archive", "/tags", "/tags/go", "/authors/alice", "/login", own} {
		page := s.browser(t).get(path)
		if page.status == 308 {
			page = page.follow()
		}
		for _, want := range []string{
			`<html lang="ar" dir="rtl">`, "Notizen &amp; mehr</", `content="#a3201d"`, `fill='%23a3201d'`,
			`title="Notizen &amp; mehr (Atom)"`, `<header class="site" lang="en" dir="ltr">`,
		} {
			if !strings.Contains(page.body, want) {
				t.Errorf("%s has no %s", path, want)
			}
		}
		for _, odd := range []string{"gin-blog", "As API calls", `href="/docs"`} {
			if strings.Contains(page.body, odd) {
				t.Errorf("%s has %s", path, odd)
			}
		}
	}
	home := s.browser(t).get("/").is(200).shows("Über das <Gehen>", tokyo(post.CreatedAt).Format("2006"))
	_, style, _ := strings.Cut(home.body, `rel="stylesheet" href="`)
	style, _, _ = strings.Cut(style, `"`)
	css := s.browser(t).get(style).is(200).body
	if !strings.HasSuffix(css, "body { --mine: 1 }") || !strings.Contains(css, "--accent: light-dark(#a3201d, #") {
		t.Errorf("the style sheet ends with %s", css[len(css)-200:])
	}
}

// tokyo returns a time in the zone of the site above.
func tokyo(t time.Time) time.Time { return t.In(site.LoadZone("Asia/Tokyo")) }

// TestArchive: all posts are there by year, a page after the other, and each leads to those beside it.
func TestArchive(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		s.browser(t).get("/archive").is(200).shows("There are no posts here yet.")
		s.user(t, "alice")
		posts := make([]*models.Post, 102)
		for i := range posts {
			posts[i] = s.write(t, "alice", fmt.Sprintf("Post %03d", i), "Text")
		}
		year := posts[0].CreatedAt.Format("2006")
		b := s.browser(t)
		first := b.get("/archive").is(200).shows(year, "Post 101", "Post 002").hides("Post 001")
		first.click("Older").is(200).shows("Post 001", "Post 000").hides("Post 002").click("Newest").shows("Post 101")
		b.get("/archive?after=x").is(400)
		post := b.get("/p/"+posts[50].ID.Hex()).follow().is(200).shows("Older Post 049", "Newer Post 051").
			hides("Post 048", "Post 052")
		post.click("Newer Post 051").is(200).shows("Post 050", "Post 052")
		b.get("/p/" + posts[0].ID.Hex()).follow().shows("Post 001")
	})
}

// TestTags: they are counted, the most used first, for pages and programs.
func TestTags(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		s.user(t, "alice")
		for i, tags := range [][]string{{"go"}, {"go", "gin"}, {"go", "gin", "東京"}} {
			s.write(t, "alice", fmt.Sprint("Post ", i), "Text", tags...)
		}
		const want = `[{"tag":"go","posts":3},{"tag":"gin","posts":2},{"tag":"東京","posts":1}]`
		if answer := s.api(t, "GET", "/posts/tags", ""); answer.Status != 200 || strings.TrimSpace(answer.Body) != want {
			t.Errorf("got %d %s", answer.Status, answer.Body)
		}
		for _, method := range []string{"PUT", "PATCH", "DELETE", "OPTIONS", "POST"} {
			if answer := s.api(t, method, "/posts/tags", ""); answer.Status != 405 || answer.Header.Get("Allow") != "GET, HEAD" {
				t.Errorf("%s: %d, Allow: %s", method, answer.Status, answer.Header.Get("Allow"))
			}
		}
		page := s.browser(t).get("/tags").is(200).shows("#go", "3", "#gin", "2", "#東京")
		page.click("#gin").is(200).shows("Posts tagged “gin”", "Post 2", "Post 1").hides("Post 0")
		s.write(t, "alice", "Another", "Text", "go")
		s.ahead.Add(int64(time.Minute))
		s.browser(t).get("/tags").is(200).shows("4")
	})
}

// TestNewTextBecomesADraft: the script saves it, and after that the editor is that of the draft.
func TestNewTextBecomesADraft(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		alice := s.user(t, "alice")
		form := alice.get("/new").is(200).form("Publish")
		typed := url.Values{
			"do": {"autosave"}, "draft": {form.values.Get("draft")}, "title": {"Untitled"}, "content": {"First words"},
		}
		answer := alice.post("/new", typed).is(201)
		drafts := s.drafts(t, "alice")
		if len(drafts) != 1 || drafts[0].Content != "First words" || answer.header.Get("Location") != draftPath(&drafts[0]) ||
			answer.header.Get("ETag") != `"`+drafts[0].Version()+`"` {
			t.Fatalf("got %v, the drafts are %+v", answer.header, drafts)
		}
		s.browser(t).post("/new", typed).is(403)
		later := s.now().UTC().AddDate(0, 0, 7)
		alice.get("/new").form("Publish").fill("Title", "Later").fill("Text", "Hello").
			fill("Publish at", later.Format("2006-01-02T15:04")).send().is(303).follow().is(200).
			shows("Scheduled for " + later.Format("2 January 2006, 15:04 UTC"))
		if posts := s.posts(t); len(posts) != 0 {
			t.Errorf("the posts are %v", posts)
		}
	})
}

// TestFeedsAreFound at the addresses that readers try.
func TestFeedsAreFound(t *testing.T) {
	s := newSite(t, testkit.SQLite(t))
	for _, path := range []string{"/feed", "/feed.xml", "/rss", "/rss.xml", "/atom.xml", "/index.xml"} {
		answer := s.api(t, "GET", path, "")
		if answer.Status != 301 || answer.Header.Get("Location") != "/feed.atom" {
			t.Errorf("%s: %d %s", path, answer.Status, answer.Header.Get("Location"))
		}
	}
}

// TestLongPostHasContents: links to its headings, which a short one does without. Its first picture stands for it, and
// its author answers for its links, as nobody does for those of comments.
func TestLongPostHasContents(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		alice := s.user(t, "alice")
		text := "![A cat](https://example.org/cat.jpg?a=1&b=2)\n\n# One & *two*\n\n" + strings.Repeat("word ", 1_000) +
			"\n\n## Sub\n\n[a link](https://example.org)\n\n# Three\n"
		long, short := s.write(t, "alice", "Long", text), s.write(t, "alice", "Short", "# One\n\n# Two\n\n# Three")
		s.comment(t, "alice", long, "[mine](https://example.com)")
		page := alice.get("/p/"+long.ID.Hex()).follow().is(200).shows("Contents", "5\u00a0min read")
		for _, want := range []string{
			`<li><a href="#text-one--two">One &amp; two</a></li>`, `<li class="sub"><a href="#text-sub">Sub</a></li>`,
			`id="text-sub"`, `property="og:image" content="https://example.org/cat.jpg?a=1&amp;b=2"`,
			`<a href="https://example.org" rel="noopener">`, `<a href="https://example.com" rel="nofollow noopener ugc">`,
		} {
			if !strings.Contains(page.body, want) {
				t.Errorf("the page has no %s", want)
			}
		}
		alice.get("/p/"+short.ID.Hex()).follow().is(200).hides("Contents", "og:image")
	})
}

// TestOneAuthor: a blog of one author leads to their page, and does not name them beside every post.
func TestOneAuthor(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		b := s.browser(t)
		b.get("/").is(200).hides("About")
		b.get("/register").form("Register").fill("Username", "alice").fill("Name", "Maria Weber").
			fill("Password", testkit.Password).send().is(303)
		s.user(t, "bob")
		post := s.write(t, "alice", "Hello", "World", "go")
		reader := s.browser(t)
		for _, path := range []string{"/", "/tags/go", "/?q=world"} {
			reader.get(path).is(200).shows("Hello").hides("Maria Weber").click("About").is(200).shows("Maria Weber", "alice")
		}
		reader.get("/p/"+post.ID.Hex()).follow().shows("Maria Weber", "About")
		second := s.write(t, "bob", "Second", "World", "go")
		for _, path := range []string{"/", "/tags/go", "/?q=world"} {
			reader.get(path).is(200).shows("Maria Weber", "bob").hides("About")
		}
		reader.get("/authors/alice").hides("Maria Weber ·") // on her own page, beside each post
		if err := s.store.DeletePost(t.Context(), second.ID, func(*models.Post) error { return nil }); err != nil {
			t.Fatal(err)
		}
		reader.get("/").is(200).shows("About").hides("Maria Weber")
	})
}

// TestSessionsNamePrograms: the list of sessions names browsers and programs as people do.
func TestSessionsNamePrograms(t *testing.T) {
	s := newSite(t, testkit.SQLite(t))
	s.user(t, "alice")
	b := s.browser(t)
	form := url.Values{"username": {"alice"}, "password": {testkit.Password}}
	for userAgent, want := range map[string]string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0": "Firefox on Windows",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) " +
			"Version/18.1 Mobile/15E148 Safari/604.1": "Safari on iOS",
		"curl/8.11.0": "curl",
		"<b>":         "<b>",
	} {
		b.post("/login", form, testkit.Header{"User-Agent": userAgent}).is(303)
		b.get("/account/sessions").is(200).shows(want).hides("Mozilla", "AppleWebKit")
	}
}

// TestBoxOfTheAuthor: a post ends with what its author says about themselves, if they say anything and are still here.
func TestBoxOfTheAuthor(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		alice, visitor := s.user(t, "alice"), s.browser(t)
		path := "/p/" + s.write(t, "alice", "Hello", "A note[^1]\n\n[^1]: Of the post.").ID.Hex()
		show := func() *page { return visitor.get(path).follow().is(200) }
		if strings.Contains(show().body, `class="about"`) {
			t.Error("an empty box")
		}
		alice.get("/account").form("Save").fill("About you", "Gardener[^1]\n\n[^1]: On Sundays.").send().is(303)
		post := show().shows("Gardener", "On Sundays", "Of the post")
		for _, id := range regexp.MustCompile(` id="([^"]+)"`).FindAllString(post.body, -1) {
			if strings.Count(post.body, id) > 1 {
				t.Errorf("twice on one page: %s", id)
			}
		}
		alice.get("/account").form("Delete account").fill("Password", testkit.Password).send().is(303)
		if page := show().hides("Gardener"); strings.Contains(page.body, `class="about"`) {
			t.Error("a box of nobody")
		}
	})
}

// TestHeadingsAndPictures: in a post, each heading links to itself, without a word that is read aloud, and a picture
// has its title below. Comments, bios and feeds have no such links.
func TestHeadingsAndPictures(t *testing.T) {
	s := newSite(t, testkit.SQLite(t))
	alice := s.user(t, "alice")
	text := "# One & *two*\n\n![A cat](https://example.org/cat.jpg \"Tom, 2 years\")\n\n[a](https://example.org/b)"
	post := s.write(t, "alice", "Hello", text)
	s.comment(t, "alice", post, text)
	alice.get("/account").form("Save").fill("About you", text).send().is(303)
	path := "/p/" + post.ID.Hex()
	const (
		anchor = `<h2 id="text-one--two">One &amp; <em>two</em>` +
			`<a href="#text-one--two" class="anchor" tabindex="-1" aria-hidden="true"></a></h2>`
		figure = "<figure>\n<img src=\"https://example.org/cat.jpg\" alt=\"A cat\" loading=\"lazy\">\n" +
			"<figcaption>Tom, 2 years</figcaption>\n</figure>"
		own, foreign = `b" rel="noopener">`, `b" rel="nofollow noopener ugc">`
	)
	content, comments, _ := strings.Cut(alice.get(path).follow().is(200).body, `<section class="comments"`)
	content, box, _ := strings.Cut(content, `<aside class="about"`)
	preview := alice.get(path + "/edit").is(200).form("Preview").send().is(200).body
	bio := alice.get("/authors/alice").is(200).body
	feed := s.api(t, "GET", "/feed.json", "").Body
	for _, test := range []struct {
		where, body string
		has, lacks  []string
	}{
		{"post", content, []string{anchor, figure, own}, []string{foreign}},
		{"preview", preview, []string{anchor, figure, own}, []string{foreign}},
		{"comment", comments, []string{"two</em></h2>", figure, foreign}, []string{"anchor", own}},
		{"box of the author", box, []string{`/authors/alice`, "two</em></h2>", figure, own}, []string{"anchor", foreign}},
		{"bio", bio, []string{"two</em></h2>", figure, own}, []string{"anchor", foreign}},
		{"feed", feed, []string{"two</em></h2>", "figcaption>Tom, 2 years", "ugc"}, []string{"anchor"}},
	} {
		for _, want := range test.has {
			if !strings.Contains(test.body, want) {
				t.Errorf("%s: no %s in\n%s", test.where, want, test.body)
			}
		}
		for _, wrong := range test.lacks {
			if strings.Contains(test.body, wrong) {
				t.Errorf("%s: %s is in\n%s", test.where, wrong, test.body)
			}
		}
	}
}
