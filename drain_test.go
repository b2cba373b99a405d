package main_test

import (
	"bufio"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"gin-blog/internal/testkit"
)

// get makes a request on a connection of its own, and returns the status and whether the server closes the connection.
func (p *process) get(path string) (status int, closes bool, err error) {
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	answer, err := transport.RoundTrip(httpGet(p.t, p.url+path))
	if err != nil {
		return 0, false, err
	}
	defer answer.Body.Close()
	return answer.StatusCode, answer.Close, nil
}

// httpGet is a request to read a page.
func httpGet(t *testing.T, url string) *http.Request {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return request
}

// eventually waits until a condition holds.
func eventually(t *testing.T, patience time.Duration, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %s", what, patience)
		}
	}
}

// TestDrain stops a server while clients go on: it says that it is not ready and answers all the same, asks clients to leave,
// takes no more connections after the delay, and ends well.
func TestDrain(t *testing.T) {
	t.Parallel()
	p := start(t, t.TempDir(), "DRAIN_DELAY=2s")
	if status, closes, err := p.get("/readyz"); status != 200 || closes || err != nil {
		t.Fatalf("before: %d, %v, %v", status, closes, err)
	}
	stopped := time.Now()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	eventually(t, time.Second, "/readyz is 503", func() bool { status, _, _ := p.get("/readyz"); return status == 503 })
	for _, path := range []string{"/healthz", "/posts"} {
		if status, closes, err := p.get(path); status != 200 || !closes || err != nil {
			t.Errorf("%s while draining: %d, closes %v, %v, want 200 and a closed connection", path, status, closes, err)
		}
	}
	eventually(t, 5*time.Second, "the port is closed", func() bool { _, _, err := p.get("/healthz"); return err != nil })
	if open := time.Since(stopped); open < 2*time.Second {
		t.Errorf("took connections for only %s", open)
	}
	if err := p.end(); err != nil {
		t.Errorf("after SIGTERM: %v, want exit 0", err)
	}
}

// TestAcceptedConnectionsAreAnswered sends requests after the port was closed, on connections that were taken before.
func TestAcceptedConnectionsAreAnswered(t *testing.T) {
	t.Parallel()
	p := start(t, t.TempDir(), "DRAIN_DELAY=0s")
	conns := make([]net.Conn, 8)
	for i := range conns {
		var err error
		if conns[i], err = net.Dial("tcp", "127.0.0.1:"+p.port); err != nil {
			t.Fatal(err)
		}
		defer conns[i].Close()
	}
	if status, _, err := p.get("/healthz"); status != 200 || err != nil { // connections are taken in turn
		t.Fatalf("before: %d, %v", status, err)
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	eventually(t, 3*time.Second, "the port is closed", func() bool { _, _, err := p.get("/healthz"); return err != nil })
	for _, conn := range conns {
		if _, err := conn.Write([]byte("GET /posts HTTP/1.1\r\nHost: x\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatalf("no answer: %v", err)
		}
		defer answer.Body.Close()
		if answer.StatusCode != 200 || !answer.Close {
			t.Errorf("%s, closes %v, want 200 and a closed connection", answer.Status, answer.Close)
		}
	}
	if err := p.end(); err != nil {
		t.Errorf("after SIGTERM: %v, want exit 0", err)
	}
}

// TestSecondSignalEndsAtOnce: who is in a hurry need not wait for a request that hangs.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	p := start(t, t.TempDir(), "DRAIN_DELAY=5s")
	if err := p.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	eventually(t, time.Second, "/readyz is 503", func() bool { status, _, _ := p.get("/readyz"); return status == 503 })
	again := time.Now()
	if err := p.stop(syscall.SIGINT); err == nil || time.Since(again) > time.Second {
		t.Errorf("after the second signal: %v in %s", err, time.Since(again))
	}
}

// TestStuckRequestDoesNotHoldUpTheStop: a client that never sends the rest is cut off, and the process still ends in time.
func TestStuckRequestDoesNotHoldUpTheStop(t *testing.T) {
	t.Parallel()
	p := start(t, t.TempDir(), "DRAIN_DELAY=0s")
	conn, err := net.Dial("tcp", "127.0.0.1:"+p.port)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	request := "POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n"
	if _, err := conn.Write([]byte(request)); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("got %q, %v", line, err)
	}
	if err := p.stop(syscall.SIGTERM); err != nil {
		t.Errorf("after SIGTERM: %v, want exit 0", err)
	}
}

// TestHangupIsAStop: without TLS there is nothing that SIGHUP would read again.
func TestHangupIsAStop(t *testing.T) {
	t.Parallel()
	p := start(t, t.TempDir())
	if err := p.stop(syscall.SIGHUP); err != nil {
		t.Errorf("after SIGHUP: %v, want exit 0", err)
	}
}

// TestStopWhileTheDatabaseHangs: the process ends in time, though the driver would wait for its server.
func TestStopWhileTheDatabaseHangs(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	w.join()
	p := start(t, t.TempDir(), "MONGO_URI=mongodb://"+w.address+"/?directConnection=true", "MONGO_DB="+testkit.Database(t).Name())
	p.call("POST", "/auth/register", "", `{"username":"alice","password":"pass123"}`, 201, &struct{}{})
	w.hang(true)
	time.Sleep(5 * time.Second) // until the driver waits for its server, which nobody can see
	begin := time.Now()
	if err := p.stop(syscall.SIGTERM); err != nil || time.Since(begin) > 5*time.Second {
		t.Errorf("after SIGTERM: %v in %s, want exit 0 soon", err, time.Since(begin))
	}
}

// TestTwoStartsAtOnce: two processes that start in one empty directory agree on the secrets, and only their owner reads them.
func TestTwoStartsAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var processes [2]*process
	var starts errgroup.Group
	for i := range processes {
		starts.Go(func() (err error) { processes[i], err = launch(t, dir); return err })
	}
	if err := starts.Wait(); err != nil {
		t.Fatal(err)
	}
	one, other := processes[0], processes[1]
	token := one.signUp()
	var me struct{ Username string }
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
