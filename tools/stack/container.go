package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// recoveryTimeout is how long a container may take to be healthy again.
const recoveryTimeout = 2 * time.Minute

// container is what the engine says of a container.
type container struct {
	Name   string
	Config struct{ User string }
	State  struct {
		Pid      int
		Running  bool
		ExitCode int
		Health   *struct{ Status string }
	}
	RestartCount int
	HostConfig   struct {
		ReadonlyRootfs bool
		Privileged     bool
		CapAdd         []string
		CapDrop        []string
		SecurityOpt    []string
		RestartPolicy  struct{ Name string }
	}
	NetworkSettings struct {
		Ports map[string][]struct{ HostIP, HostPort string }
	}
}

// healthy reports whether the container runs and says that it is healthy.
func (c *container) healthy() bool {
	return c.State.Running && c.State.Health != nil && c.State.Health.Status == "healthy"
}

// inspect returns the container of a service.
func (s *stack) inspect(ctx context.Context, service string) (*container, error) {
	out, err := s.engine.docker(ctx, "inspect", project+"-"+service+"-1")
	if err != nil {
		return nil, err
	}
	var all []container
	if err := json.Unmarshal([]byte(out), &all); err != nil {
		return nil, fmt.Errorf("read what docker inspect says of %s: %w", service, err)
	}
	return &all[0], nil
}

// awaitHealthy waits until the container of a service is healthy.
func (s *stack) awaitHealthy(ctx context.Context, service string) error {
	ctx, cancel := context.WithTimeout(ctx, recoveryTimeout)
	defer cancel()
	for {
		c, err := s.inspect(ctx, service)
		if err == nil && c.healthy() {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("%s is not healthy again within %s", service, recoveryTimeout), err)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// crash kills the process of a container, as the kernel does when memory runs out, and waits until the engine has
// started it again and it is healthy. `docker kill` is no crash: the engine leaves the container stopped after it.
func (s *stack) crash(ctx context.Context, service string) error {
	before, err := s.inspect(ctx, service)
	if err != nil {
		return err
	}
	if err := killProcess(before.State.Pid); err != nil {
		return fmt.Errorf("kill %s: %w", service, err)
	}
	for deadline := time.Now().Add(recoveryTimeout); ; time.Sleep(50 * time.Millisecond) {
		now, err := s.inspect(ctx, service)
		if err != nil {
			return err
		}
		if now.RestartCount > before.RestartCount && now.State.Running {
			return s.awaitHealthy(ctx, service)
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s was not started again", service)
		}
	}
}

// killProcess sends SIGKILL to a process that may belong to another user.
func killProcess(pid int) error {
	err := syscall.Kill(pid, syscall.SIGKILL)
	if errors.Is(err, syscall.EPERM) {
		return exec.Command("sudo", "-n", "kill", "-9", strconv.Itoa(pid)).Run()
	}
	return err
}

// restart stops the container of a service with SIGTERM, starts it again, and waits until it is healthy. It is an error
// if the process did not end by itself, and with the exit code 0.
func (s *stack) restart(ctx context.Context, service string) error {
	name := project + "-" + service + "-1"
	// Not by Compose, which would also start what the service depends on.
	if _, err := s.engine.docker(ctx, "stop", name); err != nil {
		return err
	}
	c, err := s.inspect(ctx, service)
	if err != nil {
		return err
	}
	if _, err := s.engine.docker(ctx, "start", name); err != nil {
		return err
	}
	if c.State.ExitCode != 0 {
		return fmt.Errorf("%s ended with %d after SIGTERM, want 0", service, c.State.ExitCode)
	}
	return s.awaitHealthy(ctx, service)
}

// services returns the services whose containers run now.
func (s *stack) services(ctx context.Context) ([]string, error) {
	out, err := s.engine.docker(ctx, "ps", "--filter", "label=com.docker.compose.project="+project,
		"--format", `{{.Label "com.docker.compose.service"}}`)
	return strings.Fields(out), err
}
