//go:build unix

package config_test

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"gin-blog/config"
)

// TestDotenvIsNoPipe: a pipe that nobody writes to does not hold up the start.
func TestDotenvIsNoPipe(t *testing.T) {
	t.Parallel()
	pipe := filepath.Join(t.TempDir(), ".env")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	loaded := make(chan error, 1)
	go func() {
		_, err := config.Load(nil, pipe)
		loaded <- err
	}()
	select {
	case err := <-loaded:
		if err == nil || !strings.Contains(err.Error(), "settings: "+pipe+" is no regular file") {
			t.Errorf("got %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("the start hangs")
	}
}
