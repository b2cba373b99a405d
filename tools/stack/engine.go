package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	engineStartTimeout = time.Minute
	engineStopTimeout  = 40 * time.Second

	bridge = "docker0" // the network device that an engine makes
)

// engine is the Docker engine that runs the stacks: one that was there, or one of our own.
type engine struct {
	host    string // DOCKER_HOST, "" for the default
	version string

	// Of an engine of our own:
	process *exec.Cmd
	exited  chan struct{}
	data    string // the folder of its images, containers and volumes
	exec    string // the folder of its sockets and mounts

	hadBridge bool // the machine had Docker's bridge before
}

// findEngine returns the engine that the docker command reaches, or else starts one with its data in work and its log
// in dir.
func findEngine(ctx context.Context, dir, work string) (*engine, error) {
	if _, err := exec.LookPath("docker"); err != nil {
		return nil, fmt.Errorf("%w: there is no docker command: scripts/debian-packages installs it", errCannotRun)
	}
	there := &engine{host: os.Getenv("DOCKER_HOST")}
	err := there.readVersion(ctx)
	if err == nil {
		progress("using the Docker engine %s that is here", there.version)
		return there, nil
	}
	if _, err := exec.LookPath("dockerd"); err != nil {
		return nil, fmt.Errorf("%w: there is no Docker engine, and no dockerd to start one: scripts/debian-packages "+
			"installs it", errCannotRun)
	}
	if os.Geteuid() != 0 {
		return nil, fmt.Errorf("%w: no Docker engine runs, and only root can start one: %w", errCannotRun, err)
	}
	return startEngine(ctx, dir, work)
}

// startEngine starts an engine with a data root and a socket of its own.
func startEngine(ctx context.Context, dir, work string) (*engine, error) {
	// Not in work: the path of a socket may have about a hundred characters only.
	run, err := os.MkdirTemp("", "gin-blog-stack")
	if err != nil {
		return nil, err
	}
	e := &engine{
		host: "unix://" + filepath.Join(run, "docker.sock"), data: filepath.Join(work, "docker"), exec: run,
		exited: make(chan struct{}),
	}
	_, err = os.Stat("/sys/class/net/" + bridge)
	e.hadBridge = err == nil
	log, err := os.Create(filepath.Join(dir, "dockerd.log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	e.process = exec.Command("dockerd", "--host", e.host, "--data-root", e.data, "--exec-root", filepath.Join(run, "exec"),
		"--pidfile", filepath.Join(run, "docker.pid"))
	e.process.Stdout, e.process.Stderr = log, log
	// A Ctrl-C is for this program alone, which then stops the engine.
	e.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := e.process.Start(); err != nil {
		return nil, fmt.Errorf("%w: %w", errCannotRun, err)
	}
	go func() { _ = e.process.Wait(); close(e.exited) }()
	for deadline := time.Now().Add(engineStartTimeout); ; {
		err := e.readVersion(ctx)
		if err == nil {
			progress("started the Docker engine %s", e.version)
			return e, nil
		}
		select {
		case <-e.exited:
		case <-time.After(100 * time.Millisecond):
			if time.Now().Before(deadline) && ctx.Err() == nil {
				continue
			}
		}
		return nil, errors.Join(fmt.Errorf("%w: the Docker engine does not start: %w: %s", errCannotRun, err,
			lastLine(log.Name())), e.close(false))
	}
}

// lastLine returns the last line of a file, for an error.
func lastLine(path string) string {
	content, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(content)), "\n")
	return lines[len(lines)-1]
}

// readVersion asks the engine for its version.
func (e *engine) readVersion(ctx context.Context) (err error) {
	e.version, err = e.docker(ctx, "version", "--format", "{{.Server.Version}}")
	return err
}

// environ returns the environment of the commands that talk to the engine.
func (e *engine) environ() []string {
	env := os.Environ()
	if e.host != "" {
		env = append(env, "DOCKER_HOST="+e.host)
	}
	return env
}

// docker runs a docker command and returns its output. An error has what it wrote to stderr.
func (e *engine) docker(ctx context.Context, args ...string) (string, error) {
	command := exec.CommandContext(ctx, "docker", args...)
	command.Env = e.environ()
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("docker %s: %w: %s", strings.Join(args, " "), err, bytes.TrimSpace(stderr.Bytes()))
	}
	return strings.TrimSpace(string(out)), nil
}

// own reports whether this program started the engine.
func (e *engine) own() bool { return e.process != nil }

// close stops the engine if this program started it, and removes what it left, except its data if keep is set.
func (e *engine) close(keep bool) error {
	if !e.own() {
		return nil
	}
	_ = e.process.Process.Signal(syscall.SIGTERM)
	select {
	case <-e.exited:
	case <-time.After(engineStopTimeout):
		_ = e.process.Process.Kill()
		<-e.exited
		e.killContainerd()
	}
	// What is mounted still would make the removal fail, or worse, remove what it shows.
	err := errors.Join(unmountBelow(e.exec), unmountBelow(e.data))
	if err != nil {
		return err
	}
	if !e.hadBridge {
		_ = exec.Command("ip", "link", "delete", bridge).Run() // it has no use any more, and does no harm either
	}
	err = os.RemoveAll(e.exec)
	if !keep {
		err = errors.Join(err, os.RemoveAll(e.data))
	}
	return err
}

// killContainerd kills the engine's containerd, which outlives an engine that was killed.
func (e *engine) killContainerd() {
	content, err := os.ReadFile(filepath.Join(e.exec, "exec", "containerd", "containerd.pid"))
	if err != nil {
		return
	}
	if pid, err := strconv.Atoi(strings.TrimSpace(string(content))); err == nil {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// unmountBelow unmounts what is mounted below dir, the innermost first.
func unmountBelow(dir string) (failed error) {
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSpace(string(mounts)), "\n")
	for i := len(lines) - 1; i >= 0; i-- {
		if fields := strings.Fields(lines[i]); len(fields) > 1 && strings.HasPrefix(fields[1], dir+"/") {
			if out, err := exec.Command("umount", fields[1]).CombinedOutput(); err != nil {
				failed = errors.Join(failed, fmt.Errorf("umount %s: %w: %s", fields[1], err, out))
			}
		}
	}
	return failed
}
