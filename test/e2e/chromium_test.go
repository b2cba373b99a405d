package e2e

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"gin-blog/internal/testkit"
)

// chromium is the one headless Chromium of all tests. It starts when a test needs it.
var chromium struct {
	start sync.Once
	ctx   context.Context
	err   error
}

// findChromium returns the path of Chromium. Without one it skips the test, or fails it if CI=true.
func findChromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	testkit.Skip(t, "Chromium is not here: scripts/debian-packages installs it")
	return ""
}

// startChromium starts the browser in which every name that ends with .example is this machine.
func startChromium(program string) (context.Context, error) {
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program),
		chromedp.NoSandbox, // needs privileges that a container lacks; it sees nothing but the tests' pages
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("host-resolver-rules", "MAP *.example 127.0.0.1"))
	ctx, _ := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, _ = chromedp.NewContext(ctx)
	if err := chromedp.Do(ctx); err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	return ctx, nil
}

// stopChromium ends the browser after all tests, if it runs.
func stopChromium() {
	if chromium.ctx == nil {
		return
	}
	ctx, cancel := context.WithTimeout(chromium.ctx, 10*time.Second)
	defer cancel()
	if err := chromedp.Cancel(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "stop chromium:", err)
	}
}

// browser is a tab of a headless Chromium.
type browser struct {
	context.Context
	profile context.Context // of the tab, without a timeout

	mu         sync.Mutex
	document   network.EventResponseReceived // the last one
	documents  map[network.RequestID]bool    // the requests for documents
	loading    map[network.RequestID]bool    // those of them that have no whole answer yet
	requests   []string                      // method and URL of each request
	received   float64                       // bytes, with headers
	complaints []string                      // of the browser: blocked scripts, failed requests, exceptions, issues
	refusals   []string                      // documents with a status of 400 or more
}

// newBrowser opens an empty tab until the test ends, in a profile of its own.
func newBrowser(t *testing.T) *browser {
	t.Helper()
	program := findChromium(t)
	chromium.start.Do(func() { chromium.ctx, chromium.err = startChromium(program) })
	if chromium.err != nil {
		t.Fatal(chromium.err)
	}
	return openTab(t, chromium.ctx, chromedp.WithNewBrowserContext())
}

// newTab opens another tab with the same cookies.
func (b *browser) newTab(t *testing.T) *browser {
	t.Helper()
	return openTab(t, b.profile)
}

func openTab(t *testing.T, parent context.Context, options ...chromedp.ContextOption) *browser {
	t.Helper()
	b := &browser{documents: map[network.RequestID]bool{}, loading: map[network.RequestID]bool{}}
	ctx, cancel := chromedp.NewContext(parent, append(options, chromedp.WithListener(b.record))...)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("open a tab: %v", err)
	}
	if _, err := chromedp.Call(ctx, audits.Enable, cdp.Empty{}); err != nil {
		t.Fatalf("enable audits: %v", err)
	}
	b.profile = ctx
	b.Context, cancel = context.WithTimeout(ctx, 5*time.Minute)
	t.Cleanup(cancel)
	return b
}

// record notes what a test wants to know of an event.
func (b *browser) record(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch event := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, event.Request.Method+" "+event.Request.URL)
		if event.Type == network.ResourceTypeDocument {
			b.documents[event.RequestID], b.loading[event.RequestID] = true, true
		}
	case *network.EventResponseReceived:
		if event.Type == network.ResourceTypeDocument {
			b.document = *event
			if event.Response.Status >= 400 {
				b.refusals = append(b.refusals, fmt.Sprint(event.Response.Status, " ", event.Response.URL))
			}
		}
	case *network.EventLoadingFinished:
		b.received += event.EncodedDataLength
		delete(b.loading, event.RequestID)
	case *network.EventLoadingFailed:
		delete(b.loading, event.RequestID)
	case *log.EventEntryAdded:
		isRefusal := event.Entry.Source == log.EntrySourceNetwork && b.documents[event.Entry.NetworkRequestID]
		if event.Entry.Level == log.EntryLevelError && !isRefusal {
			b.complaints = append(b.complaints, event.Entry.Text+" "+event.Entry.URL)
		}
	case *runtime.EventConsoleAPICalled:
		if event.Type == runtime.ConsoleAPICalledTypeError || event.Type == runtime.ConsoleAPICalledTypeAssert {
			b.complaints = append(b.complaints, fmt.Sprintf("console.%s", event.Type))
		}
	case *runtime.EventExceptionThrown:
		details := event.ExceptionDetails
		text := details.Text
		if details.Exception != nil {
			text = cmp.Or(details.Exception.Description, text)
		}
		b.complaints = append(b.complaints, text)
	case *audits.EventIssueAdded:
		details, err := json.Marshal(event.Issue.Details)
		b.complaints = append(b.complaints, fmt.Sprintf("%s: %.500s %v", event.Issue.Code, details, err))
	}
}

// isLoading returns whether a page is on its way.
func (b *browser) isLoading() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.loading) > 0
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
		t.Fatalf("%s in the browser: %v; it complains: %q", what, err, b.complaints)
	}
	return found
}

// cdpCall runs a command of the protocol and returns its result.
func cdpCall[P, R any](t *testing.T, b *browser, c cdp.Command[P, R], params P) R {
	t.Helper()
	return see(t, b, c.Method, func(ctx context.Context, target *chromedp.Target) (R, error) {
		return cdp.Call(ctx, target, c, params)
	})
}

// checkRequests checks that every request went to one of the origins.
func (b *browser) checkRequests(t *testing.T, origins ...string) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, request := range b.requests {
		_, url, _ := strings.Cut(request, " ")
		isKnown := strings.HasPrefix(url, "data:")
		for _, origin := range origins {
			isKnown = isKnown || strings.HasPrefix(url, origin+"/")
		}
		if !isKnown {
			t.Errorf("the page sends a request elsewhere: %s", request)
		}
	}
}

// checkComplaints checks that the browser complained about nothing but what has one of the expected texts.
func (b *browser) checkComplaints(t *testing.T, expected ...string) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, complaint := range b.complaints {
		isExpected := false
		for _, text := range expected {
			isExpected = isExpected || strings.Contains(complaint, text)
		}
		if !isExpected {
			t.Errorf("the browser complains: %s", complaint)
		}
	}
}
