package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"gin-blog/internal/testkit"
)

// TestAutosaveInABrowser types into the editor of a draft: the text is saved without a click, until the draft changes
// elsewhere. Then nothing is replaced, and the form shows both texts.
func TestAutosaveInABrowser(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	p := start(t, t.TempDir())
	token := p.signUp("alice")
	var created struct {
		Draft struct {
			ID string `json:"_id"`
		}
	}
	p.call("POST", "/drafts", token, `{"title":"Draft","content":"First"}`, 201, &created)
	api := "/drafts/" + created.Draft.ID
	content := func() string {
		var draft struct{ Content string }
		p.call("GET", api, token, "", 200, &draft)
		return draft.Content
	}
	b.do(t, chromedp.Navigate(p.url+"/login?next=/account/drafts/"+created.Draft.ID),
		chromedp.SendKeys(chromedp.CSS("#username"), "alice"), chromedp.SendKeys(chromedp.CSS("#password"), testkit.Password),
		chromedp.Click(chromedp.CSS("main button")), chromedp.WaitVisible(chromedp.CSS("main textarea")))
	text := chromedp.CSS("textarea")
	b.do(t, chromedp.SendKeys(text, "Second "))
	eventually(t, 20*time.Second, "the text is saved", func() bool { return strings.Contains(content(), "Second ") })
	b.do(t, chromedp.SendKeys(text, "Third "))
	eventually(t, 20*time.Second, "the text is saved again", func() bool { return strings.Contains(content(), "Third ") })

	p.call("PATCH", api, token, `{"content":"Elsewhere"}`, 200, nil)
	b.do(t, chromedp.SendKeys(text, "Fourth "))
	status := chromedp.CSS("form output")
	eventually(t, 20*time.Second, "the page says that nothing is saved", func() bool {
		shown := see(t, b, "the status", chromedp.Text(status))
		return strings.Contains(shown, "Autosave has stopped. Press “Save draft”")
	})
	if got := content(); got != "Elsewhere" {
		t.Errorf("the draft is %q, want what was written elsewhere", got)
	}
	b.do(t, chromedp.Click(chromedp.CSS("form[data-autosave] button")), chromedp.WaitVisible(chromedp.CSS("#theirs")))
	page := see(t, b, "the page", chromedp.Text(chromedp.CSS("main")))
	typed := see(t, b, "the text", chromedp.Value(text))
	if !strings.Contains(page, "Elsewhere") || !strings.Contains(typed, "Fourth ") {
		t.Errorf("the page shows %q and %q, want both texts", page, typed)
	}
	b.checkRequests(t, p.url)
	b.checkComplaints(t, "412 (Precondition Failed)")
}

// TestNothingTypedIsLost: a new text becomes a draft by itself, also if the tab is closed before the first pause. What
// was typed over a post is there again when the editor is opened again, until it is saved or discarded.
func TestNothingTypedIsLost(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, start(t, t.TempDir()), "localhost", true)
	v.register("alice")
	v.open("/new")
	v.fill("Text", "A title of its own\n\nThe rest")
	eventually(t, 20*time.Second, "the text is a draft", func() bool {
		v.open("/account/drafts")
		return v.has("A title of its own")
	})
	v.follow("A title of its own")
	v.fill("Title", "Chosen")
	eventually(t, 20*time.Second, "the title is saved", func() bool {
		other := v.newTab()
		other.open("/account/drafts")
		return other.has("Chosen")
	})

	v.write("Public", "What is read")
	v.follow("Edit")
	editor := v.path()
	v.fill("Text", "What is typed")
	v.fill("Tags", "typed")
	v.open("/")
	v.open(editor)
	text := func() string { return see(t, v.browser, "the text", chromedp.Value(chromedp.CSS("textarea"))) }
	tags := func() string { return see(t, v.browser, "the tags", chromedp.Value(chromedp.CSS("#tags"))) }
	if text() != "What is typed" || tags() != "typed" {
		t.Errorf("the editor shows %q with the tags %q, want what was typed", text(), tags())
	}
	v.do(t, chromedp.Click(chromedp.CSS("button[type=button]")))
	if text() != "What is read" || tags() != "" {
		t.Errorf("after it was discarded, the editor shows %q with the tags %q", text(), tags())
	}
	v.fill("Text", "What is saved")
	v.press("Save")
	v.follow("Edit")
	if text() != "What is saved" || v.has("Discard them") {
		t.Errorf("after it was saved, the editor shows %q and %s", text(), v.text())
	}
}

// TestRefusedTextIsKept: what the server cannot take yet, or somebody else changed meanwhile, is there again when the
// editor is opened again.
func TestRefusedTextIsKept(t *testing.T) {
	t.Parallel()
	p := start(t, t.TempDir())
	token := p.signUp("alice")
	v := newVisitor(t, p, "localhost", true)
	v.open("/login")
	v.logIn("alice", testkit.Password)
	text := func() string { return see(t, v.browser, "the text", chromedp.Value(chromedp.CSS("textarea"))) }
	status := func() string { return see(t, v.browser, "the status", chromedp.Text(chromedp.CSS("form output"))) }
	v.open("/new")
	v.fill("Tags", "a_b")
	v.fill("Text", "Refused for its tag")
	eventually(t, 20*time.Second, "the page says how to see why", func() bool {
		return strings.Contains(status(), "Not saved yet: press “Preview” to see why.")
	})
	v.open("/")
	v.open("/new")
	if text() != "Refused for its tag" || !strings.Contains(status(), "Your unsaved changes are back.") {
		t.Errorf("a refused text: the editor shows %q and says %q", text(), status())
	}
	v.fill("Tags", "#Garden")
	v.fill("Title", "First")
	v.press("Publish")
	v.open("/new")
	if text() != "" || status() != "" {
		t.Errorf("after it was published, the editor shows %q and says %q", text(), status())
	}

	v.open("/")
	v.follow("First")
	v.follow("Edit")
	editor := v.path()
	v.fill("Text", "Mine")
	v.open("/")
	id := strings.TrimSuffix(strings.TrimPrefix(editor, "/p/"), "/edit")
	p.call("PATCH", "/posts/"+id, token, `{"content":"Theirs"}`, 200, nil)
	v.open(editor)
	if text() != "Mine" {
		t.Errorf("after another change, the editor shows %q", text())
	}
	v.press("Save")
	v.fill("Text", "Mine, after the conflict")
	v.open("/")
	v.open(editor)
	if text() != "Mine, after the conflict" {
		t.Errorf("after the conflict, the editor shows %q", text())
	}
	v.press("Save")
	v.sees("Mine, after the conflict")
	v.follow("Edit")
	if text() != "Mine, after the conflict" || status() != "" {
		t.Errorf("after it was saved, the editor shows %q and says %q", text(), status())
	}
}
