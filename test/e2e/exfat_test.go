package e2e

import (
	"syscall"
	"testing"

	"golang.org/x/sync/errgroup"

	"gin-blog/internal/testkit"
)

// TestStartsAtOnceOnExFAT: processes that start in one empty directory on exFAT, as on a memory card, agree on the
// secrets. exFAT has no hard links and no permissions.
func TestStartsAtOnceOnExFAT(t *testing.T) {
	testkit.OnlyInAll(t)
	t.Parallel()
	dir := testkit.ExFAT(t)
	processes := make([]*process, 4)
	var starts errgroup.Group
	for i := range processes {
		starts.Go(func() (err error) { processes[i], err = launch(t, command(dir, nil)); return err })
	}
	if err := starts.Wait(); err != nil {
		t.Fatal(err)
	}
	token := processes[0].signUp("alice")
	for _, p := range processes {
		var me testkit.User
		p.call("GET", "/auth/me", token, "", 200, &me)
		if me.Username != "alice" {
			t.Errorf("a process knows %+v", me)
		}
		if err := p.stop(syscall.SIGTERM); err != nil {
			t.Errorf("after SIGTERM: %v, want exit 0", err)
		}
	}
}
