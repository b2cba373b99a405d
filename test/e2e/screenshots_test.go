package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestScreenshots writes pictures of the main pages, light, dark and narrow, into the folder SCREENSHOTS. make
// screenshots runs it; without the folder it is skipped.
func TestScreenshots(t *testing.T) {
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		t.Skip("SCREENSHOTS names no folder")
	}
	findChromium(t)
	server := start(t, t.TempDir())
	importPosts(t, server)
	v := newVisitor(t, server, "localhost", true)
	v.serveImages()
	take := func(name string) {
		for _, look := range []struct {
			suffix, scheme string
			width          int64
		}{{"", "light", 800}, {"-dark", "dark", 800}, {"-narrow", "light", 320}} {
			v.prefer(look.scheme)
			v.do(t, chromedp.EmulateViewport(look.width, 720))
			picture := see(t, v.browser, "a screenshot", chromedp.CaptureScreenshot())
			if err := os.WriteFile(filepath.Join(dir, name+look.suffix+".png"), picture, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	v.open("/")
	take("home")
	v.follow("Two people edit one page: who wins?")
	take("post")
	v.open("/register")
	take("register")
	v.register("alice")
	v.open("/new")
	v.fill("Title", "Errors are values")
	v.fill("Tags", "go, errors")
	v.fill("Text", "An error says **what was being done**:\n\n```go\nif err != nil {\n"+
		"    return fmt.Errorf(\"read settings: %w\", err)\n}\n```\n")
	v.press("Preview")
	take("write")
	v.open("/account")
	take("account")
}
