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

	"gin-blog/tools/internal/program"
)

// measureMemory starts the program on the store of the site and prints its resident memory: at rest, and the peak while
// each request that reads is sent to it for the given time.
func measureMemory(ctx context.Context, s *site, length time.Duration, out io.Writer) error {
	dir, err := os.MkdirTemp("", "gin-blog-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	binary, err := program.Build(ctx, dir)
	if err != nil {
		return err
	}
	dataDir, err := filepath.Abs(s.dataDir)
	if err != nil {
		return err
	}
	port, err := program.FreePort()
	if err != nil {
		return err
	}
	process := exec.CommandContext(ctx, binary)
	process.Dir = dir
	process.Env = []string{"PORT=" + strconv.Itoa(port), "DATA_DIR=" + dataDir, "LOG_LEVEL=error"}
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
	for _, r := range s.requests {
		if r.addr != s.readAPI.addr {
			continue
		}
		read := *r
		read.text = []byte(strings.Replace(string(r.text), r.addr, addr, 1))
		read.addr = addr
		if err := read.measure(ctx, length); err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
	}
	peak, err := residentMiB(process.Process.Pid, "VmHWM")
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\nResident memory of the process with %s posts: %d MiB at rest, %d MiB at most under load.\n",
		thousands(s.posts), rest, peak)
	return nil
}

// awaitListener waits until a connection to addr succeeds, at most 10 s.
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

// residentMiB returns a figure of /proc/PID/status, which Linux has: VmRSS is the resident memory, VmHWM its peak.
func residentMiB(pid int, figure string) (int, error) {
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
