package routes_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"
	"golang.org/x/text/unicode/norm"

	"gin-blog/models"
)

// object reads the body of an answer, for a client that changes some of it and sends it back.
func (r *response) object() map[string]any {
	r.t.Helper()
	var object map[string]any
	r.decode(&object)
	return object
}

// with returns a body like object, but for one field.
func with(t *testing.T, object map[string]any, name string, value any) string {
	t.Helper()
	changed := maps.Clone(object)
	changed[name] = value
	body, err := json.Marshal(changed)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// TestWhatWasReadMayBeSentBack: with one field changed, and as clients of other languages write times. What cannot be
// changed is refused if it is not as it is stored, and nothing is stored.
func TestWhatWasReadMayBeSentBack(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		g, other := s.signUp(t, "alice"), s.signUp(t, "bob")
		post := s.post(t, g.Token, "My Post")
		comment := s.comment(t, g.Token, post.ID, "Nice")
		at := s.clock.now().Add(time.Hour).Format(time.RFC3339)
		draft := s.draft(t, g.Token, `{"title":"Draft","content":"c","tags":["go"],"publishAt":"`+at+`"}`)
		theirs := map[string]any{"_id": other.User.ID, "username": "bob"}
		mine := map[string]any{"_id": g.User.ID, "username": "alice"}
		for path, c := range map[string]struct {
			methods, text string
			fixed         []string
		}{
			"/posts/" + post.ID:       {"PUT PATCH", "content", []string{"_id", "author", "createdAt", "updatedAt"}},
			"/drafts/" + draft.ID:     {"PUT PATCH", "content", []string{"_id", "createdAt", "updatedAt"}},
			"/comments/" + comment.ID: {"PATCH", "content", []string{"_id", "post", "author", "createdAt", "updatedAt"}},
			"/auth/me":                {"PATCH", "bio", []string{"_id", "username", "role", "createdAt"}},
		} {
			for i, method := range strings.Fields(c.methods) {
				read := s.send(t, "GET", path, "", bearer(g.Token)).is(200)
				object := read.object()
				etag := read.header.Get("ETag")
				if r := s.send(t, method, path, read.body, bearer(g.Token)).is(200); r.body != read.body {
					t.Errorf("%s %s as it was read: %s, was %s", method, path, r.body, read.body)
				}
				created := object["createdAt"].(string)
				for _, written := range []string{
					strings.Replace(created, "Z", "000+00:00", 1), strings.ToLower(created), inZone(t, created, 5*60*60),
				} {
					s.send(t, method, path, with(t, object, "createdAt", written), bearer(g.Token)).is(200).has("ETag", etag)
				}
				for _, name := range c.fixed {
					for _, wrong := range []any{"", models.NewID().Hex(), "2026-01-02T03:04:05.678Z", nil, 1, theirs,
						[]any{theirs}, map[string]any{"_id": g.User.ID, "username": "Alice"}, map[string]any{}} {
						s.send(t, method, path, with(t, object, name, wrong), bearer(g.Token)).
							fails(400, "ValidationError", name+" ", name)
					}
				}
				s.send(t, method, path, with(t, object, c.fixed[0], models.NewID().Hex()), bearer(g.Token)).
					fails(400, "ValidationError", c.fixed[0]+" cannot be changed: leave it out, or send it as it is", c.fixed[0])
				s.send(t, method, path, with(t, object, "views", 1), bearer(g.Token)).
					fails(400, "ValidationError", "views is not a known field", "views")
				if again := s.send(t, "GET", path, "", bearer(g.Token)).is(200); again.body != read.body {
					t.Errorf("%s %s: the refusals changed %s to %s", method, path, read.body, again.body)
				}
				text := fmt.Sprintf("changed %d", i)
				s.clock.advance(time.Second)
				changed := s.send(t, method, path, with(t, object, c.text, text), bearer(g.Token)).is(200).object()
				if changed[c.text] != text || changed["createdAt"] != created || changed["_id"] != object["_id"] {
					t.Errorf("%s %s: changed to %v", method, path, changed)
				}
				if object["updatedAt"] == nil {
					continue
				}
				// Who sends back what is outdated by now hears of that, by the precondition if there is one.
				stale := bearer(g.Token)
				stale["If-Match"] = etag
				s.send(t, method, path, read.body, stale).fails(412, "PreconditionFailedError", "It has changed since")
				s.send(t, method, path, read.body, bearer(g.Token)).
					fails(400, "ValidationError", "updatedAt cannot be changed", "updatedAt")
			}
		}

		s.send(t, "PUT", "/drafts/"+draft.ID, `{"title":"Draft"}`, bearer(g.Token)).is(200)
		if got := s.send(t, "GET", "/drafts/"+draft.ID, "", bearer(g.Token)).object(); got["publishAt"] != nil {
			t.Errorf("a PUT without publishAt leaves %v", got)
		}
		for path, field := range map[string]string{
			"/posts": "_id", "/drafts": "_id", "/posts/" + post.ID + "/comments": "post",
		} {
			body := fmt.Sprintf(`{"title":"t","content":"c",%q:%q}`, field, post.ID)
			if strings.HasSuffix(path, "comments") {
				body = fmt.Sprintf(`{"content":"c",%q:%q}`, field, post.ID)
			}
			s.send(t, "POST", path, body, bearer(g.Token)).fails(400, "ValidationError", field+" is not a known field", field)
		}

		for body, message := range map[string]string{
			`{"author":"` + g.User.ID + `"}`: "author must be an object or null", `{"author":[]}`: "author must be an object",
			`{"author":{"_id":"x"}}`: "author._id must be 24 hex digits", `{"author":{"_id":{}}}`: "author._id must be a string",
			`{"author":{"email":"x"}}`: "author.email is not a known field", `{"updatedAt":5}`: "updatedAt must be a time",
		} {
			s.send(t, "PATCH", "/posts/"+post.ID, body, bearer(g.Token)).
				fails(400, "ValidationError", message, strings.Fields(message)[0])
		}

		if err := s.store.SetRole(t.Context(), "bob", models.RoleAdmin); err != nil {
			t.Fatal(err)
		}
		s.send(t, "DELETE", "/auth/me", `{"password":"pass123"}`, bearer(g.Token)).is(204)
		gone := s.send(t, "GET", "/posts/"+post.ID, "").is(200)
		s.send(t, "PUT", "/posts/"+post.ID, with(t, gone.object(), "title", "Kept"), bearer(other.Token)).is(200)
		now := s.send(t, "GET", "/posts/"+post.ID, "").object()
		s.send(t, "PUT", "/posts/"+post.ID, with(t, now, "author", mine), bearer(other.Token)).
			fails(400, "ValidationError", "author cannot be changed", "author")
	})
}

// inZone writes a time with another offset.
func inZone(t *testing.T, text string, seconds int) string {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at.In(time.FixedZone("", seconds)).Format("2006-01-02T15:04:05.000000-07:00")
}

// createUser stores an account as another program does, with the hash of a password as it is.
func (s *server) createUser(t *testing.T, username, password string) {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	u := &models.User{ID: models.NewID(), Username: username, Role: models.RoleUser, PasswordHash: string(hash)}
	if err := s.store.CreateUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
}

// TestPasswordsInEveryForm: one password is the same from every keyboard, and accounts of other programs keep theirs.
func TestPasswordsInEveryForm(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		const composed, another = "pässwörd-é", "größer-ñ"
		parts := norm.NFD.String(composed)
		logIn := func(username, password string) *response {
			body := fmt.Sprintf(`{"username":%q,"password":%s}`, username, quoted(t, password))
			return s.send(t, "POST", "/auth/login", body)
		}
		register := func(username, password string) *response {
			body := fmt.Sprintf(`{"username":%q,"password":%s}`, username, quoted(t, password))
			return s.send(t, "POST", "/auth/register", body)
		}
		register("composed", composed).is(201)
		register("parts", parts).is(201)
		s.createUser(t, "foreign-composed", composed)
		s.createUser(t, "foreign-parts", parts)
		for username, forms := range map[string][2]int{ // the status for both forms
			"composed": {200, 200}, "parts": {200, 200}, "foreign-composed": {200, 200}, "foreign-parts": {401, 200},
		} {
			logIn(username, composed).is(forms[0])
			logIn(username, parts).is(forms[1])
			logIn(username, "password-e").is(401)
			logIn(username, parts+"\x00"+parts).is(401)
			logIn(username, norm.NFD.String("pässwörd-è")).is(401)
		}

		var g grantAnswer
		logIn("composed", composed).decode(&g)
		change := `{"currentPassword":%s,"newPassword":%s}`
		s.send(t, "POST", "/auth/password", fmt.Sprintf(change, quoted(t, parts), quoted(t, norm.NFD.String(another))),
			bearer(g.Token)).is(204)
		logIn("composed", another).is(200)
		logIn("composed", composed).is(401)
		s.send(t, "DELETE", "/auth/me", `{"password":`+quoted(t, norm.NFD.String(another))+`}`, bearer(g.Token)).is(204)

		// 72 bytes of the form that is hashed count.
		long := strings.Repeat("é", 36)
		register("longest", norm.NFD.String(long)).is(201)
		logIn("longest", long).is(200)
		logIn("longest", norm.NFD.String(long)).is(200)
		logIn("longest", norm.NFD.String(long+"é")).is(401)
		register("toolong", norm.NFD.String(long+"é")).fails(400, "ValidationError", "password must have at most 72 bytes",
			"password")
		register("tooshort", "e\u0301e\u0301e\u0301").
			fails(400, "ValidationError", "password must have at least 6", "password")
		grows := strings.Repeat("\u0958", 13) // of which no composed form exists: 39 bytes become 78
		register("grows", grows).fails(400, "ValidationError", "password must have at most 72 bytes", "password")
	})
}
