package main

import (
	"context"
	"fmt"
	"io"
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
	if err := program.AwaitListener(ctx, addr); err != nil {
		return err
	}
	rest, err := program.ResidentMiB(process.Process.Pid, "VmRSS")
	if err != nil {
		return err
	}
	for _, r := range s.requests {
		if r.Addr != s.readAPI.addr {
			continue
		}
		read := *r
		read.Text = []byte(strings.Replace(string(r.Text), r.Addr, addr, 1))
		read.Addr = addr
		if err := read.Measure(ctx, length); err != nil {
			return fmt.Errorf("%s: %w", r.Name, err)
		}
	}
	peak, err := program.ResidentMiB(process.Process.Pid, "VmHWM")
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\nResident memory of the process with %s posts: %d MiB at rest, %d MiB at most under load.\n",
		thousands(s.posts), rest, peak)
	return nil
}
