package e2e

import (
	"fmt"
	"testing"

	"gin-blog/internal/testkit"
)

// blog is a running server, and how its visitors reach it.
type blog struct {
	server  *process
	host    string // in the address. Browsers trust plain HTTP on localhost alone
	scripts bool   // whether the visitors' browsers run scripts
}

// visitor returns somebody who has not been here before.
func (s blog) visitor(t *testing.T) *visitor {
	t.Helper()
	return newVisitor(t, s.server, s.host, s.scripts)
}

// flows are what only a browser shows of what visitors do; the tests of web show the rest. Each uses names of its own,
// because they share a blog.
var flows = []struct {
	name    string
	host    string
	scripts bool
	run     func(t *testing.T, s blog)
}{
	{"double click, reload and back", "localhost", true, sendTwice},
	{"keyboard alone", "blog.example", false, useKeyboard},
	{"forms of other origins", "localhost", false, refuseOtherOrigins},
}

// TestPages goes through all flows, some with scripts and some without.
func TestPages(t *testing.T) {
	t.Parallel()
	findChromium(t)
	server := start(t, t.TempDir())
	for _, flow := range flows {
		t.Run(flow.name, func(t *testing.T) {
			t.Parallel()
			flow.run(t, blog{server, flow.host, flow.scripts})
		})
	}
}

// TestPagesEverywhere goes through all flows on each store, on localhost and on another name, with scripts and without.
func TestPagesEverywhere(t *testing.T) {
	testkit.OnlyInAll(t)
	t.Parallel()
	findChromium(t)
	for store, settings := range map[string]func(t *testing.T) []string{
		"SQLite": func(*testing.T) []string { return nil }, "MongoDB": mongoSettings,
	} {
		for _, host := range []string{"localhost", "blog.example"} {
			for _, scripts := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s, %s, scripts %v", store, host, scripts), func(t *testing.T) {
					t.Parallel()
					s := blog{start(t, t.TempDir(), settings(t)...), host, scripts}
					for _, flow := range flows {
						t.Run(flow.name, func(t *testing.T) { flow.run(t, s) })
					}
				})
			}
		}
	}
}
