package routes_test

import (
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"gin-blog/internal/testkit"
	"gin-blog/models"
)

type draftAnswer struct {
	ID                   string `json:"_id"`
	Title, Content       string
	Tags                 []string
	PublishAt            *string
	CreatedAt, UpdatedAt string
}

// draft creates a draft from a JSON body.
func (s *server) draft(t *testing.T, token, body string) draftAnswer {
	t.Helper()
	var a struct{ Draft draftAnswer }
	s.send(t, "POST", "/drafts", body, bearer(token)).is(201).has("Cache-Control", "no-store").decode(&a)
	return a.Draft
}

func TestDrafts(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		g := s.signUp(t, "alice")
		send := func(method, path, body string, headers ...header) *response {
			t.Helper()
			return s.send(t, method, path, body, append(headers, bearer(g.Token))...).has("Cache-Control", "no-store")
		}
		if r := send("GET", "/drafts", "").is(200); r.body != "[]" {
			t.Errorf("an empty list is %s", r.body)
		}
		var a struct {
			Message string
			Draft   draftAnswer
		}
		r := send("POST", "/drafts", `{"title":"  My <Draft> & more "}`).is(201)
		r.decode(&a)
		d := a.Draft
		if a.Message != "Draft created" || d.Title != "My <Draft> & more" || d.Content != "" || d.Tags == nil ||
			len(d.Tags) != 0 || d.PublishAt != nil || d.CreatedAt == "" || d.CreatedAt != d.UpdatedAt {
			t.Errorf("got %+v", a)
		}
		path := "/drafts/" + d.ID
		r.has("Location", path)
		one := send("GET", path, "").is(200).has("ETag", r.header.Get("ETag")).hides("author")
		if !strings.Contains(r.body, one.body) || !strings.Contains(one.body, `"publishAt":null`) {
			t.Errorf("the draft reads back as %s, was created as %s", one.body, r.body)
		}
		send("GET", path, "", header{"If-None-Match": one.header.Get("ETag")}).is(304)
		if head := send("HEAD", path, "").is(200); head.header.Get("ETag") != one.header.Get("ETag") {
			t.Errorf("HEAD has the ETag %s", head.header.Get("ETag"))
		}

		s.clock.advance(time.Minute)
		at := s.clock.now().Add(time.Hour).In(time.FixedZone("", 5*3600+1800)).Truncate(time.Second)
		stored := at.UTC().Format("2006-01-02T15:04:05.000Z")
		for i, c := range []struct{ method, body, want string }{
			{"PATCH", `{"content":" Hello\n","tags":["Go","gin"]}`, `{My <Draft> & more  Hello` + "\n" + ` [go gin] null}`},
			{"PATCH", `{"publishAt":"` + at.Format(time.RFC3339) + `"}`,
				`{My <Draft> & more  Hello` + "\n" + ` [go gin] ` + stored + `}`},
			{"PATCH", `{"title":"T"}`, `{T  Hello` + "\n" + ` [go gin] ` + stored + `}`},
			{"PATCH", `{"publishAt":null,"content":""}`, `{T  [go gin] null}`},
			{"PUT", `{"title":"T","content":"C","publishAt":"` + stored + `"}`, `{T C [] ` + stored + `}`},
			{"PUT", `{"title":"U"}`, `{U  [] null}`},
		} {
			s.clock.advance(time.Second)
			var got draftAnswer
			changed := send(c.method, path, c.body).is(200)
			changed.decode(&got)
			publishAt := "null"
			if got.PublishAt != nil {
				publishAt = *got.PublishAt
			}
			if text := fmt.Sprintf("{%s %s %v %s}", got.Title, got.Content, got.Tags, publishAt); text != c.want ||
				got.UpdatedAt <= d.UpdatedAt || got.CreatedAt != d.CreatedAt || got.ID != d.ID {
				t.Errorf("change %d: got %s, want %s: %+v", i, text, c.want, got)
			}
			if again := send("GET", path, ""); again.body != changed.body ||
				again.header.Get("ETag") == one.header.Get("ETag") {
				t.Errorf("change %d: the draft reads back as %s, was changed to %s", i, again.body, changed.body)
			}
			d = got
		}
		send("DELETE", path, "").is(204)
		for method, body := range map[string]string{"GET": "", "PUT": `{"title":"t"}`, "PATCH": `{}`, "DELETE": ""} {
			send(method, path, body).fails(404, "NotFoundError", "Draft not found")
		}
		send("POST", path+"/publish", "").fails(404, "NotFoundError", "Draft not found")
		send("GET", "/drafts/1", "").fails(400, "BadRequestError", "24 hex digits")
		send("POST", "/drafts/1/publish", "").fails(400, "BadRequestError", "24 hex digits")
	})
}

func TestDraftPages(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		alice, bob := s.signUp(t, "alice"), s.signUp(t, "bob")
		for i := range 5 {
			s.draft(t, alice.Token, fmt.Sprintf(`{"title":"%d"}`, i))
			s.draft(t, bob.Token, `{"title":"bob's"}`)
		}
		next := regexp.MustCompile(`^<(/drafts\?[^>]*)>; rel="next"$`)
		got := ""
		for path := "/drafts?limit=2"; path != ""; {
			var page []draftAnswer
			r := s.send(t, "GET", path, "", bearer(alice.Token)).is(200).has("Cache-Control", "no-store")
			r.decode(&page)
			for _, d := range page {
				got += d.Title
			}
			got += ";"
			path = ""
			if link := next.FindStringSubmatch(r.header.Get("Link")); link != nil {
				path = link[1]
			}
		}
		if got != "43;21;0;" {
			t.Errorf("the pages are %s", got)
		}
		for _, query := range []string{"limit=0", "page=2", "after=x", "q=hello", "author=alice"} {
			field, _, _ := strings.Cut(query, "=")
			s.send(t, "GET", "/drafts?"+query, "", bearer(alice.Token)).fails(400, "ValidationError", field, field)
		}
	})
}

// TestDraftsAreTheirAuthorsAlone: for everybody else, admins too, a draft is as if it had never been.
func TestDraftsAreTheirAuthorsAlone(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		alice := s.signUp(t, "alice")
		d := s.draft(t, alice.Token, `{"title":"Secretplan","content":"Whispered","tags":["hush"]}`)
		s.register(t, "carol")
		if err := s.store.SetRole(t.Context(), "carol", models.RoleAdmin); err != nil {
			t.Fatal(err)
		}
		requestID := header{"X-Request-ID": "the-same-for-all"}
		calls := map[string]string{
			"GET ": "", "HEAD ": "", "PUT ": `{"title":"t"}`, "PATCH ": `{"title":"t"}`, "DELETE ": "", "POST /publish": "",
		}
		for _, g := range []grantAnswer{s.signUp(t, "bob"), s.login(t, "carol")} {
			for call, body := range calls {
				method, end, _ := strings.Cut(call, " ")
				for _, h := range []header{{}, {"If-Match": "*"}, {"If-None-Match": "*"}} {
					theirs := s.send(t, method, "/drafts/"+d.ID+end, body, bearer(g.Token), requestID, h).is(404).
						has("Cache-Control", "no-store")
					nobodys := s.send(t, method, "/drafts/"+models.NewID().Hex()+end, body, bearer(g.Token), requestID, h)
					theirs.header.Del("Date")
					nobodys.header.Del("Date")
					if theirs.body != nobodys.body || !reflect.DeepEqual(theirs.header, nobodys.header) {
						t.Errorf("%s %s: %v %s differs from %v %s", method, end, theirs.header, theirs.body, nobodys.header,
							nobodys.body)
					}
				}
			}
			s.send(t, "GET", "/drafts", "", bearer(g.Token)).is(200).hides("Secretplan", d.ID)
		}
		for call, body := range calls {
			method, end, _ := strings.Cut(call, " ")
			s.send(t, method, "/drafts/"+d.ID+end, body).is(401).has("Cache-Control", "no-store")
		}
		s.send(t, "GET", "/drafts", "").fails(401, "UnauthorizedError", "Authentication required")
		s.send(t, "POST", "/drafts", `{"title":"t"}`).fails(401, "UnauthorizedError", "Authentication required")
		got := s.send(t, "GET", "/drafts/"+d.ID, "", bearer(alice.Token)).is(200)
		if !strings.Contains(got.body, "Whispered") {
			t.Errorf("the draft is now %s", got.body)
		}
	})
}

// TestDraftsAreInNoAnswer: no list, search, ETag or error of posts tells of a draft.
func TestDraftsAreInNoAnswer(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		g := s.signUp(t, "alice")
		s.post(t, g.Token, "My Post")
		paths := []string{
			"/posts", "/posts?limit=1", "/posts?author=alice", "/posts?tag=hush", "/posts?q=secretplan", "/posts?q=whispered",
			"/posts?author=alice&tag=hush&q=whispered", "/users/alice", "/users/" + g.User.ID, "/",
		}
		before := map[string]*response{}
		for _, path := range paths {
			before[path] = s.send(t, "GET", path, "").is(200)
		}
		at := s.clock.now().Add(time.Hour).Format(time.RFC3339)
		d := s.draft(t, g.Token, `{"title":"Secretplan","content":"Whispered","tags":["hush"],"publishAt":"`+at+`"}`)
		secrets := []string{"Secretplan", "hispered", d.ID, "publishAt"}
		for _, path := range paths {
			r := s.send(t, "GET", path, "").is(200).hides(secrets...).has("ETag", before[path].header.Get("ETag"))
			if r.body != before[path].body {
				t.Errorf("%s: got %s, want %s", path, r.body, before[path].body)
			}
		}
		s.send(t, "GET", "/auth/me", "", bearer(g.Token)).is(200).hides(secrets...)
		for method, body := range map[string]string{
			"GET": "", "PUT": `{"title":"t","content":"c"}`, "PATCH": `{"title":"t"}`, "DELETE": "",
		} {
			s.send(t, method, "/posts/"+d.ID, body, bearer(g.Token)).fails(404, "NotFoundError", "Post not found")
		}
		s.send(t, "GET", "/posts?after="+d.ID, "").is(200).hides(secrets...)
		if strings.Contains(s.log.String(), "Secretplan") || strings.Contains(s.log.String(), "hispered") {
			t.Error("the log tells of the draft")
		}
	})
}

func TestDraftRefusals(t *testing.T) {
	s := newServer(t, testkit.SQLite(t))
	g := s.signUp(t, "alice")
	inDays := func(days int) string { return s.clock.now().AddDate(0, 0, days).Format(time.RFC3339) }
	for _, c := range []struct {
		name, body, message string
		fields              []string
	}{
		{"nothing", `{}`, "title is required", []string{"title"}},
		{"a blank title", `{"title":" \n "}`, "title is required", []string{"title"}},
		{"a title of two lines", `{"title":"a\nb"}`, "title must have no control character", []string{"title"}},
		{"a long content", `{"title":"t","content":"` + strings.Repeat("é", 100001) + `"}`,
			"content must have at most 100000", []string{"content"}},
		{"a NUL", `{"title":"t","content":"\u0000"}`, "content must have no control characters", []string{"content"}},
		{"a tag of two words", `{"title":"t","tags":["Go","web dev"]}`, "tags[1] must be", []string{"tags[1]"}},
		{"an author", `{"title":"t","author":"x"}`, "author is not a known field", []string{"author"}},
		{"a number as time", `{"title":"t","content":"c","publishAt":1893456000}`, "publishAt must be a time with its zone",
			[]string{"publishAt"}},
		{"an object as time", `{"title":"t","content":"c","publishAt":{"$gt":""}}`, "publishAt must be a time with its zone",
			[]string{"publishAt"}},
		{"no zone", `{"title":"t","content":"c","publishAt":"2030-01-02T03:04:05"}`, "publishAt must be a time with its zone",
			[]string{"publishAt"}},
		{"a day", `{"title":"t","content":"c","publishAt":"2030-01-02"}`, "publishAt must be a time with its zone",
			[]string{"publishAt"}},
		{"a day that does not exist", `{"title":"t","content":"c","publishAt":"2030-02-30T03:04:05Z"}`,
			"publishAt must be a time with its zone", []string{"publishAt"}},
		{"words", `{"title":"t","content":"c","publishAt":"tomorrow"}`, "publishAt must be a time with its zone",
			[]string{"publishAt"}},
		{"no words", `{"title":"t","content":"c","publishAt":""}`, "publishAt must be a time with its zone",
			[]string{"publishAt"}},
		{"the first moment", `{"title":"t","content":"c","publishAt":"0001-01-01T00:00:00.0001Z"}`,
			"publishAt must be a time with its zone", []string{"publishAt"}},
		{"yesterday", `{"title":"t","content":"c","publishAt":"` + inDays(-1) + `"}`, "publishAt must be in the future",
			[]string{"publishAt"}},
		{"in two years", `{"title":"t","content":"c","publishAt":"` + inDays(730) + `"}`, "publishAt must be in the future",
			[]string{"publishAt"}},
		{"a time without content", `{"title":"t","publishAt":"` + inDays(1) + `"}`,
			"content is required for a scheduled draft",
			[]string{"content"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.send(t, "POST", "/drafts", c.body, bearer(g.Token)).fails(400, "ValidationError", c.message, c.fields...)
			d := s.draft(t, g.Token, `{"title":"Kept"}`)
			s.send(t, "PUT", "/drafts/"+d.ID, c.body, bearer(g.Token)).fails(400, "ValidationError", c.message, c.fields...)
			s.send(t, "DELETE", "/drafts/"+d.ID, "", bearer(g.Token)).is(204)
		})
	}
	tomorrow := s.clock.now().AddDate(0, 0, 1).UTC().Format("2006-01-02T15:04:05")
	for _, end := range []string{",5Z", "+24:00", "+01:60", "+0100", " Z", ".Z", "", "Z "} {
		body := fmt.Sprintf(`{"title":"t","content":"c","publishAt":%q}`, tomorrow+end)
		s.send(t, "POST", "/drafts", body, bearer(g.Token)).
			fails(400, "ValidationError", "publishAt must be a time with its zone", "publishAt")
	}
	for _, end := range []string{"Z", "z", "-00:00", ".0009Z"} {
		at := strings.Replace(tomorrow, "T", "t", 1) + end
		d := s.draft(t, g.Token, fmt.Sprintf(`{"title":"t","content":"c","publishAt":%q}`, at))
		if d.PublishAt == nil || *d.PublishAt != tomorrow+".000Z" {
			t.Errorf("%s is taken as %v", at, d.PublishAt)
		}
	}
	longest := fmt.Sprintf(`{"title":%q,"content":%q,"publishAt":%q}`,
		strings.Repeat("é", 200), strings.Repeat("é", 100000), inDays(364))
	d := s.draft(t, g.Token, longest)
	for body, fields := range map[string][]string{
		`{"title":null}`: {"title"}, `{"content":null}`: {"content"}, `{"tags":null}`: {"tags"}, `{"title":""}`: {"title"},
		`{"publishAt":"` + inDays(-1) + `"}`: {"publishAt"},
	} {
		s.send(t, "PATCH", "/drafts/"+d.ID, body, bearer(g.Token)).fails(400, "ValidationError", fields[0], fields...)
	}
	s.send(t, "PATCH", "/drafts/"+d.ID, `{"content":""}`, bearer(g.Token)).
		fails(400, "ValidationError", "content is required for a scheduled draft", "content")
	empty := s.draft(t, g.Token, `{"title":"Empty","content":null,"tags":null,"publishAt":null}`)
	s.send(t, "PATCH", "/drafts/"+empty.ID, `{"publishAt":"`+inDays(1)+`"}`, bearer(g.Token)).
		fails(400, "ValidationError", "content is required for a scheduled draft", "content")
	tooMuch := `{"title":"t","content":"` + strings.Repeat(" ", 2<<20) + `"}`
	s.send(t, "POST", "/drafts", tooMuch, bearer(g.Token)).fails(413, "PayloadTooLargeError", "2097152 bytes")
	s.send(t, "POST", "/drafts", `title=t`, bearer(g.Token), header{"Content-Type": "application/x-www-form-urlencoded"}).
		fails(415, "UnsupportedMediaTypeError", "application/json")
}

// TestTimeOfADraftThatHasCome: a draft that is due, but not yet published, can still be edited as it is.
func TestTimeOfADraftThatHasCome(t *testing.T) {
	s := newServer(t, testkit.SQLite(t))
	g := s.signUp(t, "alice")
	at := s.clock.now().Add(time.Hour).Format(time.RFC3339)
	d := s.draft(t, g.Token, `{"title":"t","content":"c","publishAt":"`+at+`"}`)
	s.clock.advance(2 * time.Hour)
	g = s.login(t, "alice")
	s.send(t, "PUT", "/drafts/"+d.ID, `{"title":"t","content":"new","publishAt":"`+at+`"}`, bearer(g.Token)).is(200)
	s.send(t, "PATCH", "/drafts/"+d.ID, `{"publishAt":null}`, bearer(g.Token)).is(200)
	s.send(t, "PATCH", "/drafts/"+d.ID, `{"publishAt":"`+at+`"}`, bearer(g.Token)).
		fails(400, "ValidationError", "publishAt must be in the future", "publishAt")
}

func TestDraftPreconditions(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		g := s.signUp(t, "alice")
		d := s.draft(t, g.Token, `{"title":"Draft","content":"Hello","tags":["go"]}`)
		path := "/drafts/" + d.ID
		old := s.send(t, "GET", path, "", bearer(g.Token)).is(200).header.Get("ETag")
		s.clock.advance(time.Minute)
		for _, c := range []struct{ method, body string }{
			{"PATCH", `{}`}, {"PATCH", `{"title":" Draft ","publishAt":null}`},
			{"PUT", `{"title":"Draft","content":"Hello","tags":["GO"]}`},
		} {
			var got draftAnswer
			s.send(t, c.method, path, c.body, bearer(g.Token)).is(200).has("ETag", old).decode(&got)
			if got.UpdatedAt != d.UpdatedAt {
				t.Errorf("%s %s changes nothing, and updatedAt went from %s to %s", c.method, c.body, d.UpdatedAt, got.UpdatedAt)
			}
		}
		present := s.send(t, "PATCH", path, `{"content":"New"}`, bearer(g.Token), header{"If-Match": old}).is(200).
			header.Get("ETag")
		writes := map[string]string{"PUT ": `{"title":"t"}`, "PATCH ": `{"title":"t"}`, "DELETE ": "", "POST /publish": ""}
		for call, body := range writes {
			method, end, _ := strings.Cut(call, " ")
			s.send(t, method, path+end, body, bearer(g.Token), header{"If-Match": old}).
				fails(412, "PreconditionFailedError", "It has changed since")
			s.send(t, method, path+end, body, bearer(g.Token), header{"If-None-Match": present}).
				fails(412, "PreconditionFailedError", "If-None-Match")
			before := s.clock.now().Add(-time.Hour).UTC().Format(http.TimeFormat)
			s.send(t, method, path+end, body, bearer(g.Token), header{"If-Unmodified-Since": before}).
				fails(412, "PreconditionFailedError", "It has changed since")
		}
		s.send(t, "POST", path+"/publish", "", bearer(g.Token), header{"If-Match": present}).is(201)
		s.send(t, "POST", path+"/publish", "", bearer(g.Token), header{"If-Match": present}).is(201) // sent again
	})
}

func TestPublish(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		g := s.signUp(t, "alice")
		s.post(t, g.Token, "Older")
		d := s.draft(t, g.Token, `{"title":"Draft","tags":["go"]}`)
		path := "/drafts/" + d.ID
		s.post(t, g.Token, "Newer than the draft")
		s.send(t, "POST", path+"/publish", "", bearer(g.Token)).fails(409, "ConflictError", "no content")
		s.send(t, "PATCH", path, `{"content":"Hello"}`, bearer(g.Token)).is(200)
		s.clock.advance(time.Minute)
		var a struct {
			Message string
			Post    postAnswer
		}
		r := s.send(t, "POST", path+"/publish", "", bearer(g.Token)).is(201).has("Cache-Control", "no-store")
		r.decode(&a)
		if p := a.Post; a.Message != "Post created" || p.Title != "Draft" || p.Content != "Hello" || p.ID == d.ID ||
			fmt.Sprint(p.Tags) != "[go]" || p.Author == nil || p.Author.Username != "alice" || p.CreatedAt <= d.CreatedAt ||
			p.UpdatedAt != p.CreatedAt {
			t.Errorf("got %+v", a)
		}
		one := s.send(t, "GET", r.header.Get("Location"), "").is(200).has("ETag", r.header.Get("ETag"))
		if list := s.send(t, "GET", "/posts?limit=1", ""); list.body != "["+one.body+"]" {
			t.Errorf("the list begins with %s, want %s", list.body, one.body)
		}
		s.send(t, "GET", path, "", bearer(g.Token)).fails(404, "NotFoundError", "Draft not found")
		if again := s.send(t, "POST", path+"/publish", "", bearer(g.Token)).is(201); again.body != r.body {
			t.Errorf("sent again, it answers %s, want %s", again.body, r.body)
		}
		s.send(t, "DELETE", "/posts/"+a.Post.ID, "", bearer(g.Token)).is(204)
		s.send(t, "POST", path+"/publish", "", bearer(g.Token)).fails(404, "NotFoundError", "Draft not found")
	})
}

func TestPublishesAtOnceMakeOnePost(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		g := s.signUp(t, "alice")
		d := s.draft(t, g.Token, `{"title":"Draft","content":"Hello"}`)
		bodies := make([]string, 50)
		var clients sync.WaitGroup
		for i := range bodies {
			clients.Go(func() {
				bodies[i] = s.send(t, "POST", "/drafts/"+d.ID+"/publish", "", bearer(g.Token)).is(201).body
			})
		}
		clients.Wait()
		for _, body := range bodies {
			if body != bodies[0] {
				t.Errorf("one client got %s, another %s", body, bodies[0])
			}
		}
		var posts []postAnswer
		s.send(t, "GET", "/posts", "").is(200).decode(&posts)
		if len(posts) != 1 {
			t.Errorf("there are %d posts, want 1", len(posts))
		}
	})
}

// TestKeyOfADraftIsItsOwn: no Idempotency-Key that a client sends collides with the key of a draft.
func TestKeyOfADraftIsItsOwn(t *testing.T) {
	s := newServer(t, testkit.SQLite(t))
	g := s.signUp(t, "alice")
	d := s.draft(t, g.Token, `{"title":"Draft","content":"Hello"}`)
	body := `{"title":"Draft","content":"Hello"}`
	s.send(t, "POST", "/posts", body, bearer(g.Token), header{"Idempotency-Key": models.DraftKey(mustID(t, d.ID)).Key}).
		fails(400, "BadRequestError", "Idempotency-Key must be 1 to 255 visible ASCII characters")
	s.send(t, "POST", "/posts", body, bearer(g.Token), header{"Idempotency-Key": d.ID}).is(201)
	s.send(t, "POST", "/drafts/"+d.ID+"/publish", "", bearer(g.Token)).is(201)
	var posts []postAnswer
	s.send(t, "GET", "/posts", "").is(200).decode(&posts)
	if len(posts) != 2 {
		t.Errorf("there are %d posts, want 2", len(posts))
	}
}

func mustID(t *testing.T, hex string) models.ID {
	t.Helper()
	id, err := models.ParseID(hex)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestDraftsGoWithTheAccount(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		g := s.signUp(t, "alice")
		d := s.draft(t, g.Token, `{"title":"Draft","content":"Hello"}`)
		s.send(t, "DELETE", "/auth/me", `{"password":"`+password+`"}`, bearer(g.Token)).is(204)
		s.send(t, "GET", "/drafts", "", bearer(g.Token)).is(401)
		_, err := s.store.DraftByID(t.Context(), mustID(t, d.ID))
		if err == nil {
			t.Error("the draft is still there")
		}
	})
}
