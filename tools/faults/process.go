package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// stopTimeout is how long a process may take to exit after SIGTERM.
const stopTimeout = 10 * time.Second

// process is a server that can be started again after it ended, with the same port and data.
type process struct {
	name    string // also of the log
	command []string
	env     []string
	dir     string // the working directory, and where the log is
	running *exec.Cmd
	exited  chan struct{} // closed when running has exited
}

// start starts the process. It appends its output to the log.
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

// kill sends SIGKILL and waits for the exit. It returns an error if the process had exited before.
func (p *process) kill() error {
	if err := p.running.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill %s: %w", p.name, err)
	}
	<-p.exited
	if status, ok := p.running.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL {
		return fmt.Errorf("%s had exited before it was killed: %s", p.name, p.running.ProcessState)
	}
	return nil
}

// terminate sends SIGTERM and waits for the exit. It returns an error if the process does not exit with 0 in time.
func (p *process) terminate() error {
	if err := p.running.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop %s: %w", p.name, err)
	}
	select {
	case <-p.exited:
	case <-time.After(stopTimeout):
		return errors.Join(fmt.Errorf("%s still ran %s after SIGTERM", p.name, stopTimeout), p.kill())
	}
	if !p.running.ProcessState.Success() {
		return fmt.Errorf("%s exited with %s after SIGTERM, want exit status 0", p.name, p.running.ProcessState)
	}
	return nil
}

// close kills the process if it still runs.
func (p *process) close() { _ = p.kill() }
