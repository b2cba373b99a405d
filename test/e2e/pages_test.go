package e2e

import (
	"fmt"
	"testing"
)

// blog is a running server, and how its visitors reach it.
type blog struct {
	server  *process
	host    string // in the address
	scripts bool   // whether the visitors' browsers run scripts
}

// visitor returns somebody who has not been here before.
func (s blog) visitor(t *testing.T) *visitor {
	t.Helper()
	return newVisitor(t, s.server, s.host, s.scripts)
}

// flows are what visitors do. Each uses names of its own, because they share a blog.
var flows = []struct {
	name string
	run  func(t *testing.T, s blog)
}{
	{"register, log in, log out", registerLogInAndLogOut},
	{"write, search, read", writeSearchAndRead},
	{"edit in two tabs", editInTwoTabs},
	{"delete a post", deletePost},
	{"comments", commentOnAPost},
	{"errors in a comment", commentThroughErrors},
	{"older and newer", turnPages},
	{"errors in a form", keepTextAfterErrors},
	{"the session ends while a text is written", keepTextAfterSession},
	{"double click, reload and back", sendTwice},
	{"keep and publish a draft", keepDraft},
	{"profile", changeProfile},
	{"password", changePassword},
	{"delete the account", deleteAccount},
	{"sessions", endSessions},
	{"a link for a new password", resetPassword},
	{"keyboard alone", useKeyboard},
	{"forms of other origins", refuseOtherOrigins},
}

// TestPages goes through all flows on each store, with scripts and without, on localhost and on another name. Browsers
// trust plain HTTP on localhost alone. Every two of these conditions meet.
func TestPages(t *testing.T) {
	t.Parallel()
	findChromium(t)
	sqlite := func(*testing.T) []string { return nil }
	for _, c := range []struct {
		store    string
		settings func(t *testing.T) []string
		host     string
		scripts  bool
	}{
		{"SQLite", sqlite, "localhost", true},
		{"SQLite", sqlite, "blog.example", false},
		{"MongoDB", mongoSettings, "localhost", false},
		{"MongoDB", mongoSettings, "blog.example", true},
	} {
		t.Run(fmt.Sprintf("%s, %s, scripts %v", c.store, c.host, c.scripts), func(t *testing.T) {
			t.Parallel()
			s := blog{server: start(t, t.TempDir(), c.settings(t)...), host: c.host, scripts: c.scripts}
			for _, flow := range flows {
				t.Run(flow.name, func(t *testing.T) { flow.run(t, s) })
			}
		})
	}
}
