package e2e

import (
	"net"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"gin-blog/internal/testkit"
)

// behind returns the settings for an empty database behind a proxy.
func behind(t *testing.T, proxy *testkit.MongoProxy) []string {
	t.Helper()
	return []string{"MONGO_URI=" + proxy.URI(), "MONGO_DB=" + testkit.Database(t).Name()}
}

// TestDatabaseAway: while MongoDB cannot be reached or hangs, clients soon get 503. When it is back, so is the API.
func TestDatabaseAway(t *testing.T) {
	t.Parallel()
	proxy := testkit.NewMongoProxy(t)
	p := start(t, t.TempDir(), append(behind(t, proxy), "METRICS_ADDR=127.0.0.1:0")...)
	var token string // none before the database was there
	const post = `{"title":"My Post","content":"Hello"}`

	// expectUnavailable wants 503 with Retry-After within 3 s.
	expectUnavailable := func(how, method, path, token, body string) {
		status, retryAfter, took := p.try(method, path, token, body)
		if status != 503 || retryAfter == "" || took > 3*time.Second {
			t.Errorf("%s: %s %s: %d, Retry-After %q in %s, want 503 within 3 s",
				how, method, path, status, retryAfter, took)
		}
	}

	away := func(how string) {
		t.Helper()
		var calls sync.WaitGroup
		for _, c := range []struct {
			method, path, body string
			signedIn           bool
		}{
			{"GET", "/posts", "", false}, {"GET", "/posts?q=hello", "", false}, {"GET", "/readyz", "", false},
			{"POST", "/auth/login", testkit.Account("alice"), false},
			{"POST", "/posts", post, true}, {"GET", "/auth/me", "", true},
		} {
			if c.signedIn && token == "" {
				continue // 401, without asking the database
			}
			calls.Go(func() { expectUnavailable(how, c.method, c.path, token, c.body) })
		}
		calls.Wait()
		if status, _, took := p.try("GET", "/healthz", "", ""); status != 200 || took > time.Second {
			t.Errorf("%s: /healthz is %d in %s", how, status, took)
		}
	}
	back := func(how string) {
		t.Helper()
		eventually(t, 5*time.Second, "back after it was "+how, func() bool { return p.readyz() == 200 })
	}

	away("away at the start")
	proxy.Listen()
	back("away at the start")
	token = p.signUp("alice")
	p.call("POST", "/posts", token, post, 201, nil)

	proxy.Cut()
	away("cut off")
	proxy.Listen()
	back("cut off")
	p.call("POST", "/posts", token, post, 201, nil)

	proxy.Slow(150 * time.Millisecond)
	if status, _, took := p.try("POST", "/posts", token, post); status != 201 || took < 300*time.Millisecond {
		t.Errorf("slow: %d in %s", status, took)
	}
	proxy.Slow(0)

	goroutines, memory := p.metric("go_goroutines"), p.metric("process_resident_memory_bytes")
	proxy.Hang(true)
	away("hung")
	const clients = 40
	var load sync.WaitGroup
	for client := range clients {
		load.Go(func() {
			for range 3 {
				method, body := "GET", ""
				if client%2 == 0 {
					method, body = "POST", post
				}
				expectUnavailable("hung, under load", method, "/posts", token, body)
			}
		})
	}
	load.Wait()
	away("hung after load")
	if got := p.metric("go_goroutines"); got > goroutines+10*clients {
		t.Errorf("%v goroutines, %v before", got, goroutines)
	}
	if got := p.metric("process_resident_memory_bytes"); got > memory+100<<20 {
		t.Errorf("%v bytes of memory, %v before", got, memory)
	}
	proxy.Hang(false)
	back("hung")
	p.call("POST", "/posts", token, post, 201, nil)
	var list []struct{}
	p.call("GET", "/posts?limit=100", "", "", 200, &list)
	if len(list) < 4 { // more, if a write that got 503 was stored all the same
		t.Errorf("%d posts are left", len(list))
	}
}

// TestDatabaseStopped suspends the MongoDB server for a while (SIGSTOP): its connections stay open and nothing answers.
func TestDatabaseStopped(t *testing.T) {
	t.Parallel()
	testkit.MongoURI(t) // skips the test where there is no server
	script, err := filepath.Abs("../../scripts/mongo-server")
	if err != nil {
		t.Fatal(err)
	}
	address := testkit.FreeAddress(t)
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	server := exec.Command(script, port, t.TempDir())
	server.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	signalAll := func(signal syscall.Signal) {
		if err := syscall.Kill(-server.Process.Pid, signal); err != nil {
			t.Errorf("send %v to the MongoDB server: %v", signal, err)
		}
	}
	t.Cleanup(func() {
		signalAll(syscall.SIGKILL)
		_ = server.Wait()
	})
	p := start(t, t.TempDir(), "MONGO_URI=mongodb://"+address+"/")
	ready := func() bool { return p.readyz() == 200 }
	eventually(t, 60*time.Second, "ready", ready)
	p.call("POST", "/auth/register", "", testkit.Account("alice"), 201, nil)

	signalAll(syscall.SIGSTOP)
	eventually(t, 10*time.Second, "not ready", func() bool { return p.readyz() == 503 })
	for _, path := range []string{"/posts", "/users/alice", "/readyz"} {
		status, retryAfter, took := p.try("GET", path, "", "")
		if status != 503 || retryAfter == "" || took > 3*time.Second {
			t.Errorf("GET %s: %d, Retry-After %q in %s, want 503 within 3 s", path, status, retryAfter, took)
		}
	}
	if status, _, took := p.try("GET", "/healthz", "", ""); status != 200 || took > time.Second {
		t.Errorf("/healthz: %d in %s", status, took)
	}
	signalAll(syscall.SIGCONT)
	eventually(t, 5*time.Second, "ready again", ready)
	p.call("GET", "/users/alice", "", "", 200, nil)
}
