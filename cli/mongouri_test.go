package cli

import (
	"context"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"gin-blog/internal/testkit"
)

// TestCommandsTellNoPartOfMongoURI: no command prints what may be a part of the password.
func TestCommandsTellNoPartOfMongoURI(t *testing.T) {
	for _, uri := range []string{
		"mongodb://u:hunter1@hunter2/hunter3@host/blog", "mongodb://u:hunter1/hunter2@host/blog", "mongodb://u:hunter1/blog",
		"mongodb://u:hunter1@host/blog?maxPoolSize=hunter2", "mongodb+srv://u:hunter1@hunter2/hunter3@host.example/blog",
	} {
		dir := t.TempDir()
		environ := []string{"MONGO_URI=" + uri, "DATA_DIR=" + filepath.Join(dir, "data"), "PORT=0"}
		for _, args := range [][]string{
			{"serve"}, {"seed"}, {"role", "alice", "admin"}, {"reset-link", "alice"}, {"backup"}, {"healthcheck"},
			{"export", filepath.Join(dir, "posts")}, {"import", dir},
			{"copy", uri, "sqlite:" + filepath.Join(dir, "copy.db")}, {"copy", "sqlite:" + filepath.Join(dir, "copy.db"), uri},
		} {
			code, stdout, stderr := runIn(t, environ, args...)
			if code != 1 || stdout != "" || strings.Contains(stderr, "hunter") || strings.Count(stderr, "\n") != 1 ||
				!strings.Contains(stderr, "MONGO_URI ") && !strings.Contains(stderr, "the address of MongoDB is malformed: ") {
				t.Errorf("%v with %s: exit %d, stdout %q, stderr %q", args, uri, code, stdout, stderr)
			}
		}
	}
}

// TestServeWithoutMongoDB: the server starts, answers 503 and stops, while the host cannot be reached, or its name not
// be looked up. It prints no more of MONGO_URI than the host, and warns of an option that has no effect.
func TestServeWithoutMongoDB(t *testing.T) {
	for host, uri := range map[string]string{
		"127.0.0.1:1":        "mongodb://hunter1:hunter2?x@127.0.0.1:1/site?tsl=hunter3",
		"cluster0.b.invalid": "mongodb+srv://hunter1:hunter2@cluster0.b.invalid/site?tsl=hunter3",
	} {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			environ := []string{"MONGO_URI=" + uri, "DATA_DIR=" + t.TempDir(), "PORT=0", "DRAIN_DELAY=0s", "LOG_FORMAT=json"}
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			var out testkit.Output
			done := make(chan int)
			go func() { done <- Run(ctx, []string{"serve"}, environ, &out, &out) }()
			address := regexp.MustCompile(`"url":"(http://localhost:\d+)"`)
			for deadline := time.Now().Add(20 * time.Second); !address.MatchString(out.String()); {
				if time.Now().After(deadline) {
					t.Fatalf("the server does not listen: %s", out.String())
				}
				time.Sleep(10 * time.Millisecond)
			}
			url := address.FindStringSubmatch(out.String())[1]
			for path, want := range map[string]int{"/healthz": 200, "/readyz": 503, "/posts": 503} {
				answer, err := http.Get(url + path)
				if err != nil {
					t.Fatal(err)
				}
				answer.Body.Close()
				if answer.StatusCode != want {
					t.Errorf("%s: %d, want %d", path, answer.StatusCode, want)
				}
			}
			stop()
			if code := <-done; code != 0 {
				t.Errorf("exit %d", code)
			}
			printed := out.String()
			if strings.Contains(printed, "hunter") || !strings.Contains(printed, host) ||
				!strings.Contains(printed, `MONGO_URI: option number 1 has no effect`) {
				t.Errorf("it printed %s", printed)
			}
		})
	}
}
