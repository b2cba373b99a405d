package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// stopPatience is how long a process may take to end after SIGTERM.
const stopPatience = 10 * time.Second

// process is a server that is started again and again, with the same port and data.
type process struct {
	name    string
	command []string
	env     []string
	dir     string // where it runs and where its log is
	running *exec.Cmd
	exited  chan struct{} // closed when running has ended
}

func (p *process) start() error {
	log, err := os.OpenFile(filepath.Join(p.dir, p.name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open the log of %s: %w", p.name, err)
	}
	defer log.Close()
	cmd := exec.Command(p.command[0], p.command[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = p.dir, p.env, log, log
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", p.name, err)
	}
	exited := make(chan struct{})
	go func() { _ = cmd.Wait(); close(exited) }()
	p.running, p.exited = cmd, exited
	return nil
}

// kill sends SIGKILL and waits for the end. It is an error where the process had ended before.
func (p *process) kill() error {
	if err := p.running.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill %s: %w", p.name, err)
	}
	<-p.exited
	if status, ok := p.running.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL {
		return fmt.Errorf("%s had ended before it was killed: %s", p.name, p.running.ProcessState)
	}
	return nil
}

// terminate sends SIGTERM and waits for the end. It is an error where that is not exit 0 in time.
func (p *process) terminate() error {
	if err := p.running.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop %s: %w", p.name, err)
	}
	select {
	case <-p.exited:
	case <-time.After(stopPatience):
		return errors.Join(fmt.Errorf("%s still ran %s after SIGTERM", p.name, stopPatience), p.kill())
	}
	if !p.running.ProcessState.Success() {
		return fmt.Errorf("%s ended with %s after SIGTERM, want exit 0", p.name, p.running.ProcessState)
	}
	return nil
}

// close ends the process for good.
func (p *process) close() {
	_ = p.kill()
}

// freePort draws a port that nobody listens on. It is below those that connections get for their own end: while a server
// is away, a client could otherwise be given its very port, and talk to itself.
func freePort() (int, error) {
	for range 100 {
		port := 20000 + rand.IntN(10000)
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			return port, listener.Close()
		}
	}
	return 0, errors.New("no port is free")
}
