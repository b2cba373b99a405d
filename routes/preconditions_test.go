package routes_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"gin-blog/internal/testkit"
	"gin-blog/models"
)

// TestEditsOfOtherProgramsChangeTheETag: an edit in the database that keeps the times is seen, and is not overwritten.
func TestEditsOfOtherProgramsChangeTheETag(t *testing.T) {
	db := testkit.Database(t)
	s := newServer(t, testkit.OpenMongoDB(t, db, nil))
	g := s.signUp(t, "alice")
	p := s.post(t, g.Token, "My Post")
	id, err := models.ParseID(p.ID)
	if err != nil {
		t.Fatal(err)
	}
	path := "/posts/" + p.ID
	one, list := s.send(t, "GET", path, "").header.Get("ETag"), s.send(t, "GET", "/posts", "").header.Get("ETag")
	edit := bson.M{"$set": bson.M{"title": "Edited elsewhere"}}
	if _, err := db.Collection("posts").UpdateOne(t.Context(), bson.M{"_id": id}, edit); err != nil {
		t.Fatal(err)
	}
	s.send(t, "GET", path, "", header{"If-None-Match": one}).is(200)
	s.send(t, "GET", "/posts", "", header{"If-None-Match": list}).is(200)
	stale := bearer(g.Token)
	stale["If-Match"] = one
	s.send(t, "PATCH", path, `{"content":"lost"}`, stale).fails(412, "PreconditionFailedError", "changed since")
	s.send(t, "DELETE", path, "", stale).fails(412, "PreconditionFailedError", "changed since")
}

func TestPreconditionsOfWrites(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		g := s.signUp(t, "alice")
		path := "/posts/" + s.post(t, g.Token, "My Post").ID
		send := func(method, body, name, value string) *response {
			h := bearer(g.Token)
			h[name] = value
			return s.send(t, method, path, body, h)
		}
		read := s.send(t, "GET", path, "")
		modified, err := http.ParseTime(read.header.Get("Last-Modified"))
		if err != nil {
			t.Fatal(err)
		}
		before, at := modified.Add(-time.Second).Format(http.TimeFormat), modified.Format(http.TimeFormat)
		bodies := map[string]string{"PUT": `{"title":"t","content":"c"}`, "PATCH": `{"title":"t"}`, "DELETE": ""}
		for method, body := range bodies {
			send(method, body, "If-Unmodified-Since", before).fails(412, "PreconditionFailedError", "changed since")
			send(method, body, "If-None-Match", "*").fails(412, "PreconditionFailedError", "If-None-Match")
			send(method, body, "If-None-Match", read.header.Get("ETag")).fails(412, "PreconditionFailedError", "If-None-Match")
		}
		send("PATCH", `{"title":"New"}`, "If-Unmodified-Since", at).is(200)
		send("PATCH", `{"title":"Newer"}`, "If-None-Match", read.header.Get("ETag")).is(200)
		send("DELETE", "", "If-None-Match", `"other"`).is(204)
	})
}

func TestConditionalReadOfAPost(t *testing.T) {
	s := newServer(t, testkit.SQLite(t))
	g := s.signUp(t, "alice")
	path := "/posts/" + s.post(t, g.Token, "My Post").ID
	modified := s.send(t, "GET", path, "").header.Get("Last-Modified")
	s.send(t, "GET", path, "", header{"If-Modified-Since": modified}).is(304).has("Last-Modified", modified)
	s.send(t, "GET", path, "", header{"If-Modified-Since": "Thu, 01 Jan 2015 10:00:00 GMT"}).is(200)
	s.clock.advance(2 * time.Second)
	s.send(t, "PATCH", path, `{"title":"New"}`, bearer(g.Token)).is(200)
	s.send(t, "GET", path, "", header{"If-Modified-Since": modified}).is(200)
	list := s.send(t, "GET", "/posts?limit=1", "")
	s.send(t, "GET", "/posts?limit=1", "", header{"If-None-Match": list.header.Get("ETag")}).is(304).
		has("Link", list.header.Get("Link"))
}

// TestChangeThatChangesNothing leaves the time and the ETag of a post.
func TestChangeThatChangesNothing(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		g := s.signUp(t, "alice")
		p := s.post(t, g.Token, "My Post")
		path := "/posts/" + p.ID
		etag := s.send(t, "GET", path, "").header.Get("ETag")
		s.clock.advance(time.Minute)
		for _, c := range []struct{ method, body string }{
			{"PATCH", `{}`}, {"PATCH", `{"title":"My Post"}`}, {"PATCH", `{"title":" My Post ","tags":[]}`},
			{"PUT", `{"title":"My Post","content":"Hello"}`},
		} {
			var got postAnswer
			s.send(t, c.method, path, c.body, bearer(g.Token)).is(200).has("ETag", etag).decode(&got)
			if got.UpdatedAt != p.UpdatedAt {
				t.Errorf("%s %s: updatedAt went from %s to %s", c.method, c.body, p.UpdatedAt, got.UpdatedAt)
			}
		}
		s.send(t, "GET", path, "", header{"If-None-Match": etag}).is(304)
		r := s.send(t, "PATCH", path, `{"tags":["go"]}`, bearer(g.Token)).is(200)
		if r.header.Get("ETag") == etag || strings.Contains(r.body, p.UpdatedAt+`","updatedAt":"`+p.UpdatedAt) {
			t.Errorf("a change of the tags leaves the ETag or the time: %s", r.body)
		}
	})
}

// TestHeadHasWhatGetSays: HEAD has the headers of GET, compressed or not.
func TestHeadHasWhatGetSays(t *testing.T) {
	s := newServer(t, testkit.SQLite(t))
	g := s.signUp(t, "alice")
	s.send(t, "POST", "/posts", `{"title":"t","content":"`+strings.Repeat("long ", 1000)+`"}`, bearer(g.Token)).is(201)
	for _, path := range []string{"/posts", "/docs", "/openapi.json", "/docs/start.js", "/healthz"} {
		for _, accept := range []string{"gzip", "identity", "gzip;q=0"} {
			get := s.send(t, "GET", path, "", header{"Accept-Encoding": accept}).is(200)
			head := s.send(t, "HEAD", path, "", header{"Accept-Encoding": accept}).is(200)
			for _, h := range []*response{get, head} {
				h.header.Del("Date")
				h.header.Del("X-Request-Id")
			}
			for name := range get.header {
				if got, want := head.header.Get(name), get.header.Get(name); got != want {
					t.Errorf("%s, %s: HEAD has %s %q, GET %q", path, accept, name, got, want)
				}
			}
			if accept != "gzip" && get.header.Get("Content-Encoding") != "" {
				t.Errorf("%s is compressed for %s", path, accept)
			}
		}
	}
}
