package routes_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"gin-blog/internal/testkit"
	"gin-blog/models"
)

func TestCreateAndReadPosts(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		g := s.signUp(t, "alice")
		var a struct {
			Message string
			Post    postAnswer
		}
		r := s.send(t, "POST", "/posts", `{"title":"  My <Post> & more ","content":" Hello\n","tags":["Go","gin-blog"]}`,
			bearer(g.Token)).is(201)
		r.decode(&a)
		p := a.Post
		if a.Message != "Post created" || p.Title != "My <Post> & more" || p.Content != " Hello\n" ||
			fmt.Sprint(p.Tags) != "[go gin-blog]" ||
			p.Author == nil || p.Author.ID != g.User.ID || p.Author.Username != "alice" || p.CreatedAt != p.UpdatedAt ||
			p.CreatedAt == "" {
			t.Errorf("got %+v", a)
		}
		r.has("Location", "/posts/"+p.ID)
		if !strings.Contains(r.body, "My <Post> & more") {
			t.Errorf("HTML characters are escaped: %s", r.body)
		}

		one := s.send(t, "GET", "/posts/"+p.ID, "").is(200).has("Cache-Control", "no-cache").hides("email", "role")
		list := s.send(t, "GET", "/posts", "").is(200).has("Cache-Control", "no-cache").has("Link", `</posts>; rel="first"`)
		if list.body != "["+one.body+"]" {
			t.Errorf("the list %s is not the post %s", list.body, one.body)
		}
		if !strings.Contains(r.body, one.body) {
			t.Errorf("the post reads back as %s, was created as %s", one.body, r.body)
		}
		if upper := s.send(t, "GET", "/posts/"+strings.ToUpper(p.ID), "").is(200); upper.body != one.body {
			t.Errorf("the id in capitals gives %s", upper.body)
		}
		s.send(t, "GET", "/posts/"+models.NewID().Hex(), "").fails(404, "NotFoundError", "Post not found")
		for _, id := range []string{"1", "zzzzzzzzzzzzzzzzzzzzzzzz", p.ID + "0", "%00"} {
			s.send(t, "GET", "/posts/"+id, "").fails(400, "BadRequestError", "24 hex digits")
		}
	})
}

func TestCreatePostRefusals(t *testing.T) {
	s := newServer(t, testkit.SQLite(t))
	g := s.signUp(t, "alice")
	for _, c := range []struct {
		name, body, message string
		fields              []string
	}{
		{"nothing", `{}`, "title is required; content is required", []string{"title", "content"}},
		{"nulls", `{"title":null,"content":null}`, "title is required", []string{"title", "content"}},
		{"a blank title", `{"title":" \n ","content":"x"}`, "title is required", []string{"title"}},
		{"a long title", `{"title":"` + strings.Repeat("t", 201) + `","content":"x"}`, "title must have 1 to 200",
			[]string{"title"}},
		{"a long content", `{"title":"t","content":"` + strings.Repeat("é", 100001) + `"}`, "content must have 1 to 100000",
			[]string{"content"}},
		{"a bad tag", `{"title":"t","content":"x","tags":["ok","not ok"]}`, "tags[1] must be", []string{"tags[1]"}},
		{"a tag of signs", `{"title":"t","content":"x","tags":["c++"]}`, "tags[0] must be 1 to 32 letters, digits or hyphens",
			[]string{"tags[0]"}},
		{"an empty tag", `{"title":"t","content":"x","tags":[""]}`, "tags[0] must be", []string{"tags[0]"}},
		{"one tag 11 times", `{"title":"t","content":"x","tags":["a","a","a","a","a","a","a","a","a","a","a"]}`,
			"tags must be at most 10", []string{"tags"}},
		{"many tags", `{"title":"t","content":"x","tags":["a","b","c","d","e","f","g","h","i","j","k"]}`,
			"tags must be at most 10", []string{"tags"}},
		{"a tag that is no string", `{"title":"t","content":"x","tags":["a",1]}`, "tags[1] must be a string",
			[]string{"tags[1]"}},
		{"tags that are no array", `{"title":"t","content":"x","tags":"a"}`, "tags must be an array", []string{"tags"}},
		{"an author", `{"title":"t","content":"x","author":"` + models.NewID().Hex() + `"}`, "author is not a known field",
			[]string{"author"}},
		{"a title that is no string", `{"title":{"$gt":""},"content":"x"}`, "title must be a string", []string{"title"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.send(t, "POST", "/posts", c.body, bearer(g.Token)).fails(400, "ValidationError", c.message, c.fields...)
		})
	}
	longest := fmt.Sprintf(`{"title":%q,"content":%q,"tags":["a","b","c","d","e","f","g","h","i",%q]}`,
		strings.Repeat("é", 200), strings.Repeat("é", 100000), strings.Repeat("j", 32))
	s.send(t, "POST", "/posts", longest, bearer(g.Token)).is(201)

	s.send(t, "POST", "/posts", `{"title":"t","content":"x"}`).fails(401, "UnauthorizedError", "Authentication required")
	s.send(t, "POST", "/posts", `nonsense`).fails(401, "UnauthorizedError", "Authentication required")
	var posts []postAnswer
	s.send(t, "GET", "/posts", "").is(200).decode(&posts)
	if len(posts) != 1 {
		t.Errorf("%d posts, want the one that was not refused", len(posts))
	}
}

func TestListPages(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		if r := s.send(t, "GET", "/posts", "").is(200); r.body != "[]" {
			t.Errorf("an empty list is %s", r.body)
		}
		g := s.signUp(t, "alice")
		for i := range 23 {
			s.post(t, g.Token, fmt.Sprintf("Post %d", i))
		}
		next := regexp.MustCompile(`<(/posts\?[^>]*)>; rel="next"`)
		for query, sizes := range map[string][]int{
			"": {20, 3}, "?limit=10": {10, 10, 3}, "?limit=23": {23}, "?limit=100": {23},
		} {
			path, at := "/posts"+query, 22
			for _, size := range sizes {
				r := s.send(t, "GET", path, "").is(200)
				var page []postAnswer
				r.decode(&page)
				if len(page) != size {
					t.Fatalf("%s: %d posts, want %d", path, len(page), size)
				}
				for _, p := range page {
					if want := fmt.Sprintf("Post %d", at); p.Title != want || p.Author == nil || p.Author.Username != "alice" {
						t.Errorf("%s: got %+v, want %s by alice", path, p, want)
					}
					at--
				}
				link := next.FindStringSubmatch(r.header.Get("Link"))
				if more := at >= 0; more != (link != nil) {
					t.Fatalf("%s: Link is %q with %d posts to go", path, r.header.Get("Link"), at+1)
				}
				if link != nil {
					path = link[1]
				}
			}
		}
	})
}

func TestListRefusals(t *testing.T) {
	s := newServer(t, testkit.SQLite(t))
	for query, field := range map[string]string{
		"limit=0":                        "limit",
		"limit=101":                      "limit",
		"limit=-1":                       "limit",
		"limit=ten":                      "limit",
		"limit=":                         "limit",
		"limit=1&limit=2":                "limit",
		"limit=99999999999999999999":     "limit",
		"limit=%2B5":                     "limit",
		"limit=05":                       "limit",
		"%ff=1":                          "\ufffd",
		"after=1":                        "after",
		"after=":                         "after",
		"after=000000000000000000000000": "after",
		"page=2":                         "page",
		"Limit=2":                        "Limit",
		"$where=1":                       "$where",
	} {
		s.send(t, "GET", "/posts?"+query, "").fails(400, "ValidationError", field+" ", field)
	}
	s.send(t, "GET", "/posts?limit=%zz", "").fails(400, "BadRequestError", "The query is not URL-encoded")
	s.send(t, "GET", "/posts?limit=0&page=2&after=x", "").
		fails(400, "ValidationError", "after must", "after", "limit", "page")
}

func TestPublicUser(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		s.send(t, "POST", "/auth/register",
			`{"username":"Alice","password":"pass123","email":"alice@example.com","name":"A. L."}`).is(201)
		byName := s.send(t, "GET", "/users/alice", "").is(200).hides("alice@example.com", "email", "role")
		var keys map[string]any
		byName.decode(&keys)
		if len(keys) != 5 || keys["username"] != "Alice" || keys["name"] != "A. L." || keys["bio"] != "" ||
			keys["createdAt"] == nil {
			t.Errorf("got %s", byName.body)
		}
		if byID := s.send(t, "GET", "/users/"+keys["_id"].(string), "").is(200); byID.body != byName.body {
			t.Errorf("by id: %s, by name: %s", byID.body, byName.body)
		}
		for _, id := range []string{"bob", models.NewID().Hex(), "%00", "%25", "%ff", "$ne"} {
			s.send(t, "GET", "/users/"+id, "").fails(404, "NotFoundError", "User not found")
		}
	})
}

func TestAuthorOfPostsIsShownWithoutTheRest(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		s.send(t, "POST", "/auth/register",
			`{"username":"alice","password":"pass123","email":"alice@example.com","name":"A. L."}`).is(201)
		s.post(t, s.login(t, "alice").Token, "My Post")
		var list []map[string]json.RawMessage
		s.send(t, "GET", "/posts", "").hides("alice@example.com").decode(&list)
		var author map[string]any
		if err := json.Unmarshal(list[0]["author"], &author); err != nil || len(author) != 3 || author["name"] != "A. L." {
			t.Errorf("author is %s", list[0]["author"])
		}
	})
}
