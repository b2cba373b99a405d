// Package program builds gin-blog, starts it and other servers, and talks to them.
package program

import (
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
	"syscall"
	"time"
)

const (
	// startTimeout is how long a server may take until it listens.
	startTimeout = 20 * time.Second
	// stopTimeout is how long a process may take to exit after SIGTERM.
	stopTimeout = 10 * time.Second
)

// Root returns the path of name below the root of the repository. Tools are run in tools/.
func Root(name ...string) (string, error) {
	return filepath.Abs(filepath.Join(append([]string{".."}, name...)...))
}

// Build builds gin-blog into dir and returns the path of the binary.
func Build(ctx context.Context, dir string) (string, error) {
	binary := filepath.Join(dir, "gin-blog")
	return binary, Run(exec.CommandContext(ctx, "go", "build", "-C", "..", "-o", binary, "."))
}

// Command runs a command of gin-blog, such as seed, with these settings alone.
func Command(ctx context.Context, binary string, settings []string, args ...string) error {
	command := exec.CommandContext(ctx, binary, args...)
	command.Dir, command.Env = filepath.Dir(binary), settings // a .env would be in the working directory
	return Run(command)
}

// Run runs a command. An error has what the command printed.
func Run(command *exec.Cmd) error {
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(command.Args, " "), err, output)
	}
	return nil
}

// Output runs a command and returns what it printed, but not to stderr.
func Output(ctx context.Context, name string, args ...string) (string, error) {
	command := exec.CommandContext(ctx, name, args...)
	command.Stderr = os.Stderr
	output, err := command.Output()
	return strings.TrimSpace(string(output)), err
}

// Process is a server that can be started again after it ended, with the same port and data.
type Process struct {
	Name              string // also of the log
	Addr              string // where it listens
	dir               string // the working directory, where the log is
	settings, command []string
	running           *exec.Cmd
	exited            chan struct{} // closed when running has exited
}

// NewProcess returns a server that is to listen on a free port of this machine, which {port} in its settings and its
// command stands for.
func NewProcess(name, dir string, settings []string, command ...string) (*Process, error) {
	addr, port, err := freeAddress()
	for _, texts := range [][]string{settings, command} {
		for i := range texts {
			texts[i] = strings.ReplaceAll(texts[i], "{port}", port)
		}
	}
	return &Process{Name: name, Addr: addr, dir: dir, settings: settings, command: command}, err
}

// Start starts the process, and appends its output to the log.
func (p *Process) Start() error {
	log, err := os.OpenFile(filepath.Join(p.dir, p.Name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open the log of %s: %w", p.Name, err)
	}
	defer log.Close()
	cmd := exec.Command(p.command[0], p.command[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = p.dir, log, log
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}, p.settings...)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", p.Name, err)
	}
	exited := make(chan struct{})
	go func() { _ = cmd.Wait(); close(exited) }()
	p.running, p.exited = cmd, exited
	return nil
}

// StartAndWait starts the process and waits until it listens.
func (p *Process) StartAndWait(ctx context.Context) error {
	if err := p.Start(); err != nil {
		return err
	}
	return Await(ctx, startTimeout, p.Name+" to listen", func() error {
		conn, err := net.Dial("tcp", p.Addr)
		if err != nil {
			return err
		}
		return conn.Close()
	})
}

// Kill sends SIGKILL and waits for the exit. It returns an error if the process had exited before.
func (p *Process) Kill() error {
	if err := p.running.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill %s: %w", p.Name, err)
	}
	<-p.exited
	if status, ok := p.running.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL {
		return fmt.Errorf("%s had exited before it was killed: %s", p.Name, p.running.ProcessState)
	}
	return nil
}

// Terminate sends SIGTERM and waits for the exit. It returns an error if the process does not exit with 0 in time.
func (p *Process) Terminate() error {
	if err := p.running.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop %s: %w", p.Name, err)
	}
	select {
	case <-p.exited:
	case <-time.After(stopTimeout):
		return errors.Join(fmt.Errorf("%s still ran %s after SIGTERM", p.Name, stopTimeout), p.Kill())
	}
	if !p.running.ProcessState.Success() {
		return fmt.Errorf("%s exited with %s after SIGTERM, want exit status 0", p.Name, p.running.ProcessState)
	}
	return nil
}

// Close kills the process if it still runs.
func (p *Process) Close() {
	if p.running != nil {
		_ = p.Kill()
	}
}

// ResidentMiB returns a figure of /proc/PID/status, which Linux has: VmRSS is the resident memory, VmHWM its peak.
func (p *Process) ResidentMiB(figure string) (int, error) {
	path := fmt.Sprintf("/proc/%d/status", p.running.Process.Pid)
	content, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(content)) {
		if value, ok := strings.CutPrefix(line, figure+":"); ok {
			kib, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(value), " kB"))
			return kib / 1024, err
		}
	}
	return 0, fmt.Errorf("no %s in %s", figure, path)
}

// ProcessorTime returns the time that the process has spent on processors, its own and that of Linux for it.
func (p *Process) ProcessorTime() (time.Duration, error) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.running.Process.Pid))
	if err != nil {
		return 0, err
	}
	// The name comes second, in parentheses. The times are the 14th and the 15th field, in hundredths of a second.
	fields := strings.Fields(string(content[strings.LastIndexByte(string(content), ')')+1:]))
	user, userErr := strconv.Atoi(fields[14-3])
	system, systemErr := strconv.Atoi(fields[15-3])
	return time.Duration(user+system) * 10 * time.Millisecond, errors.Join(userErr, systemErr)
}

// freeAddress returns an address of this machine on which nobody listens, and its port.
//
// The port is below the range from which the system picks the local port of a connection. A client that dials while its
// server is down could otherwise be given that server's port, and connect to itself.
func freeAddress() (addr, port string, err error) {
	for range 100 {
		port := strconv.Itoa(20000 + rand.IntN(10000))
		listener, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err == nil {
			return listener.Addr().String(), port, listener.Close()
		}
	}
	return "", "", errors.New("no port is free")
}

// Await calls check again and again, a thousand times at most, until it returns nil. After timeout, it returns an
// error that names what it waited for.
func Await(ctx context.Context, timeout time.Duration, what string, check func() error) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	ticker := time.NewTicker(timeout / 1000)
	defer ticker.Stop()
	for {
		err := check()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait %s for %s: %w: %w", timeout, what, ctx.Err(), err)
		case <-ticker.C:
		}
	}
}
