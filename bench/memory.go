package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// memory starts the real program on the store of a site and prints what it holds in memory, at rest and at most while the
// requests that read are sent to it.
func memory(ctx context.Context, s *site, length time.Duration, out io.Writer) error {
	dir, err := os.MkdirTemp("", "gin-blog-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "gin-blog")
	if built, err := exec.CommandContext(ctx, "go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w: %s", err, built)
	}
	data, err := filepath.Abs(s.data)
	if err != nil {
		return err
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	process := exec.CommandContext(ctx, binary)
	process.Dir = dir
	process.Env = []string{"PORT=" + strconv.Itoa(port), "DATA_DIR=" + data, "LOG_LEVEL=error"}
	if err := process.Start(); err != nil {
		return err
	}
	defer func() { _ = process.Process.Kill(); _ = process.Wait() }()
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	if err := awaitListener(ctx, addr); err != nil {
		return err
	}
	rest, err := residentMiB(process.Process.Pid, "VmRSS")
	if err != nil {
		return err
	}
	for _, r := range s.requests[:7] {
		read := *r
		read.text = []byte(strings.Replace(string(r.text), r.addr, addr, 1))
		read.addr = addr
		if err := read.measure(ctx, length); err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
	}
	most, err := residentMiB(process.Process.Pid, "VmHWM")
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\nResident memory of the process with %s posts: %d MiB at rest, %d MiB at most under load.\n", thousands(s.posts), rest, most)
	return nil
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return listener.Addr().(*net.TCPAddr).Port, listener.Close()
}

func awaitListener(ctx context.Context, addr string) error {
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

// residentMiB reads a figure of /proc/PID/status, which Linux has.
func residentMiB(pid int, figure string) (int, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
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
	return 0, fmt.Errorf("no %s in /proc/%d/status", figure, pid)
}
