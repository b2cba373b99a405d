package e2e

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"gin-blog/internal/testkit"
)

// replicaSet is three members of a replica set that does not exist yet, and the mongosh that runs scripts on them. A
// member is a mongod if there is one, otherwise SecantusDB, which neither copies the data to a member that is added nor
// elects another primary.
type replicaSet struct {
	t       *testing.T
	mongosh string
	hosts   []string // of the members
	dir     string
}

// newReplicaSet starts the members. They run until the test ends.
func newReplicaSet(t *testing.T) *replicaSet {
	t.Helper()
	set := &replicaSet{t: t, dir: t.TempDir()}
	server := exec.Command("../../scripts/mongo-server")
	server.Stderr = os.Stderr
	if err := server.Run(); err != nil {
		testkit.Skip(t, "a MongoDB server is not here")
	}
	install := exec.Command("../../scripts/mongosh")
	install.Stderr = os.Stderr
	path, err := install.Output()
	if err != nil {
		testkit.Skip(t, "mongosh is not here")
	}
	set.mongosh = strings.TrimSpace(string(path))
	for i := range 3 {
		set.hosts = append(set.hosts, testkit.FreeAddress(t))
		set.start(i)
	}
	return set
}

// start starts a member, and returns a function that kills it.
func (s *replicaSet) start(i int) (kill func()) {
	s.t.Helper()
	_, port, err := net.SplitHostPort(s.hosts[i])
	if err != nil {
		s.t.Fatal(err)
	}
	member := exec.Command("../../scripts/mongo-server", port, s.data(i), "rs0")
	var log strings.Builder
	member.Stdout, member.Stderr = &log, &log
	if err := member.Start(); err != nil {
		s.t.Fatal(err)
	}
	exited := make(chan struct{})
	go func() { _ = member.Wait(); close(exited) }()
	kill = func() { _ = member.Process.Signal(syscall.SIGKILL); <-exited }
	s.t.Cleanup(func() {
		kill()
		if s.t.Failed() {
			s.t.Logf("%s:\n%s", s.hosts[i], log.String())
		}
	})
	awaitPort(s.t, s.hosts[i])
	return kill
}

// data returns the folder of a member's data.
func (s *replicaSet) data(i int) string { return filepath.Join(s.dir, fmt.Sprint(i)) }

// healthcheck runs the health check in the place of the container of a member, and returns its exit code and output.
func (s *replicaSet) healthcheck(i int, environ ...string) (code int, output string) {
	s.t.Helper()
	content, err := os.ReadFile("../../deploy/mongo/healthcheck.js")
	if err != nil {
		s.t.Fatal(err)
	}
	script := strings.NewReplacer("mongo-2:27017", s.hosts[1], "mongo-3:27017", s.hosts[2]).Replace(string(content))
	path := filepath.Join(s.dir, "healthcheck.js")
	if err := os.WriteFile(path, []byte(script), 0o600); err != nil {
		s.t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(s.hosts[i])
	return s.run(environ, "--port", port, path)
}

// healthy reports whether a member says that it is healthy.
func (s *replicaSet) healthy(i int, environ ...string) bool {
	s.t.Helper()
	code, _ := s.healthcheck(i, environ...)
	return code == 0
}

// setMembers runs the script that adds and removes members, and returns its output.
func (s *replicaSet) setMembers(hosts ...string) (output string) {
	s.t.Helper()
	code, output := s.run([]string{"MEMBERS=" + strings.Join(hosts, ",")},
		"mongodb://"+strings.Join(s.hosts, ",")+"/admin?replicaSet=rs0", "../../deploy/mongo/members.js")
	if code != 0 {
		s.t.Fatalf("members.js ended with %d: %s", code, output)
	}
	return output
}

// members returns the members as the first one knows them.
func (s *replicaSet) members() string {
	s.t.Helper()
	code, output := s.run(nil, "mongodb://"+s.hosts[0]+"/?directConnection=true", "--eval",
		"rs.conf().members.map(({ host, priority }) => `${host} ${priority ?? 1}`).join()")
	if code != 0 {
		s.t.Fatalf("rs.conf: %d: %s", code, output)
	}
	return strings.TrimSpace(output)
}

// run runs mongosh.
func (s *replicaSet) run(environ []string, args ...string) (code int, output string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 2*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, s.mongosh, append([]string{"--quiet"}, args...)...)
	// mongosh keeps its own log and settings in its home.
	command.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir}, environ...)
	out, err := command.CombinedOutput()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		return failed.ExitCode(), string(out)
	}
	if err != nil {
		s.t.Fatalf("mongosh: %v", err)
	}
	return 0, string(out)
}

// TestScriptsOfTheMembers runs the scripts of deploy/mongo in mongosh, as the stack does: from one member to three and
// back. Then the first member loses its data.
func TestScriptsOfTheMembers(t *testing.T) {
	testkit.OnlyInAll(t)
	t.Parallel()
	set := newReplicaSet(t)
	all, initiate := set.hosts, "INITIATE_HOST="+set.hosts[0]

	if set.healthy(0) {
		t.Error("the first member is healthy before there is a replica set")
	}
	eventually(t, time.Minute, "the first check makes the replica set", func() bool { return set.healthy(0, initiate) })
	if got := set.members(); got != all[0]+" 1" {
		t.Errorf("members %s, want %s alone", got, all[0])
	}
	if set.healthy(1) {
		t.Error("the second member is healthy before it was added")
	}

	if output := set.setMembers(all...); strings.Count(output, "Adding") < 2 {
		t.Errorf("members.js added less than two members: %s", output)
	}
	if got, want := set.members(), fmt.Sprintf("%s 1,%s 0.5,%s 0.5", all[0], all[1], all[2]); got != want {
		t.Errorf("members %s, want %s", got, want)
	}
	for i := range all {
		if code, output := set.healthcheck(i); code != 0 {
			t.Errorf("%s is not healthy: %s", all[i], output)
		}
	}
	if output := set.setMembers(all...); strings.Contains(output, "Adding") || strings.Contains(output, "Removing") {
		t.Errorf("members.js changed something at the second run: %s", output)
	}

	p := start(t, t.TempDir(), "MONGO_URI=mongodb://"+strings.Join(all, ",")+"/?replicaSet=rs0")
	token := p.signUp("alice")
	p.call("POST", "/posts", token, `{"title":"My Post","content":"Hello"}`, 201, nil)

	if output := set.setMembers(all[0]); strings.Count(output, "Removing") < 2 {
		t.Errorf("members.js removed less than two members: %s", output)
	}
	if got := set.members(); got != all[0]+" 1" {
		t.Errorf("members %s, want %s alone", got, all[0])
	}
	p.call("POST", "/posts", token, `{"title":"My Post","content":"Hello"}`, 201, nil)
}

// TestMemberThatLostItsData: a first member with an empty volume does not make a new, empty set while others hold one.
func TestMemberThatLostItsData(t *testing.T) {
	testkit.OnlyInAll(t)
	t.Parallel()
	set := newReplicaSet(t)
	initiate := "INITIATE_HOST=" + set.hosts[1]
	eventually(t, time.Minute, "the second member makes the set", func() bool { return set.healthy(1, initiate) })
	code, output := set.healthcheck(0, "INITIATE_HOST="+set.hosts[0])
	if code != 1 || set.healthy(0) {
		t.Errorf("the health check ended with %d: %s", code, output)
	}
}
