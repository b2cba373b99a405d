package e2e

import (
	"encoding/json"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"gin-blog/internal/testkit"
)

// focused returns the name of the element that has the focus.
func (v *visitor) focused() (name string) {
	v.t.Helper()
	expression := runtime.EvaluateParams{Expression: "document.activeElement"}
	element := cdpCall(v.t, v.browser, runtime.Evaluate, expression).Result
	tree := cdpCall(v.t, v.browser, accessibility.GetPartialAXTree, accessibility.GetPartialAXTreeParams{
		ObjectID: element.ObjectID, FetchRelatives: new(false),
	})
	if len(tree.Nodes) > 0 && tree.Nodes[0].Name != nil {
		_ = json.Unmarshal(tree.Nodes[0].Name.Value, &name)
	}
	return name
}

// tabTo presses Tab until the element with a name has the focus, and checks that every element on the way shows that
// it has it.
func (v *visitor) tabTo(name string) {
	v.t.Helper()
	const outline = `(style => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2)(
		getComputedStyle(document.activeElement))`
	var passed []string
	for range 60 {
		v.do(v.t, chromedp.KeyEvent(kb.Tab))
		at := v.focused()
		if at != "" && !see(v.t, v.browser, "the outline", chromedp.Evaluate[bool](outline)) {
			v.t.Errorf("%s: nobody sees that %q has the focus", v.path(), at)
		}
		if at == name {
			return
		}
		passed = append(passed, at)
	}
	v.t.Fatalf("%s: Tab does not lead to %q, but to %q", v.path(), name, passed)
}

// typeKeys types a text key by key.
func (v *visitor) typeKeys(text string) {
	v.t.Helper()
	v.do(v.t, chromedp.KeyEvent(text))
}

// enter presses Enter and waits for the page that follows.
func (v *visitor) enter() {
	v.t.Helper()
	v.awaitPage(chromedp.KeyEvent(kb.Enter))
}

// useKeyboard registers, writes, and logs out without a mouse.
func useKeyboard(t *testing.T, s blog) {
	v := s.visitor(t)
	v.open("/")
	v.tabTo("Skip to content")
	v.tabTo("Log in")
	v.enter()
	v.tabTo("Create an account")
	v.enter()
	v.tabTo("Username")
	v.typeKeys("kim")
	v.tabTo("Email")
	v.tabTo("Password")
	v.typeKeys(testkit.Password)
	v.enter()
	v.is(200)
	v.tabTo("New post")
	v.enter()
	v.tabTo("Title")
	v.typeKeys("By keys")
	v.tabTo("Tags")
	v.typeKeys("keys")
	v.tabTo("Text")
	v.typeKeys("First line\rSecond line")
	v.tabTo("Publish")
	v.enter()
	v.is(200)
	v.sees("By keys", "Second line")
	v.tabTo("Account")
	v.enter()
	v.tabTo("Log out")
	v.enter()
	v.is(200)
	if v.has("Account") {
		t.Errorf("still logged in:\n%s", v.text())
	}
	if got := v.titlesOf("kim"); len(got) != 1 || got[0] != "By keys" {
		t.Errorf("there are %q", got)
	}
	v.checkQuiet()
}
