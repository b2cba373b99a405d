package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestScreenshots writes pictures of every page in every state into the folder SCREENSHOTS, wide and narrow, light and
// dark, and those of the README. make screenshots runs it; without the folder it is skipped. The site has the settings
// SITE_… of the environment.
func TestScreenshots(t *testing.T) {
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		t.Skip("SCREENSHOTS names no folder")
	}
	findChromium(t)
	site := slices.DeleteFunc(os.Environ(), func(s string) bool { return !strings.HasPrefix(s, "SITE_") })
	readme := start(t, t.TempDir(), "SITE_TITLE=The quiet server", "SITE_DESCRIPTION=Notes on software, backups and bread")
	v := newVisitor(t, readme, "localhost", true)
	v.do(t, chromedp.EmulateViewport(1200, 800))
	showReadme(v, func(name string) {
		picture := see(t, v.browser, "a screenshot", chromedp.CaptureScreenshot())
		if err := os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o600); err != nil {
			t.Fatal(err)
		}
	})
	for name, walk := range walks {
		t.Run(name, func(t *testing.T) {
			v := newVisitor(t, start(t, t.TempDir(), site...), "localhost", true)
			v.serveImages()
			walk(v, func(name string) { v.photograph(filepath.Join(dir, strings.ReplaceAll(name, " ", "-"))) })
		})
	}
}

// showReadme opens the pages whose pictures are in the README.
func showReadme(v *visitor, check func(name string)) {
	importPosts(v.t, v.server)
	v.open("/")
	check("home")
	v.register("alice")
	v.open("/new")
	v.fill("Title", "Errors are values")
	v.fill("Tags", "go, errors")
	v.fill("Text", "An error says **what was being done**:\n\n```go\nif err != nil {\n"+
		"    return fmt.Errorf(\"read settings: %w\", err)\n}\n```\n")
	v.press("Preview")
	check("write")
}

// photograph writes pictures of the page into files whose names begin with path.
func (v *visitor) photograph(path string) {
	v.t.Helper()
	for _, width := range []int64{1280, 360} {
		v.do(v.t, chromedp.EmulateViewport(width, 800))
		for _, scheme := range []string{"light", "dark"} {
			v.prefer(scheme)
			picture := see(v.t, v.browser, "a screenshot", chromedp.FullScreenshot(90))
			file := fmt.Sprintf("%s-%d-%s.jpg", path, width, scheme)
			if err := os.WriteFile(file, picture, 0o600); err != nil {
				v.t.Fatal(err)
			}
		}
	}
}
