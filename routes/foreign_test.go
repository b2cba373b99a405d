package routes_test

import (
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"

	"gin-blog/blog"
	"gin-blog/internal/testkit"
	"gin-blog/models"
)

var nextLink = regexp.MustCompile(`<([^>]+)>; rel="next"`)

// TestForeignDatabaseIsServed: clients use a blog in a database that other programs have filled. Their documents stay
// as they were.
func TestForeignDatabaseIsServed(t *testing.T) {
	f := testkit.NewForeign(t)
	store := testkit.OpenMongoDB(t, f.DB, nil)
	s := newServer(t, store)
	f.CheckUnchanged(t)

	path, listed := "/posts?limit=5", 0
	for path != "" {
		var page []postAnswer
		r := s.send(t, "GET", path, "").is(200)
		r.decode(&page)
		for _, p := range page {
			s.send(t, "GET", "/posts/"+p.ID, "").is(200)
			s.send(t, "GET", "/posts/"+p.ID+"/comments", "").is(200)
		}
		listed += len(page)
		path = ""
		if next := nextLink.FindStringSubmatch(r.header.Get("Link")); next != nil {
			path = next[1]
		}
	}
	if listed != len(f.Posts) {
		t.Errorf("%d posts are listed, want %d", listed, len(f.Posts))
	}
	for _, path := range []string{
		"/posts?author=alice", "/posts?author=case", "/posts?author=stringid", "/posts?author=42", "/posts?tag=two",
		"/posts?q=hello", "/posts?author=alice&tag=go&q=hello", "/feed.atom", "/feed.json", "/sitemap.xml", "/users/alice",
		"/users/twin", "/users/" + f.Alice.Hex(), "/readyz",
	} {
		s.send(t, "GET", path, "").is(200)
	}
	s.send(t, "GET", "/users/stringid", "").fails(404, "NotFoundError", "User not found")
	s.send(t, "POST", "/auth/register", `{"username":"newcomer","password":"pass123"}`).is(201)
	for _, taken := range []string{"alice", "TWIN", "Case"} {
		s.send(t, "POST", "/auth/register", `{"username":"`+taken+`","password":"pass123"}`).
			fails(409, "ConflictError", "Username already taken")
	}
	s.send(t, "POST", "/auth/login", `{"username":"stringid","password":"pass123"}`).is(401)
	s.send(t, "POST", "/auth/login", `{"email":"`+f.Mail+`","password":"pass123"}`).is(200)
	s.send(t, "POST", "/auth/login", `{"username":"twin","password":"pass123"}`).is(200)
	f.CheckUnchanged(t)

	writeInForeignDatabase(t, s, f)
	later := blog.New(blog.Options{
		Store: store, Now: func() time.Time { return time.Now().Add(time.Hour) },
		Log: slog.New(slog.NewTextHandler(s.log, nil)),
	})
	defer later.Publish(t.Context(), time.Millisecond)()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		var posts []postAnswer
		s.send(t, "GET", "/posts?limit=1", "").is(200).decode(&posts)
		if posts[0].Title == "Due" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the draft is not published")
		}
	}
	for more := true; more; {
		var err error
		if more, err = store.Sweep(t.Context(), time.Now().Add(2*models.SweepDelay)); err != nil {
			t.Fatal(err)
		}
	}
	f.CheckUnchanged(t)
}

// writeInForeignDatabase logs in with an account of another program, and writes and deletes what gin-blog keeps.
func writeInForeignDatabase(t *testing.T, s *server, f *testkit.Foreign) {
	t.Helper()
	g := s.login(t, "alice")
	token := bearer(g.Token)
	s.send(t, "PATCH", "/auth/me", `{"email":"SAME@example.com"}`, token).
		fails(409, "ConflictError", "Email already taken")
	if sessions := s.send(t, "GET", "/auth/sessions", "", token).is(200); strings.Count(sessions.body, `"_id"`) != 1 {
		t.Errorf("her sessions are %s", sessions.body)
	}
	for range 2 {
		keyed := header{"Authorization": token["Authorization"], "Idempotency-Key": "key"}
		s.send(t, "POST", "/posts", `{"title":"Keyed","content":"Hello"}`, keyed).is(201)
		s.send(t, "POST", "/posts/"+f.Post.Hex()+"/comments", `{"content":"Nice"}`, keyed).is(201)
	}
	post := s.post(t, g.Token, "New")
	s.comment(t, g.Token, post.ID, "Nice")
	id, err := models.ParseID(post.ID)
	if err != nil {
		t.Fatal(err)
	}
	f.Insert(t, "comments", f.CommentsOn(id)...)
	s.send(t, "DELETE", "/posts/"+post.ID, "", token).is(204)

	s.send(t, "GET", "/drafts", "", token).is(200)
	s.send(t, "GET", "/drafts/"+f.Draft.Hex(), "", token).is(200)
	soon := time.Now().Add(time.Minute).UTC().Format(time.RFC3339)
	s.draft(t, g.Token, `{"title":"Due","content":"Hello","publishAt":"`+soon+`"}`)
	draft := s.draft(t, g.Token, `{"title":"Draft","content":"Hello"}`)
	s.send(t, "PATCH", "/drafts/"+draft.ID, `{"content":"New"}`, token).is(200)
	s.send(t, "POST", "/drafts/"+draft.ID+"/publish", "", token).is(201)
	s.send(t, "DELETE", "/auth/sessions", "", token).is(204)
	s.send(t, "GET", "/auth/me", "", token).is(401)
}

// TestOddDraft: its author reads, changes and deletes a draft with fields of unexpected types, also on condition.
func TestOddDraft(t *testing.T) {
	f := testkit.NewForeign(t)
	s := newServer(t, testkit.OpenMongoDB(t, f.DB, nil))
	token, path := bearer(s.login(t, "alice").Token), "/drafts/"+f.Draft.Hex()
	s.send(t, "GET", "/drafts", "", token).is(200)
	read := s.send(t, "GET", path, "", token).is(200)
	var text models.Text
	if read.decode(&text); text.Title != "1.5" || text.Content != "7" {
		t.Errorf("the draft is %s", read.body)
	}
	token["If-Match"] = read.header.Get("ETag")
	changed := s.send(t, "PATCH", path, `{"title":"New"}`, token).is(200)
	s.send(t, "PATCH", path, `{"title":"lost"}`, token).is(412)
	token["If-Match"] = changed.header.Get("ETag")
	s.send(t, "DELETE", path, "", token).is(204)
	s.send(t, "GET", path, "", token).is(404)
}
