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

// measureProcess starts the program on the store of the site. It prints how long that takes until it listens, and its
// resident memory: at rest, and the peak while each request that reads is sent to it for the given time.
func measureProcess(ctx context.Context, s *site, length time.Duration, out io.Writer) error {
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
	begin := time.Now()
	if err := process.Start(); err != nil {
		return err
	}
	defer func() { _ = process.Process.Kill(); _ = process.Wait() }()
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	if err := program.AwaitListener(ctx, addr); err != nil {
		return err
	}
	started := time.Since(begin)
	rest, err := program.ResidentMiB(process.Process.Pid, "VmRSS")
	if err != nil {
		return err
	}
	for _, r := range s.kept {
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
	fmt.Fprintf(out, "With %s posts, the process listens %s after its start. "+
		"It has %d MiB of resident memory at rest, %d MiB at most under load.\n",
		thousands(s.posts), started.Round(10*time.Millisecond), rest, peak)
	return nil
}
