package e2e

import (
	"context"
	"encoding/json"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"gin-blog/internal/testkit"
)

// visitor is somebody who uses the pages. They find links, buttons and fields as a screen reader names them.
type visitor struct {
	*browser
	t       *testing.T
	server  *process
	origin  string // of the site, as the visitor types it
	scripts bool
}

// newVisitor opens an empty tab for a site. name is the host of the site in the address.
func newVisitor(t *testing.T, server *process, name string, scripts bool) *visitor {
	t.Helper()
	v := &visitor{
		browser: newBrowser(t), t: t, server: server, origin: "http://" + name + ":" + server.port, scripts: scripts,
	}
	v.prepare()
	return v
}

// newTab opens another tab of the same visitor.
func (v *visitor) newTab() *visitor {
	v.t.Helper()
	other := *v
	other.browser = v.browser.newTab(v.t)
	other.prepare()
	return &other
}

func (v *visitor) prepare() {
	v.t.Helper()
	off := emulation.SetScriptExecutionDisabledParams{Value: !v.scripts}
	cdpCall(v.t, v.browser, emulation.SetScriptExecutionDisabled, off)
}

// open opens a path of the site.
func (v *visitor) open(path string) {
	v.t.Helper()
	v.openAddress(v.origin + path)
}

// openAddress opens a page that may be one of another site.
func (v *visitor) openAddress(address string) {
	v.t.Helper()
	v.do(v.t, chromedp.Navigate(address))
}

// find waits for elements with a name and one of some roles, and returns them in the order of the page.
func (v *visitor) find(name string, roles ...string) (found []*accessibility.Node) {
	v.t.Helper()
	var err error // for example, another page has come
	for deadline := time.Now().Add(10 * time.Second); len(found) == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			v.t.Fatalf("%s has no %s %q: %v:\n%s", v.path(), strings.Join(roles, " or "), name, err, v.text())
		}
		found, err = v.query(name, roles...)
	}
	return found
}

// query returns the elements with a name and one of some roles, in the order of the page.
func (v *visitor) query(name string, roles ...string) (found []*accessibility.Node, err error) {
	document, err := chromedp.Call(v.browser, runtime.Evaluate, runtime.EvaluateParams{Expression: "document"})
	if err != nil {
		return nil, err
	}
	for _, role := range roles {
		tree, err := chromedp.Call(v.browser, accessibility.QueryAXTree, accessibility.QueryAXTreeParams{
			ObjectID: document.Result.ObjectID, AccessibleName: name, Role: role,
		})
		if err != nil {
			return nil, err
		}
		for _, node := range tree.Nodes {
			if !node.Ignored {
				found = append(found, node)
			}
		}
	}
	return found, nil
}

// has returns whether the page has a link or a button with a name.
func (v *visitor) has(name string) bool {
	v.t.Helper()
	found, err := v.query(name, "link", "button")
	if err != nil {
		v.t.Fatalf("look for %q on %s: %v", name, v.path(), err)
	}
	return len(found) > 0
}

// follow clicks the first link with a text, and waits for the page.
func (v *visitor) follow(text string) {
	v.t.Helper()
	v.click(v.find(text, "link")[0].BackendDOMNodeID)
}

// press clicks the only button with a text, and waits for the page that follows.
func (v *visitor) press(text string) {
	v.t.Helper()
	v.click(v.only(text, "button"))
}

// only waits for the only element with a name and one of some roles.
func (v *visitor) only(name string, roles ...string) cdp.BackendNodeID {
	v.t.Helper()
	found := v.find(name, roles...)
	if len(found) != 1 {
		v.t.Fatalf("%s has %d elements %q, want one:\n%s", v.path(), len(found), name, v.text())
	}
	return found[0].BackendDOMNodeID
}

// click clicks an element and waits for the page that follows.
func (v *visitor) click(element cdp.BackendNodeID) {
	v.t.Helper()
	x, y := v.locate(element)
	v.awaitPage(chromedp.MouseClickXY(x, y))
}

// goBack shows the page before this one as the browser keeps it. A browser that has not kept it whole fills in its
// forms while it loads. The second of two clicks can have its own entry in the history, for the same page.
func (v *visitor) goBack() {
	v.t.Helper()
	history := cdpCall(v.t, v.browser, page.GetNavigationHistory, cdp.Empty{})
	i := history.CurrentIndex
	for history.Entries[i].URL == history.Entries[history.CurrentIndex].URL {
		i--
	}
	before := history.Entries[i]
	cdpCall(v.t, v.browser, page.NavigateToHistoryEntry, page.NavigateToHistoryEntryParams{EntryID: before.ID})
	eventually(v.t, 10*time.Second, "the page before", func() bool {
		const state = `document.readyState + " " + document.URL`
		const isRedirected = `performance.getEntriesByType("navigation")[0].type == "back_forward"`
		return see(v.t, v.browser, "the address", chromedp.Evaluate[string](state)) == "complete "+before.URL ||
			see(v.t, v.browser, "the kind of navigation", chromedp.Evaluate[bool](isRedirected))
	})
}

// awaitPage runs an action and waits until the page that follows is loaded.
func (v *visitor) awaitPage(action chromedp.Action[chromedp.Void]) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.browser, 20*time.Second)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.WaitEvent(page.LoadEventFired, nil, action)); err != nil {
		v.t.Fatalf("no page follows %s: %v:\n%s", v.path(), err, v.text())
	}
}

// locate scrolls an element into view and returns its middle.
func (v *visitor) locate(element cdp.BackendNodeID) (x, y float64) {
	v.t.Helper()
	cdpCall(v.t, v.browser, dom.ScrollIntoViewIfNeeded, dom.ScrollIntoViewIfNeededParams{BackendNodeID: element})
	quads := cdpCall(v.t, v.browser, dom.GetContentQuads, dom.GetContentQuadsParams{BackendNodeID: element}).Quads
	if len(quads) == 0 {
		v.t.Fatalf("%s: an element has no place", v.path())
	}
	for i := 0; i < len(quads[0]); i += 2 {
		x, y = x+quads[0][i]/4, y+quads[0][i+1]/4
	}
	return x, y
}

// fill types a text into the only field with a label, instead of what is there.
func (v *visitor) fill(label, text string) {
	v.t.Helper()
	field := v.field(label)
	cdpCall(v.t, v.browser, dom.Focus, dom.FocusParams{BackendNodeID: field})
	v.do(v.t, chromedp.KeyEvent("a", chromedp.KeyModifiers(chromedp.ModifierCtrl)), chromedp.KeyEvent(kb.Delete))
	if text != "" {
		cdpCall(v.t, v.browser, input.InsertText, input.InsertTextParams{Text: text})
	}
}

func (v *visitor) field(label string) cdp.BackendNodeID {
	v.t.Helper()
	return v.only(label, "textbox", "searchbox")
}

// value returns what is in the field with a label.
func (v *visitor) value(label string) string {
	v.t.Helper()
	object := cdpCall(v.t, v.browser, dom.ResolveNode, dom.ResolveNodeParams{BackendNodeID: v.field(label)}).Object
	result := cdpCall(v.t, v.browser, runtime.CallFunctionOn, runtime.CallFunctionOnParams{
		FunctionDeclaration: "function () { return this.value }", ObjectID: object.ObjectID, ReturnByValue: new(true),
	})
	var value string
	if err := json.Unmarshal(result.Result.Value, &value); err != nil {
		v.t.Fatalf("the value of %s: %v", label, err)
	}
	return value
}

// text returns the visible text of the page.
func (v *visitor) text() string {
	v.t.Helper()
	return see(v.t, v.browser, "the text", chromedp.Evaluate[string](`document.body?.innerText ?? ""`))
}

// sees checks that the page shows all of these texts.
func (v *visitor) sees(texts ...string) {
	v.t.Helper()
	visible := v.text()
	for _, text := range texts {
		if !strings.Contains(visible, text) {
			v.t.Errorf("%s does not show %q:\n%s", v.path(), text, visible)
		}
	}
}

// lacks checks that the page shows none of these texts.
func (v *visitor) lacks(texts ...string) {
	v.t.Helper()
	visible := v.text()
	for _, text := range texts {
		if strings.Contains(visible, text) {
			v.t.Errorf("%s shows %q:\n%s", v.path(), text, visible)
		}
	}
}

// path returns the path and the query of the page.
func (v *visitor) path() string {
	address, err := url.Parse(v.lastDocument().Response.URL)
	if err != nil {
		v.t.Fatal(err)
	}
	return address.RequestURI()
}

// is checks the status of the page.
func (v *visitor) is(status int64) {
	v.t.Helper()
	if got := v.lastDocument().Response.Status; got != status {
		v.t.Errorf("%s: the status is %d, want %d:\n%s", v.path(), got, status, v.text())
	}
}

func (v *visitor) lastDocument() network.EventResponseReceived {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.document
}

// serveImages answers every request for an image by HTTPS itself, so that none leaves this machine.
func (v *visitor) serveImages() {
	v.t.Helper()
	events := chromedp.Events(v.browser, fetch.RequestPaused)
	pattern := &fetch.RequestPattern{URLPattern: "https://*"}
	cdpCall(v.t, v.browser, fetch.Enable, fetch.EnableParams{Patterns: []*fetch.RequestPattern{pattern}})
	answer := func(id fetch.RequestID) error {
		_, err := chromedp.Call(v.browser, fetch.FulfillRequest, fetch.FulfillRequestParams{
			RequestID: id, ResponseCode: 200, Body: []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"/>`),
			ResponseHeaders: []*fetch.HeaderEntry{{Name: "Content-Type", Value: "image/svg+xml"}},
		})
		return err
	}
	go func() {
		for event, err := range events {
			if err == nil {
				err = answer(event.RequestID)
			}
			if err != nil {
				return // the tab is closed
			}
		}
	}()
}

// register opens the site and registers with the usual password.
func (v *visitor) register(username string) {
	v.t.Helper()
	v.open("/register")
	v.fill("Username", username)
	v.fill("Password", testkit.Password)
	v.press("Register")
	v.is(200)
}

// checkQuiet checks that the browser complained about nothing, and that every request went to the site.
func (v *visitor) checkQuiet() {
	v.t.Helper()
	v.checkComplaints(v.t)
	v.checkRequests(v.t, v.origin)
}

// logIn logs in on the page that is open.
func (v *visitor) logIn(username, password string) {
	v.t.Helper()
	v.fill("Username", username)
	v.fill("Password", password)
	v.press("Log in")
}

// resetToken returns the token in a link for a new password.
func (v *visitor) resetToken(username string) string {
	v.t.Helper()
	cmd := exec.Command(binary, "reset-link", username)
	cmd.Dir, cmd.Env = v.server.cmd.Dir, v.server.cmd.Env
	link, err := cmd.Output()
	if err != nil {
		v.t.Fatalf("reset-link: %v", err)
	}
	_, token, _ := strings.Cut(strings.TrimSpace(string(link)), "/reset/")
	return token
}

// comment writes a comment on the post that is open.
func (v *visitor) comment(text string) {
	v.t.Helper()
	v.fill("Your comment", text)
	v.press("Comment")
	v.is(200)
}

// write publishes a post and leaves its page open.
func (v *visitor) write(title, text string) {
	v.t.Helper()
	v.open("/new")
	v.fill("Title", title)
	v.fill("Text", text)
	v.press("Publish")
	v.is(200)
}

// logInToTheAPI returns an access token, and the id of the user.
func (v *visitor) logInToTheAPI(username string) (token, id string) {
	v.t.Helper()
	var login testkit.Grant
	v.server.call("POST", "/auth/login", "", testkit.Account(username), 200, &login)
	return login.Token, login.User.ID
}

// titlesOf returns the titles of an author's posts, newest first.
func (v *visitor) titlesOf(author string) (titles []string) {
	v.t.Helper()
	var posts []testkit.Post
	v.server.call("GET", "/posts?limit=100&author="+author, "", "", 200, &posts)
	for _, post := range posts {
		titles = append(titles, post.Title)
	}
	return titles
}
