package e2e

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestDraftsArePublishedInTime: of two processes on one database, one publishes a draft within a minute of its time; if
// none runs then, the next start does.
func TestDraftsArePublishedInTime(t *testing.T) {
	t.Parallel()
	secrets := []string{"SECRET_KEY=" + strings.Repeat("a", 32), "REFRESH_SECRET=" + strings.Repeat("r", 32)}
	for name, environ := range map[string]func(t *testing.T) []string{
		"SQLite":  func(t *testing.T) []string { return []string{"DATA_DIR=" + t.TempDir()} },
		"MongoDB": busyMongoSettings,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settings := append(environ(t), secrets...)
			one, other := start(t, t.TempDir(), settings...), start(t, t.TempDir(), settings...)
			token := one.signUp("alice")
			draft := func(title string, in time.Duration) (at time.Time) {
				at = time.Now().Add(in)
				body := fmt.Sprintf(`{"title":%q,"content":"Hello","publishAt":%q}`, title, at.Format(time.RFC3339Nano))
				one.call("POST", "/drafts", token, body, 201, nil)
				return at
			}
			titles := func(p *process, path string) (titles string) {
				var list []struct{ Title string }
				p.call("GET", path, token, "", 200, &list)
				for _, one := range list {
					titles += one.Title + " "
				}
				return titles
			}
			draft("first", 2*time.Second)
			draft("tomorrow", 24*time.Hour)
			eventually(t, time.Minute, "the draft is published", func() bool { return titles(other, "/posts") == "first " })
			at := draft("second", 2*time.Second)
			for _, p := range []*process{one, other} {
				if err := p.stop(syscall.SIGTERM); err != nil {
					t.Errorf("stop: %v", err)
				}
			}
			if n := strings.Count(one.logged()+other.logged(), "published a draft"); n != 1 {
				t.Errorf("the processes published %d drafts, want 1", n)
			}
			time.Sleep(time.Until(at.Add(10 * time.Millisecond)))
			one = start(t, t.TempDir(), settings...)
			eventually(t, 10*time.Second, "the draft is published after the start, and the other one is left", func() bool {
				return titles(one, "/posts") == "second first " && titles(one, "/drafts") == "tomorrow "
			})
		})
	}
}
