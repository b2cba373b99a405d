package routes_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"gin-blog/internal/auth"
	"gin-blog/internal/testkit"
)

// requestLine returns the line that a server logged about the last request.
func (s *server) requestLine(t *testing.T, r *response) string {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		for line := range strings.Lines(s.log.String()) {
			if strings.Contains(line, "msg=request ") && strings.Contains(line, "requestId="+r.header.Get("X-Request-ID")) {
				return line
			}
		}
	}
	t.Errorf("%s: the log has no line", r.what)
	return ""
}

// TestLogSaysWhy: the line of a refused request says why, and nothing that the client sent.
func TestLogSaysWhy(t *testing.T) {
	s := newServer(t, testkit.SQLite(t))
	alice, bob := s.signUp(t, "alice"), s.signUp(t, "bob")
	p := s.post(t, alice.Token, "My Post")
	const hidden = "hunter2" // in everything that the clients send
	var long strings.Builder
	for range 30 {
		long.WriteString("/segment")
	}
	for _, c := range []struct {
		method, path, body string
		header             header
		want               []string
	}{
		{"GET", "/posts", "", nil, []string{"level=INFO", "method=GET route=/posts status=200"}},
		{"GET", "/posts?q=hunter2&tag=HUNTER2+hunter2", "", nil, []string{
			"level=INFO", "status=400", "error=ValidationError", `message="tag must be 1 to 32 letters`}},
		{"GET", "/posts?hunter2=hunter2", "", nil, []string{
			"error=ValidationError", `message="a field or parameter is not a known parameter"`}},
		{"POST", "/auth/register", `{"username":"carol","password":"pass123","hunter2":"hunter2"}`, nil, []string{
			"error=ValidationError", `message="a field or parameter is not a known field"`}},
		{"POST", "/auth/register", `{"username":"carol","hunter2":{"hunter2":1,"hunter2":2}}`, nil, []string{
			"error=ValidationError", `a field or parameter`}},
		{"POST", "/auth/register", `{"username":"hunter2\n","password":"pass123"}`, nil, []string{
			"error=ValidationError", `message="username must be 3 to 32`}},
		{"POST", "/auth/register", `{"username":"hunter2"`, nil, []string{
			"error=BadRequestError", `message="The JSON ends too early, at line 1, column 22"`}},
		{"POST", "/auth/login", `{"username":"alice","password":"hunter2"}`, nil, []string{
			"level=INFO", "status=401", "error=UnauthorizedError", `message="Invalid credentials"`}},
		{"POST", "/posts", `{}`, nil, []string{
			"level=INFO", "status=401", "error=UnauthorizedError", `message="Authentication required"`}},
		{"POST", "/posts", `{}`, bearer("hunter2.hunter2.hunter2"), []string{
			"error=JsonWebTokenError", `message="invalid token`}},
		{"DELETE", "/posts/" + p.ID, "", bearer(bob.Token), []string{
			"level=WARN", "route=/posts/:id status=403", "error=ForbiddenError", `message="Only the author may`, "userId="}},
		{"GET", "/posts/ffffffffffffffffffffffff", "", nil, []string{
			"level=INFO", "route=/posts/:id", "status=404", "error=NotFoundError", `message="Post not found"`}},
		{"GET", "/wp-login.php?hunter2", "", nil, []string{
			`route="" path=/wp-login.php status=404`, "error=NotFoundError", `message="Not found`}},
		{"GET", "/a%0A%1B%5B2J", "", nil, []string{"path=/a%0A%1B%5B2J status=404"}},
		{"GET", "/p/" + strings.Repeat("x", 32) + hidden, "", nil, []string{
			"path=/p/" + strings.Repeat("x", 32) + "… status=404"}},
		{"GET", long.String(), "", nil, []string{"path=" + long.String()[:120] + "… status=404"}},
		{"PATCH", "/posts", "", nil, []string{"status=405", "error=MethodNotAllowedError"}},
	} {
		line := s.requestLine(t, s.send(t, c.method, c.path, c.body, c.header))
		for _, want := range c.want {
			if !strings.Contains(line, want) {
				t.Errorf("%s %s: %q is not in %s", c.method, c.path, want, line)
			}
		}
		if strings.Contains(line, hidden) || strings.Contains(line, "cause=") {
			t.Errorf("%s %s: the line tells too much: %s", c.method, c.path, line)
		}
	}
}

// TestLogOfTooManyLogins: a client that guesses passwords stands out.
func TestLogOfTooManyLogins(t *testing.T) {
	s := newServer(t, testkit.SQLite(t), func(o *parts) {
		o.blog.Limits = auth.NewLimits(o.blog.Now)
	})
	s.register(t, "alice")
	for range 10 {
		s.send(t, "POST", "/auth/login", `{"username":"alice","password":"wrong-one"}`).is(401)
	}
	line := s.requestLine(t, s.send(t, "POST", "/auth/login", `{"username":"alice","password":"wrong-one"}`).is(429))
	for _, want := range []string{
		"level=WARN", "error=TooManyRequestsError", `message="Too many`, "ip=127.0.0.1", "userAgent=",
	} {
		if !strings.Contains(line, want) {
			t.Errorf("%q is not in %s", want, line)
		}
	}
}

// TestLogLevels: who sent a request is logged at the level debug alone.
func TestLogLevels(t *testing.T) {
	log := new(testkit.Output)
	quiet := newServer(t, testkit.SQLite(t), func(o *parts) {
		o.base.Log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	})
	quiet.send(t, "GET", "/nope", "").is(404)
	if log.String() != "" {
		t.Errorf("at the level warn: %s", log)
	}
	normal := newServer(t, testkit.SQLite(t), func(o *parts) {
		o.base.Log = slog.New(slog.NewTextHandler(log, nil))
	})
	normal.send(t, "GET", "/nope", "").is(404)
	if !strings.Contains(log.String(), "error=NotFoundError") || strings.Contains(log.String(), "127.0.0.1") {
		t.Errorf("at the level info: %s", log)
	}
}
