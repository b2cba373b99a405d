package main_test

import (
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gin-blog/internal/testkit"
)

// wire is the line to a MongoDB server, which a test can cut, hang up or slow down.
type wire struct {
	t       *testing.T
	address string // where clients connect
	server  string

	mu       sync.Mutex
	listener net.Listener // nil while the line is cut
	conns    map[net.Conn]bool
	flows    *sync.Cond // on mu: signals a change of hung
	hung     bool
	delay    time.Duration // before each piece of an answer
}

// newWire lays a line to the MongoDB server of the tests, which is cut at first.
func newWire(t *testing.T) *wire {
	t.Helper()
	server := strings.TrimPrefix(testkit.MongoURI(t), "mongodb://")
	if !regexp.MustCompile(`^[^/@,]+:\d+/?$`).MatchString(server) {
		t.Skip("MONGO_TEST_URI is not one plain address")
	}
	w := &wire{t: t, address: freeAddress(t), server: strings.TrimSuffix(server, "/"), conns: map[net.Conn]bool{}}
	w.flows = sync.NewCond(&w.mu)
	t.Cleanup(w.cut)
	return w
}

// freeAddress is an address of this machine on which nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// join lets clients connect.
func (w *wire) join() {
	w.t.Helper()
	listener, err := net.Listen("tcp", w.address)
	if err != nil {
		w.t.Fatal(err)
	}
	w.mu.Lock()
	w.listener = listener
	w.mu.Unlock()
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", w.server)
			if err != nil {
				client.Close()
				continue
			}
			w.mu.Lock()
			w.conns[client], w.conns[server] = true, true
			w.mu.Unlock()
			go w.carry(server, client)
			go w.carry(client, server)
		}
	}()
}

// carry copies what one end sends to the other.
func (w *wire) carry(to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		w.mu.Lock()
		for w.hung {
			w.flows.Wait()
		}
		delay := w.delay
		w.mu.Unlock()
		time.Sleep(delay)
		if _, werr := to.Write(buffer[:n]); err != nil || werr != nil {
			return
		}
	}
}

// cut closes the line, and every connection on it.
func (w *wire) cut() {
	w.hang(false)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.listener != nil {
		w.listener.Close()
	}
	w.listener = nil
	for conn := range w.conns {
		conn.Close()
		delete(w.conns, conn)
	}
}

// hang keeps back all that is sent, until it is told not to.
func (w *wire) hang(hung bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hung = hung
	w.flows.Broadcast()
}

// slow delays every piece that is sent.
func (w *wire) slow(delay time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.delay = delay
}

// try makes a request and returns the answer without its body, and how long it took. Status 0 means none came.
func (p *process) try(method, path, token, body string) (status int, retryAfter string, took time.Duration) {
	request, err := p.newRequest(method, path, token, body)
	if err != nil {
		p.t.Error(err)
		return 0, "", 0
	}
	start := time.Now()
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err.Error(), time.Since(start)
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, answer.Header.Get("Retry-After"), time.Since(start)
}

// metric reads the value of a series.
func (p *process) metric(series string) float64 {
	p.t.Helper()
	_, text := fetch(p.t, p.metricsURL()+"/metrics")
	_, rest, found := strings.Cut(text, "\n"+series+" ")
	value, _, _ := strings.Cut(rest, "\n")
	number, err := strconv.ParseFloat(value, 64)
	if !found || err != nil {
		p.t.Fatalf("%s: %v", series, err)
	}
	return number
}

// TestDatabaseAway: while MongoDB cannot be reached, is hung or slow, clients get a quick, honest answer; when it is back, so is
// the API.
func TestDatabaseAway(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	p := start(t, t.TempDir(), "MONGO_URI=mongodb://"+w.address+"/?directConnection=true", "MONGO_DB="+testkit.Database(t).Name(), "METRICS_ADDR=127.0.0.1:0")
	var token string // none before the database was there
	const post, account = `{"title":"My Post","content":"Hello"}`, `{"username":"alice","password":"pass123"}`

	away := func(how string) {
		t.Helper()
		var calls sync.WaitGroup
		for _, c := range []struct {
			method, path, body string
			signedIn           bool
		}{
			{"GET", "/posts", "", false}, {"POST", "/auth/login", account, false}, {"GET", "/readyz", "", false},
			{"POST", "/posts", post, true}, {"GET", "/auth/me", "", true},
		} {
			if c.signedIn && token == "" {
				continue // 401, without a word with the database
			}
			calls.Go(func() {
				status, retryAfter, took := p.try(c.method, c.path, token, c.body)
				if status != 503 || retryAfter == "" || took > 3*time.Second {
					t.Errorf("%s: %s %s: %d, Retry-After %q in %s, want 503 within 3 s", how, c.method, c.path, status, retryAfter, took)
				}
			})
		}
		calls.Wait()
		if status, _, took := p.try("GET", "/healthz", "", ""); status != 200 || took > time.Second {
			t.Errorf("%s: /healthz is %d in %s", how, status, took)
		}
	}
	back := func(how string) {
		t.Helper()
		eventually(t, 5*time.Second, "back after it was "+how, func() bool { status, _, _ := p.try("GET", "/readyz", "", ""); return status == 200 })
	}

	away("away at the start")
	w.join()
	back("away at the start")
	token = p.signUp()
	p.call("POST", "/posts", token, post, 201, &struct{}{})

	w.cut()
	away("cut off")
	w.join()
	back("cut off")
	p.call("POST", "/posts", token, post, 201, &struct{}{})

	w.slow(150 * time.Millisecond)
	if status, _, took := p.try("POST", "/posts", token, post); status != 201 || took < 300*time.Millisecond {
		t.Errorf("slow: %d in %s", status, took)
	}
	w.slow(0)

	goroutines, memory := p.metric("go_goroutines"), p.metric("process_resident_memory_bytes")
	w.hang(true)
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
				if status, retryAfter, took := p.try(method, "/posts", token, body); status != 503 || retryAfter == "" || took > 3*time.Second {
					t.Errorf("hung, under load: %s: %d, Retry-After %q in %s", method, status, retryAfter, took)
				}
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
	w.hang(false)
	back("hung")
	p.call("POST", "/posts", token, post, 201, &struct{}{})
	var list []struct{}
	p.call("GET", "/posts?limit=100", "", "", 200, &list)
	if len(list) < 4 { // more, where a write that got 503 arrived all the same
		t.Errorf("%d posts are left", len(list))
	}
}

// TestDatabaseStopped stops the MongoDB server's process for a while (SIGSTOP): its connections stay, and nothing answers on them.
func TestDatabaseStopped(t *testing.T) {
	t.Parallel()
	testkit.MongoURI(t) // there is a server to be had
	script, err := filepath.Abs("scripts/mongo-server")
	if err != nil {
		t.Fatal(err)
	}
	address := freeAddress(t)
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
	ready := func() bool { status, _, _ := p.try("GET", "/readyz", "", ""); return status == 200 }
	eventually(t, 60*time.Second, "ready", ready)
	p.call("POST", "/auth/register", "", `{"username":"alice","password":"pass123"}`, 201, &struct{}{})

	signalAll(syscall.SIGSTOP)
	for _, path := range []string{"/posts", "/users/alice", "/readyz"} {
		if status, retryAfter, took := p.try("GET", path, "", ""); status != 503 || retryAfter == "" || took > 3*time.Second {
			t.Errorf("GET %s: %d, Retry-After %q in %s, want 503 within 3 s", path, status, retryAfter, took)
		}
	}
	if status, _, took := p.try("GET", "/healthz", "", ""); status != 200 || took > time.Second {
		t.Errorf("/healthz: %d in %s", status, took)
	}
	signalAll(syscall.SIGCONT)
	eventually(t, 5*time.Second, "ready again", ready)
	p.call("GET", "/users/alice", "", "", 200, &struct{}{})
}
