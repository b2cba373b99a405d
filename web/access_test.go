package web_test

import (
	"crypto/rand"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	zombiezen "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"gin-blog/internal/testkit"
	"gin-blog/internal/urls"
	"gin-blog/middleware"
	"gin-blog/models"
	"gin-blog/web"
)

// token logs in by the API.
func (s *server) token(t *testing.T, username string) string {
	t.Helper()
	answer := s.api(t, "POST", "/auth/login", testkit.Account(username))
	_, rest, _ := strings.Cut(answer.Body, `"token":"`)
	token, _, found := strings.Cut(rest, `"`)
	if !found {
		t.Fatalf("log in %s: %d %s", username, answer.Status, answer.Body)
	}
	return token
}

// sessionCookie returns the cookie that keeps the browser logged in.
func (b *browser) sessionCookie() *http.Cookie {
	b.t.Helper()
	address, err := url.Parse(b.site.url)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, cookie := range b.client.Jar.Cookies(address) {
		if cookie.Name == "gin-blog-session" {
			return cookie
		}
	}
	b.t.Fatal("the browser has no session")
	return nil
}

func TestRegisterLogInAndLogOut(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		b := s.browser(t)
		b.get("/").is(200).click("Log in").click("Create an account").form("Register").
			fill("Username", "alice").fill("Email", "alice@example.com").fill("Password", testkit.Password).
			send().is(303).goesTo("/new").follow().is(200).shows("New post", "Account")
		cookie := b.sessionCookie()
		b.get("/account").form("Log out").send().is(303).goesTo("/").follow().shows("Log in").hides("Account")

		// The token is of a session that has ended.
		thief := testkit.Header{"Cookie": cookie.Name + "=" + cookie.Value}
		s.browser(t).get("/", thief).is(200).shows("Log in").hides("Account")

		login := b.get("/tags/go").click("Log in")
		for _, wrong := range [][2]string{{"alice", "wrong-one"}, {"nobody", testkit.Password}} {
			again := login.form("Log in").fill("Username", wrong[0]).fill("Password", wrong[1]).send().is(403).
				shows("Wrong username, email or password.").hides(wrong[1], "WWW-Authenticate")
			if got := again.form("Log in").values.Get("username"); got != wrong[0] {
				t.Errorf("after a wrong password, the form has the username %q", got)
			}
		}
		for _, name := range []string{"Alice", "ALICE@example.com"} {
			login.form("Log in").fill("Username", name).fill("Password", testkit.Password).
				send().is(303).goesTo("/tags/go").follow().shows("Account")
		}
		if sessions := s.sessionsOf(t, "alice"); sessions != 1 {
			t.Errorf("alice has %d sessions, want 1: a login ends the session that the browser had", sessions)
		}
	})
}

func (s *server) sessionsOf(t *testing.T, username string) int {
	t.Helper()
	user, err := s.store.UserByUsername(t.Context(), username)
	if err != nil {
		t.Fatal(err)
	}
	sessions, err := s.store.LiveSessions(t.Context(), user.ID, s.now())
	if err != nil {
		t.Fatal(err)
	}
	return len(sessions)
}

func TestFormsSayWhatIsWrong(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		s.user(t, "alice")
		b := s.browser(t)
		for _, c := range []struct {
			username, email, password string
			status                    int
			says                      string
		}{
			{"a", "", "secret99", 400, "Username must be 3 to 32"},
			{"bob", "nonsense", "secret99", 400, "Email must be a plain address"},
			{"bob", "", "short", 400, "Password must have at least 6 characters"},
			{"bob", "", "", 400, "Password is required"},
			{"ALICE", "", "secret99", 409, "Username already taken"},
		} {
			page := b.get("/register").form("Register").
				fill("Username", c.username).fill("Email", c.email).fill("Password", c.password).send().
				is(c.status).shows(c.says).hides("secret99")
			form := page.form("Register")
			if form.values.Get("username") != c.username || form.values.Get("email") != c.email {
				t.Errorf("%s: what was typed is gone: %v", c.says, form.values)
			}
			if c.status != 400 {
				continue
			}
			label, _, _ := strings.Cut(c.says, " ")
			field := form.field(label)
			if attribute(field, "aria-invalid") != "true" || !page.describes(attribute(field, "aria-describedby"), c.says) {
				t.Errorf("%s: the field does not say so: %v", c.says, field.Attr)
			}
		}
	})
}

// describes returns whether one of the elements with these ids has a text.
func (p *page) describes(ids, text string) bool {
	for id := range strings.FieldsSeq(ids) {
		for n := range p.root.Descendants() {
			if attribute(n, "id") == id && strings.Contains(textOf(n), text) {
				return true
			}
		}
	}
	return false
}

// TestPagesHaveTheLimitsOfTheAPI: wrong tries count together, whichever door they come by.
func TestPagesHaveTheLimitsOfTheAPI(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		s.user(t, "alice")
		b := s.browser(t)
		for i := range 10 {
			if i%2 == 0 {
				s.api(t, "POST", "/auth/login", `{"username":"alice","password":"wrong-one"}`)
				continue
			}
			b.get("/login").form("Log in").fill("Username", "alice").fill("Password", "wrong-one").send().is(403)
		}
		page := b.get("/login").form("Log in").fill("Username", "alice").fill("Password", testkit.Password).send().
			is(429).shows("Too many attempts: wait ")
		if page.header.Get("Retry-After") == "" {
			t.Error("429 without Retry-After")
		}
	})
}

func TestNextStaysHere(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		s.user(t, "alice")
		for next, want := range map[string]string{
			"":                           "/",
			"/new":                       "/new",
			"/p/my-post-0":               "/p/my-post-0",
			"/?q=two+words&after=1":      "/?q=two+words&after=1",
			"/tags/a%20b":                "/tags/a%20b",
			"//evil.example":             "/",
			"///evil.example":            "/",
			`/\evil.example`:             "/",
			`\/evil.example`:             "/",
			"/%2Fevil.example":           "/",
			"/%5Cevil.example":           "/",
			"/%09/evil.example":          "/",
			"/\t/evil.example":           "/",
			"/a/..//evil.example":        "/",
			"https://evil.example":       "/",
			"https:evil.example":         "/",
			"javascript:alert(1)":        "/",
			"evil.example":               "/",
			" /new":                      "/",
			"/new\r\nSet-Cookie: a=b":    "/",
			"/%0d%0aSet-Cookie:%20a=b":   "/",
			"http://user@127.0.0.1/":     "/",
			"/%zz":                       "/",
			"/p/%252F%252Fevil.example/": "/p/%252F%252Fevil.example/",
		} {
			b := s.browser(t)
			login := b.get("/login?" + url.Values{"next": {next}}.Encode()).form("Log in")
			login.fill("Username", "alice").fill("Password", testkit.Password).send().is(303).goesTo(want)
			// The address that the form is sent to may be changed too.
			login.action = "/login?" + url.Values{"next": {next}}.Encode()
			login.send().is(303).goesTo(want)
		}
	})
}

// TestFormsOfOtherOrigins: what another site makes a browser send does nothing.
func TestFormsOfOtherOrigins(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		b := s.user(t, "alice")
		port := strings.TrimPrefix(s.url, "http://127.0.0.1:")
		cookie := b.sessionCookie()
		for name, from := range map[string]testkit.Header{
			"another site":            {"Origin": "https://evil.example"},
			"another site, by fetch":  {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
			"a subdomain":             {"Origin": "http://sub.127.0.0.1:" + port, "Sec-Fetch-Site": "same-site"},
			"another port":            {"Origin": "http://127.0.0.1:1", "Sec-Fetch-Site": "same-site"},
			"another port, unmarked":  {"Origin": "http://127.0.0.1:1"},
			"a page without referrer": {"Origin": "null"},
			"nowhere":                 {"Origin": ""},
		} {
			from["Cookie"] = cookie.Name + "=" + cookie.Value
			stranger := s.browser(t)
			page := stranger.post("/logout", nil, from).is(403).shows("sent from another site")
			if page.header.Get("Set-Cookie") != "" {
				t.Errorf("%s: the answer sets a cookie", name)
			}
			b.get("/").shows("Account")
		}
		for _, from := range []testkit.Header{{"Sec-Fetch-Site": "same-origin", "Origin": "null"}, {"Origin": s.url}} {
			s.user(t, "bob"+from["Origin"][:4]).post("/logout", nil, from).is(303)
		}
		b.do("GET", "/logout", "").is(405) // a link changes nothing
		b.get("/").shows("Account")
	})
}

// TestFormsBehindAProxyWithItsOwnHost: nginx sends the address of its upstream as Host unless it is told not to, so the
// site does not know its own. The log says once which setting helps; the page tells nothing of the inside.
func TestFormsBehindAProxyWithItsOwnHost(t *testing.T) {
	t.Parallel()
	log := new(testkit.Output)
	onBase := func(address *urls.Address) func(o *web.Options) {
		return func(o *web.Options) {
			o.Base = middleware.NewBase(middleware.BaseOptions{
				Store: o.Blog.Store, Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelWarn})),
			})
			o.Address = address
		}
	}
	warnings := func() int { return strings.Count(log.String(), "BASE_URL") }
	form := map[string][]string{"username": {"alice"}, "password": {testkit.Password}}
	fromBrowser := testkit.Header{"Origin": "http://blog.example"} // on plain HTTP, there is no Sec-Fetch-Site

	s := newSite(t, testkit.SQLite(t), onBase(urls.NewAddress("", nil)))
	for _, attack := range []testkit.Header{
		{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}, {"Origin": "null"},
	} {
		s.browser(t).post("/login", form, attack).is(403)
	}
	if warnings() > 0 {
		t.Errorf("the log takes an attack for a mistake of the owner: %s", log)
	}
	for range 5 {
		s.browser(t).post("/login", form, fromBrowser).is(403).shows("sent from another site").
			hides("BASE_URL", "Host", "127.0.0.1", "proxy")
	}
	want := "origin=http://blog.example site=" + s.url + "\n"
	if warnings() != 1 || !strings.Contains(log.String(), want) || strings.Contains(log.String(), testkit.Password) {
		t.Errorf("the log is %s, want one warning that names BASE_URL and ends with %s", log, want)
	}
	helped := newSite(t, s.store, onBase(urls.NewAddress("http://blog.example", nil)))
	helped.user(t, "alice")
	helped.browser(t).post("/login", form, fromBrowser).is(303)
	if warnings() != 1 {
		t.Errorf("with BASE_URL: %s", log)
	}
	long := testkit.Header{"Origin": "http://" + strings.Repeat("a", 5000)}
	newSite(t, s.store, onBase(urls.NewAddress("", nil))).browser(t).post("/login", form, long).is(403)
	if warnings() != 2 || strings.Contains(log.String(), strings.Repeat("a", 200)) {
		t.Errorf("the log has all that a stranger sent: %.300s…", log)
	}
}

// TestTokensStayAtTheirDoor: a cookie opens no call of the API, and a bearer token no page.
func TestTokensStayAtTheirDoor(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		b := s.user(t, "alice")
		cookie, token := b.sessionCookie(), s.token(t, "alice")
		for name, header := range map[string]testkit.Header{
			"the token of a browser as a bearer token": testkit.Bearer(cookie.Value),
			"a cookie": {"Cookie": cookie.Name + "=" + cookie.Value},
		} {
			if answer := s.api(t, "GET", "/auth/me", "", header); answer.Status != 401 {
				t.Errorf("%s gets %d from the API", name, answer.Status)
			}
		}
		refresh := s.api(t, "POST", "/auth/refresh", `{"refreshToken":"`+cookie.Value+`"}`)
		if refresh.Status != 401 {
			t.Errorf("the token of a browser as a refresh token gets %d", refresh.Status)
		}
		for name, header := range map[string]testkit.Header{
			"a bearer token":                     testkit.Bearer(token),
			"an access token as a cookie":        {"Cookie": cookie.Name + "=" + token},
			"the token of a browser as a bearer": testkit.Bearer(cookie.Value),
		} {
			page := s.browser(t).get("/", header).is(200)
			if page.has("Account") {
				t.Errorf("%s logs in at the pages", name)
			}
		}
	})
}

// TestBrowserSession: the session of a browser is one like all others. It ends at once, and its use is noted.
func TestBrowserSession(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		b := s.user(t, "alice")
		token := testkit.Bearer(s.token(t, "alice"))
		before := s.api(t, "GET", "/auth/sessions", "", token)
		b.get("/").shows("Account")
		if again := s.api(t, "GET", "/auth/sessions", "", token); again.Body != before.Body {
			t.Errorf("the use was noted within a minute: %s", again.Body)
		}
		s.ahead.Add(int64(61 * time.Second))
		b.get("/").shows("Account")
		if after := s.api(t, "GET", "/auth/sessions", "", token); after.Body == before.Body {
			t.Errorf("the use was not noted: %s", after.Body)
		}
		if answer := s.api(t, "DELETE", "/auth/sessions", "", token); answer.Status != 204 {
			t.Errorf("end all sessions: %d", answer.Status)
		}
		page := b.get("/").shows("Log in")
		if !strings.Contains(page.header.Get("Set-Cookie"), "Max-Age=0") {
			t.Errorf("the cookie of a session that has ended stays: %v", page.header)
		}
		expired := s.user(t, "bob")
		s.ahead.Add(int64(7 * 24 * time.Hour))
		expired.get("/").shows("Log in")
	})
}

// TestCookie: the scheme by which the browser reaches the site decides what the cookie is like.
func TestCookie(t *testing.T) {
	t.Parallel()
	store := testkit.SQLite(t)
	https, plain := testkit.Header{"X-Forwarded-Proto": "https"}, testkit.Header{"X-Forwarded-Proto": "http"}
	here, elsewhere := netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("192.0.2.1/32")
	for name, c := range map[string]struct {
		base    string
		proxies []netip.Prefix
		header  testkit.Header
		secure  bool
	}{
		"plain HTTP":                         {"", nil, nil, false},
		"a proxy that nobody trusts":         {"", nil, https, false},
		"a proxy that others trust":          {"", []netip.Prefix{elsewhere}, https, false},
		"HTTPS at a proxy":                   {"", []netip.Prefix{here}, https, true},
		"plain HTTP at a proxy":              {"", []netip.Prefix{here}, plain, false},
		"a proxy that says nothing":          {"", []netip.Prefix{here}, nil, false},
		"an address of the site":             {"https://blog.example", nil, nil, true},
		"an address of the site, by a proxy": {"https://blog.example", []netip.Prefix{here}, plain, true},
		"an address without HTTPS":           {"http://blog.example", nil, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			address := urls.NewAddress(c.base, c.proxies)
			s := newSite(t, store, func(o *web.Options) { o.Address = address })
			username := "u" + rand.Text()
			header := testkit.Header{"Accept": "text/html"}
			maps.Copy(header, c.header)
			set := s.browser(t).post("/register", url.Values{"username": {username}, "password": {testkit.Password}}, header).
				is(303).header.Get("Set-Cookie")
			cookie, _, _ := strings.Cut(set, ";")
			for attribute, want := range map[string]bool{
				"__Host-gin-blog-session=": c.secure, "gin-blog-session=": !c.secure, "Path=/": true, "HttpOnly": true,
				"SameSite=Lax": true, "Secure": c.secure, "Domain": false,
			} {
				if strings.Contains("; "+set, "; "+attribute) != want {
					t.Errorf("%s in the cookie %s: want %v", attribute, set, want)
				}
			}
			header["Cookie"] = cookie
			s.browser(t).get("/account", header).is(200)
			if cleared := s.browser(t).post("/logout", nil, header).is(303).header.Get("Set-Cookie"); !strings.HasPrefix(
				cleared, strings.SplitAfter(cookie, "=")[0]+";") || strings.Contains(cleared, "Secure") != c.secure {
				t.Errorf("the logout sets %s", cleared)
			}
		})
	}
}

// TestOnlyHTTPSReadsItsCookie: over HTTPS, a cookie that another host may have set is none.
func TestOnlyHTTPSReadsItsCookie(t *testing.T) {
	t.Parallel()
	address := urls.NewAddress("", []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")})
	s := newSite(t, testkit.SQLite(t), func(o *web.Options) { o.Address = address })
	token := s.user(t, "alice").sessionCookie().Value
	for _, c := range []struct {
		proto, name string
		status      int
	}{
		{"http", "gin-blog-session", 200}, {"http", "__Host-gin-blog-session", 303},
		{"https", "gin-blog-session", 303}, {"https", "__Host-gin-blog-session", 200},
	} {
		header := testkit.Header{"X-Forwarded-Proto": c.proto, "Cookie": c.name + "=" + token}
		s.browser(t).get("/account", header).is(c.status)
	}
}

// TestSeveralCookies: of several cookies with the name, which another host can add, the good one counts and stays.
func TestSeveralCookies(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		alice := s.user(t, "alice")
		cookie := alice.sessionCookie()
		good, access := cookie.Name+"="+cookie.Value, cookie.Name+"="+s.token(t, "alice")
		bob := s.user(t, "bob")
		ended := cookie.Name + "=" + bob.sessionCookie().Value
		bob.get("/account").form("Log out").send().is(303)
		bad := cookie.Name + "=bad"
		for _, sent := range [][]string{
			{good}, {bad, good}, {good, bad}, {bad, ended, access, good, bad}, {ended, good}, {good, good},
			{cookie.Name + "=", good}, append(slices.Repeat([]string{bad}, 300), good),
		} {
			header := testkit.Header{"Cookie": strings.Join(sent, "; ")}
			if page := s.browser(t).get("/account", header).is(200).shows("alice"); page.header.Get("Set-Cookie") != "" {
				t.Errorf("%d cookies: the answer sets %s", len(sent), page.header.Get("Set-Cookie"))
			}
			s.browser(t).post("/account", url.Values{"name": {"Alice"}}, header).is(303)
		}
		for _, sent := range [][]string{{bad}, {ended}, {bad, ended, access}} {
			page := s.browser(t).get("/", testkit.Header{"Cookie": strings.Join(sent, "; ")}).is(200).shows("Log in")
			if !strings.Contains(page.header.Get("Set-Cookie"), "Max-Age=0") {
				t.Errorf("%d cookies of no session stay: %v", len(sent), page.header)
			}
		}
	})
}

// TestNoPageIsShownToAnother: what somebody sees who is logged in is kept nowhere, and what is kept is for all.
func TestNoPageIsShownToAnother(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		alice := s.user(t, "alice")
		s.write(t, "alice", "First", "Hello")
		post := s.browser(t).get("/").click("First")
		for _, path := range []string{"/", strings.TrimPrefix(post.path, "GET "), "/authors/alice", "/tags/go"} {
			for range 2 { // the second may be a kept answer
				own := alice.get(path).is(200)
				if !own.has("Account") || own.header.Get("Cache-Control") != "private, no-cache" || own.header.Get("ETag") != "" {
					t.Errorf("%s, logged in: %v", path, own.header)
				}
				public := s.browser(t).get(path).is(200)
				if public.has("Account") || public.has("Edit") || public.header.Get("Cache-Control") != "no-cache" ||
					!strings.Contains(strings.Join(public.header.Values("Vary"), ","), "Cookie") {
					t.Errorf("%s, as a visitor: %v", path, public.header)
				}
				tag := public.header.Get("ETag")
				s.browser(t).get(path, testkit.Header{"If-None-Match": tag}).is(304)
				if got := alice.get(path, testkit.Header{"If-None-Match": tag}); got.status != 200 || !got.has("Account") {
					t.Errorf("%s: the visitor's tag stands for the page of alice: %d", path, got.status)
				}
			}
		}
	})
}

// write creates a post by the store.
func (s *server) write(t testing.TB, author, title, content string, tags ...string) *models.Post {
	t.Helper()
	user, err := s.store.UserByUsername(t.Context(), author)
	if err != nil {
		t.Fatal(err)
	}
	now := models.StoredTime(s.now())
	post := &models.Post{
		ID: models.NewID(), Text: models.Text{Title: title, Content: content, Tags: tags}, AuthorID: user.ID,
		CreatedAt: now, UpdatedAt: now,
	}
	if _, err := s.store.CreatePost(t.Context(), post, nil); err != nil {
		t.Fatal(err)
	}
	return post
}

// TestFormWhileTheDatabaseIsLocked: another process holds the lock of the SQLite file. A form whose request writes
// twice, because the use of its session is noted too, is answered as soon as one that writes once.
func TestFormWhileTheDatabaseIsLocked(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "test.db")
	s := newSite(t, testkit.OpenSQLite(t, path, nil))
	alice := s.user(t, "alice")
	form := alice.get("/new").form("Publish").fill("Title", "Once").fill("Text", "Hello")
	s.ahead.Add(int64(2 * time.Minute)) // so that the use of the session is noted again

	other, err := zombiezen.OpenConn(path, zombiezen.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := sqlitex.ExecuteTransient(other, `BEGIN IMMEDIATE`, nil); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	form.send().is(503).shows("The database does not answer")
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("it took %s, want less than 3 s", took)
	}
	if err := sqlitex.ExecuteTransient(other, `ROLLBACK`, nil); err != nil {
		t.Fatal(err)
	}
	form.send().is(303)
	if got := s.posts(t); len(got) != 1 {
		t.Errorf("the posts are %v", got)
	}
}

// TestBodiesOfReadsAreBounded: a GET may have a body, also one without a length. It takes no memory.
func TestBodiesOfReadsAreBounded(t *testing.T) {
	t.Parallel()
	s := newSite(t, testkit.SQLite(t))
	for _, path := range []string{"/", "/p/1", "/tags/go", "/authors/alice", "/login", "/new", "/account"} {
		for name, wrap := range map[string]func(io.Reader) io.Reader{
			"a length":  func(r io.Reader) io.Reader { return r },
			"no length": func(r io.Reader) io.Reader { return struct{ io.Reader }{r} },
		} {
			body := wrap(strings.NewReader(strings.Repeat("x", 3<<20)))
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, body)
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Accept", "text/html")
			answer, err := testkit.Do(request)
			if err != nil || answer.Status >= 500 {
				t.Errorf("%s with a body of %s: %+v, %v", path, name, answer, err)
			}
		}
	}
}

// TestFormOnAFullDisk: the page says what is wrong. Once there is room, the same form is taken.
func TestFormOnAFullDisk(t *testing.T) {
	t.Parallel()
	disk := testkit.SmallDisk(t, "4m")
	s := newSite(t, testkit.OpenSQLite(t, filepath.Join(disk, "test.db"), nil))
	form := s.user(t, "alice").get("/new").form("Publish").fill("Title", "Once")
	form.fill("Text", strings.Repeat("word ", 10_000)) // more than the free rest of a page
	ballast, err := os.Create(filepath.Join(disk, "ballast"))
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = ballast.Write(make([]byte, 4<<10))
	}
	ballast.Close()

	form.send().is(503).shows("The disk of the server is full", "Its owner must free up space").
		shows("what you typed is still there").hides("sqlite", "does not answer")
	s.browser(t).get("/").is(200)
	if err := os.Remove(ballast.Name()); err != nil {
		t.Fatal(err)
	}
	form.send().is(303)
	if got := s.posts(t); len(got) != 1 {
		t.Errorf("the posts are %v", got)
	}
}
