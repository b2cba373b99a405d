package testkit

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
)

// SmallDisk returns a folder that is a disk of a size, such as 4m, until the test ends. Where none can be mounted, it
// skips the test.
func SmallDisk(t *testing.T, size string) (dir string) {
	t.Helper()
	return mount(t, "a small disk", `mount -t tmpfs -o "mode=0700,uid=$2,size=$3" none "$1"`, size)
}

// ExFAT returns a folder on exFAT, as memory cards have it, until the test ends. Where it cannot be mounted, it skips
// the test.
func ExFAT(t *testing.T) (dir string) {
	t.Helper()
	return mount(t, "exFAT", `truncate --size=16M "$3" && mkfs.exfat "$3" &&
		for driver in exfat exfat-fuse; do mount -t $driver -o "loop,uid=$2" "$3" "$1" && break; done`,
		filepath.Join(t.TempDir(), "image"))
}

// mount runs a script of root that mounts something on $1 for the user $2; $3 is an argument.
func mount(t *testing.T, what, script, argument string) (dir string) {
	t.Helper()
	asRoot := []string{"sudo", "-n"}
	if os.Getuid() == 0 {
		asRoot = nil
	}
	run := func(args ...string) ([]byte, error) {
		args = slices.Concat(asRoot, args)
		return exec.Command(args[0], args[1:]...).CombinedOutput()
	}
	dir = t.TempDir()
	if out, err := run("sh", "-c", script, "sh", dir, strconv.Itoa(os.Getuid()), argument); err != nil {
		t.Logf("%v: %s", err, out)
		Skip(t, what+" cannot be mounted here")
	}
	t.Cleanup(func() {
		if out, err := run("umount", "--lazy", dir); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	return dir
}
