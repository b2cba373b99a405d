package routes_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mmcdole/gofeed"

	"gin-blog/internal/testkit"
	"gin-blog/internal/urls"
	"gin-blog/models"
)

// publish stores a post and returns it.
func (s *server) publish(t *testing.T, by grantAnswer, title, content string, tags ...string) postAnswer {
	t.Helper()
	var created struct{ Post postAnswer }
	body, err := json.Marshal(map[string]any{"title": title, "content": content, "tags": tags})
	if err != nil {
		t.Fatal(err)
	}
	s.send(t, "POST", "/posts", string(body), bearer(by.Token)).is(201).decode(&created)
	return created.Post
}

// feed asks for a feed and reads it.
func (s *server) feed(t *testing.T, path string, headers ...header) *gofeed.Feed {
	t.Helper()
	body := s.send(t, "GET", path, "", headers...).is(200).body
	f, err := gofeed.NewParser().ParseString(body)
	if err != nil {
		t.Fatalf("%s: %v in %s", path, err, body)
	}
	return f
}

func titlesOf(f *gofeed.Feed) (titles []string) {
	for _, item := range f.Items {
		titles = append(titles, item.Title)
	}
	return titles
}

func TestFeeds(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		alice, bob := s.signUp(t, "alice"), s.signUp(t, "bob")
		first := s.publish(t, alice, "Größe & <b>", "Some *text*\n\n<script>alert(1)</script>", "go", "gin")
		s.publish(t, bob, "Second", "text", "go")
		s.publish(t, alice, "Third", "text")
		for _, path := range []string{"/feed.atom", "/feed.json"} {
			for query, want := range map[string][]string{
				"":                       {"Third", "Second", "Größe & <b>"},
				"?author=ALICE":          {"Third", "Größe & <b>"},
				"?author=" + bob.User.ID: {"Second"},
				"?tag=go":                {"Second", "Größe & <b>"},
				"?tag=go&author=alice":   {"Größe & <b>"},
				"?author=nobody":         nil,
				"?tag=none":              nil,
			} {
				f := s.feed(t, path+query, header{"Host": "blog.example"})
				if got := titlesOf(f); !slices.Equal(got, want) {
					t.Errorf("%s%s has %q, want %q", path, query, got, want)
				}
				if address := "http://blog.example" + path; !strings.HasPrefix(f.FeedLink, address) {
					t.Errorf("%s%s says that it is at %s", path, query, f.FeedLink)
				}
			}
			item := s.feed(t, path+"?tag=gin", header{"Host": "blog.example"}).Items[0]
			address := "http://blog.example/p/grosse-b-" + first.ID
			if item.Link != address || item.Published != first.CreatedAt || item.Updated != first.UpdatedAt ||
				!slices.Equal(item.Categories, []string{"go", "gin"}) || item.Authors[0].Name != "alice" {
				t.Errorf("%s: the entry is %+v", path, item)
			}
			if item.Description != "Some text <script>alert(1)</script>" ||
				!strings.Contains(item.Content, "<em>text</em>") || strings.Contains(item.Content, "<script") {
				t.Errorf("%s: the summary is %q, the content %q", path, item.Description, item.Content)
			}
			for _, query := range []string{"?tag=go&tag=go", "?post=1", "?post=" + first.ID + "&tag=go", "?tag=%zz"} {
				s.send(t, "GET", path+query, "").is(400)
			}
			for _, unknown := range []string{"utm_source=x", "limit=2&q=x", "after=" + first.ID, "Tag=none&_=1"} {
				f := s.feed(t, path+"?"+unknown+"&tag=gin")
				if got := titlesOf(f); !slices.Equal(got, []string{"Größe & <b>"}) || strings.Contains(f.FeedLink, "&") {
					t.Errorf("%s with %s has %q, and says that it is at %s", path, unknown, got, f.FeedLink)
				}
			}
			s.send(t, "POST", path, "{}").is(405)
		}
		s.send(t, "DELETE", "/auth/me", fmt.Sprintf(`{"password":%q}`, password), bearer(alice.Token)).is(204)
		for _, item := range s.feed(t, "/feed.atom").Items {
			isBobs, isDeleted := item.Title == "Second", item.Authors[0].Name == "a former member"
			if isBobs == isDeleted {
				t.Errorf("the author of %s is %s", item.Title, item.Authors[0].Name)
			}
		}
	})
}

// TestFeedsOfComments: who follows a post gets its comments, newest first, and no others.
func TestFeedsOfComments(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		alice, bob := s.signUp(t, "alice"), s.signUp(t, "bob")
		post, other := s.publish(t, alice, "My <Post>", "text"), s.publish(t, alice, "Another", "text")
		s.comment(t, bob.Token, other.ID, "elsewhere")
		for _, path := range []string{"/feed.atom?post=", "/feed.json?post="} {
			if f := s.feed(t, path+post.ID); len(f.Items) != 0 || f.Title != "gin-blog: comments on My <Post>" {
				t.Errorf("%s, without comments: %q with %d entries", path, f.Title, len(f.Items))
			}
			s.send(t, "GET", path+models.NewID().Hex(), "").fails(404, "NotFoundError", "Post not found")
		}
		var last commentAnswer
		for i := range 22 {
			last = s.comment(t, bob.Token, post.ID, fmt.Sprintf("Comment *%d*\n\n<script>alert(1)</script>", i))
		}
		for _, path := range []string{"/feed.atom?post=", "/feed.json?post="} {
			host := header{"Host": "blog.example"}
			etag := s.send(t, "GET", path+post.ID, "", host).is(200).header.Get("ETag")
			s.send(t, "GET", path+post.ID, "", host, header{"If-None-Match": etag}).is(304)
			f := s.feed(t, path+post.ID, host)
			if len(f.Items) != 20 {
				t.Fatalf("%s has %d entries, want 20", path, len(f.Items))
			}
			first := f.Items[0]
			address := "http://blog.example/p/my-post-" + post.ID + "?comment=" + last.ID + "#comment-" + last.ID
			if first.Link != address || first.Title != "Comment on My <Post>" || first.Authors[0].Name != "bob" ||
				first.Published != last.CreatedAt || !strings.Contains(first.Content, "<em>21</em>") ||
				strings.Contains(first.Content, "<script") || !strings.Contains(f.Items[19].Content, "<em>2</em>") {
				t.Errorf("%s: the entry is %+v", path, first)
			}
		}
		s.send(t, "DELETE", "/comments/"+last.ID, "", bearer(alice.Token)).is(204)
		s.send(t, "GET", "/feed.atom?post="+post.ID, "").is(200).hides(last.ID)
		s.send(t, "DELETE", "/auth/me", `{"password":"pass123"}`, bearer(bob.Token)).is(204)
		if f := s.feed(t, "/feed.atom?post="+post.ID); f.Items[0].Authors[0].Name != "a former member" {
			t.Errorf("the author is %+v", f.Items[0].Authors[0])
		}
		s.send(t, "DELETE", "/posts/"+post.ID, "", bearer(alice.Token)).is(204)
		s.send(t, "GET", "/feed.atom?post="+post.ID, "").is(404)
	})
}

func TestFeedsHaveTheNewest20(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		alice := s.signUp(t, "alice")
		var want []string
		for i := range 23 {
			want = append([]string{fmt.Sprintf("Post %d", i)}, want...)
			s.publish(t, alice, want[0], "text")
		}
		if got := titlesOf(s.feed(t, "/feed.atom")); !slices.Equal(got, want[:20]) {
			t.Errorf("the feed has %q", got)
		}
	})
}

func TestFeedsOfLongPosts(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		alice := s.signUp(t, "alice")
		for i := range 9 {
			s.publish(t, alice, fmt.Sprintf("Post %d", i), strings.Repeat(`"`, 100_000)) // 600 kB of HTML
		}
		withContent, size := 0, 0
		for _, item := range s.feed(t, "/feed.atom").Items {
			if item.Description == "" {
				t.Errorf("%s has no summary", item.Title)
			}
			if item.Content != "" {
				withContent++
			}
			size += len(item.Content)
		}
		if withContent < 3 || withContent > 8 || size > 4<<20 {
			t.Errorf("%d posts have their content, of %d bytes", withContent, size)
		}
	})
}

func TestFeedsChangeWithThePosts(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		alice := s.signUp(t, "alice")
		post := s.publish(t, alice, "First", "text")
		for _, path := range []string{"/feed.atom", "/feed.json", "/sitemap.xml", "/robots.txt", "/sitemaps/pages.xml"} {
			answer := s.send(t, "GET", path, "", header{"Host": "blog.example"}).is(200)
			if answer.header.Get("ETag") == "" || answer.header.Get("Cache-Control") != "no-cache" ||
				answer.header.Get("Last-Modified") != "" {
				t.Errorf("%s has the headers %v", path, answer.header)
			}
			s.send(t, "GET", path, "", header{"Host": "blog.example", "If-None-Match": answer.header.Get("ETag")}).is(304)
		}
		before := s.feed(t, "/feed.atom", header{"Host": "blog.example"}).Items[0]
		old := s.send(t, "GET", "/feed.atom", "", header{"Host": "blog.example"}).header.Get("ETag")
		s.clock.advance(time.Minute)
		s.send(t, "PATCH", "/posts/"+post.ID, `{"title":"Changed"}`, bearer(alice.Token)).is(200)
		s.send(t, "GET", "/feed.atom", "", header{"Host": "blog.example", "If-None-Match": old}).is(200)
		after := s.feed(t, "/feed.atom", header{"Host": "blog.example"}).Items[0]
		if after.GUID != before.GUID || after.Title != "Changed" || after.Updated == before.Updated ||
			after.Published != before.Published || !strings.Contains(after.Link, "/p/changed-") {
			t.Errorf("the entry was %+v and is %+v", before, after)
		}
		s.send(t, "DELETE", "/posts/"+post.ID, "", bearer(alice.Token)).is(204)
		if f := s.feed(t, "/feed.atom"); len(f.Items) != 0 {
			t.Errorf("a deleted post is left: %v", f.Items)
		}
	})
}

// TestAbsoluteLinksFollowTheAddress shows that nobody gets links with the Host of somebody else, although the answers
// are kept, and that the ids stay.
func TestAbsoluteLinksFollowTheAddress(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		s.publish(t, s.signUp(t, "alice"), "First", "text")
		ids := map[string]bool{}
		for range 2 {
			for _, host := range []string{"evil.example", "blog.example", "BLOG.example:80"} {
				address := "http://" + strings.ToLower(strings.TrimSuffix(host, ":80"))
				for _, path := range []string{"/feed.atom", "/feed.json", "/sitemap.xml", "/sitemaps/pages.xml", "/robots.txt"} {
					// Of an untrusted client, these count for nothing.
					body := s.send(t, "GET", path, "", header{"Host": host,
						"X-Forwarded-Host": "other.example", "X-Forwarded-Proto": "https"}).is(200).body
					if !strings.Contains(body, address+"/") || strings.Contains(body, "other.example") ||
						strings.Contains(body, "evil.example") && host != "evil.example" {
						t.Errorf("%s for %s is %s", path, host, body)
					}
				}
				ids[s.feed(t, "/feed.atom", header{"Host": host}).Items[0].GUID] = true
			}
		}
		if len(ids) != 1 {
			t.Errorf("the entry has the ids %v", ids)
		}
		for _, path := range []string{"/feed.atom", "/sitemap.xml", "/sitemaps/pages.xml", "/robots.txt"} {
			s.send(t, "GET", path, "", header{"Host": "a@evil.example"}).
				fails(400, "BadRequestError", "The header Host must be the name of this site")
		}
	})
}

func TestAbsoluteLinksWithABaseURL(t *testing.T) {
	testkit.Each(t, func(t *testing.T, store models.Store) {
		address := urls.NewAddress("https://blog.example", nil)
		s := newServer(t, store, func(o *parts) { o.api.Address = address })
		s.publish(t, s.signUp(t, "alice"), "First", "text")
		for _, path := range []string{"/feed.atom", "/feed.json", "/sitemap.xml", "/robots.txt"} {
			body := s.send(t, "GET", path, "", header{"Host": "evil.example"}).is(200).body
			if !strings.Contains(body, "https://blog.example/") || strings.Contains(body, "evil.example") ||
				strings.Contains(body, "http://127.0.0.1") {
				t.Errorf("%s is %s", path, body)
			}
		}
	})
}

// sitemap is what a sitemap or a sitemap index has.
type sitemap struct {
	Pages    []sitemapPage `xml:"url"`
	Sitemaps []sitemapPage `xml:"sitemap"`
}

type sitemapPage struct {
	Loc     string `xml:"loc"`
	Lastmod string `xml:"lastmod"`
}

func (s *server) sitemap(t *testing.T, path string) (m sitemap) {
	t.Helper()
	body := s.send(t, "GET", path, "", header{"Host": "blog.example"}).is(200).body
	if err := xml.Unmarshal([]byte(body), &m); err != nil {
		t.Fatalf("%s: %v in %s", path, err, body)
	}
	return m
}

// crawl reads every sitemap that the index names, and returns their pages.
func (s *server) crawl(t *testing.T) (pages []string, sitemaps int) {
	t.Helper()
	for _, m := range s.sitemap(t, "/sitemap.xml").Sitemaps {
		path, ok := strings.CutPrefix(m.Loc, "http://blog.example")
		if !ok {
			t.Fatalf("the index has the address %s", m.Loc)
		}
		sitemaps++
		for _, page := range s.sitemap(t, path).Pages {
			pages = append(pages, page.Loc)
		}
	}
	return pages, sitemaps
}

func TestSitemaps(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		if pages, _ := s.crawl(t); !slices.Equal(pages, []string{"http://blog.example/"}) {
			t.Errorf("an empty blog has the pages %v", pages)
		}
		alice := s.signUp(t, "alice")
		first, second := s.publish(t, alice, "First", "text"), s.publish(t, alice, "日本語", "text")
		want := []string{
			"http://blog.example/", "http://blog.example/p/first-" + first.ID, "http://blog.example/p/" + second.ID}
		if pages, _ := s.crawl(t); !slices.Equal(pages, want) {
			t.Errorf("the pages are %v, not %v", pages, want)
		}
		m := s.sitemap(t, "/sitemaps/"+first.ID+"-"+second.ID+".xml")
		if len(m.Pages) != 1 || m.Pages[0].Loc != want[1] || m.Pages[0].Lastmod != first.UpdatedAt {
			t.Errorf("the sitemap of the first post is %+v", m)
		}
		for _, name := range []string{
			"", "x", "pages", "x.xml", "pages.xml.xml", first.ID, first.ID + "-.xml", first.ID + "-" + second.ID, "-.xml",
			second.ID + "-" + first.ID + ".xml", strings.Repeat("f", 24) + ".xml",
			first.ID + "-" + strings.Repeat("0", 24) + ".xml",
		} {
			s.send(t, "GET", "/sitemaps/"+name, "").is(404)
		}
	})
}

// heldLinks is a store whose first list of links ends when told to. It reports a second one at the same time.
type heldLinks struct {
	models.Store
	t               *testing.T
	running         atomic.Int32
	started, mayEnd chan struct{}
}

func (s *heldLinks) PostLinks(ctx context.Context, r models.PostRange) ([]models.PostLink, error) {
	if s.running.Add(1) > 1 {
		s.t.Error("two sitemaps are made at a time")
	} else {
		s.started <- struct{}{}
		<-s.mayEnd
	}
	defer s.running.Add(-1)
	return s.Store.PostLinks(ctx, r)
}

// TestSitemapsAreMadeOneAtATime: a request waits for its turn, and is told to come back if that takes long.
func TestSitemapsAreMadeOneAtATime(t *testing.T) {
	t.Parallel()
	store := &heldLinks{Store: testkit.SQLite(t), t: t, started: make(chan struct{}, 9), mayEnd: make(chan struct{})}
	s := newServer(t, store)
	post := s.publish(t, s.signUp(t, "alice"), "First", "text")
	all, one := "/sitemaps/"+strings.Repeat("0", 24)+".xml", "/sitemaps/"+post.ID+".xml"
	var first, others sync.WaitGroup
	first.Go(func() { s.send(t, "GET", all, "").is(200) })
	<-store.started
	s.send(t, "GET", "/healthz", "").is(200)
	for _, path := range []string{all, one, "/sitemap.xml"} {
		others.Go(func() {
			s.send(t, "GET", path, "").fails(503, "ServiceUnavailableError", "The sitemaps are busy").
				has("Retry-After", "1").hides(post.ID)
		})
	}
	others.Wait()
	close(store.mayEnd)
	first.Wait()
	for _, path := range []string{all, one, "/sitemap.xml"} {
		s.send(t, "GET", path, "").is(200)
	}
}

// TestSitemapsOfManyPosts counts posts in steps, and counts again when an import has made a sitemap too long.
func TestSitemapsOfManyPosts(t *testing.T) {
	if testing.Short() {
		t.Skip("it creates 25,000 posts")
	}
	t.Parallel()
	store := testkit.SQLite(t)
	s := newServer(t, store)
	author := models.NewID()
	total := 0
	add := func(n int, since time.Time) {
		posts := make([]models.KeptPost, n)
		for i := range posts {
			id, stamp := models.NewID(), since.Add(time.Duration(i)*time.Second)
			binary.BigEndian.PutUint32(id[:], uint32(stamp.Unix()))
			posts[i].Post = models.Post{
				ID: id, Text: models.Text{Title: "Post", Content: "text"}, AuthorID: author, CreatedAt: stamp,
				UpdatedAt: stamp,
			}
		}
		for batch := range slices.Chunk(posts, 250) {
			if err := store.PostTable().Insert(t.Context(), batch); err != nil {
				t.Fatal(err)
			}
		}
		total += n
	}
	check := func(when string, wantSitemaps int) {
		t.Helper()
		pages, sitemaps := s.crawl(t)
		slices.Sort(pages)
		if len(slices.Compact(pages)) != total+1 || sitemaps != wantSitemaps {
			t.Errorf("%s: %d of %d pages are in %d sitemaps, not %d", when, len(pages), total+1, sitemaps, wantSitemaps)
		}
	}
	now := time.Now()
	add(12_000, now.Add(-50*time.Hour))
	check("at first", 4)
	add(4_000, now.Add(-40*time.Hour))
	check("after more posts", 5)
	add(9_000, now.Add(-100*time.Hour)) // before all others
	s.crawl(t)                          // finds that the first sitemap is too long
	check("after an import", 6)
}

// TestTextsInFeeds: an entry has what its page has. Its ids are its own, its links are whole, and it has no character
// that feeds must not have.
func TestTextsInFeeds(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		alice := s.signUp(t, "alice")
		text := "See [the manual][man], [b](/p/c) and [part](#part)[^1].\n\n" +
			"https://example.com/?a=1&section=2 &#1; ![Cat](https://example.com/a.png)![Dog](https://example.com/b.png)\n\n" +
			"<!--more-->\n\n# Part\n\n<!-- secret -->\n\n[^1]: Smith" + strings.Repeat("\n\nWords.", 500) +
			"\n\n[man]: https://example.com"
		post := s.publish(t, alice, "First", text)
		s.publish(t, alice, "Second", text)
		s.comment(t, alice.Token, post.ID, text)
		s.comment(t, alice.Token, post.ID, text)
		at := header{"Host": "blog.example"}
		of := "?post=" + post.ID
		for _, path := range []string{"/feed.atom", "/feed.json", "/feed.atom" + of, "/feed.json" + of} {
			ids := map[string]bool{}
			for _, item := range s.feed(t, path, at).Items {
				want := "See the manual, b and part. https://example.com/?a=1&section=2 \uFFFD Cat Dog"
				if item.Description != want {
					t.Errorf("%s: a summary is %q, not %q", path, item.Description, want)
				}
				for _, part := range []string{
					">the manual</a>", `href="http://blog.example/p/c"`, "Smith", "?a=1&amp;section=2", "Part</h2>",
				} {
					if !strings.Contains(item.Content, part) {
						t.Errorf("%s: %q is not in %.900s", path, part, item.Content)
					}
				}
				for _, wrong := range []string{"\x01", "secret", "more", "[^1]", "§", `href="/`, `id="text-`} {
					if strings.Contains(item.Content, wrong) {
						t.Errorf("%s: %q is in %.900s", path, wrong, item.Content)
					}
				}
				own := map[string]bool{}
				for _, part := range strings.Split(item.Content, ` id="`)[1:] {
					id, _, _ := strings.Cut(part, `"`)
					if ids[id] {
						t.Errorf("%s: two elements have the id %s", path, id)
					}
					ids[id], own[id] = true, true
				}
				for _, part := range strings.Split(item.Content, ` href="#`)[1:] {
					if id, _, _ := strings.Cut(part, `"`); !own[id] {
						t.Errorf("%s: a link leads to %s, which is not in its entry", path, id)
					}
				}
			}
			if len(ids) != 6 {
				t.Errorf("%s has the ids %v", path, ids)
			}
		}
	})
}
