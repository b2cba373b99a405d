package cli

import (
	"regexp"
	"strings"
	"testing"
)

func TestResetLink(t *testing.T) {
	environ := []string{"DATA_DIR=" + t.TempDir(), "BCRYPT_COST=4"}
	_, seeded, _ := runIn(t, environ, "seed", "-users", "1", "-posts", "1")
	user := regexp.MustCompile(`Log in as ([^,]+),`).FindStringSubmatch(seeded)
	if user == nil {
		t.Fatalf("seed names no user: %s", seeded)
	}
	const token = `[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+`
	for setting, want := range map[string]string{
		"BASE_URL=https://blog.example/": `^https://blog\.example/reset/` + token + `\n$`,
		"PORT=3456":                      `^http://localhost:3456/reset/` + token + `\n$`,
		"HOST=::1":                       `^http://\[::1\]:3000/reset/` + token + `\n$`,
	} {
		code, stdout, stderr := runIn(t, append(environ, setting), "reset-link", user[1])
		if code != 0 || !regexp.MustCompile(want).MatchString(stdout) {
			t.Errorf("%s: exit %d, %q, %q", setting, code, stdout, stderr)
		}
	}
	code, stdout, stderr := runIn(t, environ, "reset-link", "nobody")
	if code != 1 || stdout != "" || !strings.Contains(stderr, "no user is called nobody in the SQLite file") {
		t.Errorf("nobody: exit %d, %q, %q", code, stdout, stderr)
	}
}
