package e2e

import (
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

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

// mongoServer is a MongoDB server that a test may stop.
type mongoServer struct {
	t       *testing.T
	address string
	args    []string // of scripts/mongo-server, after the port
	cmd     *exec.Cmd
}

// startMongo starts a server, which is a member of a replica set if that is named.
func startMongo(t *testing.T, set ...string) *mongoServer {
	t.Helper()
	m := &mongoServer{t: t, address: testkit.FreeAddress(t), args: append([]string{t.TempDir()}, set...)}
	m.launch()
	t.Cleanup(m.kill)
	return m
}

// startReplicaSet starts a server that is the only member of the replica set rs0.
func startReplicaSet(t *testing.T) *mongoServer {
	t.Helper()
	m := startMongo(t, "rs0")
	client, err := mongo.Connect(options.Client().ApplyURI("mongodb://" + m.address + "/?directConnection=true"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Disconnect(t.Context()) }()
	member := bson.D{{Key: "_id", Value: 0}, {Key: "host", Value: m.address}}
	config := bson.D{{Key: "_id", Value: "rs0"}, {Key: "members", Value: bson.A{member}}}
	initiate := bson.D{{Key: "replSetInitiate", Value: config}}
	if err := client.Database("admin").RunCommand(t.Context(), initiate).Err(); err != nil {
		t.Fatal(err)
	}
	return m
}

func (m *mongoServer) launch() {
	m.t.Helper()
	script, err := filepath.Abs("../../scripts/mongo-server")
	if err != nil {
		m.t.Fatal(err)
	}
	_, port, _ := strings.Cut(m.address, ":")
	m.cmd = exec.Command(script, append([]string{port}, m.args...)...)
	m.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := m.cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
}

// signal sends a signal to the server.
func (m *mongoServer) signal(signal syscall.Signal) {
	if err := syscall.Kill(-m.cmd.Process.Pid, signal); err != nil {
		m.t.Errorf("send %v to the MongoDB server: %v", signal, err)
	}
}

func (m *mongoServer) kill() {
	m.signal(syscall.SIGKILL)
	_ = m.cmd.Wait()
}

// crash kills the server and starts it again.
func (m *mongoServer) crash() {
	m.kill()
	m.launch()
}

// TestDatabaseStopped suspends the MongoDB server for a while (SIGSTOP): its connections stay open and nothing answers.
func TestDatabaseStopped(t *testing.T) {
	t.Parallel()
	testkit.MongoURI(t) // skips the test where there is no server
	server := startMongo(t)
	p := start(t, t.TempDir(), "MONGO_URI=mongodb://"+server.address+"/")
	ready := func() bool { return p.readyz() == 200 }
	eventually(t, 60*time.Second, "ready", ready)
	p.call("POST", "/auth/register", "", testkit.Account("alice"), 201, nil)

	server.signal(syscall.SIGSTOP)
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
	server.signal(syscall.SIGCONT)
	eventually(t, 5*time.Second, "ready again", ready)
	p.call("GET", "/users/alice", "", "", 200, nil)
}
