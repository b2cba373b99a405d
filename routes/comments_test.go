package routes_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gin-blog/internal/auth"
	"gin-blog/internal/testkit"
	"gin-blog/models"
)

// withLimits gives a server the limits of the service.
func withLimits(s *clock) func(*parts) {
	return func(o *parts) { o.blog.Limits = auth.NewLimits(s.now) }
}

// thread reads the comments on a post, page by page, and returns their contents.
func (s *server) thread(t *testing.T, post string, limit int) (contents []string) {
	t.Helper()
	path := fmt.Sprintf("/posts/%s/comments?limit=%d", post, limit)
	for path != "" {
		var page []commentAnswer
		r := s.send(t, "GET", path, "").is(200)
		r.decode(&page)
		for _, c := range page {
			contents = append(contents, c.Content)
		}
		path = r.next()
	}
	return contents
}

// next returns the address of the next page, or "".
func (r *response) next() string {
	for link := range strings.SplitSeq(r.header.Get("Link"), ", ") {
		if target, ok := strings.CutSuffix(link, `>; rel="next"`); ok {
			return strings.TrimPrefix(target, "<")
		}
	}
	return ""
}

func TestCreateAndReadComments(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		alice, bob := s.signUp(t, "alice"), s.signUp(t, "bob")
		p := s.post(t, alice.Token, "My Post")
		path := "/posts/" + p.ID + "/comments"
		s.send(t, "GET", path, "").is(200).has("Link", `<`+path+`>; rel="first"`).hides("null")
		var a struct {
			Message string
			Comment commentAnswer
		}
		r := s.send(t, "POST", path, `{"content":" <b>Nice</b> &\n "}`, bearer(bob.Token)).is(201)
		r.decode(&a)
		c := a.Comment
		if a.Message != "Comment created" || c.Post != p.ID || c.Content != " <b>Nice</b> &\n " || c.Author == nil ||
			c.Author.ID != bob.User.ID || c.Author.Username != "bob" || c.CreatedAt == "" || c.CreatedAt != c.UpdatedAt {
			t.Errorf("got %+v", a)
		}
		one := s.send(t, "GET", "/comments/"+c.ID, "").is(200).has("Cache-Control", "no-cache").
			hides("email", "role", "dempotency", "postAuthor", alice.User.ID)
		r.has("Location", "/comments/"+c.ID).has("ETag", one.header.Get("ETag")).
			has("Last-Modified", one.header.Get("Last-Modified"))
		list := s.send(t, "GET", path, "").is(200).has("Cache-Control", "no-cache").hides("dempotency", alice.User.ID)
		if list.body != "["+one.body+"]" || !strings.Contains(r.body, one.body) {
			t.Errorf("the comment %s is created as %s and listed as %s", one.body, r.body, list.body)
		}
		s.send(t, "GET", "/posts/"+p.ID, "").is(200).hides("omment")

		s.send(t, "DELETE", "/auth/me", `{"password":"pass123"}`, bearer(bob.Token)).is(204)
		for _, from := range []string{path, "/comments/" + c.ID} {
			if r := s.send(t, "GET", from, "").is(200).hides("bob"); !strings.Contains(r.body, `"author":null`) {
				t.Errorf("%s: after the account is gone: %s", from, r.body)
			}
		}
	})
}

func TestPagesOfComments(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		g := s.signUp(t, "alice")
		p, other := s.post(t, g.Token, "My Post"), s.post(t, g.Token, "Another")
		var want []string
		for i := range 7 {
			want = append(want, s.comment(t, g.Token, p.ID, fmt.Sprintf("Comment %d", i)).Content)
			s.comment(t, g.Token, other.ID, "elsewhere")
		}
		for _, limit := range []int{1, 3, 7, 100} {
			if got := s.thread(t, p.ID, limit); !slices.Equal(got, want) {
				t.Errorf("in pages of %d: %v, want %v", limit, got, want)
			}
		}
		path := "/posts/" + p.ID + "/comments"
		for query, field := range map[string]string{
			"?limit=0": "limit", "?limit=101": "limit", "?after=1": "after", "?page=2": "page", "?author=alice": "author",
			"?limit=1&limit=2": "limit",
		} {
			s.send(t, "GET", path+query, "").fails(400, "ValidationError", field, field)
		}
		plain := header{"Accept-Encoding": "identity"}
		s.send(t, "HEAD", path, "").is(200).has("ETag", s.send(t, "GET", path, "", plain).header.Get("ETag"))
	})
}

func TestCommentRefusals(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		g := s.signUp(t, "alice")
		p := s.post(t, g.Token, "My Post")
		path := "/posts/" + p.ID + "/comments"
		for name, c := range map[string]struct{ body, message, field string }{
			"nothing":          {`{}`, "content is required", "content"},
			"null":             {`{"content":null}`, "content is required", "content"},
			"an empty text":    {`{"content":""}`, "content is required", "content"},
			"a long text":      {`{"content":"` + strings.Repeat("é", 5001) + `"}`, "must have 1 to 5000", "content"},
			"a number":         {`{"content":1}`, "content must be a string", "content"},
			"an operator":      {`{"content":{"$gt":""}}`, "content must be a string", "content"},
			"an author":        {`{"content":"c","author":"bob"}`, "author is not a known field", "author"},
			"a comment before": {`{"content":"c","parent":"x"}`, "parent is not a known field", "parent"},
		} {
			t.Run(name, func(t *testing.T) {
				s.send(t, "POST", path, c.body, bearer(g.Token)).fails(400, "ValidationError", c.message, c.field)
			})
		}
		s.send(t, "POST", path, `{"content":"c"}`).fails(401, "UnauthorizedError", "Authentication required")
		for _, id := range []string{"1", p.ID + "0"} {
			s.send(t, "GET", "/posts/"+id+"/comments", "").fails(400, "BadRequestError", "24 hex digits")
			s.send(t, "POST", "/posts/"+id+"/comments", `{"content":"c"}`, bearer(g.Token)).
				fails(400, "BadRequestError", "24 hex digits")
			s.send(t, "GET", "/comments/"+id, "").fails(400, "BadRequestError", "24 hex digits")
		}
		unknown := models.NewID().Hex()
		s.send(t, "GET", "/posts/"+unknown+"/comments", "").fails(404, "NotFoundError", "Post not found")
		s.send(t, "POST", "/posts/"+unknown+"/comments", `{"content":"c"}`, bearer(g.Token)).
			fails(404, "NotFoundError", "Post not found")
		for _, method := range []string{"GET", "PATCH", "DELETE"} {
			body := map[string]string{"PATCH": `{"content":"c"}`}[method]
			s.send(t, method, "/comments/"+p.ID, body, bearer(g.Token)).fails(404, "NotFoundError", "Comment not found")
		}
		s.send(t, "POST", path, `{"content":"`+strings.Repeat("é", 5000)+`"}`, bearer(g.Token)).is(201)
		if got := s.thread(t, p.ID, 10); len(got) != 1 {
			t.Errorf("there are %d comments, want the one that was not refused", len(got))
		}
	})
}

// TestWhoMayChangeComments: its author edits a comment; its author, the author of the post and an admin delete it.
func TestWhoMayChangeComments(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		author, postAuthor, admin := s.signUp(t, "author"), s.signUp(t, "post-author"), s.signUp(t, "admin")
		if err := s.store.SetRole(t.Context(), "admin", models.RoleAdmin); err != nil {
			t.Fatal(err)
		}
		p := s.post(t, postAuthor.Token, "My Post")
		for name, c := range map[string]struct {
			token           string
			edit, deleteIt  int
			editMsg, delMsg string
		}{
			"its author":           {author.Token, 200, 204, "", ""},
			"the post's author":    {postAuthor.Token, 403, 204, "Only the author may change this comment", ""},
			"an admin":             {admin.Token, 403, 204, "Only the author may change this comment", ""},
			"somebody else":        {s.signUp(t, "stranger").Token, 403, 403, "Only the author may", "Only its author"},
			"who is not logged in": {"", 401, 401, "", ""},
		} {
			t.Run(name, func(t *testing.T) {
				path := "/comments/" + s.comment(t, author.Token, p.ID, "Nice").ID
				var headers []header
				if c.token != "" {
					headers = append(headers, bearer(c.token))
				}
				edited := s.send(t, "PATCH", path, `{"content":"edited"}`, headers...).is(c.edit)
				if c.editMsg != "" {
					edited.fails(403, "ForbiddenError", c.editMsg)
				}
				want := map[bool]string{true: "edited", false: "Nice"}[c.edit == 200]
				var now commentAnswer
				if s.send(t, "GET", path, "").is(200).decode(&now); now.Content != want {
					t.Errorf("the comment is %q, want %q", now.Content, want)
				}
				deleted := s.send(t, "DELETE", path, "", headers...).is(c.deleteIt)
				if c.delMsg != "" {
					deleted.fails(403, "ForbiddenError", c.delMsg)
				}
				after := map[bool]int{true: 404, false: 200}[c.deleteIt == 204]
				s.send(t, "GET", path, "").is(after)
			})
		}
	})
}

func TestConditionalComments(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		g := s.signUp(t, "alice")
		p := s.post(t, g.Token, "My Post")
		c := s.comment(t, g.Token, p.ID, "Nice")
		path, list := "/comments/"+c.ID, "/posts/"+p.ID+"/comments"
		with := func(name, value string) header {
			h := bearer(g.Token)
			h[name] = value
			return h
		}
		etagOf := func(path string) string { return s.send(t, "GET", path, "").is(200).header.Get("ETag") }
		one, page := etagOf(path), etagOf(list)
		s.send(t, "GET", path, "", header{"If-None-Match": one}).is(304)
		s.send(t, "GET", list, "", header{"If-None-Match": page}).is(304)
		for _, nothing := range []string{`{}`, `{"content":"Nice"}`} {
			s.send(t, "PATCH", path, nothing, with("If-Match", one)).is(200).has("ETag", one)
		}
		s.send(t, "PATCH", path, `{"content":null}`, bearer(g.Token)).fails(400, "ValidationError", "null", "content")
		var changed commentAnswer
		r := s.send(t, "PATCH", path, `{"content":"Very nice"}`, with("If-Match", one)).is(200)
		if r.decode(&changed); changed.UpdatedAt < c.UpdatedAt || changed.CreatedAt != c.CreatedAt {
			t.Errorf("changed from %+v to %+v", c, changed)
		}
		s.send(t, "GET", path, "", header{"If-None-Match": one}).is(200).has("ETag", r.header.Get("ETag"))
		s.send(t, "GET", list, "", header{"If-None-Match": page}).is(200)
		for _, stale := range []string{one, `"other"`} {
			s.send(t, "PATCH", path, `{"content":"lost"}`, with("If-Match", stale)).
				fails(412, "PreconditionFailedError", "It has changed since")
			s.send(t, "DELETE", path, "", with("If-Match", stale)).
				fails(412, "PreconditionFailedError", "It has changed since")
		}
		s.send(t, "DELETE", path, "", with("If-None-Match", "*")).
			fails(412, "PreconditionFailedError", "It is in a state that If-None-Match excludes")
		s.send(t, "DELETE", path, "", with("If-Unmodified-Since", "Mon, 01 Jan 2024 00:00:00 GMT")).is(412)
		s.send(t, "PATCH", path, `{"content":"last write wins"}`, bearer(g.Token)).is(200)

		etag := etagOf(path)
		won := s.race(20, func(i int) int {
			return s.send(t, "PATCH", path, fmt.Sprintf(`{"content":"by %d"}`, i), with("If-Match", etag)).status
		})
		if won[200] != 1 || won[412] != 19 {
			t.Errorf("20 changes of one state: %v, want one 200 and 19 times 412", won)
		}
		s.send(t, "DELETE", path, "", with("If-Match", etagOf(path))).is(204)
		s.send(t, "DELETE", path, "", bearer(g.Token)).fails(404, "NotFoundError", "Comment not found")
		s.send(t, "GET", list, "").is(200).hides("by ")
	})
}

// race calls f so many times at once and counts the statuses that it returns.
func (s *server) race(times int, f func(i int) (status int)) map[int]int {
	statuses := make(chan int, times)
	var clients sync.WaitGroup
	for i := range times {
		clients.Go(func() { statuses <- f(i) })
	}
	clients.Wait()
	close(statuses)
	counts := map[int]int{}
	for status := range statuses {
		counts[status]++
	}
	return counts
}

func TestIdempotencyKeysOfComments(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		alice, bob := s.signUp(t, "alice"), s.signUp(t, "bob")
		p, other := s.post(t, alice.Token, "My Post"), s.post(t, alice.Token, "Another")
		create := func(token, post, key, content string) *response {
			h := bearer(token)
			h["Idempotency-Key"] = key
			return s.send(t, "POST", "/posts/"+post+"/comments", fmt.Sprintf(`{"content":%q}`, content), h)
		}
		replayed := s.race(10, func(int) int {
			if create(bob.Token, p.ID, "key-1", "Once").is(201).header.Get("Idempotency-Replayed") == "true" {
				return 1
			}
			return 0
		})
		if got := s.thread(t, p.ID, 10); replayed[1] != 9 || !slices.Equal(got, []string{"Once"}) {
			t.Errorf("10 creations with one key made %v, %d of them replayed", got, replayed[1])
		}
		create(bob.Token, p.ID, "key-1", "Twice").
			fails(409, "ConflictError", "Idempotency-Key was used for a different request")
		create(bob.Token, other.ID, "key-1", "Once").fails(409, "ConflictError", "Idempotency-Key was used")
		create(alice.Token, p.ID, "key-1", "Once").is(201).has("Idempotency-Replayed", "")
		create(bob.Token, p.ID, "with space", "Once").fails(400, "BadRequestError", "1 to 255 visible ASCII")
		h := bearer(bob.Token)
		h["Idempotency-Key"] = "key-1"
		s.send(t, "POST", "/posts", `{"title":"A post","content":"with the same key"}`, h).is(201).
			has("Idempotency-Replayed", "")
		s.clock.advance(24*time.Hour + time.Minute)
		create(s.login(t, "bob").Token, p.ID, "key-1", "Once").is(201).has("Idempotency-Replayed", "")
	})
}

func TestCommentsAreLimited(t *testing.T) {
	testkit.Each(t, func(t *testing.T, store models.Store) {
		clock := new(clock)
		s := newServer(t, store, withLimits(clock))
		alice, bob := s.signUp(t, "alice"), s.signUp(t, "bob")
		p := s.post(t, alice.Token, "My Post")
		path := "/posts/" + p.ID + "/comments"
		write := func(token, body string, headers ...header) *response {
			return s.send(t, "POST", path, body, append(headers, bearer(token))...)
		}
		once := header{"Idempotency-Key": "key-1"}
		for range 5 { // these do not count, but for the first
			write(bob.Token, `{"content":"Once"}`, once).is(201)
			write(bob.Token, `{"content":""}`).is(400)
			s.send(t, "POST", "/posts/"+models.NewID().Hex()+"/comments", `{"content":"c"}`, bearer(bob.Token)).is(404)
		}
		statuses := s.race(20, func(i int) int { return write(bob.Token, fmt.Sprintf(`{"content":"%d"}`, i)).status })
		if statuses[201] != 9 || statuses[429] != 11 {
			t.Errorf("after one comment, 20 at once: %v, want 9 times 201 and 11 times 429", statuses)
		}
		r := write(bob.Token, `{"content":"one too many"}`).fails(429, "TooManyRequestsError", "Too many attempts: wait")
		if seconds := r.header.Get("Retry-After"); seconds == "" || len(seconds) > 2 {
			t.Errorf("Retry-After is %q, want less than a minute", seconds)
		}
		write(alice.Token, `{"content":"another user"}`).is(201)
		if got := s.thread(t, p.ID, 100); len(got) != 11 {
			t.Errorf("there are %d comments, want 11", len(got))
		}
		clock.advance(61 * time.Second)
		write(bob.Token, `{"content":"a minute later"}`).is(201)
	})
}

func TestCommentsAreNotLimitedWithoutLimits(t *testing.T) {
	s := newServer(t, testkit.SQLite(t))
	g := s.signUp(t, "alice")
	p := s.post(t, g.Token, "My Post")
	for i := range 12 {
		s.comment(t, g.Token, p.ID, fmt.Sprint(i))
	}
}

// TestCommentsOfADeletedPost: they are gone with it, at once, whoever asks, and however comments and deletion cross.
func TestCommentsOfADeletedPost(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		alice, bob := s.signUp(t, "alice"), s.signUp(t, "bob")
		if err := s.store.SetRole(t.Context(), "bob", models.RoleAdmin); err != nil {
			t.Fatal(err)
		}
		kept := s.post(t, alice.Token, "Kept")
		s.comment(t, bob.Token, kept.ID, "kept")
		for range 5 {
			p := s.post(t, alice.Token, "My Post")
			path := "/posts/" + p.ID + "/comments"
			ids := []string{s.comment(t, bob.Token, p.ID, "gone").ID}
			var mu sync.Mutex
			statuses := s.race(6, func(i int) int {
				if i == 3 {
					return s.send(t, "DELETE", "/posts/"+p.ID, "", bearer(alice.Token)).status
				}
				r := s.send(t, "POST", path, `{"content":"gone"}`, bearer(bob.Token))
				if r.status == http.StatusCreated {
					mu.Lock()
					defer mu.Unlock()
					ids = append(ids, strings.TrimPrefix(r.header.Get("Location"), "/comments/"))
				}
				return r.status
			})
			if statuses[204] != 1 || statuses[201]+statuses[404] != 5 {
				t.Errorf("5 comments and a deletion at once: %v", statuses)
			}
			s.send(t, "GET", path, "").fails(404, "NotFoundError", "Post not found")
			for _, id := range ids {
				s.send(t, "GET", "/comments/"+id, "").fails(404, "NotFoundError", "Comment not found")
				s.send(t, "PATCH", "/comments/"+id, `{"content":"c"}`, bearer(bob.Token)).is(404)
				s.send(t, "DELETE", "/comments/"+id, "", bearer(bob.Token)).is(404)
			}
		}
		var all []commentAnswer
		s.send(t, "GET", "/admin/comments", "", bearer(bob.Token)).is(200).decode(&all)
		if len(all) != 1 || all[0].Content != "kept" {
			t.Errorf("an admin sees %+v, want the one that is kept", all)
		}
	})
}

func TestAdminsSeeAllComments(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		alice, bob := s.signUp(t, "alice"), s.signUp(t, "bob")
		first, second := s.post(t, alice.Token, "First"), s.post(t, bob.Token, "Second")
		var want []string
		for i, g := range []grantAnswer{alice, bob, bob, alice} {
			post := []postAnswer{first, second}[i%2]
			want = append([]string{s.comment(t, g.Token, post.ID, fmt.Sprint(i)).Content}, want...)
		}
		const path = "/admin/comments"
		s.send(t, "GET", path, "").fails(401, "UnauthorizedError", "Authentication required")
		s.send(t, "GET", path, "", bearer(alice.Token)).fails(403, "ForbiddenError", "Only an admin may do this")
		if err := s.store.SetRole(t.Context(), "alice", models.RoleAdmin); err != nil {
			t.Fatal(err)
		}
		for query, want := range map[string][]string{
			"?limit=2": want, "?": want, "?author=bob&limit=1": {"2", "1"}, "?author=" + alice.User.ID: {"3", "0"},
			"?author=nobody": nil,
		} {
			var got []string
			for next := path + query; next != ""; {
				var page []commentAnswer
				r := s.send(t, "GET", next, "", bearer(alice.Token)).is(200).has("Cache-Control", "no-store").
					hides("null", "email", "dempotency")
				r.decode(&page)
				for _, c := range page {
					got = append(got, c.Content)
				}
				next = r.next()
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: got %v, want %v", query, got, want)
			}
		}
		s.send(t, "GET", path+"?q=x", "", bearer(alice.Token)).fails(400, "ValidationError", "not a known parameter", "q")
	})
}

// TestCommentsOff: without comments, none of their paths exists, and posts work as before.
func TestCommentsOff(t *testing.T) {
	store := testkit.SQLite(t)
	s := newServer(t, store)
	g := s.signUp(t, "alice")
	p := s.post(t, g.Token, "My Post")
	c := s.comment(t, g.Token, p.ID, "Nice")
	if err := store.SetRole(t.Context(), "alice", models.RoleAdmin); err != nil {
		t.Fatal(err)
	}
	off := newServer(t, store, func(o *parts) { o.api.NoComments = true })
	for _, call := range []string{
		"GET /posts/" + p.ID + "/comments", "POST /posts/" + p.ID + "/comments", "GET /comments/" + c.ID,
		"PATCH /comments/" + c.ID, "DELETE /comments/" + c.ID, "GET /admin/comments",
	} {
		method, path, _ := strings.Cut(call, " ")
		body := map[bool]string{true: `{"content":"c"}`}[method == "POST" || method == "PATCH"]
		off.send(t, method, path, body, bearer(g.Token)).fails(404, "NotFoundError", "Not found").hides("Nice", "omment")
	}
	off.send(t, "GET", "/feed.atom?post="+p.ID, "").fails(400, "ValidationError", "post is not a known parameter", "post")
	off.send(t, "GET", "/posts/"+p.ID, "").is(200)
	off.send(t, "DELETE", "/posts/"+p.ID, "", bearer(g.Token)).is(204)
	s.send(t, "GET", "/comments/"+c.ID, "").is(404)
}
