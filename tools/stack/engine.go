package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"gin-blog/tools/internal/program"
)

const (
	// project is the name of the stack, so that it shares nothing with one that somebody runs for real.
	project = "gin-blog-test"
	// healthTimeout is how long a container may take to be healthy again.
	healthTimeout = 2 * time.Minute
)

// engine is the Docker engine that the docker command reaches.
type engine struct {
	version, composeVersion string
	root                    string // of the repository
	env                     []string
	log                     *os.File // what commands printed
}

// findEngine returns the engine, and an error if it or Docker Compose is missing.
func findEngine(ctx context.Context) (*engine, error) {
	root, err := program.Root()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(root, ".stack")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "commands.log"))
	if err != nil {
		return nil, err
	}
	// The stack gets no settings from a .env but these.
	e := &engine{root: root, log: log, env: append(os.Environ(), "COMPOSE_DISABLE_ENV_FILE=true",
		"COMPOSE_PROJECT_NAME="+project, "RATE_LIMIT=false", "BCRYPT_COST=4")}
	if e.version, err = e.docker(ctx, "version", "--format", "{{.Server.Version}}"); err != nil {
		return nil, fmt.Errorf("no Docker engine answers: %w", err)
	}
	if e.composeVersion, err = e.docker(ctx, "compose", "version", "--short"); err != nil {
		return nil, fmt.Errorf("there is no Docker Compose: %w", err)
	}
	return e, nil
}

// docker runs a docker command at the root of the repository and returns what it printed. What it wrote to stderr is in
// the log, and in an error the end of it.
func (e *engine) docker(ctx context.Context, args ...string) (string, error) {
	command := exec.CommandContext(ctx, "docker", args...)
	command.Dir, command.Env = e.root, e.env
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	fmt.Fprintf(e.log, "\n$ %s\n%s%s", strings.Join(command.Args, " "), stdout.Bytes(), stderr.Bytes())
	if err != nil {
		said := strings.TrimSpace(stderr.String())
		return "", fmt.Errorf("%s: %w: %s", strings.Join(command.Args, " "), err, said[max(0, len(said)-800):])
	}
	return strings.TrimSpace(stdout.String()), nil
}

// compose runs a command of Docker Compose.
func (e *engine) compose(ctx context.Context, args ...string) error {
	_, err := e.docker(ctx, append([]string{"compose"}, args...)...)
	return err
}

// up starts services, with those that they need, and waits until they are healthy.
func (e *engine) up(ctx context.Context, profile string, services ...string) error {
	args := []string{"--profile", profile, "up", "--detach", "--wait", "--wait-timeout", "300"}
	return e.compose(ctx, append(args, services...)...)
}

// container is what the engine says of a container.
type container struct {
	Name   string
	Config struct{ Image string }
	State  struct {
		Pid, ExitCode int
		Health        struct{ Status string }
	}
	RestartCount int
}

// inspect returns the container of a service.
func (e *engine) inspect(ctx context.Context, service string) (*container, error) {
	out, err := e.docker(ctx, "inspect", project+"-"+service+"-1")
	if err != nil {
		return nil, err
	}
	var all []container
	if err := json.Unmarshal([]byte(out), &all); err != nil {
		return nil, fmt.Errorf("read what docker inspect says of %s: %w", service, err)
	}
	return &all[0], nil
}

// kill kills the process of a container, as the kernel does when memory runs out, and waits until the engine has
// started it again and it is healthy. `docker kill` is no crash: the engine leaves the container stopped after it.
func (e *engine) kill(ctx context.Context, service string) error {
	before, err := e.inspect(ctx, service)
	if err != nil {
		return err
	}
	// A container that sees all processes can do that wherever the engine runs.
	shell, err := e.inspect(ctx, "mongo")
	if err != nil {
		return err
	}
	_, err = e.docker(ctx, "run", "--rm", "--pid", "host", "--user", "root", "--entrypoint", "sh", shell.Config.Image,
		"-c", fmt.Sprintf("kill -9 %d", before.State.Pid))
	if err != nil {
		return err
	}
	return e.awaitHealthy(ctx, service, before.RestartCount+1)
}

// stop stops the container of a service with SIGTERM, starts it again, and waits until it is healthy. It is an error if
// the process did not end by itself, and with the exit code 0.
func (e *engine) stop(ctx context.Context, service string) error {
	name := project + "-" + service + "-1"
	// Not by Compose, which would also start what the service depends on.
	if _, err := e.docker(ctx, "stop", name); err != nil {
		return err
	}
	c, err := e.inspect(ctx, service)
	if err != nil {
		return err
	}
	if _, err := e.docker(ctx, "start", name); err != nil {
		return err
	}
	if c.State.ExitCode != 0 {
		return fmt.Errorf("%s ended with %d after SIGTERM, want 0", service, c.State.ExitCode)
	}
	return e.awaitHealthy(ctx, service, 0)
}

// awaitHealthy waits until the container of a service was restarted so often at least and is healthy.
func (e *engine) awaitHealthy(ctx context.Context, service string, restarts int) error {
	return program.Await(ctx, healthTimeout, service+" to be healthy", func() error {
		c, err := e.inspect(ctx, service)
		if err == nil && (c.RestartCount < restarts || c.State.Health.Status != "healthy") {
			return fmt.Errorf("%d restarts, %s", c.RestartCount, c.State.Health.Status)
		}
		return err
	})
}

// check returns an error for each container that is not healthy or runs as root.
func (e *engine) check(ctx context.Context) error {
	services, err := e.docker(ctx, "ps", "--filter", "label=com.docker.compose.project="+project,
		"--format", `{{.Label "com.docker.compose.service"}}`)
	var failed []error
	for _, service := range strings.Fields(services) {
		c, err := e.inspect(ctx, service)
		if err != nil {
			return err
		}
		if c.State.Health.Status != "healthy" {
			failed = append(failed, fmt.Errorf("%s is %s", service, c.State.Health.Status))
		}
		processes, err := e.docker(ctx, "top", c.Name, "-o", "uid,pid")
		if err != nil {
			return err
		}
		for line := range strings.Lines(processes) {
			if strings.Fields(line)[0] == "0" {
				failed = append(failed, fmt.Errorf("%s runs as root", service))
			}
		}
	}
	return errors.Join(append(failed, err)...)
}
