package cli

import (
	"context"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// runLine runs a command line without settings, and returns what it printed.
func runLine(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	return runIn(t, nil, args...)
}

// runIn runs a command line with settings in the environment, for a minute at most, and returns what it printed.
func runIn(t *testing.T, environ []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var out, errs strings.Builder
	code = Run(ctx, args, environ, &out, &errs)
	return code, out.String(), errs.String()
}

// seeded returns the settings for a new SQLite file that the command seed filled.
func seeded(t *testing.T, args ...string) (environ []string) {
	t.Helper()
	environ = []string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data"), "BCRYPT_COST=4"}
	if code, _, stderr := runIn(t, environ, append([]string{"seed"}, args...)...); code != 0 {
		t.Fatalf("seed: exit %d, %s", code, stderr)
	}
	return environ
}

// TestCommandTable checks each row of the table, and that the help shows it.
func TestCommandTable(t *testing.T) {
	const help = `gin-blog serves a blog API with JSON Web Tokens.

Usage:
  gin-blog [serve]                    serve until SIGTERM or Ctrl-C
  gin-blog seed [-users N] [-posts M] fill the store with sample users (password pass123) and posts:
                                      10 and 100, the same ones for the same -rand N; -force adds to what is there
  gin-blog role USERNAME user|admin   set what a user may do; it takes effect at once
  gin-blog reset-link USERNAME        print a link that sets a new password: once, within an hour
  gin-blog invite [-n N]              print a link with which one person registers, within 14 days; -n N: N links
  gin-blog suspend USERNAME [REASON]  end the user's sessions and access tokens, and refuse logins until unsuspend
  gin-blog unsuspend USERNAME         let the user log in again
  gin-blog delete-user [-purge] USERNAME
                                      delete the account; -purge: with all that the user wrote
  gin-blog backup [FILE]              copy the SQLite file while a server may run on it;
                                      without FILE, the copy is gin-blog-TIME.db in DATA_DIR
  gin-blog copy FROM TO               copy a store to an empty one: sqlite:FILE, mongodb://HOST/DATABASE
  gin-blog export DIR                 write the posts to Markdown files with front matter, in a new folder
  gin-blog import [-author NAME] DIR  import such files, also a blog of Jekyll, Hugo, Eleventy or Obsidian, and say
                                      for each what was done; what a file says is not public stays out;
                                      -author NAME: the author of files that name nobody here
  gin-blog healthcheck                exit 0 when the server with these settings is ready
  gin-blog version                    print version, commit and Go version
  gin-blog -h                         print this help

Where you have only the sources, write "go run ." for gin-blog.
Settings come from the environment and from a file .env: docs/settings.md lists them.
`
	names := map[string]bool{}
	for _, c := range commands() {
		if c.name == "" || c.run == nil || names[c.name] {
			t.Errorf("the row of %q lacks something, or is there twice", c.name)
		}
		names[c.name] = true
		if c.name != "help" && !regexp.MustCompile(`(?m)^  gin-blog \[?`+c.name+`\b`).MatchString(help) {
			t.Errorf("the help does not show %s", c.name)
		}
		for _, flag := range []string{"-h", "-help", "--help"} {
			code, stdout, stderr := runLine(t, c.name, flag)
			if code != 0 || stdout != help || stderr != "" {
				t.Errorf("%s %s: exit %d, stdout %q, stderr %q", c.name, flag, code, stdout, stderr)
			}
		}
		code, stdout, stderr := runLine(t, append([]string{c.name}, strings.Fields(strings.Repeat("x ", c.most+1))...)...)
		shown, reason, _ := strings.Cut(stderr, "\ngin-blog: ") // the reason comes last
		if code != 2 || stdout != "" || shown != help || !strings.HasPrefix(reason, c.name+": got ") {
			t.Errorf("%s with too many arguments: exit %d, stdout %q, stderr %q", c.name, code, stdout, stderr)
		}
	}
	if code, stdout, _ := runLine(t, "-h"); code != 0 || stdout != help {
		t.Errorf("-h: exit %d, %q, want %q", code, stdout, help)
	}
}

// TestAddressesAreNotRepeated: an argument that may hold a password is not printed.
func TestAddressesAreNotRepeated(t *testing.T) {
	const uri = "mongodb://u:hunter2@host/x"
	for _, args := range [][]string{
		{uri}, {"-" + uri}, {"--uri=" + uri}, {"role", uri}, {"role", "-" + uri, "admin"}, {"role", "alice", uri},
		{"seed", "-users=" + uri}, {"seed", "-users", uri}, {"seed", "-" + uri}, {"import", "-" + uri, "x"},
	} {
		code, stdout, stderr := runLine(t, args...)
		if code != 2 || stdout != "" || strings.Contains(stderr, "hunter") {
			t.Errorf("%v: exit %d, stdout %q, stderr %q", args, code, stdout, stderr)
		}
	}
	environ := seeded(t, "-users", "1", "-posts", "0")
	for _, args := range [][]string{{"role", uri, "admin"}, {"reset-link", uri}, {"import", uri}} {
		code, _, stderr := runIn(t, environ, args...)
		if code != 1 || strings.Contains(stderr, "hunter") {
			t.Errorf("%v: exit %d, stderr %q", args, code, stderr)
		}
	}
}
