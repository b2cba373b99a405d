package routes_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"gin-blog/internal/testkit"
	"gin-blog/internal/urls"
	"gin-blog/models"
)

var (
	postFields    = "_id author content createdAt tags title updatedAt"
	summaryFields = "_id author createdAt excerpt readingMinutes tags title updatedAt url"
	htmlFields    = "_id author content createdAt excerpt html readingMinutes tags title updatedAt url"
)

// fieldsOf returns the names of the fields of an object, sorted.
func fieldsOf(object map[string]any) string {
	return strings.Join(slices.Sorted(maps.Keys(object)), " ")
}

// TestViewsOfPosts: each view has its fields, in the list and of one post, and no others.
func TestViewsOfPosts(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		alice := s.signUp(t, "alice")
		text := "Some *words* [here](/tags/go)" + strings.Repeat(" and more", 500)
		post := s.publish(t, alice, "Größe & <b>", text, "go")
		one, at := "/posts/"+post.ID, header{"Host": "blog.example"}
		for query, want := range map[string]string{"": postFields, "?view=summary": summaryFields, "?view=html": htmlFields} {
			r := s.send(t, "GET", one+query, "", at).is(200).has("Cache-Control", "no-cache")
			list := s.send(t, "GET", "/posts"+query, "", at).is(200).has("Cache-Control", "no-cache")
			if list.body != "["+r.body+"]" {
				t.Errorf("%s: the list %s is not the post %s", query, list.body, r.body)
			}
			var got map[string]any
			if r.decode(&got); fieldsOf(got) != want {
				t.Errorf("%s has the fields %s, want %s", query, fieldsOf(got), want)
			}
			if got["_id"] != post.ID || got["title"] != "Größe & <b>" ||
				got["author"].(map[string]any)["username"] != "alice" {
				t.Errorf("%s: got %s", query, r.body)
			}
			if query == "" {
				continue
			}
			excerpt := got["excerpt"].(string)
			if !strings.HasPrefix(excerpt, "Some words here and more") || !strings.HasSuffix(excerpt, "…") ||
				len([]rune(excerpt)) > 300 || len(excerpt) < 280 {
				t.Errorf("%s: the excerpt is %q", query, excerpt)
			}
			if url := "http://blog.example/p/grosse-b-" + post.ID; got["url"] != url || got["readingMinutes"] != 5.0 {
				t.Errorf("%s: url is %v, readingMinutes %v", query, got["url"], got["readingMinutes"])
			}
			if query == "?view=summary" {
				r.hides("content", "html", "*words*", "<em>")
			} else if html := got["html"].(string); got["content"] != text ||
				!strings.HasPrefix(html, `<p>Some <em>words</em> <a href="http://blog.example/tags/go"`) {
				t.Errorf("the content is %.50s, the HTML %.100s", got["content"], html)
			}
		}

		// What writes answers with the post, as it always does, and a list of something else has no views.
		body := `{"title":"Second","content":"<!-- nothing -->"}`
		created := s.send(t, "POST", "/posts?view=summary", body, bearer(alice.Token)).is(201).hides("excerpt")
		second := strings.TrimPrefix(created.header.Get("Location"), "/posts/")
		for method, body := range map[string]string{"PUT": body, "PATCH": `{"title":"Third"}`} {
			var got map[string]any
			s.send(t, method, "/posts/"+second+"?view=html", body, bearer(alice.Token)).is(200).decode(&got)
			if fieldsOf(got) != postFields {
				t.Errorf("%s answers with %s", method, fieldsOf(got))
			}
		}
		for _, path := range []string{one + "/comments", "/drafts", "/admin/comments"} {
			r := s.send(t, "GET", path+"?view=html", "", bearer(alice.Token))
			if r.status != 403 {
				r.fails(400, "ValidationError", "view is not a known parameter", "view")
			}
		}
		// HTML may be empty, and is there all the same.
		var empty map[string]any
		s.send(t, "GET", "/posts/"+second+"?view=html", "").is(200).decode(&empty)
		if html, ok := empty["html"].(string); !ok || strings.TrimSpace(html) != "" {
			t.Errorf("the HTML of a comment is %v", empty["html"])
		}
		s.send(t, "DELETE", "/auth/me", fmt.Sprintf(`{"password":%q}`, password), bearer(alice.Token)).is(204)
		if r := s.send(t, "GET", one+"?view=summary", "").is(200); !strings.Contains(r.body, `"author":null`) {
			t.Errorf("the author has gone, and the post is %s", r.body)
		}
	})
}

func TestViewRefusals(t *testing.T) {
	s := newServer(t, testkit.SQLite(t))
	post := s.publish(t, s.signUp(t, "alice"), "First", "text")
	for _, path := range []string{"/posts", "/posts/" + post.ID} {
		for _, query := range []string{"view=full", "view=", "view=HTML", "view=summary,html", "view=html%00", "view=%ff"} {
			r := s.send(t, "GET", path+"?"+query, "").fails(400, "ValidationError", "view must be ", "view").hides("text")
			if query != "view=%ff" && !strings.Contains(r.body, "view must be summary or html") {
				t.Errorf("%s?%s: %s", path, query, r.body)
			}
		}
		s.send(t, "GET", path+"?view=html&view=html", "").fails(400, "ValidationError", "view occurs twice", "view")
		s.send(t, "GET", path+"?view=html&x=%zz", "").fails(400, "BadRequestError", "not URL-encoded")
		for _, host := range []string{"user@blog.example", "blog.example/x"} { // the address of the page would be made up
			s.send(t, "GET", path+"?view=html", "", header{"Host": host}).fails(400, "BadRequestError", "Host must be the name")
			s.send(t, "GET", path, "", header{"Host": host}).is(200)
		}
	}
	s.send(t, "GET", "/posts/"+post.ID+"?View=x&before=1", "").is(200).hides("excerpt")
	s.send(t, "GET", "/posts/"+models.NewID().Hex()+"?view=html", "").fails(404, "NotFoundError", "Post not found")
	s.send(t, "GET", "/posts/1?view=html", "").fails(400, "BadRequestError", "24 hex digits")
	id, other := "66f0a1f0dc29e0003f2bdd11", "66f0a1f0dc29e0003f2bdd12"
	for query, fields := range map[string][]string{
		"before=1": {"before"}, "before=": {"before"}, "before=000000000000000000000000": {"before"},
		"before=" + id + "&before=" + id:            {"before"},
		"before=" + id + "&after=" + id:             {"before"},
		"before=" + id + "&after=" + other + "&x=1": {"x", "before"},
		"before=x&after=" + id + "&view=full":       {"before", "view"},
	} {
		s.send(t, "GET", "/posts?"+query, "").fails(400, "ValidationError", fields[0]+" ", fields...)
	}
}

// TestETagsOfViews: answers that differ, by their view or by the address of the site, have different ETags; a kept one
// is for nobody who uses another address.
func TestETagsOfViews(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		alice := s.signUp(t, "alice")
		post := s.publish(t, alice, "First", "text")
		one := "/posts/" + post.ID
		seen := map[string]string{}
		for _, path := range []string{one, "/posts", "/posts?author=nobody", "/posts?limit=1"} {
			for _, view := range []string{"", "view=summary", "view=html"} {
				query := path + map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")] + view
				for _, host := range []string{"a.example", "b.example"} {
					at := header{"Host": host}
					r := s.send(t, "GET", query, "", at).is(200)
					s.send(t, "GET", query, "", at).is(200).has("ETag", r.header.Get("ETag")) // is kept
					if strings.Contains(r.body, "url") != strings.Contains(r.body, "http://"+host+"/p/") {
						t.Errorf("%s of %s is %s", query, host, r.body)
					}
					etag := r.header.Get("ETag")
					content := r.body + r.header.Get("Link")
					if before, ok := seen[etag]; ok && before != content {
						t.Errorf("%s of %s has the ETag of another answer", query, host)
					}
					seen[etag] = content
					s.send(t, "HEAD", query, "", at).is(200).has("ETag", etag).has("Link", r.header.Get("Link"))
					s.send(t, "GET", query, "", at, header{"If-None-Match": etag}).is(304)
					if isView := view != "" && strings.HasPrefix(query, one); isView {
						r.has("Last-Modified", "")
						s.send(t, "PATCH", one, `{"title":"x"}`, bearer(alice.Token), header{"If-Match": etag}).is(412)
					}
				}
			}
		}
		before := s.send(t, "GET", one+"?view=summary", "").is(200).header.Get("ETag")
		s.send(t, "PATCH", one, `{"content":"other"}`, bearer(alice.Token)).is(200)
		s.send(t, "GET", one+"?view=summary", "", header{"If-None-Match": before}).is(200)
	})
	t.Run("with BASE_URL", func(t *testing.T) {
		s := newServer(t, testkit.SQLite(t), func(o *parts) { o.api.Address = urls.NewAddress("https://blog.example/", nil) })
		s.publish(t, s.signUp(t, "alice"), "First", "text")
		etag := s.send(t, "GET", "/posts?view=html", "", header{"Host": "a.example"}).is(200).header.Get("ETag")
		r := s.send(t, "GET", "/posts?view=html", "", header{"Host": "b.example"}).is(200).has("ETag", etag)
		if !strings.Contains(r.body, `"url":"https://blog.example/p/first-`) {
			t.Errorf("the post is %s", r.body)
		}
	})
}

// TestHostileTextsInViews: nothing in the HTML runs, and no id of a post is that of another one in the list.
func TestHostileTextsInViews(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		alice := s.signUp(t, "alice")
		text := "<script>alert(1)</script> <img src=x onerror=alert(1)> [a](javascript:alert(1)) [b](JaVaScRiPt:alert(1)) " +
			"![c](data:text/html,x) [d](/p/x) [e](//evil.example) [f](#part)[^1] <a href=\"javascript:x\" onclick=y>g</a> " +
			"[h](https://example.com/\"onmouseover=\"x)\n\n# Part\n\n<iframe src=x></iframe>\n\n# A\" id=\"x\n\n[^1]: Note\n\n" +
			"<!--more--> <svg/onload=x>"
		s.publish(t, alice, "First", text)
		s.publish(t, alice, "Second", text)
		var posts []struct{ HTML, Excerpt string }
		r := s.send(t, "GET", "/posts?view=html", "", header{"Host": "blog.example"}).is(200)
		r.decode(&posts)
		ids := map[string]bool{}
		for _, p := range posts {
			for _, wrong := range []string{
				"<script", "<img", "<iframe", "<svg", `href="javascript`, `href="JaVaScRiPt`, `" onclick`, `"onmouseover="`,
				`href="/`, `href="#text-`, `id="text-`, `id="x"`, `"data:`, `"//evil.example`,
			} {
				if strings.Contains(p.HTML, wrong) {
					t.Errorf("%q is in %s", wrong, p.HTML)
				}
			}
			if !strings.Contains(p.HTML, `href="http://blog.example/p/x"`) || strings.Contains(p.Excerpt, "<em>") {
				t.Errorf("the HTML is %s, the excerpt %s", p.HTML, p.Excerpt)
			}
			own := map[string]bool{}
			for _, part := range strings.Split(p.HTML, ` id="`)[1:] {
				id, _, _ := strings.Cut(part, `"`)
				if ids[id] {
					t.Errorf("two elements have the id %s", id)
				}
				ids[id], own[id] = true, true
			}
			for _, part := range strings.Split(p.HTML, ` href="#`)[1:] {
				if id, _, _ := strings.Cut(part, `"`); !own[id] {
					t.Errorf("a link leads to %s, which is not in its post", id)
				}
			}
		}
		if len(posts) != 2 || len(ids) < 6 {
			t.Errorf("%d posts have the ids %v", len(posts), ids)
		}
	})
}

// walk follows a relation of Link from a page, as long as there is one, and returns the titles page by page. visit is
// called after each page.
func (s *server) walk(t *testing.T, path, rel string, visit func(titles []string)) (last string) {
	t.Helper()
	for range 200 {
		var posts []postAnswer
		r := s.send(t, "GET", path, "").is(200)
		r.decode(&posts)
		var titles []string
		for _, p := range posts {
			titles = append(titles, p.Title)
		}
		visit(titles)
		next := linkOf(r, rel)
		if next == "" {
			return path
		}
		path = next
	}
	t.Fatalf("%s has no end", rel)
	return ""
}

// linkOf returns where a relation of Link leads, "" for nowhere.
func linkOf(r *response, rel string) string {
	for entry := range strings.SplitSeq(r.header.Get("Link"), ", ") {
		if address, ok := strings.CutSuffix(entry, fmt.Sprintf(`>; rel="%s"`, rel)); ok {
			return strings.TrimPrefix(address, "<")
		}
	}
	return ""
}

// TestPagesBackAndForth walks through a list in both directions, while the posts that its pages begin and end with are
// deleted. Each post that stays is seen once in each direction, in order.
func TestPagesBackAndForth(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		g := s.signUp(t, "alice")
		ids, left := map[string]string{}, []string(nil) // newest first
		for i := range 50 {
			p := s.publish(t, g, fmt.Sprintf("Post %02d", i), "Some text", "go")
			ids[p.Title], left = p.ID, slices.Insert(left, 0, p.Title)
		}
		remove := func(titles ...string) {
			for _, title := range titles {
				s.send(t, "DELETE", "/posts/"+ids[title], "", bearer(g.Token)).is(204)
				left = slices.DeleteFunc(left, func(other string) bool { return other == title })
			}
		}
		path := "/posts?limit=7"
		for round, rel := range []string{"next", "prev", "next", "prev"} {
			var seen []string
			pages := 0
			last := s.walk(t, path, rel, func(titles []string) {
				if pages++; rel == "next" {
					seen = append(seen, titles...)
				} else {
					seen = slices.Concat(titles, seen)
				}
				if round%2 == 0 && pages%3 == 0 && len(titles) > 4 { // the cursors of both directions, and one between
					remove(titles[0], titles[3], titles[len(titles)-1])
				} else if round%2 == 1 && pages%2 == 0 && len(titles) > 4 {
					remove(titles[0], titles[1])
				}
			})
			stayed := slices.DeleteFunc(slices.Clone(seen), func(title string) bool { return !slices.Contains(left, title) })
			if !slices.Equal(stayed, left) {
				t.Errorf("round %d, %s: saw %v, of which %v, want %v", round, rel, seen, stayed, left)
			}
			if twice := slices.Clone(seen); len(slices.Compact(twice)) != len(seen) {
				t.Errorf("round %d, %s: saw a post twice: %v", round, rel, seen)
			}
			path = last
		}
		if len(left) > 40 || len(left) < 20 {
			t.Fatalf("%d posts are left", len(left))
		}
		s.checkEdges(t, ids, slices.Clone(left), remove)
	})
}

// checkEdges: the pages at both ends of a list, which may be short or empty, lead to what is there. left are the titles
// of the posts that there are, newest first.
func (s *server) checkEdges(t *testing.T, ids map[string]string, left []string, remove func(...string)) {
	t.Helper()
	first := left[:3]
	short := s.send(t, "GET", "/posts?limit=7&before="+ids[left[3]], "").is(200)
	var all []string
	path := s.walk(t, "/posts?limit=7&before="+ids[left[3]], "next", func(titles []string) {
		all = append(all, titles...)
	})
	if linkOf(short, "prev") != "" || !slices.Equal(all, left) {
		t.Errorf("from the short page %v on there are %v, want %v; Link is %s", first, all, left, short.header.Get("Link"))
	}
	oldest := left[len(left)-1]
	empty := s.send(t, "GET", "/posts?limit=7&after="+ids[oldest], "").is(200)
	var back []string
	s.walk(t, linkOf(empty, "prev"), "prev", func(titles []string) { back = slices.Concat(titles, back) })
	if empty.body != "[]" || linkOf(empty, "next") != "" || !slices.Equal(back, left) {
		t.Errorf("back from behind the end (Link: %s, after %s) there are %v, want %v", empty.header.Get("Link"), path, back,
			left)
	}
	third := ids[left[2]]
	remove(left[0], left[1])
	empty = s.send(t, "GET", "/posts?limit=7&before="+third, "").is(200)
	var forth []string
	s.walk(t, linkOf(empty, "next"), "next", func(titles []string) { forth = append(forth, titles...) })
	if empty.body != "[]" || linkOf(empty, "prev") != "" || !slices.Equal(forth, left[2:]) {
		t.Errorf("from the empty page (Link: %s) on there are %v, want %v", empty.header.Get("Link"), forth, left[2:])
	}
}

// TestLinksOfPages: the links keep what the list is asked for, and lead no further than there are posts.
func TestLinksOfPages(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		alice := s.signUp(t, "alice")
		var ids []string // newest first
		for i := range 5 {
			ids = slices.Insert(ids, 0, s.publish(t, alice, fmt.Sprint("Post ", i), "text", "go").ID)
			s.publish(t, alice, "Between", "other", "gin")
		}
		filter := "author=alice&limit=2&q=text&tag=go&view=summary"
		link := func(rel, parameter, id string) string {
			query := filter
			if parameter != "" {
				query = map[string]string{
					"after": "after=" + id + "&" + filter, "before": strings.Replace(filter, "&limit", "&before="+id+"&limit", 1),
				}[parameter]
			}
			return fmt.Sprintf(`</posts?%s>; rel="%s"`, query, rel)
		}
		for query, want := range map[string]struct {
			links []string // besides the first page
			posts []string
		}{
			"":                  {[]string{link("next", "after", ids[1])}, ids[:2]},
			"&after=" + ids[1]:  {[]string{link("prev", "before", ids[2]), link("next", "after", ids[3])}, ids[2:4]},
			"&after=" + ids[3]:  {[]string{link("prev", "before", ids[4])}, ids[4:]},
			"&before=" + ids[4]: {[]string{link("prev", "before", ids[2]), link("next", "after", ids[3])}, ids[2:4]},
			"&before=" + ids[2]: {[]string{link("next", "after", ids[1])}, ids[:2]},
			"&before=" + ids[1]: {[]string{link("next", "after", ids[0])}, ids[:1]},
			"&before=" + ids[0]: {[]string{link("next", "", "")}, nil},
		} {
			var posts []postAnswer
			s.send(t, "GET", "/posts?"+filter+query, "").is(200).
				has("Link", strings.Join(append([]string{link("first", "", "")}, want.links...), ", ")).decode(&posts)
			var got []string
			for _, p := range posts {
				got = append(got, p.ID)
			}
			if !slices.Equal(got, want.posts) {
				t.Errorf("%s has %v, want %v", query, got, want.posts)
			}
		}
		// Other lists go one way.
		one, two := s.comment(t, alice.Token, ids[0], "One"), s.comment(t, alice.Token, ids[0], "Two")
		comments := "/posts/" + ids[0] + "/comments"
		s.send(t, "GET", comments+"?after="+one.ID, "").is(200).has("Link", "<"+comments+`>; rel="first"`)
		s.send(t, "GET", comments+"?before="+two.ID, "").fails(400, "ValidationError", "before is not a known", "before")
		s.send(t, "GET", "/drafts?before="+ids[0], "", bearer(alice.Token)).
			fails(400, "ValidationError", "before is not a known", "before")
	})
}

// TestLargeViews: a page of posts that become much HTML ends early, in both directions, and what is left is on the
// pages beside it. Posts of the longest texts are answered.
func TestLargeViews(t *testing.T) {
	s := newServer(t, testkit.SQLite(t))
	alice := s.signUp(t, "alice")
	table := strings.Repeat("|a", 120) + "|\n" + strings.Repeat("|-", 120) + "|\n" + strings.Repeat("|a\n", 200)
	var want []string // newest first
	for i := range 30 {
		content := fmt.Sprint("Table ", i, "\n\n", table)
		if i%10 == 0 {
			content = strings.Repeat("\"é *a* ", 14_285)
		}
		want = slices.Insert(want, 0, s.publish(t, alice, fmt.Sprint("Post ", i), content).Title)
	}
	for rel, path := range map[string]string{
		"next": "/posts?limit=100&view=html", "prev": "/posts?limit=100&view=html&before=" + strings.Repeat("0", 23) + "1",
	} {
		var got []string
		pages := 0
		s.walk(t, path, rel, func(titles []string) {
			if pages++; rel == "next" {
				got = append(got, titles...)
			} else {
				got = slices.Concat(titles, got)
			}
		})
		if !slices.Equal(got, want) || pages < 3 {
			t.Errorf("%s: %d pages have %v", rel, pages, got)
		}
	}
	r := s.send(t, "GET", "/posts?limit=100&view=html", "").is(200)
	if len(r.body) > 6<<20 || len(r.body) < 1<<19 {
		t.Errorf("a page has %d bytes", len(r.body))
	}
	if summary := s.send(t, "GET", "/posts?limit=100&view=summary", "").is(http.StatusOK); len(summary.body) > 100<<10 {
		t.Errorf("the summaries have %d bytes", len(summary.body))
	}
}

// TestSlowViews: a page of posts that take long to render ends early; the next one begins there.
func TestSlowViews(t *testing.T) {
	s := newServer(t, testkit.SQLite(t))
	alice := s.signUp(t, "alice")
	var want []string // newest first; each takes 60 ms, after which no code is highlighted
	for i := range 100 {
		content := fmt.Sprint(i, "\n\n```markdown\n", strings.Repeat("0", 90_000), "\n```\n")
		want = slices.Insert(want, 0, s.publish(t, alice, fmt.Sprint("Post ", i), content).Title)
	}
	var got, sizes []string
	s.walk(t, "/posts?limit=100&view=html", "next", func(titles []string) {
		got, sizes = append(got, titles...), append(sizes, fmt.Sprint(len(titles)))
	})
	if !slices.Equal(got, want) || len(sizes) < 2 {
		t.Errorf("pages of %s posts have %v", sizes, got)
	}
}
