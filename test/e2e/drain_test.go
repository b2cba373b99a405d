package e2e

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"gin-blog/internal/testkit"
)

// awaitClosedPort waits until the server takes no more connections.
func (p *process) awaitClosedPort() {
	p.t.Helper()
	eventually(p.t, 5*time.Second, "the port is closed", func() bool {
		conn, err := net.Dial("tcp", "127.0.0.1:"+p.port)
		if err == nil {
			conn.Close()
		}
		return errors.Is(err, syscall.ECONNREFUSED)
	})
}

// TestDrain stops a server while clients go on. It says that it is not ready, still answers, closes the connections of
// clients, takes no more of them after the delay, and exits with 0.
func TestDrain(t *testing.T) {
	t.Parallel()
	p := start(t, t.TempDir(), "DRAIN_DELAY=2s")
	if status, closes, err := p.get("/readyz"); status != 200 || closes || err != nil {
		t.Fatalf("before: %d, %v, %v", status, closes, err)
	}
	stopped := time.Now()
	p.signal(syscall.SIGTERM)
	eventually(t, time.Second, "/readyz is 503", func() bool { return p.readyz() == 503 })
	for _, path := range []string{"/healthz", "/posts"} {
		if status, closes, err := p.get(path); status != 200 || !closes || err != nil {
			t.Errorf("%s while draining: %d, closes %v, %v, want 200 and a closed connection",
				path, status, closes, err)
		}
	}
	p.awaitClosedPort()
	if open := time.Since(stopped); open < 2*time.Second {
		t.Errorf("took connections for only %s", open)
	}
	if err := p.end(); err != nil {
		t.Errorf("after SIGTERM: %v, want exit 0", err)
	}
}

// expectLastAnswer reads an answer, which is 200 and says that the server closes the connection.
func expectLastAnswer(t *testing.T, conn net.Conn) {
	t.Helper()
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("no answer: %v", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != 200 || !answer.Close {
		t.Errorf("%s, closes %v, want 200 and a closed connection", answer.Status, answer.Close)
	}
}

// TestAcceptedConnectionsAreAnswered sends requests soon after the port was closed, on connections that were accepted
// before.
func TestAcceptedConnectionsAreAnswered(t *testing.T) {
	t.Parallel()
	p := start(t, t.TempDir(), "DRAIN_DELAY=0s")
	conns := make([]net.Conn, 8)
	for i := range conns {
		conns[i] = p.dial("")
	}
	if status, _, err := p.get("/healthz"); status != 200 || err != nil { // the server accepts connections in order
		t.Fatalf("before: %d, %v", status, err)
	}
	p.signal(syscall.SIGTERM)
	p.awaitClosedPort()
	time.Sleep(100 * time.Millisecond) // less than the server's grace for new connections
	for _, conn := range conns {
		if _, err := io.WriteString(conn, "GET /posts HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
	}
	for _, conn := range conns {
		expectLastAnswer(t, conn)
	}
	if err := p.end(); err != nil {
		t.Errorf("after SIGTERM: %v, want exit 0", err)
	}
}

// TestSilentConnectionsDoNotHoldUpTheStop: a client that connected ahead and sends nothing gets a short grace only.
func TestSilentConnectionsDoNotHoldUpTheStop(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key := writeCertificate(t, dir, 1)
	for name, settings := range map[string][]string{
		"HTTP": nil, "HTTPS": {"TLS_CERT=" + cert, "TLS_KEY=" + key},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, t.TempDir(), append(settings, "DRAIN_DELAY=0s")...)
			p.dial("")
			if name == "HTTPS" { // the handshake is done, the request is missing
				secure := tls.Client(p.dial(""), &tls.Config{InsecureSkipVerify: true})
				if err := secure.Handshake(); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(100 * time.Millisecond) // until the server has accepted them, which shows nowhere
			begin := time.Now()
			if err := p.stop(syscall.SIGTERM); err != nil || time.Since(begin) > 4*time.Second {
				t.Errorf("after SIGTERM: %v in %s, want exit 0 soon", err, time.Since(begin))
			}
		})
	}
}

// TestFirstRequestOnItsWayIsAnswered: a first request that had begun is answered, although its rest comes late.
func TestFirstRequestOnItsWayIsAnswered(t *testing.T) {
	t.Parallel()
	p := start(t, t.TempDir(), "DRAIN_DELAY=0s")
	conn := p.dial("GET /posts HTTP/1.1\r\n")
	time.Sleep(100 * time.Millisecond) // until the server has read that, which shows nowhere
	p.signal(syscall.SIGTERM)
	p.awaitClosedPort()
	time.Sleep(500 * time.Millisecond) // less than the server's grace for new connections
	if _, err := io.WriteString(conn, "Host: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	expectLastAnswer(t, conn)
	if err := p.end(); err != nil {
		t.Errorf("after SIGTERM: %v, want exit 0", err)
	}
}

// TestSecondSignalEndsAtOnce: a second signal does not wait for requests in flight.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	p := start(t, t.TempDir(), "DRAIN_DELAY=5s")
	p.signal(syscall.SIGINT)
	eventually(t, time.Second, "/readyz is 503", func() bool { return p.readyz() == 503 })
	again := time.Now()
	if err := p.stop(syscall.SIGINT); err == nil || time.Since(again) > time.Second {
		t.Errorf("after the second signal: %v in %s", err, time.Since(again))
	}
}

// TestStuckRequestDoesNotHoldUpTheStop: a client that never sends the rest is cut off, and the process ends in time.
func TestStuckRequestDoesNotHoldUpTheStop(t *testing.T) {
	t.Parallel()
	p := start(t, t.TempDir(), "DRAIN_DELAY=0s")
	conn := p.dial("POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n" +
		"Expect: 100-continue\r\n\r\n")
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("got %q, %v", line, err)
	}
	if err := p.stop(syscall.SIGTERM); err != nil {
		t.Errorf("after SIGTERM: %v, want exit 0", err)
	}
}

// TestHangupWithoutTLS: without TLS there is no certificate to reload, so SIGHUP does nothing.
func TestHangupWithoutTLS(t *testing.T) {
	t.Parallel()
	p := start(t, t.TempDir())
	for range 3 {
		p.signal(syscall.SIGHUP)
	}
	if err := p.stop(syscall.SIGTERM); err != nil { // a second stop would end it at once
		t.Errorf("after SIGHUP and SIGTERM: %v, want exit 0", err)
	}
	if log := p.logged(); strings.Contains(log, "cert") || strings.Count(log, "msg=stopped") != 1 {
		t.Errorf("the log is %s", log)
	}
}

// TestIgnoredSignalsStayIgnored: nohup makes a process ignore SIGHUP, also one with TLS; a script makes its jobs in the
// background ignore SIGINT.
func TestIgnoredSignalsStayIgnored(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key := writeCertificate(t, dir, 1)
	for name, settings := range map[string][]string{"HTTP": nil, "HTTPS": {"TLS_CERT=" + cert, "TLS_KEY=" + key}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command("sh", "-c", `trap "" HUP INT; exec "$0"`, binary)
			cmd.Dir = t.TempDir()
			p, err := launch(t, cmd, settings...)
			if err != nil {
				t.Fatal(err)
			}
			p.signal(syscall.SIGHUP)
			p.signal(syscall.SIGINT)
			if err := p.stop(syscall.SIGTERM); err != nil { // a second stop would end it at once
				t.Errorf("after the signals: %v, want exit 0", err)
			}
			if log := p.logged(); strings.Contains(log, "reloaded") || strings.Count(log, "msg=stopped") != 1 {
				t.Errorf("the log is %s", log)
			}
		})
	}
}

// TestIgnoredInterruptDoesNotStopACommand: a command in the background of a script goes on when Ctrl-C ends another.
func TestIgnoredInterruptDoesNotStopACommand(t *testing.T) {
	t.Parallel()
	dir, files := t.TempDir(), t.TempDir()
	seed := command(dir, []string{"BCRYPT_COST=4"}, "seed", "-users", "1", "-posts", "0")
	if out, err := seed.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	const posts = 200
	for i := range posts {
		text := fmt.Sprintf("---\ntitle: Post %d\ndate: 2026-01-02T03:04:05Z\n---\n\nHello\n", i)
		if err := os.WriteFile(filepath.Join(files, fmt.Sprintf("%d.md", i)), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("sh", "-c", `trap "" INT; exec "$0" import "$1"`, binary, files)
	cmd.Dir = dir
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	last := ""
	for n := 0; lines.Scan(); n++ {
		if last = lines.Text(); n == 0 {
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err != nil || !strings.HasPrefix(last, fmt.Sprintf("%d created, ", posts)) {
		t.Errorf("%v, the last line is %q", err, last)
	}
}

// TestLogWithoutAReader: the server goes on when the program that reads its log ends, from the first line on.
func TestLogWithoutAReader(t *testing.T) {
	t.Parallel()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	address := testkit.FreeAddress(t)
	_, port, _ := net.SplitHostPort(address)
	cmd := command(t.TempDir(), []string{"PORT=" + port, "DRAIN_DELAY=0s"})
	cmd.Stdout, cmd.Stderr = writer, writer
	if err := errors.Join(cmd.Start(), writer.Close()); err != nil {
		t.Fatal(err)
	}
	p := &process{
		t: t, cmd: cmd, port: port, url: "http://" + address, client: http.DefaultTransport, exited: make(chan error, 1),
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	go func() { p.exited <- cmd.Wait() }()
	eventually(t, 20*time.Second, "ready", func() bool { return p.readyz() == 200 })
	for range 3 { // each has a line in the log
		p.call("GET", "/posts", "", "", 200, nil)
	}
	if err := p.stop(syscall.SIGTERM); err != nil {
		t.Errorf("after SIGTERM: %v, want exit 0", err)
	}
}

// TestStopWhileTheDatabaseHangs: the process ends in time, although the driver waits for its server.
func TestStopWhileTheDatabaseHangs(t *testing.T) {
	t.Parallel()
	proxy := testkit.NewMongoProxy(t)
	proxy.Listen()
	p := start(t, t.TempDir(), behind(t, proxy)...)
	p.call("POST", "/auth/register", "", testkit.Account("alice"), 201, nil)
	proxy.Hang(true)
	time.Sleep(5 * time.Second) // until the driver waits for its server, which shows nowhere
	begin := time.Now()
	if err := p.stop(syscall.SIGTERM); err != nil || time.Since(begin) > 5*time.Second {
		t.Errorf("after SIGTERM: %v in %s, want exit 0 soon", err, time.Since(begin))
	}
}

// TestTwoStartsAtOnce: two processes that start in one empty directory agree on the secrets, which only their owner may
// read.
func TestTwoStartsAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var processes [2]*process
	var starts errgroup.Group
	for i := range processes {
		starts.Go(func() (err error) { processes[i], err = launch(t, command(dir, nil)); return err })
	}
	if err := starts.Wait(); err != nil {
		t.Fatal(err)
	}
	one, other := processes[0], processes[1]
	token := one.signUp("alice")
	var me testkit.User
	other.call("GET", "/auth/me", token, "", 200, &me)
	if me.Username != "alice" {
		t.Errorf("the other process knows %+v", me)
	}
	data := filepath.Join(dir, "data")
	if info, err := os.Stat(data); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("DATA_DIR: %v, %v", info, err)
	}
	entries, err := os.ReadDir(data)
	if err != nil || len(entries) < 3 {
		t.Errorf("DATA_DIR holds %v, %v", entries, err)
	}
	for _, entry := range entries {
		if info, err := entry.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v, want 0600", entry.Name(), info.Mode(), err)
		}
	}
}
