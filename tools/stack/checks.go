package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// check looks at every container that runs, and returns an error for each rule that one does not keep.
func (s *stack) check(ctx context.Context) (names []string, err error) {
	names, err = s.services(ctx)
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	var failed []error
	for _, name := range names {
		c, err := s.inspect(ctx, name)
		if err != nil {
			return nil, err
		}
		for _, err := range append(checkSettings(c), checkProcess(c.State.Pid, name)...) {
			failed = append(failed, fmt.Errorf("%s: %w", name, err))
		}
	}
	return names, errors.Join(failed...)
}

// checkSettings checks what the engine was told.
func checkSettings(c *container) (failed []error) {
	if !c.healthy() {
		failed = append(failed, errors.New("is not healthy"))
	}
	if !c.HostConfig.ReadonlyRootfs {
		failed = append(failed, errors.New("its root is not read-only"))
	}
	if c.HostConfig.Privileged || !slices.Equal(c.HostConfig.CapDrop, []string{"ALL"}) ||
		!slices.Contains(c.HostConfig.SecurityOpt, "no-new-privileges:true") {
		failed = append(failed, errors.New("it has capabilities or may gain some"))
	}
	if c.HostConfig.RestartPolicy.Name != "unless-stopped" {
		failed = append(failed, fmt.Errorf("its restart policy is %q", c.HostConfig.RestartPolicy.Name))
	}
	for port, bindings := range c.NetworkSettings.Ports {
		if strings.HasSuffix(c.Name, "-https-1") {
			break // It is for everybody.
		}
		for _, b := range bindings {
			if b.HostIP != "127.0.0.1" {
				failed = append(failed, fmt.Errorf("its port %s is published on %s:%s", port, b.HostIP, b.HostPort))
			}
		}
	}
	return failed
}

// checkProcess checks what the kernel says of the first process of a container: who it is, what it may do, and that its
// root is read-only.
func checkProcess(pid int, service string) (failed []error) {
	status, err := statusOf(pid)
	if err != nil {
		return []error{err}
	}
	if uid := strings.Fields(status["Uid"])[0]; uid == "0" {
		failed = append(failed, errors.New("it runs as root"))
	}
	if status["NoNewPrivs"] != "1" {
		failed = append(failed, errors.New("it may gain privileges"))
	}
	allowed := "0000000000000000"
	if service == "proxy" || service == "https" {
		allowed = "0000000000000400" // NET_BIND_SERVICE, which Caddy's binary asks for
	}
	for _, set := range []string{"CapPrm", "CapEff", "CapBnd"} {
		if got := status[set]; got != allowed && got != "0000000000000000" {
			failed = append(failed, fmt.Errorf("its %s is %s", set, got))
		}
	}
	mounts, err := os.ReadFile(fmt.Sprintf("/proc/%d/mountinfo", pid))
	if errors.Is(err, os.ErrPermission) {
		return failed // Only root may look. The setting was checked.
	}
	if err != nil {
		return append(failed, err)
	}
	root, _, _ := strings.Cut(string(mounts), "\n")
	if fields := strings.Fields(root); len(fields) < 6 || fields[4] != "/" || !strings.HasPrefix(fields[5], "ro") {
		failed = append(failed, fmt.Errorf("its root is mounted as %q", root))
	}
	return failed
}

// statusOf returns the lines of /proc/PID/status.
func statusOf(pid int) (map[string]string, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	status := map[string]string{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ":")
		status[name] = strings.TrimSpace(value)
	}
	return status, lines.Err()
}

// checkLogs checks that every line that the API has logged is JSON, and that none tells of a mistake in the program.
func (s *stack) checkLogs(ctx context.Context, service string) error {
	out, err := s.engine.docker(ctx, "logs", project+"-"+service+"-1")
	if err != nil {
		return err
	}
	for line := range strings.Lines(out) {
		var entry struct{ Level, Msg string }
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			return fmt.Errorf("%s logs what is not JSON: %s", service, line)
		}
		if strings.Contains(entry.Msg, "panic") {
			return fmt.Errorf("%s logs a panic: %s", service, line)
		}
	}
	return nil
}
