package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browser is a tab of a headless Chromium.
type browser struct {
	context.Context
	mu         sync.Mutex
	requests   []string // method and URL of each request
	complaints []string // errors on the console: blocked scripts, failed requests, exceptions
}

// newBrowser opens an empty tab until the test ends. Without a Chromium it skips the test, or fails it if CI=true.
func newBrowser(t *testing.T) *browser {
	t.Helper()
	var program string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			program = path
			break
		}
	}
	if program == "" && os.Getenv("CI") == "true" {
		t.Fatal("chromium is not here: scripts/debian-packages installs it")
	}
	if program == "" {
		t.Skip("chromium is not here: the browser tests are skipped")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program),
		chromedp.NoSandbox, // needs privileges that a container lacks; it sees nothing but this test's pages
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil { // opens the tab
		t.Fatalf("start %s: %v", program, err)
	}

	b := new(browser)
	err := chromedp.Listen(ctx, func(event any) {
		b.mu.Lock()
		defer b.mu.Unlock()
		switch event := event.(type) {
		case *network.EventRequestWillBeSent:
			b.requests = append(b.requests, event.Request.Method+" "+event.Request.URL)
		case *log.EventEntryAdded:
			if event.Entry.Level == log.EntryLevelError {
				b.complaints = append(b.complaints, event.Entry.Text+" "+event.Entry.URL)
			}
		case *runtime.EventExceptionThrown:
			b.complaints = append(b.complaints, event.ExceptionDetails.Text)
		}
	})
	if err != nil {
		t.Fatalf("listen to %s: %v", program, err)
	}
	b.Context, cancel = context.WithTimeout(ctx, time.Minute)
	t.Cleanup(cancel)
	return b
}

// do runs actions one after the other.
func (b *browser) do(t *testing.T, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	for i, action := range actions {
		see(t, b, fmt.Sprintf("step %d", i+1), action)
	}
}

// see runs an action and returns its result. what names the result in a failure.
func see[T any](t *testing.T, b *browser, what string, action chromedp.Action[T]) T {
	t.Helper()
	found, err := chromedp.Run(b, action)
	if err != nil {
		b.mu.Lock()
		defer b.mu.Unlock()
		t.Fatalf("%s in the browser: %v; its console: %q", what, err, b.complaints)
	}
	return found
}

// TestDocsInABrowser tries a protected call on the page of the documentation, without a token and with one.
func TestDocsInABrowser(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	p := start(t, t.TempDir())
	token := p.signUp("alice")

	const operation = "#operations-auth-readMe "
	const status = operation + ".live-responses-table tbody .response-col_status"
	execute := func() string {
		b.do(t, chromedp.Click(chromedp.CSS(operation+".execute")),
			chromedp.WaitVisible(chromedp.CSS(operation+".live-responses-table")))
		return see(t, b, "the status", chromedp.Text(chromedp.CSS(status)))
	}
	b.do(t, chromedp.Navigate(p.url+"/docs"),
		chromedp.Click(chromedp.CSS(operation+".opblock-summary-control")),
		chromedp.Click(chromedp.CSS(operation+".try-out__btn")))
	before := execute()
	b.do(t, chromedp.Click(chromedp.CSS(operation+".btn-clear")),
		chromedp.Click(chromedp.CSS(".auth-wrapper > .authorize")),
		chromedp.SendKeys(chromedp.CSS(".auth-container input"), token),
		chromedp.Click(chromedp.CSS(".auth-btn-wrapper .authorize")),
		chromedp.Click(chromedp.CSS(".auth-btn-wrapper .btn-done")))
	after := execute()
	body := see(t, b, "the answer", chromedp.Text(chromedp.CSS(operation+".live-responses-table .highlight-code")))

	if !strings.HasPrefix(before, "401") || !strings.HasPrefix(after, "200") ||
		!strings.Contains(body, `"username": "alice"`) {
		t.Errorf("before Authorize: %q, after: %q with %q, want 401, 200 and alice", before, after, body)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.requests) < 5 {
		t.Errorf("only %d requests were seen", len(b.requests))
	}
	for _, request := range b.requests {
		_, url, _ := strings.Cut(request, " ")
		if !strings.HasPrefix(url, p.url+"/") && !strings.HasPrefix(url, "data:") {
			t.Errorf("the page sends a request elsewhere: %s", request)
		}
	}
	for _, complaint := range b.complaints {
		if !strings.Contains(complaint, "401 (Unauthorized)") { // the call without a token
			t.Errorf("the browser's console: %s", complaint)
		}
	}
}

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
