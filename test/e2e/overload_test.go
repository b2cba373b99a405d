package e2e

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// expectAnswers wants requests of other clients to be answered soon.
func (p *process) expectAnswers(while string) {
	p.t.Helper()
	for range 20 {
		for _, path := range []string{"/healthz", "/posts"} {
			if status, _, took := p.try("GET", path, "", ""); status != 200 || took > time.Second {
				p.t.Errorf("%s: GET %s: %d in %s", while, path, status, took)
			}
		}
	}
}

// expectClosed wants the server to close a connection before a deadline. It returns what the server sent.
func expectClosed(t *testing.T, conn net.Conn, deadline time.Time) (answer string) {
	t.Helper()
	if err := conn.SetReadDeadline(deadline); err != nil {
		t.Error(err)
	}
	content, err := io.ReadAll(conn)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal("a connection is still open")
	}
	return string(content)
}

// TestIdleAndSlowClients: clients that hold connections and send nothing, or send slowly, are cut off. Meanwhile other
// clients are answered.
func TestIdleAndSlowClients(t *testing.T) {
	t.Parallel()
	p := start(t, t.TempDir(), "METRICS_ADDR=127.0.0.1:0")
	p.expectAnswers("without other clients")
	goroutines := p.metric("go_goroutines")

	var silent, slowHeaders, slowBodies []net.Conn
	for range 1000 {
		silent = append(silent, p.dial(""))
	}
	for range 100 {
		slowHeaders = append(slowHeaders, p.dial("GET /posts HTTP/1.1\r\nHost: x\r\n"))
		slowBodies = append(slowBodies, p.dial("POST /auth/login HTTP/1.1\r\nHost: x\r\n"+
			"Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"))
	}
	p.expectAnswers("with 1,200 other clients")
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
		expectClosed(t, conn, soon)
	}
	for _, conn := range slowHeaders {
		expectClosed(t, conn, soon)
	}
	p.expectAnswers("with slow bodies")
	later := time.Now().Add(40 * time.Second)
	for _, conn := range slowBodies {
		if answer := expectClosed(t, conn, later); !strings.HasPrefix(answer, "HTTP/1.1 408 ") {
			t.Errorf("a slow body got %.60q, want 408", answer)
		}
	}
	eventually(t, 10*time.Second, "the goroutines of those clients end", func() bool {
		return p.metric("go_goroutines") < goroutines+20
	})
}

// TestOutOfFileDescriptors: when the process may open no more connections, new clients wait. They are answered when
// idle connections were closed.
func TestOutOfFileDescriptors(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("sh", "-c", "ulimit -n 64 && exec "+binary)
	cmd.Dir = t.TempDir()
	p, err := launch(t, cmd)
	if err != nil {
		t.Fatal(err)
	}
	token := p.signUp("alice")
	for range 100 {
		p.dial("")
	}
	eventually(t, 5*time.Second, "the log tells it", func() bool {
		return strings.Contains(p.logged(), "too many open files")
	})
	// This uses a connection that is open already. The database works too.
	p.call("POST", "/posts", token, `{"title":"My Post","content":"Hello"}`, 201, nil)

	eventually(t, 15*time.Second, "new clients are answered", func() bool {
		status, _, err := p.get("/readyz")
		return status == 200 && err == nil
	})
	var list []struct{}
	p.call("GET", "/posts", "", "", 200, &list)
	if len(list) != 1 {
		t.Errorf("%d posts", len(list))
	}
}

// TestLateBodyIsNoRequest: a request is refused before its body ends. What comes later is never taken for a request.
func TestLateBodyIsNoRequest(t *testing.T) {
	t.Parallel()
	p := start(t, t.TempDir())
	for _, methodAndPath := range []string{"POST /nowhere", "POST /posts", "GET /healthz", "PUT /login"} {
		conn := p.dial(methodAndPath + " HTTP/1.1\r\nHost: x\r\nContent-Length: 200\r\n\r\n0123456789")
		answer := bufio.NewReader(conn)
		first, err := http.ReadResponse(answer, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, first.Body); err != nil || !first.Close {
			t.Errorf("%s: %s: close %v, %v", methodAndPath, first.Status, first.Close, err)
		}
		_, _ = io.WriteString(conn, strings.Repeat("x", 190)+"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
		_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		if more, err := io.ReadAll(answer); len(more) > 0 || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: after the answer came %.60q, %v", methodAndPath, more, err)
		}
	}
}
