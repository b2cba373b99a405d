package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"gin-blog/internal/testkit"
)

// TestTwoProcessesOnOneDatabase sends requests to two processes in turns: each sees at once what the other did.
func TestTwoProcessesOnOneDatabase(t *testing.T) {
	t.Parallel()
	secrets := []string{
		"SECRET_KEY=" + strings.Repeat("a", 32), "REFRESH_SECRET=" + strings.Repeat("r", 32), "REFRESH_GRACE=0s",
	}
	for name, environ := range map[string]func(t *testing.T) []string{
		"SQLite":  func(t *testing.T) []string { return []string{"DATA_DIR=" + t.TempDir()} },
		"MongoDB": busyMongoSettings,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settings := append(environ(t), secrets...)
			one, other := start(t, t.TempDir(), settings...), start(t, t.TempDir(), settings...)
			var login, refreshed testkit.Grant
			one.call("POST", "/auth/register", "", testkit.Account("alice"), 201, nil)
			other.call("POST", "/auth/register", "", testkit.Account("Alice"), 409, nil)
			other.call("POST", "/auth/login", "", testkit.Account("alice"), 200, &login)

			var created struct{ Post testkit.Post }
			key := testkit.Header{"Idempotency-Key": "k1"}
			one.call("POST", "/posts", login.Token, `{"title":"Once","content":"Hello"}`, 201, &created, key)
			first := created.Post.ID
			other.call("POST", "/posts", login.Token, `{"title":"Once","content":"Hello"}`, 201, &created, key)
			if created.Post.ID != first {
				t.Errorf("the key created %s and %s", first, created.Post.ID)
			}
			other.call("POST", "/posts", login.Token, `{"title":"Another","content":"Hello"}`, 409, nil, key)

			ifMatch := testkit.Header{"If-Match": one.call("GET", "/posts/"+first, "", "", 200, nil).Get("ETag")}
			other.call("PATCH", "/posts/"+first, login.Token, `{"title":"Changed"}`, 200, nil, ifMatch)
			one.call("PATCH", "/posts/"+first, login.Token, `{"title":"Lost"}`, 412, nil, ifMatch)
			var shown testkit.Post
			one.call("GET", "/posts/"+first, "", "", 200, &shown)
			if shown.Title != "Changed" {
				t.Errorf("the title is %q", shown.Title)
			}

			refresh := func(g testkit.Grant) string { return fmt.Sprintf(`{"refreshToken":%q}`, g.RefreshToken) }
			one.call("POST", "/auth/refresh", "", refresh(login), 200, &refreshed)
			other.call("GET", "/auth/me", refreshed.Token, "", 200, nil)
			other.call("POST", "/auth/refresh", "", refresh(login), 401, nil)
			one.call("GET", "/auth/me", refreshed.Token, "", 401, nil) // used twice: the session has ended
			one.call("POST", "/auth/refresh", "", refresh(refreshed), 401, nil)
		})
	}
}

// TestTwoProcessesWriteToOneFile: two processes write to one SQLite file at the same time. Every post that was
// acknowledged is there, whichever process is asked, and no other.
func TestTwoProcessesWriteToOneFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	processes := []*process{start(t, dir), start(t, dir)}
	token := processes[0].signUp("alice")
	const clients, posts = 4, 20 // clients of each process, posts of each client

	var writing sync.WaitGroup
	var mu sync.Mutex
	acknowledged := map[string]bool{}
	for _, p := range processes {
		for range clients {
			writing.Go(func() {
				for range posts {
					answer, err := p.do("POST", "/posts", token, `{"title":"My Post","content":"Hello"}`)
					if err != nil || answer.Status != 201 {
						t.Errorf("create a post: %+v, %v", answer, err)
						continue
					}
					mu.Lock()
					acknowledged[answer.Header.Get("Location")] = true
					mu.Unlock()
				}
			})
		}
	}
	writing.Wait()

	for _, p := range processes {
		stored := map[string]bool{}
		for path := "/posts?limit=100"; path != ""; {
			var page []testkit.Post
			header := p.call("GET", path, "", "", 200, &page)
			for _, post := range page {
				stored["/posts/"+post.ID] = true
			}
			path = nextPage(header)
		}
		if len(stored) != 2*clients*posts || !maps.Equal(stored, acknowledged) {
			t.Errorf("%d posts are stored, %d were acknowledged", len(stored), len(acknowledged))
		}
	}
}

// nextPage returns the path that the header Link names for the next page, or "".
func nextPage(header http.Header) string {
	found := regexp.MustCompile(`<([^>]+)>; rel="next"`).FindStringSubmatch(header.Get("Link"))
	if found == nil {
		return ""
	}
	return found[1]
}
