package routes_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"golang.org/x/text/unicode/norm"

	"gin-blog/internal/testkit"
	"gin-blog/models"
)

// quoted writes a text as JSON has it.
func quoted(t *testing.T, text string) string {
	t.Helper()
	body, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// TestNoBodyIsAnEmptyObject: where a body is needed and there is none, the answer is that of an empty object, whatever
// type and encoding nothing has.
func TestNoBodyIsAnEmptyObject(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		g := s.signUp(t, "alice")
		post := s.post(t, g.Token, "My Post")
		comment, draft := s.comment(t, g.Token, post.ID, "Nice"), s.draft(t, g.Token, `{"title":"Draft"}`)
		for _, c := range []struct {
			call    string
			status  int
			message string
		}{
			{"POST /auth/register", 400, "username is required; password is required"},
			{"POST /auth/login", 400, "username or email is required; password is required"},
			{"POST /auth/refresh", 401, "Refresh token required"},
			{"POST /auth/logout", 401, "Refresh token required"},
			{"PATCH /auth/me", 200, ""},
			{"DELETE /auth/me", 400, "password is required"},
			{"POST /auth/password", 400, "currentPassword is required; newPassword is required"},
			{"POST /posts", 400, "title is required; content is required"},
			{"PUT /posts/" + post.ID, 400, "title is required; content is required"},
			{"PATCH /posts/" + post.ID, 200, ""},
			{"POST /posts/" + post.ID + "/comments", 400, "content is required"},
			{"PATCH /comments/" + comment.ID, 200, ""},
			{"POST /drafts", 400, "title is required"},
			{"PUT /drafts/" + draft.ID, 400, "title is required"},
			{"PATCH /drafts/" + draft.ID, 200, ""},
		} {
			method, path, _ := strings.Cut(c.call, " ")
			for what, h := range map[string]header{
				"no type": {}, "JSON": {"Content-Type": "application/json"}, "gzip": {"Content-Encoding": "gzip"},
				"what curl says": {"Content-Type": "application/x-www-form-urlencoded"},
			} {
				r := s.send(t, method, path, "", bearer(g.Token), h).is(c.status).hides("empty", "JSON")
				var e struct{ Message string }
				if r.decode(&e); e.Message != c.message {
					t.Errorf("%s, %s: the message is %q, want %q", c.call, what, e.Message, c.message)
				}
			}
			s.send(t, method, path, " \r\n", bearer(g.Token)).is(c.status)
			s.send(t, method, path, "{}", bearer(g.Token), header{"Content-Type": ""}).is(415)
		}
		for _, path := range []string{"/posts", "/posts/" + post.ID} { // the token comes first
			s.send(t, map[bool]string{true: "POST", false: "PUT"}[path == "/posts"], path, "").
				fails(401, "UnauthorizedError", "Authentication required")
		}
	})
}

// TestSpacesAroundANameToLogIn: they do not count, and are no way around the limits.
func TestSpacesAroundANameToLogIn(t *testing.T) {
	testkit.Each(t, func(t *testing.T, store models.Store) {
		s := newServer(t, store, withLimits(new(clock)))
		s.send(t, "POST", "/auth/register", `{"username":"alice","password":"pass123","email":"alice@example.com"}`).is(201)
		s.createUser(t, " bob", "pass123")
		for _, body := range []string{
			`{"username":"alice ","password":"pass123"}`, `{"username":"\u00a0ALICE\n","password":"pass123"}`,
			`{"username":" alice@example.com ","password":"pass123"}`, `{"email":" Alice@example.com\t","password":"pass123"}`,
			`{"username":" bob","password":"pass123"}`, // of another program
		} {
			s.send(t, "POST", "/auth/login", body).is(200)
		}
		s.send(t, "POST", "/auth/login", `{"username":"alice","password":"pass123 "}`).is(401)
		s.send(t, "POST", "/auth/login", `{"username":"al ice","password":"pass123"}`).is(401)
		for _, nobody := range []string{"", " ", "\u3000\t"} {
			s.send(t, "POST", "/auth/login", `{"username":`+quoted(t, nobody)+`,"password":"pass123"}`).
				fails(400, "ValidationError", "username or email is required", "username")
		}
		statuses := map[int]int{}
		for i := range 14 {
			body := fmt.Sprintf(`{"username":"alice%s","password":"wrong-one"}`, strings.Repeat(" ", i))
			statuses[s.send(t, "POST", "/auth/login", body).status]++
		}
		if statuses[429] < 4 {
			t.Errorf("14 wrong logins with other spaces: %v", statuses)
		}
	})
}

// TestTagsOfEveryScript: a tag is letters, digits and marks, in lower case and composed, once; and it is found however
// it is typed.
func TestTagsOfEveryScript(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		g := s.signUp(t, "alice")
		for sent, want := range map[string]string{
			"Küche": "küche", "東京": "東京", "élan": "élan", "e\u0301lan-2": "élan-2", "İstanbul": "istanbul",
			"I\u0307zmir": "izmir", "ΟΔΟΣ": "οδος", "Straße": "straße", "हिन्दी": "हिन्दी",
			"ไทย": "ไทย", "٣٤": "٣٤", "C-SHARP": "c-sharp", "二〇二六": "二〇二六", "Ⅷ": "ⅷ",
			"\u212a": "k", "한국어": "한국어", "ქართული": "ქართული", "-": "-",
			strings.Repeat("e\u0301", 16): strings.Repeat("é", 16),
			strings.Repeat("東", 32):       strings.Repeat("東", 32),
		} {
			var created struct{ Post postAnswer }
			body := fmt.Sprintf(`{"title":"t","content":"c","tags":[%s]}`, quoted(t, sent))
			s.send(t, "POST", "/posts", body, bearer(g.Token)).is(201).decode(&created)
			if !slices.Equal(created.Post.Tags, []string{want}) {
				t.Errorf("%q is stored as %q, want %q", sent, created.Post.Tags, want)
			}
			for _, typed := range []string{sent, want, norm.NFD.String(want)} {
				var list []postAnswer
				s.send(t, "GET", "/posts?tag="+url.QueryEscape(typed), "").is(200).decode(&list)
				if len(list) != 1 || list[0].ID != created.Post.ID {
					t.Errorf("%q finds %d posts, want that with %q", typed, len(list), want)
				}
				for _, path := range []string{"/feed.atom", "/feed.json"} {
					host := header{"Host": "blog.example"}
					feed := s.send(t, "GET", path+"?tag="+url.QueryEscape(typed), "", host).is(200)
					if again := s.send(t, "GET", path+"?tag="+url.QueryEscape(want), "", host); again.body != feed.body {
						t.Errorf("%s of %q is %s, of %q %s", path, typed, feed.body, want, again.body)
					}
				}
			}
		}
		var many struct{ Post postAnswer }
		s.send(t, "POST", "/posts", `{"title":"t","content":"c","tags":["Go","go","\u00c9lan","e\u0301lan","web","GO"]}`,
			bearer(g.Token)).is(201).decode(&many)
		if got := strings.Join(many.Post.Tags, " "); got != "go élan web" {
			t.Errorf("with repetitions, the tags are %s", got)
		}
		for _, wrong := range []string{
			"", "c++", "web dev", "a_b", "a/b", "😀", "€", "go\u200b", "\u3164", "\u115f", "\ufe0f", "a\u034fb", "\u00ad",
			"می\u200cخواهم", "a\u202eb", "a\x00", "#go", strings.Repeat("é", 33), "\U000e0061",
		} {
			body := fmt.Sprintf(`{"title":"t","content":"c","tags":["ok",%s]}`, quoted(t, wrong))
			for _, path := range []string{"/posts", "/drafts"} {
				s.send(t, "POST", path, body, bearer(g.Token)).
					fails(400, "ValidationError", "tags[1] must be 1 to 32 letters, digits or hyphens", "tags[1]")
			}
			s.send(t, "GET", "/posts?tag="+url.QueryEscape(wrong), "").
				fails(400, "ValidationError", "tag must be 1 to 32 letters, digits or hyphens", "tag")
		}
	})
}

// TestTagsOfOtherPrograms: a tag that another program wrote in capitals is found as it is, and others as they are
// stored.
func TestTagsOfOtherPrograms(t *testing.T) {
	db := testkit.Database(t)
	s := newServer(t, testkit.OpenMongoDB(t, db, nil))
	g := s.signUp(t, "alice")
	s.publish(t, g, "Ours", "c", "node", "vue")
	theirs := bson.M{"title": "Theirs", "tags": bson.A{"Node"}}
	if _, err := db.Collection("posts").InsertOne(t.Context(), theirs); err != nil {
		t.Fatal(err)
	}
	for tag, want := range map[string]string{"Node": "Theirs", "node": "Ours", "NODE": "Ours", "Vue": "Ours"} {
		var list []postAnswer
		s.send(t, "GET", "/posts?tag="+tag, "").is(200).decode(&list)
		if len(list) != 1 || list[0].Title != want {
			t.Errorf("%s finds %+v, want %s", tag, list, want)
		}
	}
}

// TestETagsStandInQuotes: what no ETag can match is refused before anything is done, with what to send instead.
func TestETagsStandInQuotes(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		g := s.signUp(t, "alice")
		post := s.post(t, g.Token, "My Post")
		comment, draft := s.comment(t, g.Token, post.ID, "Nice"), s.draft(t, g.Token, `{"title":"Draft","content":"c"}`)
		with := func(name, value string) header {
			h := bearer(g.Token)
			h[name] = value
			return h
		}
		for path, body := range map[string]string{
			"/posts/" + post.ID: `{"title":"lost"}`, "/comments/" + comment.ID: `{"content":"lost"}`,
			"/drafts/" + draft.ID: `{"title":"lost"}`,
		} {
			etag := s.send(t, "GET", path, "", bearer(g.Token)).is(200).header.Get("ETag")
			bare := strings.Trim(etag, `"`)
			for _, wrong := range []string{
				bare, "'" + bare + "'", `"` + bare, bare + `"`, `"a", ` + bare, `"a" "b"`, "W/" + bare, `"`,
			} {
				for name, methods := range map[string][]string{
					"If-Match": {"PATCH", "DELETE"}, "If-None-Match": {"GET", "HEAD", "PATCH", "DELETE"},
				} {
					for _, method := range methods {
						sent := map[string]string{"PATCH": body}[method]
						r := s.send(t, method, path, sent, with(name, wrong)).is(400)
						if method != "HEAD" {
							r.fails(400, "BadRequestError", name+` must have the ETag in its quotes, such as "abc"`)
						}
					}
				}
			}
			for _, weak := range []string{"W/" + etag, `W/"other"`, `"other", W/` + etag} {
				s.send(t, "PATCH", path, body, with("If-Match", weak)).
					fails(412, "PreconditionFailedError", "If-Match takes no weak ETag: leave out the W/")
				s.send(t, "DELETE", path, "", with("If-Match", weak)).
					fails(412, "PreconditionFailedError", "If-Match takes no weak ETag: leave out the W/")
			}
			s.send(t, "PATCH", path, body, with("If-Match", "")).fails(400, "BadRequestError", "in its quotes")
			s.send(t, "GET", path, "", with("If-None-Match", "W/"+etag)).is(304)
			s.send(t, "GET", path, "", with("If-None-Match", "")).is(200).has("ETag", etag)
			s.send(t, "PATCH", path, "{}", with("If-Match", `"other",`+etag)).is(200).has("ETag", etag)
		}
		for _, path := range []string{"/posts", "/posts/" + post.ID + "/comments"} {
			s.send(t, "GET", path, "", header{"If-None-Match": "abc"}).fails(400, "BadRequestError", "in its quotes")
		}
		s.send(t, "POST", "/drafts/"+draft.ID+"/publish", "", with("If-Match", "abc")).
			fails(400, "BadRequestError", "in its quotes")
		// Nobody mends the requests of a feed reader.
		feed, err := testkit.NewRequest(t.Context(), "GET", s.next()+"/feed.atom", "", header{"If-None-Match": "abc"})
		if err != nil {
			t.Fatal(err)
		}
		if r, err := testkit.Do(feed); err != nil || r.Status != 200 {
			t.Errorf("a feed: %+v, %v", r, err)
		}
	})
}

// nothingToSee are texts that look empty.
var nothingToSee = []string{
	"\u200b", "\ufeff", "\u00ad", "\u3164", "\u2800", "\u115f\u1160\uffa0", "\u034f", "\ufe0f", "\U000e0100",
	"\U000e0061\U000e007f", "\u17b4\u17b5", "\u180e", "\u2060\u2064", "\u061c", "\u200d", " \u00a0\u3000\u2028 ",
	"\u200e\u200f", "\U0001d159", "\U0001d173", " \u200b\u200b ",
}

// TestTextsHaveSomethingToSee: white space and invisible characters alone are as good as nothing.
func TestTextsHaveSomethingToSee(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		g := s.signUp(t, "alice")
		post := s.post(t, g.Token, "My Post")
		comment, draft := s.comment(t, g.Token, post.ID, "Nice"), s.draft(t, g.Token, `{"title":"Draft","content":"c"}`)
		for _, text := range nothingToSee {
			q := quoted(t, text)
			for _, c := range []struct{ method, path, body, message, field string }{
				{"POST", "/posts", `{"title":` + q + `,"content":"c"}`, "title is required", "title"},
				{"POST", "/posts", `{"title":"t","content":` + q + `}`, "content is required", "content"},
				{"PATCH", "/posts/" + post.ID, `{"title":` + q + `}`, "title is required", "title"},
				{"PATCH", "/posts/" + post.ID, `{"content":` + q + `}`, "content is required", "content"},
				{"POST", "/posts/" + post.ID + "/comments", `{"content":` + q + `}`, "content is required", "content"},
				{"PATCH", "/comments/" + comment.ID, `{"content":` + q + `}`, "content is required", "content"},
				{"POST", "/drafts", `{"title":` + q + `}`, "title is required", "title"},
				{"PATCH", "/drafts/" + draft.ID, `{"title":` + q + `}`, "title is required", "title"},
				{"PATCH", "/auth/me", `{"name":` + q + `}`, "name must", "name"},
				{"POST", "/auth/register", `{"username":` + q + `,"password":"pass123"}`, "username is required", "username"},
			} {
				s.send(t, c.method, c.path, c.body, bearer(g.Token)).fails(400, "ValidationError", c.message, c.field)
			}
		}
		s.send(t, "POST", "/posts/"+post.ID+"/comments", `{"content":"\n\t\r\n"}`, bearer(g.Token)).
			fails(400, "ValidationError", "content is required", "content")
		blank := s.draft(t, g.Token, `{"title":"Blank","content":" \u200b\n"}`)
		s.send(t, "POST", "/drafts/"+blank.ID+"/publish", "", bearer(g.Token)).
			fails(409, "ConflictError", "The draft has no content")
		at := s.clock.now().Add(time.Hour).Format(time.RFC3339)
		s.send(t, "PATCH", "/drafts/"+blank.ID, `{"publishAt":"`+at+`"}`, bearer(g.Token)).
			fails(400, "ValidationError", "content is required for a scheduled draft", "content")
		for _, seen := range []string{
			".", "\u200bx", "😀\ufe0f", "👩\u200d💻", "\u06dd", "\u0301", "\ufffc", "\u200fשלום", "\U000f0000", "➖",
		} {
			body := fmt.Sprintf(`{"title":%s,"content":%s}`, quoted(t, seen), quoted(t, seen))
			s.send(t, "POST", "/posts", body, bearer(g.Token)).is(201)
		}
		s.send(t, "POST", "/auth/register", `{"username":"blank","password":"      "}`).is(201)
		s.send(t, "POST", "/auth/login", `{"username":"blank","password":"      "}`).is(200)
	})
}
