package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sync/errgroup"

	"gin-blog/internal/testkit"
)

// mountExFAT mounts a new exFAT file system, as on a memory card, until the test ends. It has no hard links and no
// permissions. Where that is not possible, it skips the test.
func mountExFAT(t *testing.T) (dir string) {
	t.Helper()
	image, dir := filepath.Join(t.TempDir(), "image"), t.TempDir()
	if err := os.WriteFile(image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(image, 16<<20); err != nil {
		t.Fatal(err)
	}
	script := `mkfs.exfat "$1" && for driver in exfat exfat-fuse; do mount -t $driver -o loop "$1" "$2" && break; done`
	if out, err := exec.Command("sh", "-c", script, "sh", image, dir).CombinedOutput(); err != nil {
		t.Skipf("no exFAT can be mounted here: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", "--lazy", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	return dir
}

// TestStartsAtOnceOnExFAT: processes that start in one empty directory on exFAT agree on the secrets.
func TestStartsAtOnceOnExFAT(t *testing.T) {
	t.Parallel()
	dir := mountExFAT(t)
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
