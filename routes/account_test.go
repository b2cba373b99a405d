package routes_test

import (
	"context"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"gin-blog/internal/auth"
	"gin-blog/internal/testkit"
	"gin-blog/models"
)

type sessionAnswer struct {
	ID                                              string `json:"_id"`
	CreatedAt, LastUsedAt, ExpiresAt, UserAgent, IP string
	Current                                         bool
}

func TestLogout(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		g, other := s.signUp(t, "alice"), s.login(t, "alice")
		logout := func(token string) *response {
			return s.send(t, "POST", "/auth/logout", fmt.Sprintf(`{"refreshToken":%q}`, token))
		}
		for range 2 {
			if r := logout(g.RefreshToken).is(204); r.body != "" {
				t.Errorf("204 with the body %q", r.body)
			}
		}
		s.send(t, "GET", "/auth/me", "", bearer(g.Token)).fails(401, "JsonWebTokenError", "invalid token")
		s.send(t, "POST", "/posts", `{"title":"t","content":"c"}`, bearer(g.Token)).is(401)
		s.refresh(t, g.RefreshToken).fails(401, "UnauthorizedError", "Invalid refresh token")
		s.send(t, "GET", "/auth/me", "", bearer(other.Token)).is(200)

		for _, token := range []string{"garbage", other.AccessToken, trailingBits(other.RefreshToken)} {
			logout(token).is(204)
		}
		s.send(t, "GET", "/auth/me", "", bearer(other.Token)).is(200)
		for _, body := range []string{`{}`, `{"refreshToken":""}`} {
			s.send(t, "POST", "/auth/logout", body).fails(401, "UnauthorizedError", "Refresh token required")
		}
		s.clock.advance(8 * 24 * time.Hour)
		logout(other.RefreshToken).is(204)
	})
}

func TestUpdateMe(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		g := s.signUp(t, "alice")
		s.send(t, "POST", "/auth/register", `{"username":"bob","password":"pass123","email":"bob@example.com"}`).is(201)
		want := *g.User
		s.checkMe(t, `{}`, g.Token, want)
		want.Name, want.Bio, want.Email = "Alice <L>", "line\nline", "alice@example.com"
		s.checkMe(t, `{"name":"Alice <L>","bio":"line\nline","email":"alice@example.com"}`, g.Token, want)
		want.Name, want.Email = "", ""
		s.checkMe(t, `{"name":"","email":""}`, g.Token, want)

		for _, c := range []struct{ body, message, field string }{
			{`{"email":"no address"}`, "email must", "email"},
			{`{"name":"` + strings.Repeat("n", 101) + `"}`, "name must", "name"},
			{`{"name":"a\u202eb"}`, "name must", "name"},
			{`{"bio":"` + strings.Repeat("b", 1001) + `"}`, "bio must", "bio"},
			{`{"bio":"\u0000"}`, "bio must", "bio"},
			{`{"email":null}`, "email must not be null", "email"},
			{`{"name":1}`, "name must be a string", "name"},
			{`{"username":"mallory"}`, "username cannot be changed", "username"},
			{`{"role":"admin"}`, "role cannot be changed", "role"},
			{`{"password":"pass1234"}`, "password is not a known field", "password"},
			{`{"_id":"` + models.NewID().Hex() + `"}`, "_id cannot be changed", "_id"},
		} {
			s.send(t, "PATCH", "/auth/me", c.body, bearer(g.Token)).fails(400, "ValidationError", c.message, c.field)
		}
		s.send(t, "PATCH", "/auth/me", `{"name":"x","email":"BOB@example.com"}`, bearer(g.Token)).
			fails(409, "ConflictError", "Email already taken")
		s.send(t, "PATCH", "/auth/me", `{"name":"x"}`).fails(401, "UnauthorizedError", "Authentication required")
		s.checkMe(t, `{}`, g.Token, want)
	})
}

// checkMe changes the account and wants to see it so, in the answer and when asked again.
func (s *server) checkMe(t *testing.T, change, token string, want userAnswer) {
	t.Helper()
	var got, again userAnswer
	s.send(t, "PATCH", "/auth/me", change, bearer(token)).is(200).has("Cache-Control", "no-store").decode(&got)
	s.send(t, "GET", "/auth/me", "", bearer(token)).is(200).decode(&again)
	if got != want || again != want {
		t.Errorf("%s: got %+v, then %+v, want %+v", change, got, again, want)
	}
}

func TestDeleteMe(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		g, other := s.signUp(t, "alice"), s.login(t, "alice")
		p := s.post(t, g.Token, "My Post")
		s.send(t, "DELETE", "/auth/me", `{"password":"wrong-one"}`, bearer(g.Token)).
			fails(401, "UnauthorizedError", "Invalid credentials")
		s.send(t, "DELETE", "/auth/me", `{}`, bearer(g.Token)).
			fails(400, "ValidationError", "password is required", "password")
		s.send(t, "DELETE", "/auth/me", `{"password":"pass123"}`).fails(401, "UnauthorizedError", "Authentication required")
		s.send(t, "GET", "/auth/me", "", bearer(g.Token)).is(200)

		s.send(t, "DELETE", "/auth/me", `{"password":"pass123"}`, bearer(g.Token)).is(204)
		for _, token := range []string{g.Token, other.Token} {
			s.send(t, "GET", "/auth/me", "", bearer(token)).fails(401, "JsonWebTokenError", "invalid token")
		}
		s.refresh(t, other.RefreshToken).is(401)
		s.send(t, "POST", "/auth/login", `{"username":"alice","password":"pass123"}`).is(401)
		s.send(t, "GET", "/users/alice", "").is(404)
		s.send(t, "GET", "/users/"+g.User.ID, "").is(404)

		var left postAnswer
		r := s.send(t, "GET", "/posts/"+p.ID, "").is(200)
		r.decode(&left)
		if left.Author != nil || !strings.Contains(r.body, `"author":null`) || left.Title != "My Post" {
			t.Errorf("the post is %s, want it without an author", r.body)
		}
		again := s.signUp(t, "Alice")
		s.send(t, "DELETE", "/posts/"+p.ID, "", bearer(again.Token)).
			fails(403, "ForbiddenError", "Only the author may change this post")
	})
}

func TestChangePassword(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		g, other := s.signUp(t, "alice"), s.login(t, "alice")
		change := func(current, next string) *response {
			body := fmt.Sprintf(`{"currentPassword":%q,"newPassword":%q}`, current, next)
			return s.send(t, "POST", "/auth/password", body, bearer(g.Token))
		}
		change("wrong-one", "secret99").fails(401, "UnauthorizedError", "Invalid credentials")
		change("pass123", "12345").fails(400, "ValidationError", "newPassword must", "newPassword")
		change("pass123", strings.Repeat("x", 73)).fails(400, "ValidationError", "newPassword must", "newPassword")
		change("pass123", "ALICE").fails(400, "ValidationError", "newPassword must", "newPassword")
		s.send(t, "POST", "/auth/password", `{}`, bearer(g.Token)).
			fails(400, "ValidationError", "currentPassword is required", "currentPassword", "newPassword")
		s.send(t, "POST", "/auth/password", `{"currentPassword":"pass123","newPassword":"secret99","username":"x"}`,
			bearer(g.Token)).
			fails(400, "ValidationError", "username is not a known field", "username")
		s.send(t, "GET", "/auth/me", "", bearer(other.Token)).is(200)

		change("pass123", "secret99").is(204)
		s.send(t, "GET", "/auth/me", "", bearer(g.Token)).is(200)
		s.refresh(t, g.RefreshToken).is(200)
		s.send(t, "GET", "/auth/me", "", bearer(other.Token)).fails(401, "JsonWebTokenError", "invalid token")
		s.refresh(t, other.RefreshToken).fails(401, "UnauthorizedError", "Invalid refresh token")
		s.send(t, "POST", "/auth/login", `{"username":"alice","password":"pass123"}`).is(401)
		s.send(t, "POST", "/auth/login", `{"username":"alice","password":"secret99"}`).is(200)
	})
}

// TestPasswordChangeDuringRefreshes: whatever crosses, no session but the kept one is live afterwards.
func TestPasswordChangeDuringRefreshes(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		g, other := s.signUp(t, "alice"), s.login(t, "alice")
		refreshed := []grantAnswer{other} // at least the tokens of the login are checked
		var mu sync.Mutex
		var clients sync.WaitGroup
		first := make(chan struct{})
		var once sync.Once
		for range 10 {
			clients.Go(func() {
				defer once.Do(func() { close(first) })
				if r := s.refresh(t, other.RefreshToken); r.status == http.StatusOK {
					var next grantAnswer
					r.decode(&next)
					mu.Lock()
					defer mu.Unlock()
					refreshed = append(refreshed, next)
				}
			})
		}
		<-first // so that at least one refresh came before the change
		body := `{"currentPassword":"pass123","newPassword":"secret99"}`
		s.send(t, "POST", "/auth/password", body, bearer(g.Token)).is(204)
		clients.Wait()
		if len(refreshed) < 2 {
			t.Error("no refresh came before the change")
		}
		for _, next := range refreshed {
			s.send(t, "GET", "/auth/me", "", bearer(next.Token)).is(401)
			s.refresh(t, next.RefreshToken).is(401)
		}
		s.send(t, "GET", "/auth/me", "", bearer(g.Token)).is(200)
	})
}

func TestSessions(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		s.register(t, "alice")
		var g grantAnswer
		s.send(t, "POST", "/auth/login", `{"username":"alice","password":"pass123"}`,
			header{"User-Agent": "Browser/1.0 \xff"}).decode(&g)
		other, strangers := s.login(t, "alice"), s.signUp(t, "bob")
		list := func(token string) (sessions []sessionAnswer) {
			t.Helper()
			s.send(t, "GET", "/auth/sessions", "", bearer(token)).is(200).has("Cache-Control", "no-store").decode(&sessions)
			return sessions
		}
		sessions := list(g.Token)
		if len(sessions) != 2 {
			t.Fatalf("got %+v, want 2", sessions)
		}
		mine := sessions[slices.IndexFunc(sessions, func(s sessionAnswer) bool { return s.Current })]
		if mine.UserAgent != "Browser/1.0 " || mine.IP != "127.0.0.1" || mine.CreatedAt != mine.LastUsedAt ||
			mine.ExpiresAt <= mine.CreatedAt {
			t.Errorf("mine is %+v", mine)
		}
		foreign := list(strangers.Token)[0].ID
		s.send(t, "DELETE", "/auth/sessions/"+foreign, "", bearer(g.Token)).fails(404, "NotFoundError", "Session not found")
		s.send(t, "DELETE", "/auth/sessions/xyz", "", bearer(g.Token)).fails(400, "BadRequestError", "24 hex digits")
		s.send(t, "GET", "/auth/me", "", bearer(strangers.Token)).is(200)

		for _, entry := range sessions {
			if !entry.Current {
				s.send(t, "DELETE", "/auth/sessions/"+entry.ID, "", bearer(g.Token)).is(204)
				s.send(t, "DELETE", "/auth/sessions/"+entry.ID, "", bearer(g.Token)).is(404)
			}
		}
		s.send(t, "GET", "/auth/me", "", bearer(other.Token)).is(401)
		if left := list(g.Token); len(left) != 1 || left[0].ID != mine.ID {
			t.Errorf("left are %+v", left)
		}
		s.login(t, "alice")
		s.send(t, "DELETE", "/auth/sessions", "", bearer(g.Token)).is(204)
		s.send(t, "GET", "/auth/me", "", bearer(g.Token)).is(401)
		if fresh := list(s.login(t, "alice").Token); len(fresh) != 1 {
			t.Errorf("after the end of all there are %+v, want the new one", fresh)
		}
		s.send(t, "GET", "/auth/sessions", "").fails(401, "UnauthorizedError", "Authentication required")
	})
}

func TestChangePosts(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		author, other := s.signUp(t, "alice"), s.signUp(t, "bob")
		p := s.post(t, author.Token, "My Post")
		path := "/posts/" + p.ID
		for method, body := range map[string]string{
			"PUT": `{"title":"t","content":"c"}`, "PATCH": `{"title":"t"}`, "DELETE": "",
		} {
			s.send(t, method, path, body).fails(401, "UnauthorizedError", "Authentication required")
			s.send(t, method, path, body, bearer(other.Token)).
				fails(403, "ForbiddenError", "Only the author may change this post").has("WWW-Authenticate", "")
			s.send(t, method, "/posts/"+models.NewID().Hex(), body, bearer(author.Token)).
				fails(404, "NotFoundError", "Post not found")
			s.send(t, method, "/posts/xyz", body, bearer(author.Token)).fails(400, "BadRequestError", "24 hex digits")
		}
		check := func(method, body, title, content, tags string) {
			t.Helper()
			var got, again postAnswer
			s.clock.advance(time.Second)
			s.send(t, method, path, body, bearer(author.Token)).is(200).decode(&got)
			s.send(t, "GET", path, "").is(200).decode(&again)
			if got.Title != title || got.Content != content || fmt.Sprint(got.Tags) != tags || got.CreatedAt != p.CreatedAt ||
				got.Author == nil || got.Author.Username != "alice" || !reflect.DeepEqual(got, again) {
				t.Errorf("%s %s: got %+v, then %+v", method, body, got, again)
			}
		}
		check("PATCH", `{"tags":["Go"]}`, "My Post", "Hello", "[go]")
		check("PATCH", `{"title":" New "}`, "New", "Hello", "[go]")
		check("PATCH", `{"content":"Bye"}`, "New", "Bye", "[go]")
		check("PATCH", `{}`, "New", "Bye", "[go]")
		check("PUT", `{"title":"Whole","content":"All","tags":["a","b"]}`, "Whole", "All", "[a b]")
		check("PUT", `{"title":"Whole","content":"All"}`, "Whole", "All", "[]")
		s.send(t, "PUT", path, `{"title":"t"}`, bearer(author.Token)).
			fails(400, "ValidationError", "content is required", "content")
		s.send(t, "PATCH", path, `{"title":" "}`, bearer(author.Token)).
			fails(400, "ValidationError", "title is required", "title")
		s.send(t, "PATCH", path, `{"tags":null}`, bearer(author.Token)).
			fails(400, "ValidationError", "tags must not be null", "tags")
		s.send(t, "PATCH", path, `{"author":"x"}`, bearer(author.Token)).
			fails(400, "ValidationError", "author must be an object or null", "author")

		s.send(t, "DELETE", path, "", bearer(author.Token)).is(204)
		s.send(t, "DELETE", path, "", bearer(author.Token)).is(404)
		s.send(t, "GET", path, "").is(404)
	})
}

func TestRoles(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		author, admin := s.signUp(t, "alice"), s.signUp(t, "root")
		p := s.post(t, author.Token, "My Post")
		s.send(t, "GET", "/admin/users", "").fails(401, "UnauthorizedError", "Authentication required").
			has("Cache-Control", "no-store")
		s.send(t, "GET", "/admin/users", "", bearer(admin.Token)).fails(403, "ForbiddenError", "Only an admin may do this").
			has("Cache-Control", "no-store")

		if err := s.store.SetRole(t.Context(), "root", models.RoleAdmin); err != nil {
			t.Fatal(err)
		}
		var users []userAnswer
		r := s.send(t, "GET", "/admin/users?limit=1", "", bearer(admin.Token)).is(200).has("Cache-Control", "no-store")
		r.decode(&users)
		if len(users) != 1 || users[0].Username != "root" || users[0].Role != "admin" ||
			!strings.HasPrefix(r.header.Get("Link"), "</admin/users?") {
			t.Errorf("got %+v, Link %s", users, r.header.Get("Link"))
		}
		s.send(t, "PATCH", "/posts/"+p.ID, `{"title":"Edited"}`, bearer(admin.Token)).is(200)
		var login grantAnswer
		s.send(t, "POST", "/auth/login", `{"username":"root","password":"pass123"}`).decode(&login)
		if _, claims := claimsOf(t, login.Token); login.User.Role != "admin" || claims["role"] != "admin" {
			t.Errorf("the role at login is %s, in the token %v", login.User.Role, claims["role"])
		}

		if err := s.store.SetRole(t.Context(), "root", models.RoleUser); err != nil {
			t.Fatal(err)
		}
		s.send(t, "GET", "/admin/users", "", bearer(login.Token)).is(403)
		s.send(t, "DELETE", "/posts/"+p.ID, "", bearer(login.Token)).is(403)
		s.send(t, "GET", "/posts/"+p.ID, "").is(200)
	})
}

// retriesAfter checks Retry-After, in seconds, and returns it.
func (r *response) retriesAfter(least, most int) time.Duration {
	r.t.Helper()
	seconds, err := strconv.Atoi(r.header.Get("Retry-After"))
	if err != nil || seconds < least || seconds > most {
		r.t.Errorf("%s: Retry-After is %q, want %d to %d", r.what, r.header.Get("Retry-After"), least, most)
	}
	return time.Duration(seconds) * time.Second
}

func limited(o *parts) { o.blog.Limits = auth.NewLimits(o.blog.Now) }

// TestRoleChangeDuringWrites: a write that crosses the loss of a role succeeds or is refused, and none succeeds
// afterwards.
func TestRoleChangeDuringWrites(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		author, admin := s.signUp(t, "alice"), s.signUp(t, "root")
		p := s.post(t, author.Token, "My Post")
		if err := s.store.SetRole(t.Context(), "root", models.RoleAdmin); err != nil {
			t.Fatal(err)
		}
		var clients sync.WaitGroup
		for i := range 20 {
			clients.Go(func() {
				r := s.send(t, "PATCH", "/posts/"+p.ID, fmt.Sprintf(`{"title":"by %d"}`, i), bearer(admin.Token))
				if r.status != http.StatusOK && r.status != http.StatusForbidden {
					r.is(http.StatusOK)
				}
			})
		}
		if err := s.store.SetRole(t.Context(), "root", models.RoleUser); err != nil {
			t.Fatal(err)
		}
		s.send(t, "PATCH", "/posts/"+p.ID, `{"title":"too late"}`, bearer(admin.Token)).is(403)
		clients.Wait()
		var last postAnswer
		s.send(t, "GET", "/posts/"+p.ID, "").decode(&last)
		if last.Title == "too late" {
			t.Error("a write after the loss of the role succeeded")
		}
	})
}

func TestFailedLoginsAreLimited(t *testing.T) {
	t.Parallel()
	s := newServer(t, testkit.SQLite(t), limited)
	s.send(t, "POST", "/auth/register", `{"username":"alice","password":"pass123","email":"alice@example.com"}`).is(201)
	s.register(t, "bob")
	for range 30 {
		s.login(t, "alice")
	}
	for range 10 {
		s.send(t, "POST", "/auth/login", `{"username":"Alice","password":"wrong-one"}`).is(401)
		s.clock.advance(time.Minute)
	}
	for _, body := range []string{
		`{"username":"alice","password":"wrong-one"}`, `{"username":"alice","password":"pass123"}`,
	} {
		s.send(t, "POST", "/auth/login", body).fails(429, "TooManyRequestsError", "Too many attempts").retriesAfter(290, 300)
	}
	s.login(t, "bob")
	s.clock.advance(280 * time.Second)
	wait := s.send(t, "POST", "/auth/login", `{"username":"alice","password":"pass123"}`).is(429).retriesAfter(10, 20)
	s.clock.advance(wait)
	s.login(t, "alice")
	s.send(t, "POST", "/auth/login", `{"username":"alice","password":"wrong-one"}`).is(401)
	s.send(t, "POST", "/auth/login", `{"username":"alice","password":"wrong-one"}`).is(429)
}

// TestAnotherNameReachesNoAccount: a name that a database may take for another one is another one. So it gives nobody
// more attempts at an account.
func TestAnotherNameReachesNoAccount(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, store models.Store) {
		s := newServer(t, store, limited)
		s.send(t, "POST", "/auth/register", `{"username":"Kess","password":"pass123","email":"kess@example.com"}`).is(201)
		for _, name := range []string{"kess", "KESS"} {
			s.login(t, name)
			s.send(t, "GET", "/users/"+name, "").is(200)
		}
		for _, name := range []string{"\uff4bess", "k\u00adess", "kes\u200bs", "\u212aess", "KE\u017fS", "k\u00e9ss"} {
			for _, field := range []string{`"username":"` + name + `"`, `"email":"` + name + `@example.com"`} {
				s.send(t, "POST", "/auth/login", `{`+field+`,"password":"pass123"}`).
					fails(401, "UnauthorizedError", "Invalid credentials")
			}
			s.send(t, "GET", "/users/"+url.PathEscape(name), "").fails(404, "NotFoundError", "User not found")
			r := s.send(t, "GET", "/posts?author="+url.QueryEscape(name), "").is(200)
			if r.body != "[]" {
				t.Errorf("the posts of %q are %s", name, r.body)
			}
		}
		for range 9 {
			s.send(t, "POST", "/auth/login", `{"username":"\u212aess","password":"wrong-one"}`).is(401)
		}
		s.send(t, "POST", "/auth/login", `{"username":"\u212aess","password":"wrong-one"}`).is(429)
		s.login(t, "kess") // which those failures do not count for
	})
}

// TestLimitsDoNotTellWhoseAddressItIs: failures by email address must not show at the username of the same account.
func TestLimitsDoNotTellWhoseAddressItIs(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, store models.Store) {
		s := newServer(t, store, limited)
		s.send(t, "POST", "/auth/register", `{"username":"alice","password":"pass123","email":"a@example.com"}`).is(201)
		g := s.login(t, "alice")
		for _, email := range []string{"a@example.com", "nobody@example.com"} {
			byEmail := fmt.Sprintf(`{"email":%q,"password":"wrong-one"}`, email)
			for range 10 {
				s.send(t, "POST", "/auth/login", byEmail).is(401)
			}
			s.send(t, "POST", "/auth/login", byEmail).fails(429, "TooManyRequestsError", "Too many attempts")
		}
		s.send(t, "POST", "/auth/login", `{"email":"A@Example.com","password":"wrong-one"}`).is(429)
		for range 5 { // the username and the calls that a signed-in user makes count together
			s.send(t, "POST", "/auth/login", `{"username":"alice","password":"wrong-one"}`).is(401)
			s.send(t, "DELETE", "/auth/me", `{"password":"wrong-one"}`, bearer(g.Token)).is(401)
		}
		s.send(t, "POST", "/auth/login", `{"username":"alice","password":"wrong-one"}`).is(429)
		s.send(t, "DELETE", "/auth/me", `{"password":"wrong-one"}`, bearer(g.Token)).is(429)
	})
}

// TestOnlyXForwardedForIsBelieved: a proxy that sets X-Forwarded-For may pass X-Real-IP on as its client sent it.
func TestOnlyXForwardedForIsBelieved(t *testing.T) {
	t.Parallel()
	trusting := func(o *parts) { o.base.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")} }
	s := newServer(t, testkit.SQLite(t), limited, trusting)
	s.register(t, "alice")
	for i := range 10 {
		forged := header{"X-Real-IP": fmt.Sprintf("192.0.2.%d", i)}
		s.send(t, "POST", "/auth/login", `{"username":"alice","password":"wrong-one"}`, forged).is(401)
	}
	forged := header{"X-Real-IP": "192.0.2.99"}
	s.send(t, "POST", "/auth/login", `{"username":"alice","password":"wrong-one"}`, forged).is(429)
}

func TestManyTriesAtOnceAreNoMoreThanOneAfterAnother(t *testing.T) {
	t.Parallel()
	s := newServer(t, testkit.SQLite(t), limited)
	s.register(t, "alice")
	count := func(password string, n int) map[int]int {
		var mu sync.Mutex
		var clients sync.WaitGroup
		statuses := map[int]int{}
		for range n {
			clients.Go(func() {
				r := s.sendUntilServed(t, "POST", "/auth/login", fmt.Sprintf(`{"username":"alice","password":%q}`, password))
				mu.Lock()
				defer mu.Unlock()
				statuses[r.status]++
			})
		}
		clients.Wait()
		return statuses
	}
	if got := count("pass123", 40); got[200] != 40 {
		t.Errorf("40 logins at once: %v, want all to succeed", got)
	}
	if got := count("wrong-one", 40); got[401] != 10 || got[429] != 30 {
		t.Errorf("40 failures at once: %v, want 10 times 401 and 30 times 429", got)
	}
}

func TestFailedLoginsOfAnAddressAreLimited(t *testing.T) {
	t.Parallel()
	store := testkit.SQLite(t)
	s := newServer(t, store, limited, func(o *parts) {
		o.base.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	})
	s.register(t, "alice")
	fail := func(i int, ip string) *response {
		return s.send(t, "POST", "/auth/login", fmt.Sprintf(`{"username":"user%d","password":"wrong-one"}`, i),
			header{"X-Forwarded-For": ip})
	}
	for i := range 100 {
		fail(i, fmt.Sprintf("2001:db8:1:2::%x", i+1)).is(401) // one /64
	}
	fail(100, "2001:db8:1:2:ffff::1").fails(429, "TooManyRequestsError", "Too many attempts").retriesAfter(880, 900)
	s.send(t, "POST", "/auth/login", `{"username":"alice","password":"pass123"}`,
		header{"X-Forwarded-For": "2001:db8:1:2::99"}).is(429)
	s.send(t, "POST", "/auth/login", `{"username":"alice","password":"pass123"}`,
		header{"X-Forwarded-For": "2001:db8:1:3::1"}).is(200)

	untrusting := newServer(t, store, limited)
	for i := range 10 {
		untrusting.send(t, "POST", "/auth/login", `{"username":"alice","password":"wrong-one"}`,
			header{"X-Forwarded-For": fmt.Sprintf("10.0.0.%d", i)}).is(401)
	}
	untrusting.send(t, "POST", "/auth/login", `{"username":"alice","password":"pass123"}`,
		header{"X-Forwarded-For": "10.0.1.1"}).is(429)
}

func TestRegistrationsAreLimited(t *testing.T) {
	t.Parallel()
	s := newServer(t, testkit.SQLite(t), limited)
	for i := range 30 {
		s.send(t, "POST", "/auth/register", `{"username":"","password":"pass123"}`).is(400) // does not count
		s.register(t, fmt.Sprintf("user%d", i))
	}
	s.send(t, "POST", "/auth/register", `{"username":"onemore","password":"pass123"}`).
		fails(429, "TooManyRequestsError", "Too many attempts")
	s.login(t, "user1")
	s.clock.advance(time.Hour)
	s.register(t, "onemore")
}

// away is a store whose database is away while a test wants so.
type away struct {
	models.Store
	now atomic.Bool
}

func (a *away) CreateUser(ctx context.Context, u *models.User) error {
	if a.now.Load() {
		return models.ErrUnavailable
	}
	return a.Store.CreateUser(ctx, u)
}

func TestRegistrationsThatTheServerFailedDoNotCount(t *testing.T) {
	t.Parallel()
	store := &away{Store: testkit.SQLite(t)}
	s := newServer(t, store, limited)
	store.now.Store(true)
	for i := range 40 {
		s.send(t, "POST", "/auth/register", testkit.Account(fmt.Sprintf("user%d", i))).
			fails(503, "ServiceUnavailableError", "try again later")
	}
	store.now.Store(false)
	s.register(t, "alice")
	for range 29 {
		s.send(t, "POST", "/auth/register", testkit.Account("alice")).fails(409, "ConflictError", "Username already taken")
	}
	s.send(t, "POST", "/auth/register", testkit.Account("bob")).fails(429, "TooManyRequestsError", "Too many attempts")
}

func TestWrongPasswordsForTheOwnAccountAreLimited(t *testing.T) {
	t.Parallel()
	s := newServer(t, testkit.SQLite(t), limited)
	g := s.signUp(t, "alice")
	for range 5 {
		s.send(t, "DELETE", "/auth/me", `{"password":"wrong-one"}`, bearer(g.Token)).is(401)
		s.send(t, "POST", "/auth/password", `{"currentPassword":"wrong-one","newPassword":"secret99"}`, bearer(g.Token)).
			is(401)
	}
	s.send(t, "DELETE", "/auth/me", `{"password":"pass123"}`, bearer(g.Token)).is(429)
	s.send(t, "GET", "/auth/me", "", bearer(g.Token)).is(200)
}

func TestRegistrationsOfOneNameAtOnce(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		spellings := []string{
			`{"username":"alice","password":"pass123"}`, `{"username":"Alice","password":"pass123"}`,
		}
		emails := []string{"mail@example.com", "MAIL@example.com"}
		var clients sync.WaitGroup
		var mu sync.Mutex
		names, mails := map[int]int{}, map[int]int{}
		for i := range 50 {
			clients.Go(func() {
				name := s.sendUntilServed(t, "POST", "/auth/register", spellings[i%2])
				mail := s.sendUntilServed(t, "POST", "/auth/register",
					fmt.Sprintf(`{"username":"user%d","password":"pass123","email":%q}`, i, emails[i%2]))
				mu.Lock()
				defer mu.Unlock()
				names[name.status]++
				mails[mail.status]++
			})
		}
		clients.Wait()
		for what, got := range map[string]map[int]int{"name": names, "email": mails} {
			if got[201] != 1 || got[409] != 49 {
				t.Errorf("50 registrations of one %s: %v, want one 201 and 49 times 409", what, got)
			}
		}
	})
}

func TestHashOfAnotherCostIsRenewedAtLogin(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		hash, err := bcrypt.GenerateFromPassword([]byte(password), 6)
		if err != nil {
			t.Fatal(err)
		}
		u := &models.User{
			ID: models.NewID(), Username: "alice", Role: models.RoleUser, PasswordHash: string(hash), CreatedAt: time.Now(),
		}
		if err := s.store.CreateUser(t.Context(), u); err != nil {
			t.Fatal(err)
		}
		first := s.login(t, "alice")
		got, err := s.store.UserByID(t.Context(), u.ID)
		if err != nil {
			t.Fatal(err)
		}
		if cost, err := bcrypt.Cost([]byte(got.PasswordHash)); err != nil || cost != 4 {
			t.Errorf("the cost is %d, %v after the login, want 4", cost, err)
		}
		s.login(t, "alice")
		s.send(t, "GET", "/auth/me", "", bearer(first.Token)).is(200)
	})
}

// TestRefusedLoginsTakeOneTime measures logins from outside: the time of a refusal must not tell whether the user
// exists.
func TestRefusedLoginsTakeOneTime(t *testing.T) {
	if testing.Short() {
		t.Skip("measures time")
	}
	passwords := auth.NewPasswords(6)
	store := testkit.SQLite(t)
	s := newServer(t, store, func(o *parts) { o.blog.Passwords = passwords })
	s.register(t, "alice")
	unhashed := &models.User{ID: models.NewID(), Username: "unhashed", Role: models.RoleUser, PasswordHash: password}
	if err := store.CreateUser(t.Context(), unhashed); err != nil {
		t.Fatal(err)
	}
	logins := map[string]string{
		"unknown name":   `{"username":"nobody","password":"wrong-one"}`,
		"unknown email":  `{"email":"nobody@example.com","password":"wrong-one"}`,
		"wrong password": `{"username":"alice","password":"wrong-one"}`,
		"long password":  `{"username":"alice","password":"` + strings.Repeat("x", models.MaxPasswordBytes+1) + `"}`,
		"no hash":        `{"username":"unhashed","password":"pass123"}`,
	}
	fastest := map[string]time.Duration{}
	ratio := func(name string) float64 { return float64(fastest[name]) / float64(fastest["wrong password"]) }
	differs := func(name string) bool { return math.Abs(ratio(name)-1) > 0.1 }
	// Load on the machine disturbs the fastest login least, and more logins cannot hide a real difference.
	for round := 0; round == 0 || round < 10 && slices.ContainsFunc(slices.Collect(maps.Keys(logins)), differs); round++ {
		for range 15 {
			for name, body := range logins { // alternate, so that a slow moment of the machine affects all
				start := time.Now()
				s.send(t, "POST", "/auth/login", body).is(401)
				if took := time.Since(start); fastest[name] == 0 || took < fastest[name] {
					fastest[name] = took
				}
			}
		}
	}
	for name := range logins {
		t.Logf("%s: %v, %.3f of a wrong password's time", name, fastest[name], ratio(name))
		if differs(name) {
			t.Errorf("%s: a refusal takes %.2f of a wrong password's time", name, ratio(name))
		}
	}
}
