package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// sendTwice clicks twice, loads the page again, goes back and sends the form once more: all that makes one post.
func sendTwice(t *testing.T, s blog) {
	v := s.visitor(t)
	v.register("dana")
	v.follow("New post")
	v.fill("Title", "Once")
	v.fill("Text", "Hello")
	x, y := v.locate(v.only("Publish", "button"))
	v.do(t, chromedp.MouseClickXY(x, y), chromedp.MouseClickXY(x, y))
	eventually(t, 20*time.Second, "the post", func() bool {
		return !v.isLoading() && strings.HasPrefix(v.path(), "/p/once-")
	})
	v.find("Edit", "link")
	v.sees("Once")
	v.do(t, chromedp.Reload())
	v.is(200)
	v.goBack()
	if strings.HasPrefix(v.path(), "/new") { // a script makes a draft first, whose editor leads to the post
		if title, text := v.value("Title"), v.value("Text"); title != "Once" || text != "Hello" {
			t.Errorf("after going back, the form has %q and %q", title, text)
		}
		v.press("Publish")
	}
	v.sees("Once")
	if got := v.titlesOf("dana"); len(got) != 1 {
		t.Errorf("there are %q", got)
	}
	v.checkQuiet()
}
