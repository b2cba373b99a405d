package e2e

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"gin-blog/internal/testkit"
)

func TestMetrics(t *testing.T) {
	t.Parallel()
	for name, environ := range map[string]func(t *testing.T) []string{
		"sqlite": func(*testing.T) []string { return nil },
		"mongodb": func(t *testing.T) []string {
			return append(mongoSettings(t), "MONGO_URI="+testkit.MongoURI(t)+"/?maxPoolSize=7") // the last one holds
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, t.TempDir(), append(environ(t), "METRICS_ADDR=127.0.0.1:0")...)
			token := p.signUp("alice")
			p.call("POST", "/auth/login", "", `{"username":"alice","password":"wrong-one"}`, 401, nil)
			p.call("POST", "/auth/login", "", `{"username":"alice"`, 400, nil)
			p.call("POST", "/posts", token, `{"title":"My Post","content":"Hello"}`, 201, nil)
			p.call("GET", "/posts/ffffffffffffffffffffffff", "", "", 404, nil)
			p.call("GET", "/secret-path", "", "", 404, nil)
			p.call("BREW", "/secret-path", "", "", 404, nil)

			var text string
			// A request is counted after its answer was sent.
			eventually(t, 5*time.Second, "the last request is counted", func() bool {
				var status int
				if status, text = p.readMetrics("/metrics"); status != 200 {
					t.Fatalf("/metrics: %d", status)
				}
				return strings.Contains(text, `method="other"`)
			})
			const operations = "gin_blog_store_operation_duration_seconds_count"
			for _, want := range []string{
				`gin_blog_http_request_duration_seconds_count{method="POST",route="/posts",status="201"} 1`,
				`gin_blog_http_request_duration_seconds_count{method="POST",route="/auth/login",status="401"} 1`,
				`gin_blog_http_request_duration_seconds_count{method="GET",route="/posts/:id",status="404"} 1`,
				`gin_blog_http_request_duration_seconds_count{method="GET",route="unmatched",status="404"} 1`,
				`gin_blog_http_request_duration_seconds_count{method="other",route="unmatched",status="404"} 1`,
				`gin_blog_http_requests_in_flight 0`,
				`gin_blog_logins_total{outcome="ok"} 1`,
				`gin_blog_logins_total{outcome="refused"} 1`,
				`gin_blog_logins_total{outcome="malformed"} 1`,
				`gin_blog_logins_total{outcome="busy"} 0`,
				`gin_blog_password_hashings_running 0`,
				`gin_blog_password_hashings_waiting 0`,
				`gin_blog_password_hashings_max `,
				operations + `{operation="create post",outcome="ok",store="` + name + `"} 1`,
				operations + `{operation="find post",outcome="ok",store="` + name + `"} 1`,
				`gin_blog_store_connections{state="in_use",store="` + name + `"} 0`,
				`gin_blog_store_connections{state="idle",store="` + name + `"} `,
				`gin_blog_store_connections_max{store="` + name + `"} `,
				`gin_blog_build_info{go_version="go1`,
				`go_goroutines `,
				`process_open_fds `,
			} {
				if !strings.Contains(text, "\n"+want) {
					t.Errorf("%s is missing", want)
				}
			}
			if name == "mongodb" && !strings.Contains(text, `gin_blog_store_connections_max{store="mongodb"} 7`) {
				t.Error("the pool's limit is not the URI's")
			}
			for _, secret := range []string{"secret-path", "ffffffffffffffffffffffff", "BREW", "alice"} {
				if strings.Contains(text, secret) {
					t.Errorf("the metrics hold %q", secret)
				}
			}
			if problems, err := promlint.New(strings.NewReader(text)).Lint(); err != nil || len(problems) > 0 {
				t.Errorf("the names: %v, %v", problems, err)
			}

			if status, body := p.readMetrics("/debug/pprof/goroutine?debug=1"); status != 200 ||
				!strings.Contains(body, "goroutine profile") {
				t.Errorf("pprof: %d", status)
			}
			for _, path := range []string{"/metrics", "/debug/pprof/"} {
				if status, _, _ := p.try("GET", path, "", ""); status != 404 {
					t.Errorf("%s is there for everybody: %d", path, status)
				}
			}
		})
	}
}

// TestStartLine: one line tells every setting in force, and no secret.
func TestStartLine(t *testing.T) {
	t.Parallel()
	const secret = "an access secret of more than 32 bytes"
	dir := t.TempDir()
	p := start(t, dir, "SECRET_KEY="+secret, "REFRESH_GRACE=20s")
	line, _, _ := strings.Cut(p.logged(), "\n")
	for _, want := range []string{
		"msg=settings ", " PORT=0 ", " DATA_DIR=" + dir + "/data ", " SECRET_KEY=(set) ",
		` REFRESH_SECRET="" `, " REFRESH_GRACE=20s ", ` METRICS_ADDR="" `,
	} {
		if !strings.Contains(line, want) {
			t.Errorf("%q is not in the first line: %s", want, line)
		}
	}
	if strings.Contains(p.logged(), secret) {
		t.Error("the log holds the secret")
	}
}

// TestLogAsJSON: with LOG_FORMAT=json each line is an object, with the same names on both sides of an error.
func TestLogAsJSON(t *testing.T) {
	t.Parallel()
	p := start(t, t.TempDir(), "LOG_FORMAT=json")
	var refused struct{ RequestID string }
	p.call("GET", "/posts/ffffffffffffffffffffffff", "", "", 404, &refused)
	type entry struct {
		Time, Level, Msg, Method, Route, RequestID string
		Status                                     int
		DurationMs                                 float64
	}
	var logged entry
	eventually(t, 5*time.Second, "the request is logged", func() bool {
		for line := range strings.Lines(p.logged()) {
			var e entry
			if err := json.Unmarshal([]byte(line), &e); err != nil || e.Time == "" || e.Level == "" || e.Msg == "" {
				t.Fatalf("%v in %s", err, line)
			}
			if e.RequestID == refused.RequestID {
				logged = e
			}
		}
		return logged.Msg != ""
	})
	if logged.Method != "GET" || logged.Route != "/posts/:id" || logged.Status != 404 || logged.DurationMs <= 0 {
		t.Errorf("the request is logged as %+v", logged)
	}
}
