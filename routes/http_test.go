package routes_test

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gin-blog/internal/testkit"
	"gin-blog/models"
	"gin-blog/models/mongodb"
)

func TestBodies(t *testing.T) {
	s := newServer(t, testkit.SQLite(t))
	s.register(t, "alice")
	const path, good = "/auth/login", `{"username":"alice","password":"pass123"}`
	for _, contentType := range []string{
		"application/json", "Application/JSON", `application/json; charset="UTF-8"`, "application/json;charset=utf-8",
		"application/json; charset=utf8", `application/json; charset="UTF8"`,
	} {
		s.send(t, "POST", path, good, header{"Content-Type": contentType}).is(200)
		s.send(t, "POST", path, "\ufeff"+good, header{"Content-Type": contentType}).is(200)
	}
	for _, c := range []struct {
		name, body     string
		header         header
		status         int
		error, message string
		fields         []string
	}{
		{"no type", good, header{"Content-Type": ""}, 415, "UnsupportedMediaTypeError", "application/json", nil},
		{"a form", "username=alice", header{"Content-Type": "application/x-www-form-urlencoded"}, 415,
			"UnsupportedMediaTypeError", "application/json", nil},
		{"text", good, header{"Content-Type": "text/json"}, 415, "UnsupportedMediaTypeError", "application/json", nil},
		{"a broken type", good, header{"Content-Type": "application/json; ="}, 415, "UnsupportedMediaTypeError",
			"application/json", nil},
		{"latin-1", good, header{"Content-Type": "application/json; charset=iso-8859-1"}, 415, "UnsupportedMediaTypeError",
			"UTF-8", nil},
		{"compressed", good, header{"Content-Encoding": "gzip"}, 415, "UnsupportedMediaTypeError", "Content-Encoding", nil},
		{"ASCII by name", good, header{"Content-Type": "application/json; charset=us-ascii"}, 415,
			"UnsupportedMediaTypeError", "UTF-8", nil},
		{"blank", " \n", nil, 400, "ValidationError", "password is required", []string{"username", "password"}},
		{"a byte order mark alone", "\ufeff", nil, 400, "ValidationError", "password is required",
			[]string{"username", "password"}},
		{"UTF-16", "\xff\xfe{\x00}\x00", nil, 400, "BadRequestError", "line 1, column 1", nil},
		{"truncated", "{\"username\":\n \"ali", nil, 400, "BadRequestError", "ends too early, at line 2", nil},
		{"trailing data", good + "{}", nil, 400, "BadRequestError", "line 1, column 42", nil},
		{"a trailing comma", `{"username":"alice",}`, nil, 400, "BadRequestError", "line 1, column 20", nil},
		{"a comment", "{\n// alice\n}", nil, 400, "BadRequestError", "line 2, column 1", nil},
		{"single quotes", `{'username':'alice'}`, nil, 400, "BadRequestError", "line 1, column 2", nil},
		{"two byte order marks", "\ufeff\ufeff" + good, nil, 400, "BadRequestError", "line 1, column 1", nil},
		{"a mistake after a byte order mark", "\ufeff{\"username\":}", nil, 400, "BadRequestError", "line 1, column 13", nil},
		{"invalid UTF-8", "{\"username\":\"ali\xff\"}", nil, 400, "BadRequestError", "line 1", nil},
		{"half a surrogate pair", `{"username":"\ud800"}`, nil, 400, "BadRequestError", "line 1", nil},
		{"a deep nest in a field", `{"username":` + strings.Repeat("[", 60000), nil, 400, "ValidationError",
			"username must be a string", []string{"username"}},
		{"an array", "[" + good + "]", nil, 400, "BadRequestError", "must be a JSON object", nil},
		{"null", "null", nil, 400, "BadRequestError", "must be a JSON object", nil},
		{"a string", `"alice"`, nil, 400, "BadRequestError", "must be a JSON object", nil},
		{"a deep nest", strings.Repeat("[", 60000), nil, 400, "BadRequestError", "must be a JSON object", nil},
		{"a duplicate key", `{"username":"alice","username":"bob","password":"pass123"}`, nil, 400, "ValidationError",
			"username occurs twice", []string{"username"}},
		{"an unknown key", `{"username":"alice","password":"pass123","admin":true}`, nil, 400, "ValidationError",
			"admin is not a known field", []string{"admin"}},
		{"another case", `{"Username":"alice","password":"pass123"}`, nil, 400, "ValidationError",
			"Username is not a known field", []string{"Username"}},
		{"a number", `{"username":1,"password":"pass123"}`, nil, 400, "ValidationError", "username must be a string",
			[]string{"username"}},
		{"a long key", `{"` + strings.Repeat("k", 60000) + `":1}`, nil, 400, "ValidationError", "is not a known field",
			[]string{strings.Repeat("k", 100) + "…"}},
		{"an empty key", `{"":1}`, nil, 400, "ValidationError", `"" is not a known field`, []string{""}},
		{"an odd key", `{"a/b~c\u0000":1}`, nil, 400, "ValidationError", "is not a known field", []string{"a/b~c\x00"}},
		{"too much", `{"username":"` + strings.Repeat("a", 64<<10) + `"}`, nil, 413, "PayloadTooLargeError", "65536 bytes",
			nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.send(t, "POST", path, c.body, c.header).fails(c.status, c.error, c.message, c.fields...).
				hides("token", "offset", "jsontext")
		})
	}
	g := s.login(t, "alice")
	fits := `{"title":"t","content":"c"` + strings.Repeat(" ", 2<<20-27) + "}"
	s.send(t, "POST", "/posts", fits, bearer(g.Token)).is(201)
	s.send(t, "POST", "/posts", fits+" ", bearer(g.Token)).fails(413, "PayloadTooLargeError", "2097152 bytes")
}

// raw sends bytes as they are and returns the answer.
func (s *server) raw(t *testing.T, request string) *http.Response {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func TestBodyOverTheLimitWithoutALength(t *testing.T) {
	s := newServer(t, testkit.SQLite(t))
	const head = "POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
	answer := s.raw(t, head+"Transfer-Encoding: chunked\r\n\r\n"+
		fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", 70000, strings.Repeat(" ", 70000)))
	if answer.StatusCode != 413 {
		t.Errorf("got %s, want 413", answer.Status)
	}
	answer = s.raw(t, head+"Content-Length: 100\r\n\r\n{")
	if answer.StatusCode != 400 {
		t.Errorf("a body that ends early: got %s, want 400", answer.Status)
	}
	answer = s.raw(t, head+"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n")
	if answer.StatusCode != 400 {
		t.Errorf("a broken chunk: got %s, want 400", answer.Status)
	}
	for path, want := range map[string]int{"/auth/login": 413, "/posts": 413, "/nope": 404} {
		request := "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
		answer = s.raw(t, fmt.Sprintf(request, path, 4<<20, strings.Repeat(" ", 4<<20)))
		if answer.StatusCode != want {
			t.Errorf("4 MiB to %s: got %s, want %d", path, answer.Status, want)
		}
	}
	for _, twice := range []string{
		"Content-Type: application/json\r\nContent-Type: text/plain",
		"Content-Type: application/json\r\nContent-Encoding: identity\r\nContent-Encoding: gzip",
	} {
		answer = s.raw(t, "POST /auth/login HTTP/1.1\r\nHost: x\r\n"+twice+"\r\nContent-Length: 2\r\n\r\n{}")
		if answer.StatusCode != 415 {
			t.Errorf("%q: got %s, want 415", twice, answer.Status)
		}
	}
	answer = s.raw(t, "GET /auth/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n")
	if answer.StatusCode != 401 {
		t.Errorf("two tokens: got %s, want 401", answer.Status)
	}
}

func TestPathsAndMethods(t *testing.T) {
	s := newServer(t, testkit.SQLite(t))
	p := s.post(t, s.signUp(t, "alice").Token, "My Post")
	for _, path := range []string{"/", "/healthz", "/readyz", "/posts", "/posts/" + p.ID, "/users/alice"} {
		get := s.send(t, "GET", path, "").is(200)
		head := s.send(t, "HEAD", path, "").is(200)
		if head.body != "" || head.header.Get("Content-Length") != fmt.Sprint(len(get.body)) ||
			head.header.Get("Content-Type") != get.header.Get("Content-Type") {
			t.Errorf("HEAD %s: %q, %v", path, head.body, head.header)
		}
	}
	for _, path := range []string{
		"/nope", "/auth", "/auth/", "//posts", "/docs/.", "/docs/..", "/POSTS",
		"/users", "/.env", "/auth/../posts",
	} {
		r := s.send(t, "GET", path, "").fails(404, "NotFoundError", "Not found")
		r.has("Location", "")
	}
	for _, c := range []struct{ method, path, allow string }{
		{"POST", "/", "GET, HEAD"}, {"DELETE", "/posts", "GET, HEAD, POST"}, {"GET", "/auth/login", "POST"},
		{"HEAD", "/auth/login", "POST"}, {"OPTIONS", "/posts", "GET, HEAD, POST"}, {"BREW", "/posts", "GET, HEAD, POST"},
		{"POST", "/users/alice", "GET, HEAD"},
	} {
		r := s.send(t, c.method, c.path, "").is(405).has("Allow", c.allow)
		if c.method != "HEAD" {
			for method := range strings.SplitSeq(c.allow, ", ") {
				r.fails(405, "MethodNotAllowedError", method)
			}
		}
	}
	s.send(t, "GET", "/", "").is(200).hides("localhost")
	var index struct {
		Name, Version string
		Links         map[string]string
	}
	s.send(t, "GET", "/", "").decode(&index)
	if index.Name != "gin-blog" || index.Version != "v1.2.3" || index.Links["posts"] != "/posts" || len(index.Links) != 3 {
		t.Errorf("GET / gives %+v", index)
	}
	for name, path := range index.Links {
		if r := s.send(t, "GET", path, ""); r.status != 200 {
			t.Errorf("the link to %s, %s, gives %d", name, path, r.status)
		}
	}
}

// TestTrailingSlash: one slash at the end of a path changes nothing, and redirects nobody.
func TestTrailingSlash(t *testing.T) {
	s := newServer(t, testkit.SQLite(t))
	s.send(t, "POST", "/auth/register/", testkit.Account("alice")).is(201)
	var g grantAnswer
	s.send(t, "POST", "/auth/login/", testkit.Account("alice")).is(200).decode(&g)
	p := s.post(t, g.Token, "My Post")
	s.send(t, "POST", "/posts/", `{"title":"Second","content":"Hello"}`, bearer(g.Token)).is(201)
	s.send(t, "GET", "/auth/me/", "", bearer(g.Token)).is(200)
	for _, path := range []string{"/posts", "/posts/" + p.ID, "/users/alice", "/healthz", "/docs", "/openapi.yaml"} {
		plain := s.send(t, "GET", path, "").is(200)
		slash := s.send(t, "GET", path+"/", "").is(200).has("Location", "").has("ETag", plain.header.Get("ETag"))
		if slash.body != plain.body {
			t.Errorf("%s/ answers %.200s, without the slash %.200s", path, slash.body, plain.body)
		}
		s.send(t, "HEAD", path+"/", "").is(200).has("Content-Type", plain.header.Get("Content-Type"))
	}
	s.send(t, "GET", "/posts/?limit=1", "").is(200).has("Link", s.send(t, "GET", "/posts?limit=1", "").header.Get("Link"))
	for _, path := range []string{"/posts%2F", "/posts//", "/posts/" + p.ID + "//", "//"} {
		if answer := s.raw(t, "GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n"); answer.StatusCode != 404 {
			t.Errorf("%s: got %s, want 404", path, answer.Status)
		}
	}
	for _, c := range []struct{ method, path, allow string }{
		{"DELETE", "/posts/", "GET, HEAD, POST"}, {"OPTIONS", "/posts/", "GET, HEAD, POST"}, {"GET", "/auth/login/", "POST"},
		{"POST", "/users/alice/", "GET, HEAD"},
	} {
		s.send(t, c.method, c.path, "").is(405).has("Allow", c.allow)
	}
	preflight := header{"Origin": "https://app.example.com", "Access-Control-Request-Method": "POST"}
	s.send(t, "OPTIONS", "/posts/", "", preflight).is(204).has("Access-Control-Allow-Methods", "POST")
}

// TestUnknownPathNamesTheNearest: the message of a 404 names a path that exists, where one is like the wanted one.
func TestUnknownPathNamesTheNearest(t *testing.T) {
	s := newServer(t, testkit.SQLite(t))
	const none = "/docs shows every path"
	for path, want := range map[string]string{
		"/post":                           "the nearest path is /posts",
		"/Posts":                          "the nearest path is /posts",
		"/api/posts":                      "the nearest path is /posts",
		"/api/v1/posts/":                  "the nearest path is /posts",
		"/api/v1/posts/123":               "the nearest path is /posts/:id",
		"/user/alice":                     "the nearest path is /users/:id",
		"/auth/signin/login":              "the nearest path is /auth/login",
		"/register":                       "the nearest path is /auth/register",
		"/auth/regsiter":                  "the nearest path is /auth/register",
		"/me":                             "the nearest path is /auth/me",
		"/health":                         "the nearest path is /healthz",
		"/doc":                            "the nearest path is /docs",
		"/.git/config":                    none,
		"/%FF%00":                         none,
		"/x" + strings.Repeat("/p", 9999): none,
	} {
		s.send(t, "GET", path, "").fails(404, "NotFoundError", "Not found: "+want)
	}
}

func TestDocs(t *testing.T) {
	s := newServer(t, testkit.SQLite(t))
	page := s.send(t, "GET", "/docs", "").is(200).has("Content-Type", "text/html; charset=utf-8")
	policy := page.header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "default-src 'self'; script-src 'self'; ") {
		t.Errorf("the policy is %q", policy)
	}
	if inline := regexp.MustCompile(`<script>|<style|onload=`).FindString(page.body); inline != "" {
		t.Errorf("the page has %s", inline)
	}
	for _, file := range regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(page.body, -1) {
		if file[1] == "/" {
			continue // the link to the home page
		}
		if !strings.HasPrefix(file[1], "/docs/") {
			t.Errorf("the page loads %s from elsewhere", file[1])
			continue
		}
		etag := s.send(t, "HEAD", file[1], "").is(200).header.Get("ETag")
		s.send(t, "GET", file[1], "", header{"If-None-Match": etag}).is(304)
		if !strings.HasPrefix(etag, `"`) {
			t.Errorf("%s has the ETag %s", file[1], etag)
		}
	}
	compressed := s.send(t, "GET", "/docs/swagger-ui.css", "", header{"Accept-Encoding": "gzip"}).
		is(200).has("Content-Encoding", "gzip").header.Get("ETag")
	s.send(t, "GET", "/docs/swagger-ui.css", "", header{"Accept-Encoding": "gzip", "If-None-Match": compressed}).
		is(304).has("ETag", compressed)
	s.send(t, "GET", "/docs/nope.js", "").fails(404, "NotFoundError", "Not found")
	s.send(t, "GET", "/openapi.yaml", "").is(200).has("Content-Type", "application/yaml; charset=utf-8")
	var document struct {
		OpenAPI string
		Paths   map[string]any
	}
	s.send(t, "GET", "/openapi.json", "").is(200).decode(&document)
	if document.OpenAPI != "3.1.0" || document.Paths["/posts"] == nil {
		t.Errorf("the document as JSON: version %s, %d paths", document.OpenAPI, len(document.Paths))
	}
}

func TestRequestIDs(t *testing.T) {
	s := newServer(t, testkit.SQLite(t))
	for _, good := range []string{"abcdefgh", strings.Repeat("a-Z_9", 12) + "abcd"} {
		s.send(t, "GET", "/", "", header{"X-Request-ID": good}).has("X-Request-ID", good)
		if !strings.Contains(s.log.String(), "requestId="+good) {
			t.Errorf("the log does not name %s", good)
		}
	}
	made := map[string]bool{}
	for _, bad := range []string{"", "short", strings.Repeat("a", 65), "with space", "umläutchen", "new\tline-"} {
		id := s.send(t, "GET", "/nope", "", header{"X-Request-ID": bad}).header.Get("X-Request-ID")
		if id == bad || made[id] {
			t.Errorf("for %q the id is %q, want a new one", bad, id)
		}
		made[id] = true
	}
}

func TestCompression(t *testing.T) {
	s := newServer(t, testkit.SQLite(t))
	g := s.signUp(t, "alice")
	for i := range 10 {
		s.post(t, g.Token, fmt.Sprintf("Post %d", i))
	}
	accept := header{"Accept-Encoding": "gzip, zstd, br"}
	plain := s.send(t, "GET", "/posts", "", header{"Accept-Encoding": "identity"}).has("Content-Encoding", "")
	small := s.send(t, "GET", "/posts", "", header{"Accept-Encoding": "gzip"}).has("Content-Encoding", "gzip")
	s.send(t, "GET", "/posts", "", accept).has("Content-Encoding", "gzip")
	s.send(t, "GET", "/posts", "", header{"Accept-Encoding": "gzip;q=0"}).has("Content-Encoding", "")
	for _, r := range []*response{plain, small} {
		if !strings.Contains(strings.Join(r.header.Values("Vary"), ","), "Accept-Encoding") {
			t.Errorf("Vary is %v", r.header.Values("Vary"))
		}
	}
	reader, err := gzip.NewReader(strings.NewReader(small.body))
	if err != nil {
		t.Fatal(err)
	}
	unpacked, err := io.ReadAll(reader)
	if err != nil || string(unpacked) != plain.body {
		t.Errorf("unpacked: %.100s, %v, want %.100s", unpacked, err, plain.body)
	}
	s.send(t, "GET", "/posts?limit=1", "", accept).has("Content-Encoding", "")
	login := s.send(t, "POST", "/auth/login", `{"username":"alice","password":"pass123"}`, accept).is(200).
		has("Content-Encoding", "")
	if len(login.body) <= 1024 {
		t.Fatalf("the answer has %d bytes: too few to show that tokens are not compressed", len(login.body))
	}
	if login.header.Get("No-Gzip-Compression") != "" {
		t.Error("an internal header is sent")
	}
}

func TestCORS(t *testing.T) {
	store := testkit.SQLite(t)
	s := newServer(t, store)
	r := s.send(t, "GET", "/posts", "", header{"Origin": "https://app.example.com"}).is(200).
		has("Access-Control-Allow-Origin", "*").has("Access-Control-Allow-Credentials", "")
	for _, name := range []string{"Link", "Etag", "Location", "Retry-After", "X-Request-Id"} {
		if !strings.Contains(strings.ToLower(r.header.Get("Access-Control-Expose-Headers")), strings.ToLower(name)) {
			t.Errorf("%s is not exposed: %v", name, r.header)
		}
	}
	preflight := header{"Origin": "https://app.example.com", "Access-Control-Request-Method": "POST",
		"Access-Control-Request-Headers": "authorization,content-type"}
	s.send(t, "OPTIONS", "/posts", "", preflight).is(204).has("Access-Control-Allow-Origin", "*").
		has("Access-Control-Allow-Methods", "POST").has("Access-Control-Allow-Headers", "authorization,content-type")
	preflight["Access-Control-Request-Headers"] = "cache-control,traceparent,x-anything,x-requested-with"
	s.send(t, "OPTIONS", "/posts", "", preflight).is(204).
		has("Access-Control-Allow-Headers", preflight["Access-Control-Request-Headers"])
	s.send(t, "POST", "/posts", `{}`, header{"Origin": "https://app.example.com"}).is(401).
		has("Access-Control-Allow-Origin", "*")

	strict := newServer(t, store, func(o *parts) {
		o.api.CORSOrigins = []string{"https://app.example.com"}
	})
	strict.send(t, "GET", "/posts", "", header{"Origin": "https://app.example.com"}).is(200).
		has("Access-Control-Allow-Origin", "https://app.example.com")
	strict.send(t, "GET", "/posts", "", header{"Origin": "https://evil.example.com"}).is(200).
		has("Access-Control-Allow-Origin", "")
	strict.send(t, "GET", "/posts", "").is(200).has("Access-Control-Allow-Origin", "")
}

func TestHealth(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, store models.Store) {
		s := newServer(t, store)
		s.send(t, "GET", "/readyz", "").is(200)
		s.draining.Store(true)
		s.send(t, "GET", "/readyz", "").fails(503, "ServiceUnavailableError", "about to stop").has("Retry-After", "1")
		s.draining.Store(false)
		if err := s.store.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.send(t, "GET", "/healthz", "").is(200)
		for _, path := range []string{"/readyz", "/posts", "/users/alice"} {
			s.send(t, "GET", path, "").fails(503, "ServiceUnavailableError", "try again later").has("Retry-After", "1")
		}
	})
}

// broken is a store whose list fails in the way a test wants.
type broken struct {
	models.Store
	posts func(context.Context) ([]models.Post, error)
}

func (b broken) Posts(ctx context.Context, _ models.PostFilter) ([]models.Post, bool, error) {
	posts, err := b.posts(ctx)
	return posts, false, err
}

// TestSlowDatabase: while each operation has to wait for the database, a request with several of them is answered as
// soon as one with a single operation.
func TestSlowDatabase(t *testing.T) {
	t.Parallel()
	proxy := testkit.NewMongoProxy(t)
	proxy.Listen()
	database := testkit.Database(t).Name()
	store, err := mongodb.New(proxy.URI(), database, models.ToServe, slog.New(slog.DiscardHandler), nil)
	if err == nil {
		err = store.Start(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close(context.WithoutCancel(t.Context())) })
	s := newServer(t, store)
	s.sendUntilServed(t, "POST", "/auth/register", testkit.Account("alice")).is(201)
	g := s.login(t, "alice")
	p := s.post(t, g.Token, "My Post")
	defer proxy.HoldReplies("", 0)
	for call, c := range map[string]struct{ body, held string }{
		"PATCH /posts/" + p.ID:    {`{"title":"Changed"}`, "aggregate"},
		"PUT /posts/" + p.ID:      {`{"title":"Put","content":"Hello"}`, "aggregate"},
		"GET /posts?author=alice": {"", "find"},
	} {
		proxy.HoldReplies(c.held, 1300*time.Millisecond) // one of them is done in time, two are not
		method, path, _ := strings.Cut(call, " ")
		start := time.Now()
		r := s.send(t, method, path, c.body, bearer(g.Token))
		if took := time.Since(start); r.status != 503 || took > 3*time.Second {
			t.Errorf("%s %s: %d in %s, want 503 within 3 s", method, path, r.status, took)
		}
	}
	proxy.HoldReplies("", 0)
	s.send(t, "PATCH", "/posts/"+p.ID, `{"title":"Changed"}`, bearer(g.Token)).is(200)
}

func TestFailuresTellNothing(t *testing.T) {
	store := testkit.SQLite(t)
	for name, c := range map[string]struct {
		posts   func(context.Context) ([]models.Post, error)
		status  int
		error   string
		message string
	}{
		"an unknown error": {func(context.Context) ([]models.Post, error) {
			return nil, errors.New("disk /dev/sda1 on fire")
		}, 500, "InternalServerError", "Something went wrong"},
		"a panic": {func(context.Context) ([]models.Post, error) { panic("disk /dev/sda1 on fire") },
			500, "InternalServerError", "Something went wrong"},
		"a panic that wraps ECONNRESET": {func(context.Context) ([]models.Post, error) {
			panic(&net.OpError{Op: "disk /dev/sda1 on fire", Err: syscall.ECONNRESET})
		}, 500, "InternalServerError", "Something went wrong"},
		"no database": {func(context.Context) ([]models.Post, error) {
			return nil, fmt.Errorf("%w: disk /dev/sda1 on fire", models.ErrUnavailable)
		}, 503, "ServiceUnavailableError", "try again"},
		"a search that took too long": {func(context.Context) ([]models.Post, error) {
			return nil, fmt.Errorf("%w: disk /dev/sda1 on fire", models.ErrSearchTooLong)
		}, 503, "ServiceUnavailableError", "rarer words"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, broken{store, c.posts})
			s.send(t, "GET", "/posts", "").fails(c.status, c.error, c.message).hides("sda1", "fire", "goroutine")
			if !strings.Contains(s.log.String(), "sda1") {
				t.Errorf("the log does not tell the cause: %s", s.log.String())
			}
		})
	}
}

// TestClientThatHangsUpFreesItsWork: the context of a request reaches the store.
func TestClientThatHangsUpFreesItsWork(t *testing.T) {
	freed := make(chan error, 1)
	asked := make(chan struct{})
	s := newServer(t, broken{testkit.SQLite(t), func(ctx context.Context) ([]models.Post, error) {
		close(asked)
		<-ctx.Done()
		freed <- ctx.Err()
		return nil, ctx.Err()
	}})
	ctx, hangUp := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, "GET", s.url+"/posts", nil)
	if err != nil {
		t.Fatal(err)
	}
	go func() { <-asked; hangUp() }()
	if _, err := http.DefaultClient.Do(request); err == nil {
		t.Error("got an answer")
	}
	select {
	case err := <-freed:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("the store still works for nobody")
	}
}

// TestOneKeptAnswerForOneMeaning: addresses that mean the same have one kept answer, so that nobody fills the memory
// with copies of it.
func TestOneKeptAnswerForOneMeaning(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	s := newServer(t, testkit.SQLite(t), func(o *parts) {
		o.base.Metrics = registry
	})
	alice := s.signUp(t, "alice")
	post := "/posts/" + s.publish(t, alice, "One", "text", "go").ID
	comment := "/comments/" + s.comment(t, alice.Token, strings.TrimPrefix(post, "/posts/"), "Nice").ID
	asked := func() float64 {
		t.Helper()
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, family := range families {
			for _, metric := range family.GetMetric() {
				if family.GetName() == "gin_blog_kept_answers_total" && metric.GetLabel()[0].GetValue() == "miss" {
					return metric.GetCounter().GetValue()
				}
			}
		}
		t.Fatal("no metric")
		return 0
	}
	for first, others := range map[string][]string{
		"/posts?limit=10&tag=go":     {"/posts?tag=go&limit=10", "/posts?&&limit=10&tag=%67o&"},
		post:                         {post + "?x=1", post + "?x=2", post + "?", post + "?limit=1&limit=2"},
		post + "?view=html":          {post + "?x=1&view=html", post + "?view=%68tml&before=x", post + "?view=html&"},
		"/posts?view=html&tag=go":    {"/posts?tag=go&view=html"},
		post + "/comments?limit=5":   {post + "/comments?limit=%35&", post + "/comments?&limit=5"},
		comment:                      {comment + "?x=1", comment + "?after=1"},
		"/feed.atom?tag=go":          {"/feed.atom?utm_source=x&tag=go", "/feed.atom?tag=go&_=2", "/feed.atom?tag=%67%6f"},
		"/feed.json?author=a&tag=go": {"/feed.json?tag=go&author=a", "/feed.json?z=1&tag=go&author=a"},
		"/feed.atom":                 {"/feed.atom?x=1", "/feed.atom?x=2", "/feed.atom?limit=5"},
	} {
		want := s.send(t, "GET", first, "").is(200)
		before := asked()
		for _, other := range others {
			answer := s.send(t, "GET", other, "").is(200)
			if answer.body != want.body || asked() != before {
				t.Errorf("%s and %s have an answer each: %s, %s", first, other, want.body, answer.body)
			}
		}
	}
	for _, wrong := range []string{"/posts?x=1", "/posts?limit=10&tag=go&x=1", "/posts?tag=go&tag=go", "/posts?%zz"} {
		s.send(t, "GET", wrong, "").is(400)
	}
}
