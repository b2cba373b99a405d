package routes_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"gin-blog/blog"
	"gin-blog/internal/auth"
	"gin-blog/internal/markdown"
	"gin-blog/internal/testkit"
	"gin-blog/internal/urls"
	"gin-blog/middleware"
	"gin-blog/models"
	"gin-blog/routes"
)

const (
	accessSecret  = "an access secret of more than 32 bytes"
	refreshSecret = "a refresh secret of more than 32 bytes"
	password      = testkit.Password
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.TestMode)
	m.Run()
}

// server is the whole API on a real store, behind a real listener, with a clock to move. It may be several that
// share nothing but the database; then they get the requests in turns.
type server struct {
	t        *testing.T
	url      string
	handler  http.Handler // behind url
	others   []string     // the addresses of those besides url
	sent     atomic.Int64
	store    models.Store
	clock    *clock
	draining atomic.Bool
	log      *testkit.Output
}

// clock is the time of a server: the real one and what a test added.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

// onEachStore runs a test against a server on an empty store of every kind, and against two servers on one MongoDB.
func onEachStore(t *testing.T, test func(t *testing.T, s *server)) {
	t.Helper()
	t.Parallel()
	testkit.Each(t, func(t *testing.T, store models.Store) {
		t.Parallel()
		test(t, newServer(t, store))
	})
	t.Run("two on one MongoDB", func(t *testing.T) {
		t.Parallel()
		db := testkit.Database(t)
		s := newServer(t, testkit.OpenMongoDB(t, db, nil))
		s.others = append(s.others, s.serve(testkit.OpenMongoDB(t, db, nil)))
		test(t, s)
	})
}

// parts are what a server is made of.
type parts struct {
	session auth.SessionOptions
	blog    blog.Options
	base    middleware.BaseOptions
	api     routes.Options
}

// newServer starts the API on a store. change may alter its options first.
func newServer(t *testing.T, store models.Store, change ...func(*parts)) *server {
	t.Helper()
	s := &server{t: t, store: store, clock: new(clock), log: new(testkit.Output)}
	s.url = s.serve(store, change...)
	t.Cleanup(s.checkLog)
	return s
}

// serve starts the API on a store until the test ends and returns its address.
func (s *server) serve(store models.Store, change ...func(*parts)) (url string) {
	t := s.t
	t.Helper()
	passwords := auth.NewPasswords(4)
	address := urls.NewAddress("", nil)
	o := parts{
		session: auth.SessionOptions{
			AccessTTL: 15 * time.Minute, RefreshTTL: 7 * 24 * time.Hour, Grace: 10 * time.Second, Rotation: true,
			Now: s.clock.now,
		},
		blog: blog.Options{Store: store, Passwords: passwords, PasswordMinLength: 6, Now: s.clock.now},
		base: middleware.BaseOptions{
			Draining: s.draining.Load, Store: store,
			Log: slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		},
		api: routes.Options{Version: "v1.2.3", Address: address, Site: testkit.Site(), Markdown: markdown.NewRenderer()},
	}
	for _, c := range change {
		c(&o)
	}
	o.blog.Sessions = auth.NewSessions(store, auth.NewTokens(accessSecret, refreshSecret, s.clock.now), o.session)
	o.blog.Log = o.base.Log
	o.api.Blog, o.api.Base = blog.New(o.blog), middleware.NewBase(o.base)
	api := routes.New(o.api)
	handler := middleware.Doors(api, nil)
	s.handler = handler
	listener := httptest.NewServer(handler)
	t.Cleanup(listener.Close)
	return listener.URL
}

// next is the address whose turn it is.
func (s *server) next() string {
	turn := s.sent.Add(1) % int64(1+len(s.others))
	if turn == 0 {
		return s.url
	}
	return s.others[turn-1]
}

// checkLog fails the test where a line of the log holds what nobody may read there.
func (s *server) checkLog() {
	secrets := []string{password, "secret99", "wrong-one", "gbp_", "$2a$", "$2b$", "eyJ", accessSecret, refreshSecret}
	for line := range strings.Lines(s.log.String()) {
		for _, secret := range secrets {
			if strings.Contains(line, secret) {
				s.t.Errorf("the log holds %q: %s", secret, line)
			}
		}
	}
}

// forbidden is what no answer may hold: secrets, paths and the words of drivers.
var forbidden = []string{
	`"password":`, "$2a$", "assword_hash", "asswordHash", "/tmp/", ".go:", "SELECT", "E11000", "constraint", "UNIQUE",
	"collection", "bson",
}

type header = testkit.Header

func bearer(token string) header { return testkit.Bearer(token) }

// response is an answer, read to its end.
type response struct {
	t      *testing.T
	what   string
	status int
	header http.Header
	body   string
}

// send makes a request and holds the answer against the OpenAPI document. The answer may hold nothing internal.
func (s *server) send(t *testing.T, method, path, body string, headers ...header) *response {
	t.Helper()
	request, err := testkit.NewRequest(t.Context(), method, s.next()+path, body, headers...)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	answer, err := testkit.Do(request)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	checkContract(t, request, body, answer)
	r := &response{
		t: t, what: method + " " + path, status: answer.Status, header: answer.Header, body: answer.Body,
	}
	if !strings.HasPrefix(path, "/openapi.") { // which speaks of all this
		r.hides(forbidden...)
	}
	if r.header.Get("X-Request-ID") == "" || r.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%s: headers every answer has are missing: %v", r.what, r.header)
	}
	return r
}

// sendUntilServed repeats a request every second while the server is too busy for it.
func (s *server) sendUntilServed(t *testing.T, method, path, body string) *response {
	t.Helper()
	for try := 0; ; try++ {
		r := s.send(t, method, path, body)
		if r.status != http.StatusServiceUnavailable || try == 20 {
			return r
		}
		time.Sleep(time.Second)
	}
}

// is checks the status.
func (r *response) is(status int) *response {
	r.t.Helper()
	if r.status != status {
		r.t.Errorf("%s: got %d, want %d: %.500s", r.what, r.status, status, r.body)
	}
	return r
}

// fails checks an error answer whole: status, name, the fields of the details if there are any, and what is said in the
// message and the details. The two do not say the same.
func (r *response) fails(status int, name, message string, fields ...string) *response {
	r.t.Helper()
	r.is(status)
	var e struct {
		Error, Message, RequestID string
		Details                   []struct{ Field, Message string }
	}
	r.decode(&e)
	var got []string
	said := e.Message
	for _, d := range e.Details {
		got = append(got, d.Field)
		if all := cmp.Or(d.Field, `""`) + " " + d.Message; !strings.Contains(said, all) {
			r.t.Errorf("%s: the message %q does not say %q", r.what, said, all)
		}
	}
	if e.Error != name || !strings.Contains(said, message) {
		r.t.Errorf("%s: got %s %q, want %s %q", r.what, e.Error, said, name, message)
	}
	if e.RequestID != r.header.Get("X-Request-ID") {
		r.t.Errorf("%s: requestId %q is not the header's %q", r.what, e.RequestID, r.header.Get("X-Request-ID"))
	}
	if fmt.Sprint(got) != fmt.Sprint(fields) {
		r.t.Errorf("%s: details name %v, want %v", r.what, got, fields)
	}
	return r
}

// has checks a header of the answer.
func (r *response) has(name, value string) *response {
	r.t.Helper()
	if got := r.header.Get(name); got != value {
		r.t.Errorf("%s: %s is %q, want %q", r.what, name, got, value)
	}
	return r
}

// hides checks that none of the texts is in the body.
func (r *response) hides(texts ...string) *response {
	r.t.Helper()
	for _, text := range texts {
		if strings.Contains(r.body, text) {
			r.t.Errorf("%s: the answer holds %q: %.500s", r.what, text, r.body)
		}
	}
	return r
}

// decode reads the body as JSON.
func (r *response) decode(into any) {
	r.t.Helper()
	if got := r.header.Get("Content-Type"); got != "application/json; charset=utf-8" {
		r.t.Errorf("%s: Content-Type is %q", r.what, got)
	}
	if err := json.Unmarshal([]byte(r.body), into); err != nil {
		r.t.Fatalf("%s: %v in %.500s", r.what, err, r.body)
	}
}

// The answers as clients read them.
type (
	userAnswer    = testkit.User
	grantAnswer   = testkit.Grant
	postAnswer    = testkit.Post
	commentAnswer = testkit.Comment
)

// register makes an account with the usual password and returns it.
func (s *server) register(t *testing.T, username string) userAnswer {
	t.Helper()
	var a struct{ User userAnswer }
	s.send(t, "POST", "/auth/register", testkit.Account(username)).is(201).decode(&a)
	return a.User
}

// login returns new tokens of an account with the usual password.
func (s *server) login(t *testing.T, username string) grantAnswer {
	t.Helper()
	var g grantAnswer
	s.send(t, "POST", "/auth/login", testkit.Account(username)).is(200).decode(&g)
	return g
}

// signUp registers and logs in.
func (s *server) signUp(t *testing.T, username string) grantAnswer {
	t.Helper()
	s.register(t, username)
	return s.login(t, username)
}

// post creates a post.
func (s *server) post(t *testing.T, token, title string) postAnswer {
	t.Helper()
	var a struct{ Post postAnswer }
	s.send(t, "POST", "/posts", fmt.Sprintf(`{"title":%q,"content":"Hello"}`, title), bearer(token)).is(201).decode(&a)
	return a.Post
}

// comment writes a comment on a post.
func (s *server) comment(t *testing.T, token, post, content string) commentAnswer {
	t.Helper()
	var a struct{ Comment commentAnswer }
	s.send(t, "POST", "/posts/"+post+"/comments", fmt.Sprintf(`{"content":%q}`, content), bearer(token)).is(201).decode(&a)
	return a.Comment
}
