package main_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gin-blog/internal/testkit"
)

// binary is built once from the sources, as a user would build it.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "gin-blog")
	if err != nil {
		panic(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil { // a test runs it as another user
		panic(err)
	}
	binary = filepath.Join(dir, "gin-blog")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		panic(fmt.Sprintf("build: %v\n%s", err, out))
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// process is a running gin-blog.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	port   string
	url    string
	exited chan error

	mu  sync.Mutex
	log strings.Builder
}

// logged is what the process wrote so far.
func (p *process) logged() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// start runs the binary in dir until the test ends, and waits until it listens.
func start(t *testing.T, dir string, environ ...string) *process {
	t.Helper()
	p, err := launch(t, dir, environ...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// launch is start for goroutines that may not end the test.
func launch(t *testing.T, dir string, environ ...string) (*process, error) {
	cmd := exec.Command(binary)
	cmd.Dir = dir
	return launchCommand(t, cmd, environ...)
}

// launchCommand is launch for a command that becomes the binary.
func launchCommand(t *testing.T, cmd *exec.Cmd, environ ...string) (*process, error) {
	cmd.Env = append([]string{"PORT=0", "BCRYPT_COST=4", "DRAIN_DELAY=0s"}, environ...)
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{t: t, cmd: cmd, exited: make(chan error, 1)}
	t.Cleanup(func() { _ = cmd.Process.Kill() })

	listening := make(chan []string, 1)
	go func() {
		url := regexp.MustCompile(`listening.*(https?)://localhost:(\d+)`)
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			p.mu.Lock()
			p.log.WriteString(lines.Text() + "\n")
			p.mu.Unlock()
			if found := url.FindStringSubmatch(lines.Text()); found != nil {
				listening <- found
			}
		}
		p.exited <- cmd.Wait()
	}()
	select {
	case found := <-listening:
		p.port = found[2]
		p.url = found[1] + "://127.0.0.1:" + p.port
		return p, nil
	case err := <-p.exited:
		return nil, fmt.Errorf("ended before it listened: %v", err)
	case <-time.After(30 * time.Second):
		return nil, errors.New("does not listen")
	}
}

// stop sends a signal and waits for the end.
func (p *process) stop(signal os.Signal) error {
	p.t.Helper()
	if err := p.cmd.Process.Signal(signal); err != nil {
		p.t.Fatal(err)
	}
	return p.end()
}

// end waits for the end, 10 s at most.
func (p *process) end() error {
	p.t.Helper()
	select {
	case err := <-p.exited:
		return err
	case <-time.After(10 * time.Second):
		p.t.Fatal("still runs after 10 s")
		return nil
	}
}

// newRequest is a request with a JSON body, and with a token unless that is empty.
func (p *process) newRequest(method, path, token, body string) (*http.Request, error) {
	request, err := http.NewRequestWithContext(p.t.Context(), method, p.url+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	return request, nil
}

// signUp registers alice, logs her in and returns her access token.
func (p *process) signUp() (token string) {
	p.t.Helper()
	const account = `{"username":"alice","password":"pass123"}`
	var login struct{ Token string }
	p.call("POST", "/auth/register", "", account, 201, &struct{}{})
	p.call("POST", "/auth/login", "", account, 200, &login)
	return login.Token
}

// call makes a request with more headers, such as "If-Match: *", and reads the JSON that comes back. It returns its headers.
func (p *process) call(method, path, token, body string, wantStatus int, into any, headers ...string) http.Header {
	p.t.Helper()
	request, err := p.newRequest(method, path, token, body)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		request.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		p.t.Fatal(err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != wantStatus {
		p.t.Fatalf("%s %s: %s, %v, want %d: %s", method, path, answer.Status, err, wantStatus, content)
	}
	if err := json.Unmarshal(content, into); err != nil {
		p.t.Fatalf("%s %s: %v in %s", method, path, err, content)
	}
	return answer.Header
}

type post struct {
	ID     string `json:"_id"`
	Title  string
	Author struct{ Username string }
}

// TestTheTutorialsFlow walks it on the real binary, stops that during a request, kills it, and finds everything again.
func TestTheTutorialsFlow(t *testing.T) {
	dir := t.TempDir()
	p := start(t, dir)

	var registered struct{ Message string }
	p.call("POST", "/auth/register", "", `{"username":"alice","password":"pass123"}`, 201, &registered)
	var login struct{ Token, RefreshToken string }
	p.call("POST", "/auth/login", "", `{"username":"alice","password":"pass123"}`, 200, &login)
	var created struct {
		Message string
		Post    post
	}
	p.call("POST", "/posts", login.Token, `{"title":"My Post","content":"Hello"}`, 201, &created)
	if registered.Message != "User registered" || created.Message != "Post created" {
		t.Errorf("got %+v, %+v", registered, created)
	}

	role := exec.Command(binary, "role", "ALICE", "admin")
	role.Dir, role.Env = dir, []string{}
	if out, err := role.CombinedOutput(); err != nil || !strings.Contains(string(out), "has the role admin now") {
		t.Errorf("role, while the server runs: %v: %s", err, out)
	}
	var users []struct{ Username, Role string }
	p.call("GET", "/admin/users", login.Token, "", 200, &users)
	if len(users) != 1 || users[0].Role != "admin" {
		t.Errorf("an admin sees %+v", users)
	}

	during := finishDuringDrain(t, p, login.Token)
	if err := p.stop(syscall.SIGKILL); err == nil {
		t.Error("it had ended before it was killed")
	}

	p = start(t, dir)
	var refreshed struct{ AccessToken string }
	p.call("POST", "/auth/refresh", "", `{"refreshToken":"`+login.RefreshToken+`"}`, 200, &refreshed)
	p.call("POST", "/posts", refreshed.AccessToken, `{"title":"After","content":"the restart"}`, 201, &created)
	var list []post
	p.call("GET", "/posts", "", "", 200, &list)
	var titles []string
	for _, p := range list {
		titles = append(titles, p.Title+" by "+p.Author.Username)
	}
	if got := strings.Join(titles, ", "); got != "After by alice, "+during+" by alice, My Post by alice" {
		t.Errorf("after the restart there are: %s", got)
	}
	var one post
	p.call("GET", "/posts/"+list[2].ID, "", "", 200, &one)
	if one != list[2] {
		t.Errorf("got %+v, want %+v", one, list[2])
	}
	if err := p.stop(syscall.SIGTERM); err != nil {
		t.Errorf("after SIGTERM: %v, want exit 0", err)
	}
}

// finishDuringDrain sends half of a post, then SIGTERM, then the rest, and wants it answered. It starts the process
// again and leaves it running. It returns the title of the post.
func finishDuringDrain(t *testing.T, p *process, token string) (title string) {
	t.Helper()
	title = "Sent during the stop"
	body := `{"title":"` + title + `","content":"Hello"}`
	conn, err := net.Dial("tcp", "127.0.0.1:"+p.port)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /posts HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n"+
		"Expect: 100-continue\r\n\r\n", token, len(body))
	reader := bufio.NewReader(conn)
	// The server asks for the body once the handler reads it: the request is in flight.
	if line, err := reader.ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("got %q, %v, want 100 Continue", line, err)
	}
	if _, err := reader.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(conn, body[:10])
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(5 * time.Second); ; { // the listener closes when the stop has begun
		probe, err := net.Dial("tcp", "127.0.0.1:"+p.port)
		if errors.Is(err, syscall.ECONNREFUSED) {
			break
		}
		if err == nil {
			probe.Close()
		}
		if time.Now().After(deadline) {
			t.Fatal("still listens after SIGTERM")
		}
	}
	fmt.Fprint(conn, body[10:])
	answer, err := http.ReadResponse(reader, nil)
	if err != nil {
		t.Fatalf("the request in flight got no answer: %v", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusCreated {
		t.Errorf("the request in flight got %s", answer.Status)
	}
	if err := p.end(); err != nil {
		t.Errorf("after SIGTERM: %v, want exit 0", err)
	}
	*p = *start(t, p.cmd.Dir)
	return title
}

func TestCommandLine(t *testing.T) {
	for _, c := range []struct {
		args           []string
		environ        []string
		exit           int
		stdout, stderr string
	}{
		{[]string{"-h"}, nil, 0, "Usage:", ""},
		{[]string{"--help"}, nil, 0, "healthcheck", ""},
		{[]string{"backup", "-h"}, nil, 0, "Usage:", ""},
		{[]string{"seed", "--help"}, nil, 0, "Usage:", ""},
		{[]string{"version"}, nil, 0, "go1.", ""},
		{[]string{"--version"}, nil, 0, "go1.", ""},
		{[]string{"dance"}, nil, 2, "", "unknown command dance"},
		{[]string{"-x"}, nil, 2, "", "unknown option -x"},
		{[]string{"-x"}, nil, 2, "", "Usage:"},
		{[]string{"role", "alice"}, nil, 2, "", "role: got 1 arguments, want 2"},
		{[]string{"role", "alice", "king"}, nil, 2, "", "user or admin"},
		{[]string{"role", "alice", "admin"}, nil, 1, "", "no user is called alice"},
		{[]string{"serve", "now"}, nil, 2, "", "serve: got 1 arguments, want 0"},
		{nil, []string{"PORT=abc", "BCRYPT_COST=99"}, 1, "", "PORT must be a whole number"},
		{nil, []string{"PORT=abc", "BCRYPT_COST=99"}, 1, "", "BCRYPT_COST must be 4 to 16"},
		{nil, []string{"MONGO_URI=mongodb://user:hunter2@"}, 1, "", "MongoDB"},
		{nil, []string{"DATA_DIR=/dev/null/data"}, 1, "", "DATA_DIR"},
		{[]string{"seed", "-users", "0"}, nil, 2, "", "-users of at least 1"},
		{[]string{"seed", "-dance"}, nil, 2, "", "flag provided but not defined: -dance"},
		{[]string{"backup"}, nil, 2, "", "backup: got 0 arguments, want 1"},
		{[]string{"backup", "copy.db"}, nil, 1, "", "no such file"},
		{[]string{"backup", "copy.db"}, []string{"MONGO_URI=mongodb://127.0.0.1:1/"}, 1, "", "mongodump"},
		{[]string{"healthcheck"}, []string{"PORT=1"}, 1, "", "healthcheck"},
	} {
		cmd := exec.Command(binary, c.args...)
		cmd.Dir = t.TempDir()
		cmd.Env = c.environ
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		err := cmd.Run()
		if exit := cmd.ProcessState.ExitCode(); exit != c.exit {
			t.Errorf("%v: exit %d (%v), want %d", c.args, exit, err, c.exit)
		}
		if !strings.Contains(stdout.String(), c.stdout) || !strings.Contains(stderr.String(), c.stderr) {
			t.Errorf("%v: stdout %q, stderr %q", c.args, stdout.String(), stderr.String())
		}
		if strings.Contains(stderr.String(), "hunter2") || strings.Contains(stderr.String(), "goroutine") {
			t.Errorf("%v: stderr tells too much: %s", c.args, stderr.String())
		}
	}
}

// TestSeedAndBackup fills a store, copies it while a server writes, and serves the copy.
func TestSeedAndBackup(t *testing.T) {
	dir, copied := t.TempDir(), t.TempDir()
	command := func(args ...string) string {
		cmd := exec.Command(binary, args...)
		cmd.Dir, cmd.Env = dir, []string{"BCRYPT_COST=4"}
		out, _ := cmd.CombinedOutput()
		return string(out)
	}
	if out := command("seed", "-users", "3", "-posts", "50"); !strings.HasPrefix(out, "3 users (password pass123) and 50 posts are in the SQLite file") {
		t.Fatalf("seed: %s", out)
	}
	if out := command("seed"); !strings.Contains(out, "has posts already: -force adds to them") {
		t.Errorf("seed again: %s", out)
	}
	if out := command("seed", "-users", "1", "-posts", "1", "-force"); !strings.HasPrefix(out, "1 users") {
		t.Errorf("seed by force: %s", out)
	}

	p := start(t, dir)
	var list []post
	p.call("GET", "/posts?limit=100", "", "", 200, &list)
	if len(list) != 51 {
		t.Errorf("%d posts, want 51", len(list))
	}
	var login struct{ Token string }
	p.call("POST", "/auth/login", "", `{"username":"`+list[50].Author.Username+`","password":"pass123"}`, 200, &login)
	backup := filepath.Join(copied, "data", "gin-blog.db")
	if err := os.Mkdir(filepath.Dir(backup), 0o700); err != nil {
		t.Fatal(err)
	}
	if out := command("backup", backup); !strings.Contains(out, "is a copy of") {
		t.Fatalf("backup: %s", out)
	}
	if info, err := os.Stat(backup); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the copy: %v, %v", info, err)
	}
	if out := command("backup", backup); !strings.Contains(out, "file exists") {
		t.Errorf("backup over the copy: %s", out)
	}
	var created struct{ Post post }
	p.call("POST", "/posts", login.Token, `{"title":"After","content":"the copy"}`, 201, &created)

	fromCopy := start(t, copied)
	fromCopy.call("GET", "/posts?limit=100", "", "", 200, &list)
	if len(list) != 51 {
		t.Errorf("%d posts in the copy, want 51", len(list))
	}
	fromCopy.call("GET", "/posts?q=the&limit=1", "", "", 200, &list)
	if len(list) != 1 {
		t.Error("the search in the copy finds nothing")
	}
}

func TestHealthcheckAndPortInUse(t *testing.T) {
	p := start(t, t.TempDir())
	check := exec.Command(binary, "healthcheck")
	check.Env = []string{"PORT=" + p.port}
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("healthcheck: %v: %s", err, out)
	}

	second := exec.Command(binary)
	second.Dir = t.TempDir()
	second.Env = []string{"PORT=" + p.port}
	out, err := second.CombinedOutput()
	if second.ProcessState.ExitCode() != 1 || !strings.Contains(string(out), "port "+p.port+" is in use") {
		t.Errorf("second server: %v: %s", err, out)
	}
}

// TestClientOfTheTutorial runs a client that knows nothing but the tutorial, against the program on each store.
func TestClientOfTheTutorial(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not here")
	}
	for name, environ := range map[string]func(t *testing.T) []string{
		"SQLite":              func(*testing.T) []string { return nil },
		"SQLite, no rotation": func(*testing.T) []string { return []string{"REFRESH_ROTATION=false"} },
		"MongoDB": func(t *testing.T) []string {
			return []string{"MONGO_URI=" + testkit.MongoURI(t), "MONGO_DB=" + testkit.Database(t).Name()}
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, t.TempDir(), environ(t)...)
			if out, err := exec.Command(node, "testdata/tutorial-client.mjs", p.url).CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}
