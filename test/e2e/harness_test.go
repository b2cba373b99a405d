// Package e2e tests the built program from outside: as a process, over HTTP, in a browser and behind the proxy.
package e2e

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
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

// binary is the path of the program, built once from the sources as a user would build it.
var binary string

func TestMain(m *testing.M) {
	if err := flag.Set("test.parallel", "8"); err != nil { // tests wait more than they compute
		panic(err)
	}
	for _, s := range []os.Signal{syscall.SIGINT, syscall.SIGHUP} {
		if signal.Ignored(s) { // in a job in the background of a script; the program would inherit that
			signal.Notify(make(chan os.Signal, 1), s)
		}
	}
	dir, err := os.MkdirTemp("", "gin-blog")
	if err != nil {
		panic(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil { // a test runs the program as another user
		panic(err)
	}
	binary = filepath.Join(dir, "gin-blog")
	build := exec.Command("go", "build", "-o", binary, ".")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		panic(fmt.Sprintf("build: %v\n%s", err, out))
	}
	code := m.Run()
	stopChromium()
	os.RemoveAll(dir)
	os.Exit(code)
}

// command returns a command of the program to run in dir. Its environment is environ alone.
func command(dir string, environ []string, args ...string) *exec.Cmd {
	cmd := exec.Command(binary, args...)
	cmd.Dir, cmd.Env = dir, append([]string{}, environ...)
	return cmd
}

// busyMongoSettings is mongoSettings for several processes at once, which the small MongoDB server of the tests serves
// too slowly beside all others. The tests of the packages show the same of the stores.
func busyMongoSettings(t *testing.T) []string {
	t.Helper()
	testkit.OnlyInAll(t)
	return mongoSettings(t)
}

// mongoSettings returns the settings for an empty MongoDB database. Without a server it skips the test.
func mongoSettings(t *testing.T) []string {
	t.Helper()
	return []string{"MONGO_URI=" + testkit.MongoURI(t), "MONGO_DB=" + testkit.Database(t).Name()}
}

// eventually waits until a condition holds. what describes the condition.
func eventually(t *testing.T, timeout time.Duration, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(timeout); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %s", what, timeout)
		}
	}
}

// process is a running server.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	port   string
	url    string
	client http.RoundTripper // trusts the server
	exited chan error
	usual  time.Duration // the p99 of reads without other clients, where a test has measured it

	mu  sync.Mutex
	log strings.Builder
}

// start runs the server in dir until the test ends, and waits until it listens.
func start(t *testing.T, dir string, environ ...string) *process {
	t.Helper()
	p, err := launch(t, command(dir, nil), environ...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// launch runs a command that becomes the server. Unlike start it may be called from any goroutine.
func launch(t *testing.T, cmd *exec.Cmd, environ ...string) (*process, error) {
	cmd.Env = append([]string{"PORT=0", "BCRYPT_COST=4", "DRAIN_DELAY=0s", "LOG_FORMAT=text"}, environ...)
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	trusting := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}
	p := &process{t: t, cmd: cmd, client: trusting, exited: make(chan error, 1)}
	t.Cleanup(func() { _ = cmd.Process.Kill() })

	listening := make(chan []string, 1)
	go func() {
		url := regexp.MustCompile(`listening.*(https?)://(?:localhost|127\.0\.0\.1):(\d+)`)
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
		return nil, fmt.Errorf("ended before it listened: %w", err)
	case <-time.After(30 * time.Second):
		return nil, errors.New("does not listen")
	}
}

// logged returns what the process wrote to stdout so far.
func (p *process) logged() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// signal sends a signal to the process.
func (p *process) signal(signal os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(signal); err != nil {
		p.t.Fatal(err)
	}
}

// stop sends a signal and waits for the end.
func (p *process) stop(signal os.Signal) error {
	p.t.Helper()
	p.signal(signal)
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

// do sends a request with a token, unless that is empty, and with more headers.
func (p *process) do(method, path, token, body string, headers ...testkit.Header) (*testkit.Response, error) {
	if token != "" {
		headers = append(headers, testkit.Bearer(token))
	}
	request, err := testkit.NewRequest(p.t.Context(), method, p.url+path, body, headers...)
	if err != nil {
		return nil, err
	}
	return testkit.DoBy(p.client, request)
}

// call sends a request, reads the JSON of the answer into a pointer unless that is nil, and returns the headers.
func (p *process) call(
	method, path, token, body string, wantStatus int, into any, headers ...testkit.Header,
) http.Header {
	p.t.Helper()
	answer, err := p.do(method, path, token, body, headers...)
	// The small MongoDB server of the tests may be busy with others.
	for n := 0; err == nil && method == "GET" && wantStatus == 200 && answer.Status == 503 && n < 5; n++ {
		answer, err = p.do(method, path, token, body, headers...)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	if answer.Status != wantStatus {
		p.t.Fatalf("%s %s: %d, want %d: %s", method, path, answer.Status, wantStatus, answer.Body)
	}
	if into == nil {
		into = new(any)
	}
	if err := json.Unmarshal([]byte(answer.Body), into); err != nil {
		p.t.Fatalf("%s %s: %v in %s", method, path, err, answer.Body)
	}
	return answer.Header
}

// try sends a request, and returns the status, the header Retry-After and how long the answer took. Without an answer
// the status is 0 and retryAfter says why.
func (p *process) try(method, path, token, body string) (status int, retryAfter string, took time.Duration) {
	begin := time.Now()
	answer, err := p.do(method, path, token, body)
	if err != nil {
		return 0, err.Error(), time.Since(begin)
	}
	return answer.Status, answer.Header.Get("Retry-After"), time.Since(begin)
}

// get sends a request on a connection of its own, and returns the status and whether the server closes the connection.
func (p *process) get(path string) (status int, closes bool, err error) {
	transport := new(http.Transport)
	defer transport.CloseIdleConnections()
	answer, err := transport.RoundTrip(p.newGet(path))
	if err != nil {
		return 0, false, err
	}
	defer answer.Body.Close()
	return answer.StatusCode, answer.Close, nil
}

// newGet returns a request that reads a path.
func (p *process) newGet(path string) *http.Request {
	p.t.Helper()
	request, err := testkit.NewRequest(p.t.Context(), http.MethodGet, p.url+path, "")
	if err != nil {
		p.t.Fatal(err)
	}
	return request
}

// readyz returns the status of /readyz, or 0 without an answer.
func (p *process) readyz() int {
	status, _, _ := p.try("GET", "/readyz", "", "")
	return status
}

// dial opens a connection to the server until the test ends, and sends the beginning of a request.
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

// signUp registers a user, logs in and returns the access token.
func (p *process) signUp(username string) (token string) {
	p.t.Helper()
	var login testkit.Grant
	p.call("POST", "/auth/register", "", testkit.Account(username), 201, nil)
	p.call("POST", "/auth/login", "", testkit.Account(username), 200, &login)
	return login.Token
}

// metricsAddress returns the address of the server's listener for metrics.
func (p *process) metricsAddress() string {
	p.t.Helper()
	found := regexp.MustCompile(`msg=metrics url=http://(\S+)/metrics`).FindStringSubmatch(p.logged())
	if found == nil {
		p.t.Fatalf("no metrics in %s", p.logged())
	}
	return found[1]
}

// readMetrics reads a path of the server's listener for metrics.
func (p *process) readMetrics(path string) (status int, text string) {
	p.t.Helper()
	request, err := testkit.NewRequest(p.t.Context(), http.MethodGet, "http://"+p.metricsAddress()+path, "")
	if err != nil {
		p.t.Fatal(err)
	}
	answer, err := testkit.Do(request)
	if err != nil {
		p.t.Fatal(err)
	}
	return answer.Status, answer.Body
}

// metric returns the value of a series.
func (p *process) metric(series string) float64 {
	p.t.Helper()
	_, text := p.readMetrics("/metrics")
	_, rest, found := strings.Cut(text, "\n"+series+" ")
	value, _, _ := strings.Cut(rest, "\n")
	number, err := strconv.ParseFloat(value, 64)
	if !found || err != nil {
		p.t.Fatalf("%s: %v", series, err)
	}
	return number
}
