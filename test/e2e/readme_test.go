package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gin-blog/internal/testkit"
)

// TestReadmeFlow pastes the lines of the README's flow into one shell, against the real program, and compares what they
// print with what the README shows; of JSON, its shape.
func TestReadmeFlow(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := start(t, dir)
	var script string
	var shown []block
	const mark = "=== answer ==="
	for _, block := range codeBlocks(t, "../../README.md", "The tutorial's flow", p.port) {
		if block.language == "sh" {
			program := "DATA_DIR=" + filepath.Join(dir, "data") + " " + binary
			script += strings.ReplaceAll(block.text, "go run .", program) + "echo '" + mark + "'\n"
		} else {
			shown = append(shown, block)
		}
	}
	if len(shown) < 5 {
		t.Fatalf("only %d answers in the README's flow", len(shown))
	}
	answers := strings.Split(runLines(t, "bash", script), mark)
	if len(answers) != len(shown)+1 {
		t.Fatalf("%d answers, the README shows %d", len(answers)-1, len(shown))
	}
	for i, want := range shown {
		got := strings.TrimSpace(strings.ReplaceAll(answers[i], dir+"/", ""))
		want := strings.TrimSpace(want.text)
		if shown[i].language == "json" {
			got, want = shape(t, got), shape(t, want)
		}
		if got != want {
			t.Errorf("answer %d is %s, the README shows %s", i+1, got, want)
		}
	}
}

// TestClientHelpers runs the lines and the program of "From code" in docs/clients.md. The first access token of the
// program expires before its second call.
func TestClientHelpers(t *testing.T) {
	t.Parallel()
	p := start(t, t.TempDir(), "ACCESS_TOKEN_TTL=3s")
	token := p.signUp("alice")
	p.call("POST", "/posts", token, `{"title":"One","content":"Hello"}`, 201, nil)
	p.call("POST", "/posts", token, `{"title":"Two","content":"Hello"}`, 201, nil)

	proxy := newExpiringProxy(t, p)
	_, port, _ := strings.Cut(proxy.Listener.Addr().String(), ":")
	wants := map[string]struct{ file, printed, sent string }{
		"sh": {"bash", `"title":"One"`, "GET /posts"},
		"js": {"post.mjs", "From JavaScript\nTwo\nOne\n", "POST /auth/login, POST /posts, POST /auth/refresh, " +
			"POST /posts, GET /posts, GET /posts, GET /posts, DELETE /posts/"},
	}
	blocks := codeBlocks(t, "../../docs/clients.md", "From code", port)
	if len(blocks) != len(wants) {
		t.Errorf("%d programs in docs/clients.md, want %d", len(blocks), len(wants))
	}
	for _, block := range blocks {
		t.Run(block.language, func(t *testing.T) {
			want := wants[block.language]
			proxy.calls = nil
			if got := runLines(t, want.file, block.text); !strings.Contains(got, want.printed) {
				t.Errorf("it prints %q, want %q", got, want.printed)
			}
			if got := strings.Join(proxy.calls, ", "); !strings.HasPrefix(got, want.sent) {
				t.Errorf("it sends %s, want %s", got, want.sent)
			}
		})
	}
	var left []testkit.Post
	if p.call("GET", "/posts", "", "", 200, &left); len(left) != 2 {
		t.Errorf("the program leaves the posts %v", left)
	}
}

// expiringProxy stands before a server. It holds back what is sent to /posts until the access token has expired, as
// long as that was not refreshed.
type expiringProxy struct {
	*httptest.Server
	mu    sync.Mutex
	calls []string // such as "GET /posts"
}

func newExpiringProxy(t *testing.T, p *process) *expiringProxy {
	t.Helper()
	server, err := url.Parse(p.url)
	if err != nil {
		t.Fatal(err)
	}
	forward, proxy := httputil.NewSingleHostReverseProxy(server), new(expiringProxy)
	proxy.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proxy.mu.Lock()
		defer proxy.mu.Unlock()
		proxy.calls = append(proxy.calls, r.Method+" "+r.URL.Path)
		if r.URL.Path == "/posts" && !slices.Contains(proxy.calls, "POST /auth/refresh") {
			token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
			for status := http.StatusOK; status == http.StatusOK; time.Sleep(10 * time.Millisecond) {
				status, _, _ = p.try("GET", "/auth/me", token, "")
			}
		}
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)
	return proxy
}

// count returns how often a call was sent.
func (p *expiringProxy) count(call string) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, sent := range p.calls {
		if sent == call {
			n++
		}
	}
	return n
}

// TestReadmeFromTheTutorial does what the README tells a reader of the tutorial: with the line for .env that it shows,
// the server uses MongoDB. It also checks what the README says differs.
func TestReadmeFromTheTutorial(t *testing.T) {
	t.Parallel()
	uri := strings.TrimSuffix(testkit.MongoURI(t), "/") + "/" + testkit.Database(t).Name()
	lines := codeBlocks(t, "../../README.md", "From the tutorial", "3000")
	if len(lines) != 1 {
		t.Fatalf("%d pieces of code, want one", len(lines))
	}
	dir := t.TempDir()
	text := strings.ReplaceAll(lines[0].text, "mongodb://localhost:27017/blog", uri)
	program := exec.Command("bash", "-euc", text)
	program.Dir = dir
	if out, err := program.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", text, err, out)
	}
	p := start(t, dir)
	if !strings.Contains(p.logged(), "MONGO_URI=(set)") {
		t.Errorf("the server does not use the database of .env: %s", p.logged())
	}
	token := p.signUp("alice")
	var created struct{ Post testkit.Post }
	for i := range 21 {
		p.call("POST", "/posts", token, fmt.Sprintf(`{"title":"Post %d","content":"Hello"}`, i), 201, &created)
	}
	if created.Post.Author == nil || created.Post.Author.Username != "alice" {
		t.Errorf("the author of a created post is %+v", created.Post.Author)
	}
	var list []testkit.Post
	header := p.call("GET", "/posts", "", "", 200, &list)
	if len(list) != 20 || list[0].Title != "Post 20" || !strings.Contains(header.Get("Link"), `rel="next"`) {
		t.Errorf("%d posts, the first is %+v, Link is %q", len(list), list[0], header.Get("Link"))
	}
}

// block is a piece of code in a document.
type block struct{ language, text string }

// codeBlocks returns the code in a section of a document, for the server on a port.
func codeBlocks(t *testing.T, document, section, port string) (blocks []block) {
	t.Helper()
	content, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(content), "## "+section+"\n")
	text, _, _ = strings.Cut(text, "\n## ")
	for _, found := range regexp.MustCompile("(?s)```(\\w+)\n(.*?)```").FindAllStringSubmatch(text, -1) {
		blocks = append(blocks, block{found[1], strings.ReplaceAll(found[2], "localhost:3000", "localhost:"+port)})
	}
	return blocks
}

// runLines runs text in an empty directory, as a script of bash or as the given file, and returns what it prints. It is
// an error if that leaves other files behind.
func runLines(t *testing.T, file, text string) string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, file)
	args := map[string][]string{
		"bash": {"bash", "-c", "set -eu\n" + text}, "post.mjs": {"node", path},
	}[file]
	if _, err := exec.LookPath(args[0]); err != nil {
		testkit.Skip(t, args[0]+" is not here")
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	program := exec.Command(args[0], args[1:]...)
	program.Dir = dir
	var stderr bytes.Buffer
	program.Stderr = &stderr
	out, err := program.Output()
	if err != nil {
		t.Fatalf("the lines fail: %v\n%s%s", err, out, stderr.String())
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("the lines leave files behind: %v, %v", left, err)
	}
	return string(out)
}

// shape replaces the values in JSON by their types, but keeps messages and texts that the README's requests sent.
func shape(t *testing.T, text string) string {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%v in %q", err, text)
	}
	return shapeOf("", value)
}

func shapeOf(key string, value any) string {
	switch value := value.(type) {
	case map[string]any:
		var parts []string
		for _, name := range slices.Sorted(maps.Keys(value)) {
			parts = append(parts, name+":"+shapeOf(name, value[name]))
		}
		return "{" + strings.Join(parts, ",") + "}"
	case []any:
		var parts []string
		for _, element := range value {
			parts = append(parts, shapeOf("", element))
		}
		return "[" + strings.Join(parts, ",") + "]"
	case string:
		if slices.Contains([]string{"message", "username", "title", "content", "tokenType", "role"}, key) {
			return value
		}
	}
	return fmt.Sprintf("%T", value)
}
