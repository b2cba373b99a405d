package web_test

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"gin-blog/internal/markdown"
	"gin-blog/internal/seed"
	"gin-blog/internal/testkit"
	"gin-blog/internal/urls"
	"gin-blog/middleware"
	"gin-blog/models"
	"gin-blog/models/sqlite"
	"gin-blog/web"
)

// TestDoors: HTML for browsers, JSON for programs, never the other way round.
func TestDoors(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		html, json := "text/html; charset=utf-8", "application/json; charset=utf-8"
		for _, c := range []struct {
			path, accept string
			status       int
			contentType  string
		}{
			{"/", "text/html", 200, html},
			{"/", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", 200, html},
			{"/", "application/json, text/html;q=0.5", 200, html},
			{"/", "", 200, json},
			{"/", "*/*", 200, json},
			{"/", "application/json", 200, json},
			{"/", "text/html;q=0", 200, json},
			{"/nothing-here", "text/html", 404, html},
			{"/nothing-here", "*/*", 404, json},
			{"/tags", "*/*", 200, html},
			{"/account/nothing", "application/json", 404, json},
			{"/account/nothing", "text/html", 404, html},
			{"/posts", "text/html", 200, json},
			{"/posts/1", "text/html", 400, json},
			{"/p/1", "*/*", 404, html},
			{"/login", "application/json", 200, html},
		} {
			answer := s.api(t, "GET", c.path, "", testkit.Header{"Accept": c.accept})
			if answer.Status != c.status || answer.Header.Get("Content-Type") != c.contentType {
				t.Errorf("%s for %q: %d %s", c.path, c.accept, answer.Status, answer.Header.Get("Content-Type"))
			}
			isHTML := c.contentType == html
			vary := strings.Join(answer.Header.Values("Vary"), ",")
			if cors := answer.Header.Get("Access-Control-Allow-Origin") != ""; cors && isHTML {
				t.Errorf("%s for %q: CORS for a page", c.path, c.accept)
			}
			if c.path == "/" && !strings.Contains(vary, "Accept") {
				t.Errorf("/ for %q: Vary is %q", c.accept, vary)
			}
		}
	})
}

func TestCORSIsForTheAPIAlone(t *testing.T) {
	t.Parallel()
	s := newSite(t, testkit.SQLite(t))
	origin := testkit.Header{"Origin": "https://other.example"}
	preflight := testkit.Header{"Origin": "https://other.example", "Access-Control-Request-Method": "POST"}
	for _, c := range []struct {
		method, path string
		header       testkit.Header
		allowed      bool
	}{
		{"OPTIONS", "/posts", preflight, true},
		{"GET", "/posts", origin, true},
		{"PUT", "/posts", origin, true}, // 405, which a page may read
		{"GET", "/", origin, true},
		{"GET", "/nothing-here", origin, true},
		{"OPTIONS", "/login", preflight, false},
		{"POST", "/login", origin, false},
		{"PUT", "/login", origin, false},
		{"GET", "/p/1", origin, false},
		{"OPTIONS", "/p/1", preflight, false},
		{"TRACE", "/tags/go", origin, false},
	} {
		answer := s.api(t, c.method, c.path, "", c.header)
		if allowed := answer.Header.Get("Access-Control-Allow-Origin") != ""; allowed != c.allowed {
			t.Errorf("%s %s: CORS is %v, want %v", c.method, c.path, allowed, c.allowed)
		}
	}
}

// TestOpenerPolicy: no page of another site keeps a hold of a page, where browsers heed the header that says so.
// Elsewhere they would complain about it.
func TestOpenerPolicy(t *testing.T) {
	t.Parallel()
	s := newSite(t, testkit.SQLite(t))
	for host, want := range map[string]string{
		"localhost": "same-origin", "127.0.0.1:3000": "same-origin", "a.localhost": "same-origin", "blog.example": "",
		"localhost.example": "",
	} {
		for _, path := range []string{"/", "/login", "/p/nonsense"} {
			page := s.browser(t).get(path, testkit.Header{"Host": host})
			if got := page.header.Get("Cross-Origin-Opener-Policy"); got != want {
				t.Errorf("%s of %s: Cross-Origin-Opener-Policy is %q, want %q", path, host, got, want)
			}
		}
	}
}

func TestAnEmptyBlogSaysWhatToDo(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		s.browser(t).get("/").is(200).shows("There are no posts yet. Log in to write the first one.")
		s.user(t, "alice").get("/").is(200).shows("There are no posts yet. Write the first one")
		s.browser(t).get("/?q=word").is(200).shows("No post contains all of these words.")
		s.browser(t).get("/?q=%3F").is(200).shows("No post contains all of these words.")
	})
}

func TestLists(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		s.user(t, "alice")
		s.user(t, "bob")
		for i := range 45 {
			s.write(t, []string{"alice", "bob"}[i%2], fmt.Sprintf("Post %d", i), "Some *words* in it", "go")
		}
		b := s.browser(t)
		first := b.get("/").is(200).shows("Post 44", "Post 25", "Some words in it", "alice").hides("Post 24<")
		second := first.click("Older").is(200).shows("Post 24", "Post 5").hides("Post 25<", "Post 4<")
		third := second.click("Older").is(200).shows("Post 4", "Post 0").hides("Post 5<")
		if first.has("Newer") || third.has("Older") {
			t.Error("the first page has Newer, or the last Older")
		}
		third.click("Newer").is(200).shows("Post 24", "Post 5").hides("Post 25<", "Post 4<").
			click("Newer").is(200).shows("Post 44", "Post 25").hides("Post 24<")
		back := second.click("Newer").is(200).shows("Post 44")
		if back.has("Newer") || !back.has("Older") {
			t.Error("the page before the second has a newer one, or no older one")
		}
		if got := len(first.all(atom.Article)); got != 20 {
			t.Errorf("the first page has %d posts", got)
		}
		b.get("/authors/ALICE").is(200).shows("Joined", "Post 44", "Post 6").hides("Post 43<")
		b.get("/tags/go").click("Older").is(200).shows("Post 24")
		b.get("/").form("Search").fill("Search", "post 7").send().is(200).
			shows("Results for “post 7”", "Post 7").hides("Post 8<", "Searched for")
		b.get("/?q=%2BWords%2B").is(200).shows("Results for “+Words+”", "Searched for: words", "Post 44")
		b.get("/?q=+%20").is(200).shows("Post 44").hides("Results for")
		b.get("/?q=words").click("Older").is(200).shows("Post 24").click("Newer").shows("Post 44")
		b.get("/tags/none").is(200).shows("There are no posts here yet.")
		b.get("/authors/nobody").is(404).shows("User not found")
		b.get("/?q=" + strings.Repeat("x", 101)).is(400).shows("Search for at most 100 characters.")
		b.get("/?after=1").is(400)
		b.get("/?before=1").is(400)
		b.get("/?utm_source=mail").is(200).shows("Post 44")
	})
}

func TestPost(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		s.user(t, "alice")
		const content = "# A heading\n\n`code` and **bold**\n\n| a | b |\n|-|-|\n| 1 | 2 |"
		post := s.write(t, "alice", "My Größe Post", content, "go")
		id := post.ID.Hex()
		b := s.browser(t)
		path := "/p/my-grosse-post-" + id
		for _, other := range []string{
			"/p/" + id, "/p/another-" + id, "/p/My-Gr%C3%B6%C3%9Fe-Post-" + id, "/p/" + strings.ToUpper(id),
		} {
			b.get(other).is(308).goesTo(path)
		}
		page := b.get(path).is(200).shows("My Größe Post", "A heading", "alice", "go", `curl `+s.url+`/posts/`+id)
		for _, want := range []string{
			"<code>code</code>", "<strong>bold</strong>", "<table ", `<link rel="canonical" href="` + s.url + path + `">`,
			`property="og:type" content="article"`, `itemtype="https://schema.org/BlogPosting"`,
		} {
			if !strings.Contains(page.body, want) {
				t.Errorf("the page lacks %s", want)
			}
		}
		if page.has("Edit") || page.has("Delete") {
			t.Error("a visitor may change the post")
		}
		b.get("/p/"+models.NewID().Hex()).is(404).shows("Post not found", "Back to the home page")
		b.get("/p/nonsense").is(404).shows("There is no page at this address.")

		user, err := s.store.UserByUsername(t.Context(), "alice")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.store.DeleteUser(t.Context(), user.ID); err != nil {
			t.Fatal(err)
		}
		b.get(path).is(200).shows("A former member")
	})
}

// TestErrorPages: an error is a page that says what happened and how to go on. An error of the site names the request,
// so that its owner finds it in the log.
func TestErrorPages(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		b := s.browser(t)
		b.get("/p/nonsense").is(404).shows("Not found").hides("request")
		b.do("DELETE", "/login", "").is(405).shows("This page cannot do that.")
		b.post("/login", map[string][]string{"username": {strings.Repeat("x", 70<<10)}}).is(413)
		if err := s.store.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Fatal(err)
		}
		away := b.get("/?q=word").is(503)
		away.shows("Temporarily unavailable", "Try again", "Back to the home page",
			"request ID: "+away.header.Get("X-Request-ID"))
		if away.header.Get("Retry-After") == "" || away.header.Get("Cache-Control") != "no-store" ||
			away.header.Get("ETag") != "" {
			t.Errorf("the headers of 503: %v", away.header)
		}
		b.get("/login").form("Log in").fill("Username", "alice").fill("Password", testkit.Password).send().is(503)
	})
}

// TestWeight: the home page with 20 posts and its style sheet are small, and all that a browser fetches.
func TestWeight(t *testing.T) {
	t.Parallel()
	store := testkit.SQLite(t)
	plan := seed.Plan{Users: 10, Posts: 40, Random: 7, PasswordHash: "hash"}
	if err := seed.Fill(t.Context(), store, plan, func(int) {}); err != nil {
		t.Fatal(err)
	}
	s := newSite(t, store)
	home := s.browser(t).get("/")
	total := 0
	paths := []string{"/"}
	for _, link := range home.all(atom.Link) {
		if attribute(link, "rel") == "stylesheet" {
			paths = append(paths, attribute(link, "href"))
		}
	}
	for _, path := range paths {
		answer := s.api(t, "GET", path, "", testkit.Header{"Accept": "text/html", "Accept-Encoding": "gzip"})
		if answer.Status != http.StatusOK || answer.Header.Get("Content-Encoding") != "gzip" {
			t.Fatalf("%s: %d %v", path, answer.Status, answer.Header)
		}
		if r, err := gzip.NewReader(strings.NewReader(answer.Body)); err != nil {
			t.Fatal(err)
		} else if _, err := io.Copy(io.Discard, r); err != nil {
			t.Fatal(err)
		}
		total += len(answer.Body)
	}
	elements := len(home.all(atom.Script)) + len(home.all(atom.Img)) + len(home.all(atom.Style))
	if len(paths) != 2 || elements != 0 || total > 12_000 {
		t.Errorf("the home page fetches %v and %d more, %d bytes", paths, elements, total)
	}
	t.Logf("home with 20 posts: %d bytes", total)
	style := s.api(t, "GET", paths[1], "")
	if style.Header.Get("Cache-Control") != "public, max-age=31536000, immutable" {
		t.Errorf("the style sheet is not immutable: %v", style.Header)
	}
}

// TestTextThatLooksLikeAScript: whatever somebody writes is shown as text, wherever it is shown.
func TestTextThatLooksLikeAScript(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		for i, text := range hostileTexts() {
			author := &models.User{
				// Databases of the tutorial have names like these too.
				ID: models.NewID(), Username: fmt.Sprintf("%d%s", i, text), Name: text, Bio: text, Role: models.RoleUser,
				PasswordHash: "none", CreatedAt: models.StoredTime(s.now()),
			}
			if err := s.store.CreateUser(t.Context(), author); err != nil {
				t.Fatal(err)
			}
			var tags []string
			if _, isSQLite := s.store.(*sqlite.Store); !isSQLite { // which takes only tags that pass the rules
				tags = []string{text}
			}
			content := text + "\n\n    " + text + "\n\n[" + text + "](" + text + ") ![](" + text + ")"
			post := s.write(t, author.Username, text, content, tags...)
			b := s.browser(t)
			for _, p := range []*page{
				b.get("/?q=" + url.QueryEscape(text)), b.get("/p/" + post.ID.Hex()).follow(),
				b.get("/authors/" + author.ID.Hex()), b.get("/tags/" + url.PathEscape(text)),
				b.get("/login?next=" + url.QueryEscape(text)),
				b.post("/login", url.Values{"username": {text}, "next": {text}}),
				b.post("/register", url.Values{"username": {text}, "email": {text}, "password": {"x"}}),
			} {
				p.runsNothing()
			}
			b.get("/p/" + post.ID.Hex()).follow().is(200).shows(text)
		}
		s.browser(t).get("/").runsNothing()
	})
}

// runsNothing checks that no element and no attribute of the page runs anything, or came with the texts of users.
func (p *page) runsNothing() {
	p.browser.t.Helper()
	for n := range p.root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch n.DataAtom {
		case atom.Script, atom.Style, atom.Iframe, atom.Object, atom.Embed, atom.Svg, atom.Math, atom.Base, atom.Video,
			atom.Audio, atom.Template, atom.Noscript, atom.Marquee:
			p.browser.t.Errorf("%s: has the element %s", p.path, n.Data)
		}
		for _, a := range n.Attr {
			value := strings.ToLower(strings.TrimSpace(a.Val))
			isAddress := a.Key == "href" || a.Key == "src" || a.Key == "action" || a.Key == "formaction"
			local := strings.HasPrefix(value, "/") || strings.HasPrefix(value, "https://") || strings.HasPrefix(value, "#") ||
				strings.HasPrefix(value, p.browser.site.url) || strings.HasPrefix(value, "data:image/svg+xml,%3csvg ")
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "srcdoc" || isAddress && !local {
				p.browser.t.Errorf("%s: %s has %s=%q", p.path, n.Data, a.Key, a.Val)
			}
		}
	}
}

// hostileTexts are texts that run as a script where they are not escaped as their place needs it.
func hostileTexts() []string {
	return []string{
		`<script>alert(1)</script>`, `"><script>alert(1)</script>`, `'><script>alert(1)</script>`,
		`</title><script>alert(1)</script>`, `</textarea><script>alert(1)</script>`, `</style><script>alert(1)</script>`,
		`--><script>alert(1)</script>`, `<img src=x onerror=alert(1)>`, `"><img src=x onerror=alert(1)>`,
		`" onmouseover="alert(1)`, `' onmouseover='alert(1)`, `" autofocus onfocus=alert(1) x="`, `<svg onload=alert(1)>`,
		`<svg><script>alert(1)</script></svg>`, `<math><mtext></mtext><script>alert(1)</script></math>`,
		`javascript:alert(1)`, `JaVaScRiPt:alert(1)`, `java&#10;script:alert(1)`, `&#106;avascript:alert(1)`,
		`data:text/html,<script>alert(1)</script>`, `vbscript:msgbox(1)`, `<iframe srcdoc="<script>alert(1)</script>">`,
		`<a href="javascript:alert(1)">x</a>`, `<base href=//evil.example>`, `<meta http-equiv=refresh content=0;url=//evil>`,
		`<style>@import '//evil.example'</style>`, `{{.User.PasswordHash}}`, `{{template "main"}}`, `${alert(1)}`,
		"`-alert(1)-`", `<details open ontoggle=alert(1)>`, `<noscript><p title="</noscript><img src=x onerror=alert(1)>">`,
		`<template><script>alert(1)</script></template>`, `<!--<script>-->alert(1)`, `<![CDATA[<script>alert(1)</script>]]>`,
		`&lt;script&gt;alert(1)&lt;/script&gt;`, `<form action=//evil.example><button>Log in</button>`,
	}
}

// TestUnknownParametersOfPages: a page reads the parameters that it knows, each once, and no others. So addresses that
// mean the same have one kept answer, and nothing else from an address gets into a page.
func TestUnknownParametersOfPages(t *testing.T) {
	t.Parallel()
	store, registry := testkit.SQLite(t), prometheus.NewRegistry()
	s := newSite(t, store, func(o *web.Options) {
		o.Base = middleware.NewBase(middleware.BaseOptions{Store: store, Metrics: registry})
	})
	alice := s.user(t, "alice")
	post := s.write(t, "alice", "Post", "Text", "go")
	path := "/p/post-" + post.ID.Hex()
	last := models.MaxID().Hex()
	for first, others := range map[string][]string{
		"/":                     {"/?x=1", "/?x=2", "/?", "/?limit=5", "/?after=", "/?q=", "/?%zz&x"},
		"/?q=text":              {"/?q=text&x=1", "/?x=2&q=text", "/?q=%74ext", "/?q=text&q=x", "/?q=text&after="},
		"/?after=" + last:       {"/?before=1&after=" + last, "/?after=" + last + "&after=2"},
		"/tags/go":              {"/tags/go?x=1", "/tags/%67o", "/tags/go?q=other"},
		"/authors/alice":        {"/authors/alice?x=1", "/authors/%61lice?q=x", "/authors/alice?&"},
		path:                    {path + "?x=1", path + "?q=2", strings.Replace(path, "post", "p%6fst", 1), path + "?after="},
		path + "?after=" + last: {path + "?comment=x&after=" + last, path + "?before=x&after=" + last},
	} {
		want := s.browser(t).get(first).is(200)
		asked := counted(t, registry, "miss")
		for _, other := range others {
			if same := s.browser(t).get(other).is(200); same.body != want.body || counted(t, registry, "miss") != asked {
				t.Errorf("%s and %s have an answer each", first, other)
			}
		}
	}

	const junk = "junk=marker&utm_source=marker&done=marker&zone=marker&author=marker"
	for _, page := range []string{
		"/", "/tags/go", "/authors/alice", path, "/p/" + post.ID.Hex(), "/login", "/register", "/new", "/account",
		"/account/drafts", "/account/sessions", path + "/edit", path + "/delete", "/static/x", "/nothing",
	} {
		for _, b := range []*browser{s.browser(t), alice} {
			b.get(page + "?" + junk).hides("marker")
			if location := b.get(page + "?" + junk).header.Get("Location"); strings.Contains(location, "marker") {
				t.Errorf("%s leads to %s", page, location)
			}
		}
	}
}

// counted returns how many requests for answers that may be kept had a result.
func counted(t *testing.T, registry prometheus.Gatherer, result string) float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			if family.GetName() == "gin_blog_kept_answers_total" && metric.GetLabel()[0].GetValue() == result {
				return metric.GetCounter().GetValue()
			}
		}
	}
	t.Fatal("no metric of kept answers")
	return 0
}

// TestLongAddresses: what an address has makes no page larger than a few kilobytes.
func TestLongAddresses(t *testing.T) {
	t.Parallel()
	s := newSite(t, testkit.SQLite(t))
	alice := s.user(t, "alice")
	post := s.write(t, "alice", "Post", "Text", "go")
	s.comment(t, "alice", post, "Nice")
	if err := s.store.SetRole(t.Context(), "alice", models.RoleAdmin); err != nil {
		t.Fatal(err)
	}
	path, long := "/p/"+post.ID.Hex(), url.QueryEscape(strings.Repeat(`"`, 7000))
	for _, page := range []string{
		"/?q=" + long, "/?after=" + long, "/tags/" + long, "/authors/" + long, path + "?after=" + long,
		"/p/" + long + "-" + post.ID.Hex(), path + "/edit?" + long, "/login?next=/" + long, "/login?next=/%3Fq=" + long,
		"/register?next=/" + long, "/account?" + long, "/account/drafts?after=" + long, "/moderation?author=" + long,
		"/moderation?author=alice&x=" + long, "/reset/" + long, "/static/" + long, "/" + long,
	} {
		for _, b := range []*browser{s.browser(t), alice} {
			shown := b.get(page)
			location := shown.header.Get("Location")
			if len(shown.body) > 10<<10 || len(location) > 8<<10 || shown.status >= 500 {
				t.Errorf("%.40s: %d with %d bytes, which leads to %d bytes", page, shown.status, len(shown.body), len(location))
			}
		}
	}
}

// TestLoginLeadsBackToTheQuery: who logs in is where they were, in the middle of a list or of a search too.
func TestLoginLeadsBackToTheQuery(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		s.user(t, "alice")
		post := s.write(t, "alice", "Post", "Text", "go")
		if err := s.store.SetRole(t.Context(), "alice", models.RoleAdmin); err != nil {
			t.Fatal(err)
		}
		path, id := "/p/post-"+post.ID.Hex(), models.MaxID().Hex()
		logIn := func(p *page, want string) {
			t.Helper()
			p.form("Log in").fill("Username", "alice").fill("Password", testkit.Password).send().is(303).goesTo(want)
		}
		for _, address := range []string{
			"/moderation?author=alice", "/account/drafts?after=" + id, "/account/drafts/" + id + "?zone=Europe%2FBerlin",
			"/moderation?after=" + id + "&author=a%26b%2F%2Fc",
			path + "/comments/" + id + "/delete?next=%2Fmoderation%3Fauthor%3Da",
		} {
			logIn(s.browser(t).get(address).is(303).follow(), address)
		}
		for _, address := range []string{
			"/", "/?q=http%3A%2F%2Fa+%26+b", "/?after=" + id, "/?after=" + id + "&q=text", "/tags/go?after=" + id,
			"/authors/alice?after=" + id, path, path + "?after=" + id,
		} {
			page := s.browser(t).get(address).is(200)
			logIn(page.click("Log in"), address)
			if page.has("Log in to comment") {
				logIn(page.click("Log in to comment"), address+"#comments")
			}
			unknown := map[bool]string{true: "&", false: "?"}[strings.Contains(address, "?")] + "x=y"
			logIn(s.browser(t).get(address+unknown).click("Log in"), address)
		}
		logIn(s.browser(t).get("/account/drafts?done=deleted&after="+id).is(303).follow(), "/account/drafts?after="+id)
		long := "/moderation?author=" + strings.Repeat("a", 3000)
		logIn(s.browser(t).get(long).is(303).follow(), "/moderation")
	})
}

// faultyMarkdown fails in one of its methods.
type faultyMarkdown struct {
	web.Markdown
	fails string
}

func (m faultyMarkdown) Render(ctx context.Context, content string, o markdown.Options) (markdown.Rendered, error) {
	switch m.fails {
	case "render":
		return markdown.Rendered{}, errors.New("a mistake")
	case "render, badly":
		panic("a mistake")
	}
	return m.Markdown.Render(ctx, content, o)
}

func (m faultyMarkdown) Excerpt(content string, limit int) string {
	if m.fails == "excerpt" { // which templates call
		panic("a mistake")
	}
	return m.Markdown.Excerpt(content, limit)
}

// TestPageThatCannotBeRendered: a page that fails on the way is an error that says so, never an empty or half a page.
func TestPageThatCannotBeRendered(t *testing.T) {
	t.Parallel()
	store := testkit.SQLite(t)
	text := models.Text{Title: "My Post", Content: "Hello"}
	post := &models.Post{ID: models.NewID(), Text: text, AuthorID: models.NewID()}
	if _, err := store.CreatePost(t.Context(), post, nil); err != nil {
		t.Fatal(err)
	}
	for path, failures := range map[string][]string{
		urls.Post(post.ID, post.Title): {"render", "render, badly", "excerpt"}, "/": {"excerpt"},
	} {
		for _, fails := range failures {
			s := newSite(t, store, func(o *web.Options) { o.Markdown = faultyMarkdown{o.Markdown, fails} })
			for range 2 { // nor is it kept
				answer := s.api(t, "GET", path, "", testkit.Header{"Accept": "text/html"})
				if answer.Status != 500 || !strings.Contains(answer.Body, "Something went wrong") ||
					!strings.Contains(answer.Body, "</html>") || strings.Contains(answer.Body, "mistake") ||
					strings.Contains(answer.Body, "Hello") {
					t.Errorf("%s, where %s fails: %d %s", path, fails, answer.Status, answer.Body)
				}
			}
		}
	}
}

// TestTimesAreInUTC: a post of 23:00 UTC has that day, whatever the time zone of the machine. testkit sets another
// one.
func TestTimesAreInUTC(t *testing.T) {
	testkit.Each(t, func(t *testing.T, store models.Store) {
		s := newSite(t, store)
		at := time.Date(2026, 1, 2, 23, 0, 0, 0, time.UTC)
		post := &models.Post{
			ID: models.NewID(), Text: models.Text{Title: "Late", Content: "Hello"}, AuthorID: models.NewID(),
			CreatedAt: at, UpdatedAt: at,
		}
		if _, err := store.CreatePost(t.Context(), post, nil); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"/", urls.Post(post.ID, post.Title)} {
			s.browser(t).get(path).is(200).shows("2 January 2026").hides("3 January")
		}
	})
}
