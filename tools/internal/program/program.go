// Package program builds gin-blog for the tools that run it.
package program

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Root is the root of the repository, relative to tools/, where `go -C tools run` starts a tool.
const Root = ".."

// Build builds the program into dir, an absolute path, and returns the path of the binary.
func Build(ctx context.Context, dir string) (string, error) {
	binary := filepath.Join(dir, "gin-blog")
	output, err := exec.CommandContext(ctx, "go", "build", "-C", Root, "-o", binary, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build gin-blog: %w: %s", err, output)
	}
	return binary, nil
}

// FreePort returns a port of 127.0.0.1 on which nobody listens.
//
// The port is below the range from which the system picks the local port of a connection. A client that dials while its
// server is down could otherwise be given that server's port, and connect to itself.
func FreePort() (int, error) {
	for range 100 {
		port := 20000 + rand.IntN(10000)
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			return port, listener.Close()
		}
	}
	return 0, errors.New("no port is free")
}

// AwaitListener waits until a connection to addr succeeds, at most 10 s.
func AwaitListener(ctx context.Context, addr string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// ResidentMiB returns a figure of /proc/PID/status, which Linux has: VmRSS is the resident memory, VmHWM its peak.
func ResidentMiB(pid int, figure string) (int, error) {
	path := fmt.Sprintf("/proc/%d/status", pid)
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), figure+":"); ok {
			kib, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(value), " kB"))
			return kib / 1024, err
		}
	}
	return 0, fmt.Errorf("no %s in %s", figure, path)
}
