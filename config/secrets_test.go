package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gin-blog/config"
)

// TestSecretsWithoutHardLinks: processes that start at the same time agree on a secret also where the file system has
// no hard links, and leave no other file behind.
func TestSecretsWithoutHardLinks(t *testing.T) {
	t.Parallel()
	for _, cause := range []error{syscall.EPERM, syscall.ENOTSUP, syscall.ENOSYS} {
		dir := t.TempDir()
		path := filepath.Join(dir, "secret_key")
		secrets := make([]string, 32)
		var starts sync.WaitGroup
		for i := range secrets {
			starts.Go(func() {
				var err error
				if secrets[i], err = config.KeptSecret(path, failWith(cause)); err != nil {
					t.Errorf("%v: %v", cause, err)
				}
			})
		}
		starts.Wait()
		for _, secret := range secrets {
			if len(secret) != 128 || secret != secrets[0] {
				t.Errorf("%v: got %q and %q", cause, secret, secrets[0])
			}
		}
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) != 1 {
			t.Errorf("%v: the folder holds %v, %v, want the secret", cause, entries, err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v: %v, %v", cause, info, err)
		}
	}
}

// failWith returns a function in place of os.Link for a file system without hard links.
func failWith(cause error) func(oldPath, newPath string) error {
	return func(oldPath, newPath string) error {
		return &os.LinkError{Op: "link", Old: oldPath, New: newPath, Err: cause}
	}
}

// TestSecretOfAnotherProcess: a process without hard links waits while another one makes the secret, and takes that. It
// does not wait for ever for one that was killed.
func TestSecretOfAnotherProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secret_key")
	lock := path + ".lock"
	if err := os.WriteFile(lock, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := config.KeptSecret(path, failWith(syscall.EPERM))
	if err == nil || !strings.Contains(err.Error(), "DATA_DIR") || !strings.Contains(err.Error(), lock+" is there") {
		t.Errorf("beside the lock of a process that was killed: %v", err)
	}

	want := strings.Repeat("s", 40)
	var other sync.WaitGroup
	other.Go(func() {
		time.Sleep(100 * time.Millisecond)
		if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
			t.Error(err)
		}
		if err := os.Remove(lock); err != nil {
			t.Error(err)
		}
	})
	if got, err := config.KeptSecret(path, failWith(syscall.EPERM)); err != nil || got != want {
		t.Errorf("got %q, %v, want the secret of the other process", got, err)
	}
	other.Wait()
}
