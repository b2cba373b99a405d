package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestCORSInABrowser calls the API from pages of other origins.
func TestCORSInABrowser(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "<!doctype html><title>another site</title>")
	})
	friend, stranger := httptest.NewServer(page), httptest.NewServer(page)
	t.Cleanup(friend.Close)
	t.Cleanup(stranger.Close)
	open := start(t, t.TempDir())
	restricted := start(t, t.TempDir(), "CORS_ORIGINS="+friend.URL)

	const allowed = "201 /posts/ etag requestId, no token: 401 Bearer hidden, cookies: blocked"

	for _, c := range []struct {
		name, page string
		api        *process
		want       string
	}{
		{"all origins", stranger.URL, open, allowed},
		{"the origin named", friend.URL, restricted, allowed},
		{"another origin", stranger.URL, restricted, "blocked"},
	} {
		token := c.api.signUp(strings.ReplaceAll(c.name, " ", "-"))
		b.do(t, chromedp.Navigate(c.page))
		calls := fmt.Sprintf(crossOriginCalls, c.api.url+"/posts", token)
		got := see(t, b, c.name, chromedp.Evaluate[string](calls, chromedp.EvalAwaitPromise))
		if got != c.want {
			t.Errorf("%s: the page got %q, want %q", c.name, got, c.want)
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if sent := strings.Join(b.requests, "\n"); !strings.Contains(sent, "OPTIONS "+open.url+"/posts") {
		t.Errorf("the browser sent no preflight:\n%s", sent)
	}
}

// crossOriginCalls creates a post, tries the same without a token, then sends cookies, and returns a summary of the
// answers that the page may read.
const crossOriginCalls = `(async (url, token) => {
	const headers = {"Content-Type": "application/json", "Idempotency-Key": "from-a-page"};
	const body = JSON.stringify({title: "From a page", content: "Hello"});
	try {
		const withToken = {...headers, Authorization: "Bearer " + token};
		const created = await fetch(url, {method: "POST", headers: withToken, body});
		const refused = await fetch(url, {method: "POST", headers, body});
		const cookies = await fetch(url, {credentials: "include"}).then(() => "allowed", () => "blocked");
		return created.status + " " + created.headers.get("Location").slice(0, 7) +
			(created.headers.get("ETag") ? " etag" : "") + (created.headers.get("X-Request-ID") ? " requestId" : "") +
			", no token: " + refused.status + " Bearer " + (refused.headers.get("WWW-Authenticate") ?? "hidden") +
			", cookies: " + cookies;
	} catch {
		return "blocked";
	}
})(%q, %q)`
