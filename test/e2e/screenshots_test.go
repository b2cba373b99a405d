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
// dark. make screenshots runs it; without the folder it is skipped. The site has the settings SITE_… of the environment.
func TestScreenshots(t *testing.T) {
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		t.Skip("SCREENSHOTS names no folder")
	}
	findChromium(t)
	site := slices.DeleteFunc(os.Environ(), func(s string) bool { return !strings.HasPrefix(s, "SITE_") })
	for name, walk := range walks {
		t.Run(name, func(t *testing.T) {
			v := newVisitor(t, start(t, t.TempDir(), site...), "localhost", true)
			v.serveImages()
			walk(v, func(name string) { v.photograph(filepath.Join(dir, strings.ReplaceAll(name, " ", "-"))) })
		})
	}
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
