package routes_test

import (
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"gin-blog/internal/testkit"
)

func TestFilters(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		alice, bob := s.signUp(t, "alice"), s.signUp(t, "bob")
		for i, by := range []grantAnswer{alice, bob, alice, bob, alice, alice} {
			tag := []string{"go", "gin"}[i%2]
			body := fmt.Sprintf(`{"title":"Post %d","content":"Größe number %d","tags":[%q]}`, i, i*10, tag)
			s.send(t, "POST", "/posts", body, bearer(by.Token)).is(201)
		}
		for query, want := range map[string]string{
			"author=alice":                    "5 4 2 0",
			"author=ALICE":                    "5 4 2 0",
			"author=" + bob.User.ID:           "3 1",
			"author=nobody":                   "",
			"author=%24ne":                    "",
			"author=ffffffffffffffffffffffff": "",
			"tag=go":                          "4 2 0",
			"tag=Go":                          "4 2 0",
			"tag=GO&q=number":                 "4 2 0",
			"tag=rust":                        "",
			"author=alice&tag=go":             "4 2 0",
			"author=alice&tag=gin":            "5",
			"q=größe":                         "5 4 3 2 1 0",
			"q=GRÖSSE":                        "5 4 3 2 1 0",
			"q=GRÖẞE":                         "5 4 3 2 1 0",
			"q=30":                            "3",
			"q=30+number":                     "3",
			"q=30+40":                         "",
			"q=num":                           "",
			"q=number&author=bob":             "3 1",
			"q=number&tag=gin&author=alice":   "5",
			"q=%22number%22+-30":              "3",
			"q=%2A":                           "",
			"q=%22":                           "",
			"q=NOT":                           "",
			"q=number+OR+nothing":             "",
			"q=(":                             "",
			"q=title%3Apost":                  "",
			"q=%7B%22%24gt%22%3A%22%22%7D":    "",
			"limit=2":                         "5 4",
			"limit=2&author=alice":            "5 4",
			"q=post&limit=1":                  "5",
		} {
			var posts []postAnswer
			r := s.send(t, "GET", "/posts?"+query, "").is(200)
			r.decode(&posts)
			var got []string
			for _, p := range posts {
				got = append(got, strings.TrimPrefix(p.Title, "Post "))
			}
			if strings.Join(got, " ") != want || r.body == "null" {
				t.Errorf("%s: got %v, want %s", query, got, want)
			}
		}
		// The links keep the filter.
		r := s.send(t, "GET", "/posts?author=alice&q=gr%C3%B6%C3%9Fe&limit=3", "").is(200)
		next := strings.Split(strings.Split(r.header.Get("Link"), "<")[2], ">")[0]
		if !strings.HasPrefix(r.header.Get("Link"), `</posts?author=alice&limit=3&q=gr%C3%B6%C3%9Fe>; rel="first", <`) {
			t.Errorf("Link is %s", r.header.Get("Link"))
		}
		var rest []postAnswer
		s.send(t, "GET", next, "").is(200).decode(&rest)
		if len(rest) != 1 || rest[0].Title != "Post 0" {
			t.Errorf("%s gives %+v", next, rest)
		}
		for query, field := range map[string]string{
			"author=":                        "author",
			"tag=":                           "tag",
			"tag=c%2B%2B":                    "tag",
			"tag=a+b":                        "tag",
			"tag=" + strings.Repeat("t", 33): "tag",
			"q=":                             "q",
			"q=" + strings.Repeat("q", 101):  "q",
			"q=%ff":                          "q",
			"tag=a&tag=b":                    "tag",
		} {
			s.send(t, "GET", "/posts?"+query, "").fails(400, "ValidationError", field+" ", field)
		}
		s.send(t, "GET", "/posts?q="+url.QueryEscape(strings.Repeat("é", 100)), "").is(200)
		s.send(t, "GET", "/posts?q="+strings.Repeat("q", 5000), "").fails(400, "BadRequestError", "4096 bytes")
	})
}

func TestETags(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		alice, bob := s.signUp(t, "alice"), s.signUp(t, "bob")
		p := s.post(t, alice.Token, "My Post")
		second := s.post(t, bob.Token, strings.Repeat("long title ", 15))
		for _, path := range []string{"/posts/" + p.ID, "/posts", "/posts?author=alice", "/posts?tag=none", "/posts?q=post"} {
			first := s.send(t, "GET", path, "").is(200)
			etag := first.header.Get("ETag")
			if !strings.HasPrefix(etag, `"`) || !strings.HasSuffix(etag, `"`) {
				t.Fatalf("%s: ETag is %q", path, etag)
			}
			s.send(t, "HEAD", path, "").is(200).has("ETag", etag)
			for _, match := range []string{
				etag, "W/" + etag, "*", `"other", ` + etag, `W/"a,b",` + etag + `,"c"`, strings.TrimSuffix(etag, `"`) + `-gzip"`,
			} {
				r := s.send(t, "GET", path, "", header{"If-None-Match": match}).is(304).
					has("Cache-Control", "no-cache").has("Content-Type", "")
				if r.body != "" || strings.Replace(r.header.Get("ETag"), `-gzip"`, `"`, 1) != etag {
					t.Errorf("%s, If-None-Match %s: ETag %s, body %q", path, match, r.header.Get("ETag"), r.body)
				}
			}
			for _, other := range []string{`"other"`, `W/"other"`, `"a","b"`, ""} {
				s.send(t, "GET", path, "", header{"If-None-Match": other}).is(200).has("ETag", etag)
			}
		}
		etagOf := func(path string) string { return s.send(t, "GET", path, "").header.Get("ETag") }
		page, one := etagOf("/posts"), etagOf("/posts/"+p.ID)
		if s.send(t, "GET", "/posts?limit=1", "").header.Get("ETag") == page {
			t.Error("two pages have one ETag")
		}
		still := func(want int) {
			t.Helper()
			s.send(t, "GET", "/posts", "", header{"If-None-Match": page}).is(want)
			s.send(t, "GET", "/posts/"+p.ID, "", header{"If-None-Match": one}).is(want)
			page, one = etagOf("/posts"), etagOf("/posts/"+p.ID)
		}
		still(304)
		s.send(t, "PATCH", "/posts/"+p.ID, `{"title":"New"}`, bearer(alice.Token)).is(200)
		still(200)
		s.send(t, "PATCH", "/posts/"+p.ID, `{}`, bearer(alice.Token)).is(200)
		s.send(t, "DELETE", "/posts/"+second.ID, "", bearer(bob.Token)).is(204)
		s.send(t, "GET", "/posts", "", header{"If-None-Match": page}).is(200)
		page = s.send(t, "GET", "/posts", "").header.Get("ETag")
		s.send(t, "DELETE", "/auth/me", `{"password":"pass123"}`, bearer(alice.Token)).is(204)
		still(200)

		modified, err := time.Parse(time.RFC1123, s.send(t, "GET", "/posts/"+p.ID, "").header.Get("Last-Modified"))
		if err != nil || time.Since(modified) > time.Minute {
			t.Errorf("Last-Modified: %v, %v", modified, err)
		}
	})
}

func TestCompressedListHasAnETagOfItsOwn(t *testing.T) {
	s := newServer(t, testkit.SQLite(t))
	g := s.signUp(t, "alice")
	for range 10 {
		s.post(t, g.Token, strings.Repeat("long ", 30))
	}
	plain := s.send(t, "GET", "/posts", "", header{"Accept-Encoding": "identity"}).header.Get("ETag")
	small := s.send(t, "GET", "/posts", "", header{"Accept-Encoding": "gzip"}).has("Content-Encoding", "gzip").
		header.Get("ETag")
	if small != strings.TrimSuffix(plain, `"`)+`-gzip"` {
		t.Errorf("plain %s, compressed %s", plain, small)
	}
	s.send(t, "GET", "/posts", "", header{"Accept-Encoding": "gzip", "If-None-Match": small}).is(304).has("ETag", small)
}

func TestIfMatch(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		g, other := s.signUp(t, "alice"), s.signUp(t, "bob")
		p := s.post(t, g.Token, "My Post")
		path := "/posts/" + p.ID
		with := func(etag string) header {
			h := bearer(g.Token)
			h["If-Match"] = etag
			return h
		}
		stale := s.send(t, "GET", path, "").header.Get("ETag")
		etag := s.send(t, "PUT", path, `{"title":"t","content":"c"}`, with(stale)).is(200).header.Get("ETag")
		if etag == stale || s.send(t, "GET", path, "").header.Get("ETag") != etag {
			t.Errorf("the ETag went from %s to %s", stale, etag)
		}
		for _, old := range []string{stale, `"other"`, stale + `, "x"`} {
			s.send(t, "PUT", path, `{"title":"lost","content":"c"}`, with(old)).
				fails(412, "PreconditionFailedError", "changed since")
			s.send(t, "PATCH", path, `{"title":"lost"}`, with(old)).fails(412, "PreconditionFailedError", "changed since")
			s.send(t, "DELETE", path, "", with(old)).fails(412, "PreconditionFailedError", "changed since")
		}
		foreign := bearer(other.Token)
		foreign["If-Match"] = etag
		s.send(t, "PATCH", path, `{"title":"lost"}`, foreign).fails(403, "ForbiddenError", "Only the author")
		s.send(t, "PATCH", path, `{"title":"any"}`, with("*")).is(200)
		s.send(t, "PATCH", path, `{"title":"last write wins"}`, bearer(g.Token)).is(200)
		compressed := strings.TrimSuffix(s.send(t, "GET", path, "").header.Get("ETag"), `"`) + `-gzip"`
		s.send(t, "PATCH", path, `{"title":"one of two"}`, with(`"other", `+compressed)).is(200)
		etag = s.send(t, "GET", path, "").header.Get("ETag")

		statuses := make(chan int, 20)
		var clients sync.WaitGroup
		for i := range cap(statuses) {
			clients.Go(func() {
				statuses <- s.send(t, "PUT", path, fmt.Sprintf(`{"title":"by %d","content":"c"}`, i), with(etag)).status
			})
		}
		clients.Wait()
		close(statuses)
		counts := map[int]int{}
		for status := range statuses {
			counts[status]++
		}
		if counts[200] != 1 || counts[412] != 19 {
			t.Errorf("20 changes of one state: %v, want one 200 and 19 times 412", counts)
		}
		s.send(t, "DELETE", path, "", with(s.send(t, "GET", path, "").header.Get("ETag"))).is(204)
		s.send(t, "DELETE", path, "", with("*")).fails(404, "NotFoundError", "Post not found")
	})
}

func TestIdempotencyKey(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		alice, bob := s.signUp(t, "alice"), s.signUp(t, "bob")
		create := func(token, key, body string) *response {
			h := bearer(token)
			h["Idempotency-Key"] = key
			return s.send(t, "POST", "/posts", body, h)
		}
		const body = `{"title":"Once","content":"c","tags":["a"]}`
		ids := make(chan string, 10)
		replays := make(chan string, 10)
		var clients sync.WaitGroup
		for range cap(ids) {
			clients.Go(func() {
				var a struct{ Post postAnswer }
				r := create(alice.Token, "key-1", body).is(201)
				r.decode(&a)
				ids <- a.Post.ID
				replays <- r.header.Get("Idempotency-Replayed")
				r.has("Location", "/posts/"+a.Post.ID)
			})
		}
		clients.Wait()
		close(ids)
		close(replays)
		different, replayed := map[string]bool{}, 0
		for id := range ids {
			different[id] = true
		}
		for r := range replays {
			if r == "true" {
				replayed++
			}
		}
		if len(different) != 1 || replayed != 9 {
			t.Errorf("10 creations with one key made %d posts, %d replayed", len(different), replayed)
		}
		create(alice.Token, "key-1", `{ "tags": ["A"], "content": "c", "title": " Once " }`).is(201).
			has("Idempotency-Replayed", "true")
		create(alice.Token, "key-1", `{"title":"Twice","content":"c"}`).fails(409, "ConflictError", "Idempotency-Key")
		create(bob.Token, "key-1", body).is(201).has("Idempotency-Replayed", "")
		create(alice.Token, "key-2", body).is(201).has("Idempotency-Replayed", "")
		for _, bad := range []string{"with space", "umläut", strings.Repeat("k", 256), "tab\tbed"} {
			create(alice.Token, bad, body).fails(400, "BadRequestError", "1 to 255 visible ASCII")
		}
		create(alice.Token, strings.Repeat("k", 255), body).is(201)
		s.clock.advance(24*time.Hour + time.Minute)
		var g grantAnswer
		s.refresh(t, alice.RefreshToken).decode(&g)
		create(g.Token, "key-1", `{"title":"Twice","content":"c"}`).is(201).has("Idempotency-Replayed", "")
		create(g.Token, "key-1", `{"title":"Twice","content":"c"}`).is(201).has("Idempotency-Replayed", "true")
	})
}
