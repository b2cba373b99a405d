package main_test

import (
	"fmt"
	"strings"
	"testing"

	"gin-blog/internal/testkit"
)

// TestTwoProcessesOnOneDatabase sends every second request to another process: what one did, the other knows at once.
func TestTwoProcessesOnOneDatabase(t *testing.T) {
	t.Parallel()
	secrets := []string{"SECRET_KEY=" + strings.Repeat("a", 32), "REFRESH_SECRET=" + strings.Repeat("r", 32), "REFRESH_GRACE=0s"}
	for name, environ := range map[string]func(t *testing.T, dir string) []string{
		"SQLite": func(_ *testing.T, dir string) []string { return []string{"DATA_DIR=" + dir} },
		"MongoDB": func(t *testing.T, _ string) []string {
			return []string{"MONGO_URI=" + testkit.MongoURI(t), "MONGO_DB=" + testkit.Database(t).Name()}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settings := append(environ(t, t.TempDir()), secrets...)
			one, other := start(t, t.TempDir(), settings...), start(t, t.TempDir(), settings...)
			var none struct{}
			var login, refreshed struct{ Token, RefreshToken string }
			one.call("POST", "/auth/register", "", `{"username":"alice","password":"pass123"}`, 201, &none)
			other.call("POST", "/auth/register", "", `{"username":"Alice","password":"pass123"}`, 409, &none)
			other.call("POST", "/auth/login", "", `{"username":"alice","password":"pass123"}`, 200, &login)

			var created struct{ Post post }
			one.call("POST", "/posts", login.Token, `{"title":"Once","content":"Hello"}`, 201, &created, "Idempotency-Key: k1")
			first := created.Post.ID
			other.call("POST", "/posts", login.Token, `{"title":"Once","content":"Hello"}`, 201, &created, "Idempotency-Key: k1")
			if created.Post.ID != first {
				t.Errorf("the key created %s and %s", first, created.Post.ID)
			}
			other.call("POST", "/posts", login.Token, `{"title":"Another","content":"Hello"}`, 409, &none, "Idempotency-Key: k1")

			etag := one.call("GET", "/posts/"+first, "", "", 200, &none).Get("ETag")
			other.call("PATCH", "/posts/"+first, login.Token, `{"title":"Changed"}`, 200, &none, "If-Match: "+etag)
			one.call("PATCH", "/posts/"+first, login.Token, `{"title":"Lost"}`, 412, &none, "If-Match: "+etag)
			var shown post
			one.call("GET", "/posts/"+first, "", "", 200, &shown)
			if shown.Title != "Changed" {
				t.Errorf("the title is %q", shown.Title)
			}

			one.call("POST", "/auth/refresh", "", fmt.Sprintf(`{"refreshToken":%q}`, login.RefreshToken), 200, &refreshed)
			other.call("GET", "/auth/me", refreshed.Token, "", 200, &none)
			other.call("POST", "/auth/refresh", "", fmt.Sprintf(`{"refreshToken":%q}`, login.RefreshToken), 401, &none)
			one.call("GET", "/auth/me", refreshed.Token, "", 401, &none) // used twice: the session has ended
			one.call("POST", "/auth/refresh", "", fmt.Sprintf(`{"refreshToken":%q}`, refreshed.RefreshToken), 401, &none)
		})
	}
}
