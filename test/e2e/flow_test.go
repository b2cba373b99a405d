package e2e

import (
	"bufio"
	"fmt"
	"net/http"
	"os/exec"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"gin-blog/internal/testkit"
)

// TestTheTutorialsFlow makes the tutorial's requests to a server, stops it during a request, kills it, and finds
// everything again.
func TestTheTutorialsFlow(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := start(t, dir)

	var registered testkit.User
	p.call("POST", "/auth/register", "", testkit.Account("alice"), 201, &registered)
	var login testkit.Grant
	p.call("POST", "/auth/login", "", testkit.Account("alice"), 200, &login)
	var created struct {
		Message string
		Post    testkit.Post
	}
	p.call("POST", "/posts", login.Token, `{"title":"My Post","content":"Hello"}`, 201, &created)
	if registered.Message != "User registered" || created.Message != "Post created" {
		t.Errorf("got %+v, %+v", registered, created)
	}

	out, err := command(dir, nil, "role", "ALICE", "admin").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "has the role admin now") {
		t.Errorf("role, while the server runs: %v: %s", err, out)
	}
	var users []testkit.User
	p.call("GET", "/admin/users", login.Token, "", 200, &users)
	if len(users) != 1 || users[0].Role != "admin" {
		t.Errorf("an admin sees %+v", users)
	}

	during := finishDuringDrain(t, p, login.Token)
	p = start(t, dir)
	if err := p.stop(syscall.SIGKILL); err == nil {
		t.Error("it had ended before it was killed")
	}

	p = start(t, dir)
	var refreshed testkit.Grant
	p.call("POST", "/auth/refresh", "", `{"refreshToken":"`+login.RefreshToken+`"}`, 200, &refreshed)
	p.call("POST", "/posts", refreshed.AccessToken, `{"title":"After","content":"the restart"}`, 201, &created)
	var list []testkit.Post
	p.call("GET", "/posts", "", "", 200, &list)
	var titles []string
	for _, p := range list {
		titles = append(titles, p.Title+" by "+p.Author.Username)
	}
	if got := strings.Join(titles, ", "); got != "After by alice, "+during+" by alice, My Post by alice" {
		t.Errorf("after the restart there are: %s", got)
	}
	var one testkit.Post
	p.call("GET", "/posts/"+list[2].ID, "", "", 200, &one)
	if !reflect.DeepEqual(one, list[2]) {
		t.Errorf("got %+v, want %+v", one, list[2])
	}
	if err := p.stop(syscall.SIGTERM); err != nil {
		t.Errorf("after SIGTERM: %v, want exit 0", err)
	}
}

// finishDuringDrain sends half of a post, then SIGTERM, then the rest. It wants the post created and the process ended,
// and returns the title of the post.
func finishDuringDrain(t *testing.T, p *process, token string) (title string) {
	t.Helper()
	title = "Sent during the stop"
	body := `{"title":"` + title + `","content":"Hello"}`
	conn := p.dial(fmt.Sprintf("POST /posts HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"+
		"Authorization: Bearer %s\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", token, len(body)))
	reader := bufio.NewReader(conn)
	// The server asks for the body once the handler reads it: the request is in flight.
	if line, err := reader.ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("got %q, %v, want 100 Continue", line, err)
	}
	if _, err := reader.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(conn, body[:10])
	p.signal(syscall.SIGTERM)
	p.awaitClosedPort()
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
	return title
}

// TestClientOfTheTutorial runs a client that knows nothing but the tutorial, against the program on each store.
func TestClientOfTheTutorial(t *testing.T) {
	t.Parallel()
	node, err := exec.LookPath("node")
	if err != nil {
		testkit.Skip(t, "Node.js is not here")
	}
	for name, environ := range map[string]func(t *testing.T) []string{
		"SQLite":              func(*testing.T) []string { return nil },
		"SQLite, no rotation": func(*testing.T) []string { return []string{"REFRESH_ROTATION=false"} },
		"MongoDB":             mongoSettings,
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, t.TempDir(), environ(t)...)
			out, err := exec.Command(node, "testdata/tutorial-client.mjs", p.url).CombinedOutput()
			if err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}
