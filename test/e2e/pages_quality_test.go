package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"gin-blog/internal/testkit"
)

// webTools returns the folder of axe, html-validate and Lighthouse. Without Node.js it skips the test, or fails it if
// CI=true.
func webTools(t *testing.T) string {
	t.Helper()
	install := exec.Command("../../scripts/npm-tools", "web")
	install.Stderr = os.Stderr
	dir, err := install.Output()
	if err != nil {
		testkit.Skip(t, "Node.js with axe, html-validate and Lighthouse is not here")
	}
	return strings.TrimSpace(string(dir))
}

// importPosts brings the posts of testdata into the store of a server, with their authors.
func importPosts(t *testing.T, server *process) {
	t.Helper()
	for _, author := range []string{"maria", "jonas"} {
		server.signUp(author)
	}
	posts, err := filepath.Abs("testdata/posts")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, "import", posts)
	cmd.Dir, cmd.Env = server.cmd.Dir, server.cmd.Env
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("import: %v: %s", err, out)
	}
}

// widePost has what may be wider than a narrow screen.
const widePost = "A word of 300 letters: " + "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamten" +
	"gesellschaftsvorstandsvorsitzendenstellvertreterinnenversammlungsprotokollführungsrichtlinienentwurfsfassung\n\n" +
	"```go\nreturn fmt.Errorf(\"a line of code that is longer than a telephone is wide: %w, %v\", err, first)\n" +
	"```\n\n| one | two | three | four | five | six | seven | eight |\n|-|-|-|-|-|-|-|-|\n" +
	"| a_long_word_in_a_table | another_long_word | 3000000 | 4000000 | 5000000 | 6000000 | 7000000 | 8000000 |\n\n" +
	"# A heading\n\n### Another one\n\n- [ ] to do\n- [x] done\n\n1. one\n   - nested\n\n> quoted\n>> twice\n\n---\n\n" +
	"https://blog.example/" + "an-address-without-a-place-to-break-it-an-address-without-a-place-to-break-it\n\n" +
	"![A sheep](https://images.example/sheep.png \"A sheep on a hill\")\n"

// walks open every page in every state, and call check with its name.
var walks = map[string]func(v *visitor, check func(name string)){
	"reading": showReading, "writing": showWriting, "commenting": showCommenting, "account": showAccount,
}

// showReading opens the pages that everybody may see.
func showReading(v *visitor, check func(name string)) {
	v.open("/")
	check("home, without posts")
	v.open("/register")
	check("register")
	v.fill("Username", "x")
	v.fill("Email", "x@y")
	v.fill("Password", "x")
	v.press("Register")
	check("register, with errors")
	v.open("/login?next=/new")
	check("log in")
	v.logIn("nobody", "wrong-one")
	check("log in, refused")
	v.open("/reset/x")
	check("a link that is void")

	importPosts(v.t, v.server)
	v.open("/")
	check("home")
	v.open("/?q=database")
	check("search")
	v.open("/?q=nothingatall")
	check("search without results")
	v.open("/tags/http")
	check("tag")
	v.open("/tags")
	check("tags")
	v.open("/archive")
	check("archive")
	v.open("/")
	v.follow("Two people edit one page: who wins?")
	check("post")
	v.open("/p/000000000000000000000000")
	check("not found")
}

// showWriting opens the pages of a post that somebody writes, edits and deletes.
func showWriting(v *visitor, check func(name string)) {
	v.register("robin")
	v.open("/new")
	check("write")
	v.fill("Title", "Wide")
	v.fill("Tags", "wide, narrow")
	v.fill("Text", widePost)
	v.press("Preview")
	check("preview")
	v.fill("Title", " ")
	v.press("Publish")
	check("write, with errors")
	v.fill("Title", "Wide")
	v.press("Publish")
	check("own post")
	const width = `document.querySelector("article img[alt='A sheep']").naturalWidth`
	eventually(v.t, 20*time.Second, "the image", func() bool {
		return see(v.t, v.browser, "the image", chromedp.Evaluate[int](width)) == 40
	})
	v.follow("robin")
	check("author")
	v.follow("Wide")
	v.follow("Edit")
	check("edit")
	other := v.newTab()
	other.open(v.path())
	other.fill("Text", "Somebody was faster")
	other.press("Save")
	v.fill("Title", "Wider")
	v.press("Save")
	check("edit, with a conflict")
	v.follow("Keep this text and discard mine")
	v.follow("Edit")
	v.press("Delete")
	check("delete")
}

// showCommenting opens the pages of comments.
func showCommenting(v *visitor, check func(name string)) {
	v.register("robin")
	v.open("/account")
	v.fill("About you", "Gardener.\n\n# Where\n\n[My garden](https://garden.example)[^1]\n\n[^1]: On Sundays.")
	v.press("Save")
	v.write("Discussed", "Hello[^1]\n\n[^1]: And welcome.")
	v.comment(widePost)
	check("own post, with a comment")
	v.follow("Edit comment")
	check("edit a comment")
	faster := v.newTab()
	faster.open(v.path())
	faster.fill("Your comment", "Somebody was faster")
	faster.press("Save")
	v.press("Save")
	check("edit a comment, with a conflict")
	v.press("Save")
	v.follow("Edit comment")
	v.fill("Your comment", "Short")
	v.press("Save")
	check("edit a comment, saved")
	v.follow("Delete comment")
	check("delete a comment")
	v.follow("Keep it")
	v.fill("Your comment", strings.Repeat("long ", 1001))
	v.press("Comment")
	check("comment, with an error")
	if out, err := command(v.server.cmd.Dir, v.server.cmd.Env, "role", "robin", "admin").CombinedOutput(); err != nil {
		v.t.Fatalf("role: %v: %s", err, out)
	}
	v.open("/moderation")
	check("moderation")
	v.follow("All by robin")
	check("moderation, of one author")
	v.press("Delete all comments on this page")
	check("delete several comments")
	v.press("Delete")
	check("moderation, without comments")
	v.server.signUp("spammer")
	v.follow("Users")
	check("users")
	v.follow("spammer")
	check("a user")
	v.fill("Reason", "Spam "+strings.Repeat("and more spam", 20))
	v.press("Suspend")
	check("a user, with an error")
	v.fill("Reason", "Spam")
	v.press("Suspend")
	check("a suspended user")
	v.follow("Invitations")
	v.press("New invitation")
	check("invitations")
	v.follow("Log")
	check("log")
}

// showAccount opens the pages of drafts and of the account.
func showAccount(v *visitor, check func(name string)) {
	v.register("robin")
	v.open("/account/drafts")
	check("no drafts")
	v.open("/new")
	v.fill("Title", "Unfinished")
	v.fill("Text", "Hello")
	v.press("Save as draft")
	check("draft")
	v.press("Preview")
	check("draft, with a preview")
	v.open("/account/drafts")
	check("drafts")
	v.follow("Unfinished")
	v.press("Delete")
	check("delete a draft")

	v.open("/account")
	check("account")
	v.fill("Email", "robin@"+strings.Repeat("long.", 60)+"example")
	v.press("Save")
	check("account, with errors")
	v.fill("Current password", "wrong-one")
	v.fill("New password", testkit.Password)
	v.press("Change password")
	check("account, with a wrong password")
	v.open("/account/sessions")
	check("sessions")
	v.follow("Access tokens")
	check("no access tokens")
	v.fill("Name", "Notes")
	v.press("Make token")
	check("access tokens, with an error")
	v.fill("Name", "Notes")
	v.do(v.t, chromedp.Click("#posts"))
	v.press("Make token")
	check("a new access token")
	v.open("/reset/" + v.resetToken("robin"))
	v.is(200)
	check("a new password")
}

// looks are how people look at a page, and the rules of axe that may find something else than at the first look.
var looks = []struct {
	scheme string
	width  int64
	rules  []string // nil for all
}{
	{"light", 1280, nil},
	{"dark", 320, []string{"color-contrast", "link-in-text-block", "scrollable-region-focusable"}},
}

// TestPagesAreAccessibleAndValid looks at every page: axe and html-validate find nothing wrong, nothing moves while it
// loads, and nothing is wider than the window, in light and dark, narrow and wide, from left to right and from right to
// left.
func TestPagesAreAccessibleAndValid(t *testing.T) {
	t.Parallel()
	findChromium(t)
	tools := webTools(t)
	axe, err := os.ReadFile(filepath.Join(tools, "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	sources := t.TempDir()
	t.Run("pages", func(t *testing.T) {
		titles := map[string]string{"en": "gin-blog", "ar": "مدونة مريم", "ja": "マリアの日記"}
		for language, title := range titles {
			for name, walk := range walks {
				t.Run(language+" "+name, func(t *testing.T) {
					t.Parallel()
					site := start(t, t.TempDir(), "SITE_LANGUAGE="+language, "SITE_TITLE="+title)
					v := newVisitor(t, site, "localhost", true)
					v.serveImages()
					walk(v, func(name string) { v.checkPage(language+" "+name, string(axe), sources) })
					v.checkComplaints(t, "LazyLoadImageIssue")
					v.checkRequests(t, v.origin, "https://images.example")
				})
			}
		}
	})
	validate := exec.Command("node", filepath.Join(tools, ".bin", "html-validate"), "--max-warnings=0",
		"--config=../../tools/web/html-validate.json", sources)
	if out, err := validate.CombinedOutput(); err != nil {
		t.Errorf("html-validate: %v\n%s", err, out)
	}
}

// checkPage checks all of a page but its HTML, which it writes into a folder.
func (v *visitor) checkPage(name, axe, sources string) {
	v.t.Helper()
	v.save(filepath.Join(sources, strings.ReplaceAll(name, " ", "-")+".html"))
	if shift := v.layoutShift(); shift != 0 {
		v.t.Errorf("%s: things move while it loads: %v", name, shift)
	}
	world := v.newWorld(axe)
	for _, look := range looks {
		v.do(v.t, chromedp.EmulateViewport(look.width, 800))
		v.prefer(look.scheme)
		if wide := v.tooWide(); wide != "" {
			v.t.Errorf("%s: wider than %d px: %s", name, look.width, wide)
		}
		for _, violation := range v.violations(world, look.rules) {
			v.t.Errorf("%s, %d px, %s: %s", name, look.width, look.scheme, violation)
		}
	}
}

// save writes the HTML of the page, as the server sent it, into a file.
func (v *visitor) save(file string) {
	v.t.Helper()
	request := network.GetResponseBodyParams{RequestID: v.lastDocument().RequestID}
	answer := cdpCall(v.t, v.browser, network.GetResponseBody, request)
	if err := os.WriteFile(file, []byte(answer.Body), 0o600); err != nil {
		v.t.Fatal(err)
	}
}

// prefer sets the color scheme that the visitor prefers.
func (v *visitor) prefer(scheme string) {
	v.t.Helper()
	feature := &emulation.MediaFeature{Name: "prefers-color-scheme", Value: scheme}
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{feature}}
	cdpCall(v.t, v.browser, emulation.SetEmulatedMedia, media)
}

// layoutShift returns the cumulative layout shift of the page so far.
func (v *visitor) layoutShift() float64 {
	v.t.Helper()
	const sum = `new Promise(resolve => requestAnimationFrame(() => setTimeout(() => {
		const observer = new PerformanceObserver(() => {});
		observer.observe({type: "layout-shift", buffered: true});
		setTimeout(() => resolve(observer.takeRecords().reduce((sum, shift) => sum + shift.value, 0)));
	})))`
	return see(v.t, v.browser, "the layout shift", chromedp.Evaluate[float64](sum, chromedp.EvalAwaitPromise))
}

// tooWide returns the elements that make the page wider than the window, or "".
func (v *visitor) tooWide() string {
	v.t.Helper()
	const find = `(() => {
		const width = document.documentElement.clientWidth;
		if (document.documentElement.scrollWidth <= width) return "";
		const wide = [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > width + 1);
		return wide.map(e => e.outerHTML.slice(0, 100)).join("; ") || "the page";
	})()`
	return see(v.t, v.browser, "the width", chromedp.Evaluate[string](find))
}

// newWorld returns a JavaScript world for the page that runs axe. The page's policy does not stop it there, and it
// leaves nothing behind.
func (v *visitor) newWorld(axe string) runtime.ExecutionContextID {
	v.t.Helper()
	frame := cdpCall(v.t, v.browser, page.GetFrameTree, struct{}{}).FrameTree.Frame.ID
	world := cdpCall(v.t, v.browser, page.CreateIsolatedWorld, page.CreateIsolatedWorldParams{
		FrameID: frame, WorldName: "axe",
	}).ExecutionContextID
	v.do(v.t, chromedp.Evaluate[chromedp.Void](axe+";0", func(p *runtime.EvaluateParams) { p.ContextID = world }))
	return world
}

// violations returns what some rules of axe find on the page, or all if rules is nil.
func (v *visitor) violations(world runtime.ExecutionContextID, rules []string) []string {
	v.t.Helper()
	only := ""
	if rules != nil {
		only = fmt.Sprintf(`runOnly: ["%s"], `, strings.Join(rules, `", "`))
	}
	run := `axe.run(document, {` + only + `resultTypes: ["violations"]})
		.then(result => result.violations.flatMap(violation => violation.nodes.map(node =>
			violation.id + ": " + node.html.slice(0, 200) + ": " + node.failureSummary)))`
	inWorld := func(p *runtime.EvaluateParams) { p.ContextID = world }
	return see(v.t, v.browser, "axe", chromedp.Evaluate[[]string](run, inWorld, chromedp.EvalAwaitPromise))
}

// TestWeightOfThePages: the first page with 20 posts comes in two requests and at most 12 kB with the style sheet.
func TestWeightOfThePages(t *testing.T) {
	t.Parallel()
	server := start(t, t.TempDir())
	seed := exec.Command(binary, "seed", "-users", "5", "-posts", "40")
	seed.Dir, seed.Env = server.cmd.Dir, server.cmd.Env
	if out, err := seed.CombinedOutput(); err != nil {
		t.Fatalf("seed: %v: %s", err, out)
	}
	v := newVisitor(t, server, "localhost", true)
	v.open("/")
	if n := len(v.find("Older", "link")); n != 1 {
		t.Errorf("there are %d links to older posts", n)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	var sent []string
	for _, request := range v.requests {
		if !strings.Contains(request, " data:") {
			sent = append(sent, request)
		}
	}
	if len(sent) != 2 || v.received > 12_000 {
		t.Errorf("%.0f bytes came in the requests %q, want 12,000 in two", v.received, sent)
	}
	t.Logf("%.0f bytes", v.received)
}
