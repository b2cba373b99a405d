package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// stack is the services of docker-compose.yml on an engine.
type stack struct {
	engine *engine
	root   string   // of the repository
	dir    string   // of logs and notes
	work   string   // of what images are made from
	files  []string // of Compose, relative to root
	real   bool     // the images are those that docker-compose.yml names

	command        []string     // Docker Compose
	awaitCompose   func() error // waits until there is the command
	composeVersion string
}

// findCompose finds Docker Compose, or begins to build it if the docker command does not have it.
func (s *stack) findCompose(ctx context.Context) error {
	version, err := s.engine.docker(ctx, "compose", "version", "--short")
	if err == nil && !strings.HasPrefix(version, "1.") {
		s.command, s.composeVersion = []string{"docker", "compose"}, version
		s.awaitCompose = func() error { return nil }
		return nil
	}
	binary := filepath.Join(s.root, ".tools", "docker-compose")
	module := filepath.Join(s.root, "tools", "stack", "compose")
	const source = "github.com/docker/compose/v2"
	out, err := exec.CommandContext(ctx, "go", "-C", module, "list", "-m", "-f", "{{.Version}}", source).Output()
	if err != nil {
		return fmt.Errorf("%w: Docker Compose cannot be had: %w", errCannotRun, err)
	}
	s.command, s.composeVersion = []string{binary}, strings.TrimSpace(string(out))
	progress("building Docker Compose %s", s.composeVersion)
	s.awaitCompose = sync.OnceValue(func() error {
		err := s.logged(ctx, "go", "-C", module, "build", "-trimpath", "-ldflags=-s -w", "-o", binary, source+"/cmd")
		if err != nil {
			return fmt.Errorf("%w: Docker Compose cannot be built: %w", errCannotRun, err)
		}
		return nil
	})
	go s.awaitCompose() // it takes minutes, and the base images need no Compose
	return nil
}

// build builds the image of the API, and the made images. One service of each image is enough.
func (s *stack) build(ctx context.Context) error {
	services := []string{"--profile", "*", "build", "api"}
	if !s.real {
		services = append(services, "mongo", "proxy", "prometheus", "node-exporter")
	}
	return s.compose(ctx, services...)
}

// up starts services of a profile, with those that they need, and waits until they are healthy.
func (s *stack) up(ctx context.Context, profile string, services ...string) error {
	args := append([]string{"up", "--detach", "--wait", "--wait-timeout", "180"}, services...)
	if profile != "" {
		args = append([]string{"--profile", profile}, args...)
	}
	return s.compose(ctx, args...)
}

// remove removes containers, networks and volumes.
func (s *stack) remove() error {
	return s.compose(context.Background(), "--profile", "*", "down", "--volumes", "--remove-orphans", "--timeout", "5")
}

// compose runs a command of Docker Compose.
func (s *stack) compose(ctx context.Context, args ...string) error {
	if err := s.awaitCompose(); err != nil {
		return err
	}
	all := append(s.command[1:len(s.command):len(s.command)], "--project-name", project, "--project-directory", s.root)
	for _, file := range s.files {
		all = append(all, "--file", filepath.Join(s.root, file))
	}
	return s.logged(ctx, s.command[0], append(all, args...)...)
}

// logged runs a command at the root of the repository, and adds its output to a log. An error has the end of it.
func (s *stack) logged(ctx context.Context, name string, args ...string) error {
	log, err := os.OpenFile(filepath.Join(s.dir, "commands.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	fmt.Fprintf(log, "\n$ %s %s\n", filepath.Base(name), strings.Join(args, " "))
	command := exec.CommandContext(ctx, name, args...)
	command.Dir, command.Env = s.root, s.environ()
	out, err := command.CombinedOutput()
	_, logErr := log.Write(out)
	if err != nil {
		out = bytes.TrimSpace(out)
		err = fmt.Errorf("%s %s: %w: %s", filepath.Base(name), strings.Join(args, " "), err, out[max(0, len(out)-800):])
	}
	return errors.Join(err, logErr)
}

// environ returns the environment of the commands. The stack gets no settings from a .env but these.
func (s *stack) environ() []string {
	return append(s.engine.environ(), "COMPOSE_DISABLE_ENV_FILE=true", "RATE_LIMIT=false", "BCRYPT_COST=4",
		"LOG_FORMAT=json")
}

// printLogs writes the logs of all containers to dir, for somebody who looks for the reason of a failure.
func (s *stack) printLogs() {
	_ = s.compose(context.Background(), "--profile", "*", "ps", "--all")
	_ = s.compose(context.Background(), "--profile", "*", "logs", "--timestamps", "--tail", "200")
}
