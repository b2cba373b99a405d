package main_test

import (
	"fmt"
	"io"
	"net"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// dial opens a connection to the server, until the test ends, and sends the beginning of a request.
func (p *process) dial(beginning string) net.Conn {
	p.t.Helper()
	conn, err := net.Dial("tcp", "127.0.0.1:"+p.port)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { conn.Close() })
	if _, err := io.WriteString(conn, beginning); err != nil {
		p.t.Fatal(err)
	}
	return conn
}

// answersOthers wants requests of other clients to be answered as ever.
func (p *process) answersOthers(while string) {
	p.t.Helper()
	for range 20 {
		for _, path := range []string{"/healthz", "/posts"} {
			if status, _, took := p.try("GET", path, "", ""); status != 200 || took > time.Second {
				p.t.Errorf("%s: GET %s: %d in %s", while, path, status, took)
			}
		}
	}
}

// isCutOff wants the server to end a connection in time, with or without a last word.
func isCutOff(t *testing.T, conn net.Conn, deadline time.Time) (lastWord string) {
	t.Helper()
	if err := conn.SetReadDeadline(deadline); err != nil {
		t.Error(err)
	}
	content, err := io.ReadAll(conn)
	if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
		t.Fatal("a connection is still open")
	}
	return string(content)
}

// TestIdleAndSlowClients: clients that hold connections and send nothing, or slowly, cost the others nothing, and are cut off.
func TestIdleAndSlowClients(t *testing.T) {
	t.Parallel()
	p := start(t, t.TempDir(), "METRICS_ADDR=127.0.0.1:0")
	p.answersOthers("with nobody else")
	goroutines := p.metric("go_goroutines")

	var silent, slowHeaders, slowBodies []net.Conn
	for range 1000 {
		silent = append(silent, p.dial(""))
	}
	for range 100 {
		slowHeaders = append(slowHeaders, p.dial("GET /posts HTTP/1.1\r\nHost: x\r\n"))
		slowBodies = append(slowBodies, p.dial("POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"))
	}
	p.answersOthers("with 1,200 others")
	var drip sync.WaitGroup
	stop := make(chan struct{})
	defer drip.Wait()
	defer close(stop)
	drip.Go(func() { // slow clients go on sending
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			case <-time.After(250 * time.Millisecond):
			}
			for n := range slowHeaders {
				_, _ = fmt.Fprintf(slowHeaders[n], "X-%d: y\r\n", i)
				_, _ = io.WriteString(slowBodies[n], " ")
			}
		}
	})
	soon := time.Now().Add(10 * time.Second)
	for _, conn := range silent {
		isCutOff(t, conn, soon)
	}
	for _, conn := range slowHeaders {
		isCutOff(t, conn, soon)
	}
	p.answersOthers("with slow bodies")
	later := time.Now().Add(40 * time.Second)
	for _, conn := range slowBodies {
		if word := isCutOff(t, conn, later); !strings.HasPrefix(word, "HTTP/1.1 408 ") {
			t.Errorf("a slow body got %.60q, want 408", word)
		}
	}
	eventually(t, 10*time.Second, "the goroutines of those clients end", func() bool { return p.metric("go_goroutines") < goroutines+20 })
}

// TestOutOfFileDescriptors: more connections than the system allows make new ones wait; when the idle ones have gone, all is well.
func TestOutOfFileDescriptors(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("sh", "-c", "ulimit -n 64 && exec "+binary)
	cmd.Dir = t.TempDir()
	p, err := launchCommand(t, cmd)
	if err != nil {
		t.Fatal(err)
	}
	token := p.signUp()
	for range 100 {
		p.dial("")
	}
	eventually(t, 5*time.Second, "the log tells it", func() bool { return strings.Contains(p.logged(), "too many open files") })
	// The connection that is open already still works: so does the database.
	p.call("POST", "/posts", token, `{"title":"My Post","content":"Hello"}`, 201, &struct{}{})

	eventually(t, 15*time.Second, "new clients are answered", func() bool { status, _, err := p.get("/readyz"); return status == 200 && err == nil })
	var list []struct{}
	p.call("GET", "/posts", "", "", 200, &list)
	if len(list) != 1 {
		t.Errorf("%d posts", len(list))
	}
}
