package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"gin-blog/internal/testkit"
)

// docsPage is the page of the documentation in a browser.
type docsPage struct{ *visitor }

func openDocs(t *testing.T, environ ...string) docsPage {
	t.Helper()
	d := docsPage{newVisitor(t, start(t, t.TempDir(), environ...), "localhost", true)}
	d.open("/docs")
	return d
}

// expand shows an operation and its button Execute, and returns the operation's selector.
func (d docsPage) expand(operation string) string {
	d.t.Helper()
	d.do(d.t, chromedp.Click(chromedp.CSS("#operations-"+operation+" .opblock-summary-control")),
		chromedp.Click(chromedp.CSS("#operations-"+operation+" .try-out__btn")))
	return "#operations-" + operation + " "
}

// execute executes an operation that is expanded, and returns the status of the answer and its body.
func (d docsPage) execute(operation string) (status, body string) {
	d.t.Helper()
	table := operation + ".live-responses-table"
	d.do(d.t, chromedp.Click(chromedp.CSS(operation+".execute")), chromedp.WaitVisible(chromedp.CSS(table)))
	status = see(d.t, d.browser, "the status", chromedp.Text(chromedp.CSS(table+" tbody .response-col_status")))
	if !strings.HasPrefix(status, "204") {
		body = see(d.t, d.browser, "the body", chromedp.Text(chromedp.CSS(table+" .highlight-code")))
	}
	d.do(d.t, chromedp.Click(chromedp.CSS(operation+".btn-clear")))
	return status, body
}

// write replaces the body that an operation sends.
func (d docsPage) write(operation, body string) {
	d.t.Helper()
	const replace = `document.querySelector(%[2]q).select(); document.execCommand("insertText", false, %[1]q)`
	d.do(d.t, chromedp.WaitVisible(chromedp.CSS(operation+"textarea")),
		chromedp.Focus(chromedp.CSS(operation+"textarea")),
		chromedp.Evaluate[chromedp.Void](fmt.Sprintf(replace, body, operation+"textarea")))
}

// isLocked returns whether the padlock of an operation is closed.
func (d docsPage) isLocked(operation string) bool {
	d.t.Helper()
	closed := fmt.Sprintf("document.querySelector(%q) !== null", operation+".authorization__btn .locked")
	return see(d.t, d.browser, "the padlock", chromedp.Evaluate[bool](closed))
}

// TestDocsInABrowser tries a protected call on the page of the documentation: without a token, with that of a login
// there, after a logout there, with one that is pasted with the word Bearer, and after the page was loaded again.
func TestDocsInABrowser(t *testing.T) {
	t.Parallel()
	d := openDocs(t)
	token := d.server.signUp("alice")
	steps := see(t, d.browser, "the first list", chromedp.Text(chromedp.CSS(".info .description ol")))
	for _, step := range []string{"Register", "Log in", "Authorize", "with or without Bearer"} {
		if !strings.Contains(steps, step) {
			t.Errorf("the steps lack %q: %s", step, steps)
		}
	}
	me, logIn, refresh, logOut := d.expand("auth-readMe"), d.expand("auth-login"), d.expand("auth-refresh"),
		d.expand("auth-logout")
	check := func(when, want string) {
		t.Helper()
		status, body := d.execute(me)
		isAlice := strings.Contains(body, `"username": "alice"`)
		if !strings.HasPrefix(status, want) || isAlice != (want == "200") || d.isLocked(me) != (want == "200") {
			t.Errorf("%s: %s, padlock closed: %v, want %s: %s", when, status, d.isLocked(me), want, body)
		}
		const kept = `JSON.stringify([localStorage, sessionStorage])`
		if kept := see(t, d.browser, "what is kept", chromedp.Evaluate[string](kept)); kept != `[{},{}]` {
			t.Errorf("%s: the browser keeps %s", when, kept)
		}
	}
	check("at first", "401")
	d.write(logIn, testkit.Account("alice"))
	_, granted := d.execute(logIn)
	check("after a login", "200")
	_, old, _ := strings.Cut(granted, `"refreshToken": "`)
	old, _, _ = strings.Cut(old, `"`)
	d.write(logOut, `{"refreshToken": "`+old+`"}`)
	d.execute(logOut)
	check("after a logout", "401")

	var again testkit.Grant
	d.server.call("POST", "/auth/login", "", testkit.Account("alice"), 200, &again)
	d.write(refresh, `{"refreshToken": "`+again.RefreshToken+`"}`)
	d.execute(refresh)
	check("after a refresh", "200")

	d.open("/docs")
	me = d.expand("auth-readMe")
	check("after the page was loaded again", "401")
	d.do(t, chromedp.Click(chromedp.CSS(".auth-wrapper > .authorize")),
		chromedp.SendKeys(chromedp.CSS(".auth-container input"), "Bearer "+token),
		chromedp.Click(chromedp.CSS(".auth-btn-wrapper .authorize")),
		chromedp.Click(chromedp.CSS(".auth-btn-wrapper .btn-done")))
	check("with a token that was pasted", "200")
	d.checkRequests(t, d.origin)
	d.checkComplaints(t, "401 (Unauthorized)", // the calls without a token
		"FormEmptyIdAndNameAttributesForInputError") // fields of Swagger UI
}

// ofSwaggerUI are the rules of axe that the HTML of Swagger UI breaks.
var ofSwaggerUI = []string{
	"nested-interactive", "button-name", "label", "label-content-name-mismatch", "landmark-unique", "select-name",
	"heading-order",
	"scrollable-region-focusable", // browsers let the keyboard scroll these
}

// TestLooksOfTheDocs looks at the page, at operations that are open and at the dialog, in light and dark, wide and
// narrow: nothing is wider than the window, and axe finds nothing but what Swagger UI's own HTML lacks. The page
// leads home.
func TestLooksOfTheDocs(t *testing.T) {
	t.Parallel()
	findChromium(t)
	axe, err := os.ReadFile(filepath.Join(webTools(t), "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	d := openDocs(t, "SITE_TITLE=Salt & <Pepper>")
	d.server.signUp("alice")
	check := func(state string) {
		t.Helper()
		world := d.newWorld(string(axe))
		for scheme, width := range map[string]int64{"light": 1280, "dark": 360} {
			d.prefer(scheme)
			d.do(t, chromedp.EmulateViewport(width, 800))
			if wide := d.tooWide(); wide != "" {
				t.Errorf("%s: wider than %d px: %s", state, width, wide)
			}
			for _, violation := range d.violations(world, nil) {
				if rule, _, _ := strings.Cut(violation, ":"); !slices.Contains(ofSwaggerUI, rule) {
					t.Errorf("%s, %d px, %s: %s", state, width, scheme, violation)
				}
			}
		}
	}
	d.do(t, chromedp.WaitVisible(chromedp.CSS(".opblock")))
	check("list")
	logIn := d.expand("auth-login")
	d.write(logIn, testkit.Account("alice"))
	d.execute(logIn)
	d.do(t, chromedp.Click(chromedp.CSS(logIn+".execute")),
		chromedp.WaitVisible(chromedp.CSS(logIn+".live-responses-table")))
	d.expand("posts-listPosts")
	check("operation")
	d.do(t, chromedp.Click(chromedp.CSS(".auth-wrapper > .authorize")),
		chromedp.WaitVisible(chromedp.CSS(".modal-ux")))
	check("dialog")
	d.open("/docs")
	d.follow("Salt & <Pepper>")
	if d.path() != "/" {
		t.Errorf("the title leads to %s", d.path())
	}
}
