package web_test

import (
	"cmp"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"gin-blog/blog"
	"gin-blog/internal/auth"
	"gin-blog/internal/markdown"
	"gin-blog/internal/testkit"
	"gin-blog/internal/urls"
	"gin-blog/middleware"
	"gin-blog/models"
	"gin-blog/routes"
	"gin-blog/web"
)

const (
	accessSecret  = "an access secret of more than 32 bytes"
	refreshSecret = "a refresh secret of more than 32 bytes"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.TestMode)
	m.Run()
}

// server is the API and the pages on a real store, behind a real listener, with a clock to move.
type server struct {
	url     string
	handler http.Handler
	store   models.Store
	ahead   atomic.Int64
}

func (s *server) now() time.Time { return time.Now().Add(time.Duration(s.ahead.Load())) }

// onEachStore runs a test against a site on an empty store of every kind.
func onEachStore(t *testing.T, test func(t *testing.T, s *server)) {
	t.Helper()
	t.Parallel()
	testkit.Each(t, func(t *testing.T, store models.Store) {
		t.Parallel()
		test(t, newSite(t, store))
	})
}

// newSite starts a site on a store, until the test ends. change may alter the options of the pages first.
func newSite(t testing.TB, store models.Store, change ...func(*web.Options)) *server {
	t.Helper()
	s := &server{store: store}
	passwords := auth.NewPasswords(4)
	tokens := auth.NewTokens(accessSecret, refreshSecret, s.now)
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError}))
	b := blog.New(blog.Options{
		Store: store, Passwords: passwords, PasswordMinLength: 6, Limits: auth.NewLimits(s.now), Log: log, Now: s.now,
		Sessions: auth.NewSessions(store, tokens, auth.SessionOptions{
			AccessTTL: 15 * time.Minute, RefreshTTL: 7 * 24 * time.Hour, Grace: 10 * time.Second, Rotation: true, Now: s.now,
		}),
	})
	base := middleware.NewBase(middleware.BaseOptions{Store: store, Log: log})
	address := urls.NewAddress("", nil)
	renderer := markdown.NewRenderer()
	options := web.Options{
		Blog: b, Base: base, Markdown: renderer, Address: address, Site: testkit.Site(),
	}
	api := routes.New(routes.Options{Blog: b, Base: base, Address: address, Site: testkit.Site(), Markdown: renderer})
	for _, c := range change {
		c(&options)
	}
	pages, err := web.New(options)
	if err != nil {
		t.Fatal(err)
	}
	s.handler = middleware.Doors(api, pages)
	listener := httptest.NewServer(s.handler)
	t.Cleanup(listener.Close)
	s.url = listener.URL
	return s
}

// api sends a request to the API and returns the answer.
func (s *server) api(t *testing.T, method, path, body string, headers ...testkit.Header) *testkit.Response {
	t.Helper()
	request, err := testkit.NewRequest(t.Context(), method, s.url+path, body, headers...)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := testkit.Do(request)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return answer
}

// browser is a client that keeps cookies, fills in forms by their labels, and says where a form comes from.
type browser struct {
	t      testing.TB
	site   *server
	client *http.Client
}

func (s *server) browser(t testing.TB) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &browser{t: t, site: s, client: &http.Client{Jar: jar, CheckRedirect: stay}}
}

// user returns a browser in which somebody has just registered.
func (s *server) user(t testing.TB, username string) *browser {
	t.Helper()
	b := s.browser(t)
	b.get("/register").form("Register").fill("Username", username).fill("Password", testkit.Password).send().is(303)
	return b
}

// page is an answer, read to its end.
type page struct {
	browser *browser
	path    string
	status  int
	header  http.Header
	body    string
	root    *html.Node
}

// get opens a page. It follows no redirect.
func (b *browser) get(path string, headers ...testkit.Header) *page {
	b.t.Helper()
	headers = append([]testkit.Header{{"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}}, headers...)
	return b.do(http.MethodGet, path, "", headers...)
}

// post sends a form, as a browser does that shows a page of the site.
func (b *browser) post(path string, form url.Values, headers ...testkit.Header) *page {
	b.t.Helper()
	own := testkit.Header{
		"Accept": "text/html", "Content-Type": "application/x-www-form-urlencoded", "Origin": b.site.url,
	}
	return b.do(http.MethodPost, path, form.Encode(), append([]testkit.Header{own}, headers...)...)
}

func (b *browser) do(method, path, body string, headers ...testkit.Header) *page {
	b.t.Helper()
	request, err := testkit.NewRequest(b.t.Context(), method, b.site.url+path, body, headers...)
	if err != nil {
		b.t.Fatal(err)
	}
	answer, err := b.client.Do(request)
	if err != nil {
		b.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		b.t.Fatalf("%s %s: %v", method, path, err)
	}
	p := &page{browser: b, path: method + " " + path, status: answer.StatusCode, header: answer.Header}
	p.body = string(content)
	if p.root, err = html.Parse(strings.NewReader(p.body)); err != nil {
		b.t.Fatalf("%s: %v", p.path, err)
	}
	p.checkHeaders()
	return p
}

// invitations are the tokens of invitations, which are there to be seen: their type is "in+jwt".
var invitations = regexp.MustCompile(`eyJhbGciOiJIUzI1NiIsInR5cCI6ImluK2p3dCJ9\.[A-Za-z0-9_-]+`)

// webTokens finds JSON Web Tokens. The hash of a version may have their first letters too.
var webTokens = regexp.MustCompile(`eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]`)

// checkHeaders checks what every page must have, and must not.
func (p *page) checkHeaders() {
	t := p.browser.t
	t.Helper()
	csp := p.header.Get("Content-Security-Policy")
	scripts := elements(p.root, atom.Script)
	if !strings.HasPrefix(csp, "default-src 'none'; style-src 'self'; ") || strings.Contains(csp, "unsafe") ||
		strings.Contains(csp, "script-src") != (len(scripts) > 0) ||
		p.header.Get("Referrer-Policy") != "same-origin" || p.header.Get("X-Content-Type-Options") != "nosniff" ||
		p.header.Get("X-Request-ID") == "" {
		t.Errorf("%s: headers that every page has are missing: %v", p.path, p.header)
	}
	for name := range p.header {
		if strings.HasPrefix(name, "Access-Control-") {
			t.Errorf("%s: has the header %s", p.path, name)
		}
	}
	shown := invitations.ReplaceAllString(p.body, "") + p.header.Get("Location")
	if webTokens.MatchString(shown) || strings.Contains(shown, "$2a$") {
		t.Errorf("%s: shows a secret", p.path)
	}
}

// is checks the status.
func (p *page) is(status int) *page {
	p.browser.t.Helper()
	if p.status != status {
		p.browser.t.Errorf("%s: got %d, want %d: %.2000s", p.path, p.status, status, lines(p.root))
	}
	return p
}

// shows checks that the visible text has all of these.
func (p *page) shows(texts ...string) *page {
	p.browser.t.Helper()
	visible := p.text()
	for _, text := range texts {
		if !strings.Contains(visible, text) {
			p.browser.t.Errorf("%s: does not show %q: %.2000s", p.path, text, lines(p.root))
		}
	}
	return p
}

// hides checks that the answer has none of these, visible or not.
func (p *page) hides(texts ...string) *page {
	p.browser.t.Helper()
	for _, text := range texts {
		if strings.Contains(p.body, text) {
			p.browser.t.Errorf("%s: has %q", p.path, text)
		}
	}
	return p
}

// goesTo checks that the answer redirects to an address.
func (p *page) goesTo(location string) *page {
	p.browser.t.Helper()
	if got := p.header.Get("Location"); got != location {
		p.browser.t.Errorf("%s: goes to %q, want %q", p.path, got, location)
	}
	return p
}

// follow opens the page that the answer redirects to.
func (p *page) follow() *page {
	p.browser.t.Helper()
	return p.browser.get(p.header.Get("Location"))
}

// click opens the page that a link with this text leads to.
func (p *page) click(text string) *page {
	p.browser.t.Helper()
	for _, a := range p.all(atom.A) {
		if textOf(a) == text {
			return p.browser.get(attribute(a, "href"))
		}
	}
	p.browser.t.Fatalf("%s: has no link %q: %.2000s", p.path, text, p.text())
	return nil
}

// has returns whether the page has a link or a button with this text.
func (p *page) has(text string) bool {
	for _, element := range append(p.all(atom.A), p.all(atom.Button)...) {
		if textOf(element) == text {
			return true
		}
	}
	return false
}

func (p *page) text() string { return textOf(p.root) }

func (p *page) all(tag atom.Atom) []*html.Node { return elements(p.root, tag) }

func elements(under *html.Node, tag atom.Atom) (found []*html.Node) {
	for n := range under.Descendants() {
		if n.Type == html.ElementNode && n.DataAtom == tag {
			found = append(found, n)
		}
	}
	return found
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for child := range n.Descendants() {
		if child.Type == html.TextNode && child.Parent.DataAtom != atom.Style && child.Parent.DataAtom != atom.Script {
			b.WriteString(child.Data)
		}
	}
	return strings.TrimSpace(b.String())
}

// lines returns what is visible without the empty lines.
func lines(n *html.Node) string {
	isEmpty := func(line string) bool { return strings.TrimSpace(line) == "" }
	return strings.Join(slices.DeleteFunc(strings.Split(textOf(n), "\n"), isEmpty), "\n")
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// filledForm is a form of a page, with what is in its fields.
type filledForm struct {
	page           *page
	node           *html.Node
	method, action string
	values         url.Values
}

// form returns the form that has a button with this text, with its values; the button's are among them.
func (p *page) form(button string) *filledForm {
	p.browser.t.Helper()
	for _, node := range p.all(atom.Form) {
		for _, b := range elements(node, atom.Button) {
			if textOf(b) == button {
				return newFilledForm(p, node, b)
			}
		}
	}
	p.browser.t.Fatalf("%s: has no form with the button %q: %.2000s", p.path, button, p.text())
	return nil
}

func newFilledForm(p *page, node, button *html.Node) *filledForm {
	f := &filledForm{page: p, node: node, method: attribute(node, "method"), action: attribute(node, "action")}
	if f.action == "" {
		_, f.action, _ = strings.Cut(p.path, " ")
	}
	f.values = url.Values{}
	for _, input := range elements(node, atom.Input) {
		if attribute(input, "type") == "checkbox" { // none is checked at first
			continue
		}
		f.values.Set(attribute(input, "name"), attribute(input, "value"))
	}
	for _, area := range elements(node, atom.Textarea) {
		f.values.Set(attribute(area, "name"), asSent(textOfArea(area)))
	}
	if name := attribute(button, "name"); name != "" {
		f.values.Set(name, attribute(button, "value"))
	}
	if action := attribute(button, "formaction"); action != "" {
		f.action = action
	}
	if f.values.Has("key") && p.path == "GET "+f.action {
		p.browser.t.Errorf("%s: a form with a key is sent to the address of its page: who goes back gets another key", p.path)
	}
	return f
}

// textOfArea returns the text in a textarea. The parser of HTML has dropped a first line break.
func textOfArea(area *html.Node) string {
	if area.FirstChild == nil {
		return ""
	}
	return area.FirstChild.Data
}

// asSent returns a text as browsers send it.
func asSent(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") }

// field returns the element that a label belongs to.
func (f *filledForm) field(label string) *html.Node {
	f.page.browser.t.Helper()
	for _, l := range elements(f.node, atom.Label) {
		if textOf(l) != label {
			continue
		}
		for n := range f.node.Descendants() {
			if n.Type == html.ElementNode && attribute(n, "id") == attribute(l, "for") {
				return n
			}
		}
	}
	f.page.browser.t.Fatalf("%s: the form has no field with the label %q", f.page.path, label)
	return nil
}

// fill types into the field with this label.
func (f *filledForm) fill(label, text string) *filledForm {
	f.page.browser.t.Helper()
	f.values.Set(attribute(f.field(label), "name"), asSent(text))
	return f
}

// check checks the boxes whose label, or name for those who do not see them, begins so.
func (f *filledForm) check(label string) *filledForm {
	f.page.browser.t.Helper()
	found := false
	labels := map[string]string{}
	for _, l := range elements(f.node, atom.Label) {
		labels[attribute(l, "for")] = textOf(l)
	}
	for _, input := range elements(f.node, atom.Input) {
		name := cmp.Or(attribute(input, "aria-label"), labels[attribute(input, "id")])
		if attribute(input, "type") == "checkbox" && strings.HasPrefix(name, label) {
			f.values.Set(attribute(input, "name"), attribute(input, "value"))
			found = true
		}
	}
	if !found {
		f.page.browser.t.Fatalf("%s: the form has no box %q", f.page.path, label)
	}
	return f
}

// send presses the button.
func (f *filledForm) send() *page {
	f.page.browser.t.Helper()
	if f.method == "post" {
		return f.page.browser.post(f.action, f.values)
	}
	return f.page.browser.get(f.action + "?" + f.values.Encode())
}
