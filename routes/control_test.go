package routes_test

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"gin-blog/blog"
	"gin-blog/internal/auth"
	"gin-blog/internal/testkit"
	"gin-blog/models"
)

// admin returns the tokens of a new admin.
func (s *server) admin(t *testing.T, username string) grantAnswer {
	t.Helper()
	s.signUp(t, username)
	if err := s.store.SetRole(t.Context(), username, models.RoleAdmin); err != nil {
		t.Fatal(err)
	}
	return s.login(t, username)
}

// program returns a new access token of a user.
func (s *server) program(t *testing.T, token string, scopes ...string) string {
	t.Helper()
	var made struct{ Token string }
	body := fmt.Sprintf(`{"name":"Notes","scopes":["%s"]}`, strings.Join(scopes, `","`))
	s.send(t, "POST", "/auth/tokens", body, bearer(token)).is(201).decode(&made)
	return made.Token
}

// suspend suspends a user, as an admin.
func (s *server) suspend(t *testing.T, admin, user, reason string) {
	t.Helper()
	s.send(t, "PATCH", "/admin/users/"+user, `{"suspended":true,"reason":"`+reason+`"}`, bearer(admin)).is(200)
}

// TestWhoMayControl: what each of those who may call gets.
func TestWhoMayControl(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		admin, user, gone := s.admin(t, "admin"), s.signUp(t, "alice"), s.signUp(t, "bob")
		post := s.post(t, admin.Token, "My Post").ID
		other := s.post(t, user.Token, "Another").ID
		tokens := map[string]string{
			"user": user.Token, "admin": admin.Token, "suspended": gone.Token,
			"program": s.program(t, user.Token, "posts"), "comments": s.program(t, user.Token, "comments"),
			"drafts": s.program(t, user.Token, "drafts"), "admin's program": s.program(t, admin.Token, "posts", "comments"),
			"suspended program": s.program(t, gone.Token, "posts", "drafts", "comments"),
		}
		s.suspend(t, admin.Token, gone.User.ID, "Spam")
		const nobody = "/ffffffffffffffffffffffff"
		draft := `{"title":"t","publishAt":"` + s.clock.now().Add(time.Hour).UTC().Format(time.RFC3339) + `","content":"c"}`
		for _, c := range []struct {
			call, body string
			want       string // the status for each of callers, in their order
		}{
			{"GET /auth/tokens", "", "401 200 200 401 403 403 403 403 401"},
			{"POST /auth/tokens", `{"name":"n","scopes":["posts"]}`, "401 201 201 401 403 403 403 403 401"},
			{"DELETE /auth/tokens" + nobody, "", "401 404 404 401 403 403 403 403 401"},
			{"GET /auth/me", "", "401 200 200 401 403 403 403 403 401"},
			{"GET /admin/users", "", "401 403 200 401 403 403 403 403 401"},
			{"PATCH /admin/users" + nobody, `{"suspended":true}`, "401 403 404 401 403 403 403 403 401"},
			{"DELETE /admin/users" + nobody, "", "401 403 404 401 403 403 403 403 401"},
			{"GET /admin/log", "", "401 403 200 401 403 403 403 403 401"},
			{"GET /admin/comments", "", "401 403 200 401 403 403 403 403 401"},
			{"POST /posts", `{"title":"t","content":"c"}`, "401 201 201 401 201 403 403 201 401"},
			{"PATCH /posts/" + post, `{"title":"u"}`, "401 403 200 401 403 403 403 200 401"},
			{"PATCH /posts/" + other, `{"title":"u"}`, "401 200 200 401 200 403 403 403 401"},
			{"POST /posts/" + post + "/comments", `{"content":"c"}`, "401 201 201 401 403 201 403 201 401"},
			{"GET /drafts", "", "401 200 200 401 403 403 200 403 401"},
			{"POST /drafts", `{"title":"t"}`, "401 201 201 401 403 403 201 403 401"},
			{"POST /drafts", draft, "401 201 201 401 403 403 403 403 401"},
			{"POST /drafts" + nobody + "/publish", "", "401 404 404 401 403 403 403 403 401"},
		} {
			callers := []string{
				"visitor", "user", "admin", "suspended", "program", "comments", "drafts", "admin's program", "suspended program",
			}
			method, path, _ := strings.Cut(c.call, " ")
			var got []string
			for _, caller := range callers {
				var headers []header
				if tokens[caller] != "" {
					headers = append(headers, bearer(tokens[caller]))
				}
				r := s.send(t, method, path, c.body, headers...)
				r.hides("gbp_"+tokens[caller], "hash")
				got = append(got, fmt.Sprint(r.status))
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("%s: got %s, want %s for %q", c.call, got, c.want, callers)
			}
		}
	})
}

func TestAccessTokens(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		alice, bob := s.signUp(t, "alice"), s.signUp(t, "bob")
		expires := models.StoredTime(s.clock.now().Add(time.Hour)).UTC().Format("2006-01-02T15:04:05.000Z")
		var made struct {
			Token       string
			AccessToken struct {
				ID                    string `json:"_id"`
				Name                  string
				Scopes                []string
				ExpiresAt, LastUsedAt *string
			}
		}
		s.send(t, "POST", "/auth/tokens", `{"name":"CI","scopes":["posts","comments","posts"],"expiresAt":"`+expires+`"}`,
			bearer(alice.Token)).is(201).has("Cache-Control", "no-store").decode(&made)
		token := made.AccessToken
		if !regexp.MustCompile(`^gbp_[0-9A-Za-z]{40}$`).MatchString(made.Token) || token.LastUsedAt != nil ||
			token.ExpiresAt == nil || *token.ExpiresAt != expires || strings.Join(token.Scopes, " ") != "comments posts" {
			t.Errorf("made %+v", made)
		}
		for _, wrong := range []struct{ body, field string }{
			{`{"scopes":["posts"]}`, "name"}, {`{"name":"a\nb","scopes":["posts"]}`, "name"}, {`{"name":"n"}`, "scopes"},
			{`{"name":"n","scopes":[]}`, "scopes"}, {`{"name":"n","scopes":["posts","admin"]}`, "scopes"},
			{`{"name":"n","scopes":["posts"],"expiresAt":"2020-01-01T00:00:00Z"}`, "expiresAt"},
			{`{"name":"n","scopes":["posts"],"expiresAt":"tomorrow"}`, "expiresAt"},
		} {
			s.send(t, "POST", "/auth/tokens", wrong.body, bearer(alice.Token)).
				fails(400, "ValidationError", wrong.field+" ", wrong.field)
		}

		use := func(what, token string) *response {
			t.Helper()
			return s.send(t, "POST", "/posts", `{"title":"`+what+`","content":"c"}`, bearer(token))
		}
		use("first", made.Token).is(201)
		s.send(t, "GET", "/auth/tokens", "", bearer(alice.Token)).is(200).hides(made.Token, `"lastUsedAt":null`)
		s.send(t, "GET", "/auth/tokens", "", bearer(bob.Token)).is(200).hides(token.ID)
		mistyped := made.Token[:20] + string('a'+(made.Token[20]+1)%20) + made.Token[21:]
		unknown, _ := auth.NewAccessToken()
		for _, wrong := range []string{mistyped, unknown, made.Token + "0", made.Token[:len(made.Token)-1], "gbp_"} {
			use("wrong", wrong).fails(401, "JsonWebTokenError", "invalid token")
		}
		key := header{"Idempotency-Key": "once"}
		s.send(t, "POST", "/posts", `{"title":"once","content":"c"}`, bearer(made.Token), key).is(201)
		s.send(t, "POST", "/posts", `{"title":"once","content":"c"}`, bearer(made.Token), key).is(201).
			has("Idempotency-Replayed", "true")
		s.send(t, "DELETE", "/auth/tokens/"+token.ID, "", bearer(bob.Token)).fails(404, "NotFoundError", "not found")
		s.clock.advance(2 * time.Hour)
		use("late", made.Token).fails(401, "TokenExpiredError", "jwt expired").
			has("WWW-Authenticate", `Bearer error="invalid_token"`)
		alice = s.login(t, "alice")
		s.send(t, "GET", "/auth/tokens", "", bearer(alice.Token)).is(200)
		s.send(t, "DELETE", "/auth/tokens/"+token.ID, "", bearer(alice.Token)).is(204)
		use("deleted", made.Token).fails(401, "JsonWebTokenError", "invalid token")

		kept := s.program(t, alice.Token, "posts")
		s.send(t, "POST", "/auth/password", `{"currentPassword":"`+password+`","newPassword":"secret99"}`,
			bearer(alice.Token)).is(204)
		use("after a change of the password", kept).is(201)
		s.send(t, "DELETE", "/auth/me", `{"password":"secret99"}`, bearer(alice.Token)).is(204)
		use("after the account", kept).fails(401, "JsonWebTokenError", "invalid token")
	})
}

func TestRegistration(t *testing.T) {
	testkit.Each(t, func(t *testing.T, store models.Store) {
		body := func(name, invite string) string {
			return fmt.Sprintf(`{"username":%q,"password":%q,"invite":%q}`, name, password, invite)
		}
		with := func(r blog.Registration) *server {
			return newServer(t, store, func(p *parts) { p.blog.Registration = r })
		}
		invited, closed := with(blog.RegistrationInvite), with(blog.RegistrationClosed)
		tokens := auth.NewTokens(accessSecret, refreshSecret, time.Now)
		made, err := blog.New(blog.Options{Store: store, Now: time.Now}).Invite(t.Context(), "", 3)
		if err != nil {
			t.Fatal(err)
		}
		var invites []string
		for i := range made {
			token, err := tokens.SignInvitation(&made[i])
			if err != nil {
				t.Fatal(err)
			}
			invites = append(invites, token)
		}
		if err := store.DeleteInvitation(t.Context(), made[2].ID); err != nil {
			t.Fatal(err)
		}
		foreign, _ := auth.NewTokens("x"+accessSecret, refreshSecret, time.Now).SignInvitation(&made[0])
		closed.send(t, "POST", "/auth/register", body("alice", "")).fails(403, "ForbiddenError", "Nobody can register")
		closed.send(t, "POST", "/auth/register", body("alice", invites[0])).
			fails(403, "ForbiddenError", "Nobody can register")
		invited.send(t, "POST", "/auth/register", body("alice", "")).fails(403, "ForbiddenError", "you need an invitation")
		for _, void := range []string{"x", foreign, invites[2]} {
			invited.send(t, "POST", "/auth/register", body("alice", void)).fails(403, "ForbiddenError", "ask for another")
		}
		invited.send(t, "POST", "/auth/register", body("a", invites[0])).fails(400, "ValidationError", "username", "username")
		invited.send(t, "POST", "/auth/register", body("alice", invites[0])).is(201).hides(invites[0])
		invited.send(t, "POST", "/auth/register", body("bob", invites[0])).fails(403, "ForbiddenError", "ask for another")
		invited.send(t, "POST", "/auth/register", body("Alice", invites[1])).fails(409, "ConflictError", "taken")
		invited.clock.advance(models.InvitationTTL + time.Minute)
		invited.send(t, "POST", "/auth/register", body("bob", invites[1])).fails(403, "ForbiddenError", "ask for another")
		newServer(t, store).send(t, "POST", "/auth/register", body("bob", "x")).is(201)
	})
}

func TestSuspension(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		admin, bob := s.admin(t, "admin"), s.signUp(t, "bob")
		post := s.post(t, bob.Token, "My Post")
		path := "/admin/users/" + bob.User.ID
		s.suspend(t, admin.Token, bob.User.ID, "Spam")
		s.send(t, "PATCH", "/posts/"+post.ID, `{"title":"late"}`, bearer(bob.Token)).fails(401, "JsonWebTokenError", "ended")
		s.send(t, "POST", "/auth/refresh", `{"refreshToken":"`+bob.RefreshToken+`"}`).is(401)
		login := `{"username":"bob","password":"` + password + `"}`
		s.send(t, "POST", "/auth/login", login).fails(403, "ForbiddenError", "This account is suspended: Spam")
		s.send(t, "POST", "/auth/login", `{"username":"bob","password":"wrong-one"}`).is(401).hides("suspended", "Spam")
		s.send(t, "GET", "/posts/"+post.ID, "").is(200)
		suspended := s.send(t, "GET", "/admin/users?suspended=true", "", bearer(admin.Token)).is(200)
		if !strings.Contains(suspended.body, `"suspended":true,"reason":"Spam"`) {
			t.Errorf("the list is %s", suspended.body)
		}
		suspended.hides(`"username":"admin"`)
		s.send(t, "GET", "/admin/users?q=ADM", "", bearer(admin.Token)).is(200).hides(`"bob"`)
		for _, wrong := range []string{`{}`, `{"suspended":"yes"}`, `{"suspended":true,"reason":"a\nb"}`} {
			s.send(t, "PATCH", path, wrong, bearer(admin.Token)).is(400)
		}
		s.send(t, "GET", "/admin/users?suspended=1", "", bearer(admin.Token)).is(400)
		for method, body := range map[string]string{"PATCH": `{"suspended":true}`, "DELETE": ""} {
			s.send(t, method, "/admin/users/"+admin.User.ID, body, bearer(admin.Token)).
				fails(403, "ForbiddenError", "This user is an admin")
		}
		s.send(t, "PATCH", path, `{"suspended":false}`, bearer(admin.Token)).is(200)
		s.send(t, "POST", "/auth/login", login).is(200)
		s.send(t, "GET", "/auth/me", "", bearer(bob.Token)).is(401)
		log := s.send(t, "GET", "/admin/log?limit=1", "", bearer(admin.Token)).is(200)
		log.hides(`"suspend"`)
		for _, want := range []string{`"actor":"admin","action":"unsuspend","target":"bob"`} {
			if !strings.Contains(log.body, want) || !strings.Contains(log.header.Get("Link"), "after=") {
				t.Errorf("the log is %s, %s", log.body, log.header.Get("Link"))
			}
		}
	})
}

// TestPurge: what a user wrote is gone at once from answers that were kept too, also while they go on writing.
func TestPurge(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		admin, bob := s.admin(t, "admin"), s.signUp(t, "bob")
		kept := s.post(t, admin.Token, "Kept")
		s.comment(t, bob.Token, kept.ID, "Buy pills")
		spam := s.post(t, bob.Token, "Spam")
		sitemap := regexp.MustCompile(`/sitemaps/\w+\.xml`).FindAllString(s.send(t, "GET", "/sitemap.xml", "").body, -1)
		lists := map[string]string{ // a path, and what it shows before
			"/posts": "Spam", "/posts?author=" + bob.User.ID: "Spam", "/posts?q=spam": "Spam", "/feed.atom": "Spam",
			sitemap[len(sitemap)-1]: spam.ID, "/posts/" + kept.ID + "/comments": "pills", "/feed.atom?post=" + kept.ID: "pills",
		}
		for range 2 {
			for path, shown := range lists {
				if r := s.send(t, "GET", path, "").is(200); !strings.Contains(r.body, shown) {
					t.Errorf("%s does not show %s: %s", path, shown, r.body)
				}
			}
		}
		var writers sync.WaitGroup
		for range 2 {
			writers.Go(func() {
				for i := range 10 {
					s.send(t, "POST", "/posts", fmt.Sprintf(`{"title":"Spam %d","content":"c"}`, i), bearer(bob.Token))
				}
			})
		}
		s.send(t, "DELETE", "/admin/users/"+bob.User.ID+"?purge=true", "", bearer(admin.Token)).is(204)
		writers.Wait()
		for path := range lists {
			s.send(t, "GET", path, "").is(200).hides("Spam", "pills", spam.ID)
		}
		s.send(t, "GET", "/posts/"+spam.ID, "").is(404)
		s.send(t, "GET", "/users/bob", "").is(404)
		s.send(t, "DELETE", "/admin/users/"+bob.User.ID+"?purge=true", "", bearer(admin.Token)).is(404)
		s.send(t, "DELETE", "/admin/users/"+bob.User.ID+"?purge=yes", "", bearer(admin.Token)).is(400)
		carol := s.signUp(t, "carol")
		left := s.post(t, carol.Token, "Left")
		s.send(t, "DELETE", "/admin/users/"+carol.User.ID, "", bearer(admin.Token)).is(204)
		s.send(t, "GET", "/posts/"+left.ID, "").is(200)
	})
}
