package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"gin-blog/internal/testkit"
)

// TestLighthouse: Lighthouse gives the first page and a post all points for accessibility, best practices and search
// engines, in each direction and script.
func TestLighthouse(t *testing.T) {
	testkit.OnlyInAll(t)
	t.Parallel()
	for _, language := range []string{"en", "ar", "ja"} {
		t.Run(language, func(t *testing.T) { checkByLighthouse(t, start(t, t.TempDir(), "SITE_LANGUAGE="+language)) })
	}
}

func checkByLighthouse(t *testing.T, server *process) {
	chromium, tools := findChromium(t), webTools(t)
	importPosts(t, server)
	var posts []testkit.Post
	server.call("GET", "/posts", "", "", 200, &posts)
	for name, path := range map[string]string{"home": "/", "post": "/p/" + posts[0].ID} {
		t.Run(name, func(t *testing.T) {
			report := filepath.Join(t.TempDir(), "report.json")
			cmd := exec.Command("node", filepath.Join(tools, "lighthouse", "cli", "index.js"),
				"http://localhost:"+server.port+path, "--quiet", "--no-enable-error-reporting",
				"--only-categories=accessibility,best-practices,seo", "--output=json", "--output-path="+report,
				"--chrome-flags=--headless --no-sandbox --disable-gpu")
			cmd.Env = append(os.Environ(), "CHROME_PATH="+chromium, "TMPDIR="+t.TempDir())
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("lighthouse: %v\n%s", err, out)
			}
			checkReport(t, report)
		})
	}
}

// checkReport checks the scores in a report of Lighthouse.
func checkReport(t *testing.T, path string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var report struct {
		Categories map[string]struct {
			Score     float64
			AuditRefs []struct {
				ID     string
				Weight float64
			}
		}
		Audits map[string]struct {
			Title string
			Score *float64
		}
	}
	if err := json.Unmarshal(content, &report); err != nil {
		t.Fatal(err)
	}
	if len(report.Categories) != 3 {
		t.Errorf("the report has %d categories, want 3", len(report.Categories))
	}
	for name, category := range report.Categories {
		if category.Score == 1 {
			continue
		}
		t.Errorf("%s has %v of 1 point", name, category.Score)
		for _, ref := range category.AuditRefs {
			audit := report.Audits[ref.ID]
			if ref.Weight > 0 && audit.Score != nil && *audit.Score < 1 {
				t.Errorf("%s: %s", name, audit.Title)
			}
		}
	}
}
