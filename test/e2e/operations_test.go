package e2e

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"gin-blog/internal/testkit"
)

const operationsPage = "../../docs/operations.md"

// TestOperations runs the lines of docs/operations.md, in its order, as somebody does who follows it. A folder stands
// for the machine: the paths of the system are in it. Programs that need root or systemd are replaced by scripts, and
// systemctl starts what the unit file says.
func TestOperations(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.install(t)
	m.putBehindAProxy(t)
	m.backUpAndRestore(t)
	m.upgrade(t)
	m.rotateSecrets(t)
	m.removeSpam(t)
	m.makeRoom(t)
	m.move(t)
	m.watch(t)
	m.runLines(t, "Posts as files", 0, m.state, "")
	if posts, err := filepath.Glob(filepath.Join(m.state, "posts", "*.md")); err != nil || len(posts) != 1 {
		t.Errorf("the exported posts are %v, %v", posts, err)
	}
	m.checkAllRan(t)
}

// machine is a folder in which the lines run.
type machine struct {
	root, state, clone string // state stands for /var/lib/gin-blog
	port, metrics      string
	paths              *strings.Replacer
	environ            []string
	ran                map[string]int // how many pieces of a section were run
	p                  *process       // sends requests
}

// stubs are the programs that the machine has instead of those of the system. $ROOT is the folder.
var stubs = map[string]string{
	"useradd": "", "chown": "", "nginx": "",
	"runuser":    `[ "$1 $2 $3" = "-u gin-blog --" ]; shift 3; exec "$@"`,
	"journalctl": `case "$*" in --vacuum-size=*) ;; "-u gin-blog -o cat"*) cat "$ROOT/log" ;; *) exit 1 ;; esac`,
	"systemctl": `unit=$ROOT/etc/systemd/system/gin-blog.service
start() {
  cd "$(sed -n "s#^WorkingDirectory=/var#$ROOT/var#p" "$unit")"
  $(sed -n "s#^ExecStart=/usr#$ROOT/usr#p" "$unit") >>"$ROOT/log" 2>&1 &
  echo $! >"$ROOT/pid"
}
stop() {
  kill "$(cat "$ROOT/pid")"
  while grep -qs '^State:.[^Z]' "/proc/$(cat "$ROOT/pid")/status"; do sleep 0.02; done
}
case "$*" in
daemon-reload | "reload caddy" | "reload nginx") ;;
"enable --now gin-blog" | "start gin-blog") start ;;
"disable --now gin-blog" | "stop gin-blog") stop ;;
"restart gin-blog") stop; start ;;
*) exit 1 ;;
esac`,
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	if runtime.GOOS != "linux" {
		testkit.LeaveOut(t, "the page is for Linux")
	}
	for _, name := range []string{"bash", "curl", "jq", "tar"} {
		program(t, name)
	}
	root := t.TempDir()
	m := &machine{
		root: root, state: root + "/var/lib/gin-blog", clone: root + "/clone", ran: map[string]int{},
		port: portOf(testkit.FreeAddress(t))[1:], metrics: portOf(testkit.FreeAddress(t))[1:],
	}
	m.p = &process{t: t, port: m.port, url: "http://127.0.0.1:" + m.port, client: new(http.Transport)}
	m.paths = strings.NewReplacer("/var/lib", root+"/var/lib", "/usr/local", root+"/usr/local", "/etc/", root+"/etc/",
		"-o gin-blog -g gin-blog ", "", "localhost:9464", "localhost:"+m.metrics,
		"go tool pprof -top", "curl -fso profile", "seconds=5", "seconds=1") // the tool is compiled for a minute
	m.environ = []string{
		"ROOT=" + root, "HOME=" + root + "/home", "PATH=" + root + "/stubs:" + root + "/usr/local/bin:" + os.Getenv("PATH"),
		"PORT=" + m.port, "BCRYPT_COST=4", "DRAIN_DELAY=0s",
	}
	for _, dir := range []string{
		"home", "stubs", "clone", "usr/local/bin", "var/lib", "etc/systemd/system", "etc/caddy", "etc/nginx/conf.d",
		"etc/cron.d",
	} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for name, script := range stubs {
		writeFile(t, filepath.Join(root, "stubs", name), "#!/bin/bash\nset -e\n"+script+"\n", 0o700)
	}
	for _, copied := range []string{m.clone, root + "/home"} { // of the program
		writeFile(t, filepath.Join(copied, "gin-blog"), string(read(t, binary)), 0o700)
	}
	deploy, err := filepath.Abs("../../deploy")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(deploy, filepath.Join(m.clone, "deploy")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = exec.Command("kill", "-9", strings.TrimSpace(m.file("pid"))).Run()
		if t.Failed() {
			t.Log(m.file("log"))
		}
	})
	return m
}

// file returns the content of a file, or "" where there is none.
func (m *machine) file(path string) string {
	content, _ := os.ReadFile(filepath.Join(m.root, path))
	return string(content)
}

// runLines runs the piece of code number n of a section in a folder, and returns what it prints.
func (m *machine) runLines(t *testing.T, section string, n int, dir, stdin string) string {
	t.Helper()
	blocks := codeBlocks(t, operationsPage, section, m.port)
	if n >= len(blocks) {
		t.Fatalf("%s has %d pieces of code", section, len(blocks))
	}
	m.ran[section]++
	return m.shell(t, m.paths.Replace(blocks[n].text), dir, stdin, m.environ)
}

func (m *machine) shell(t *testing.T, text, dir, stdin string, environ []string) string {
	t.Helper()
	cmd := exec.Command("bash", "-euo", "pipefail", "-c", text)
	cmd.Dir, cmd.Env, cmd.Stdin = dir, environ, strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s\n%s", err, text, out)
	}
	return string(out)
}

// ready waits until the server answers.
func (m *machine) ready(t *testing.T) {
	t.Helper()
	eventually(t, 20*time.Second, "the server is ready", func() bool { return m.p.readyz() == 200 })
}

// writeFile writes a file.
func writeFile(t *testing.T, path, content string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
}

// titles returns the titles of all posts, newest first.
func (m *machine) titles() string {
	var list []testkit.Post
	m.p.call("GET", "/posts", "", "", 200, &list)
	var titles []string
	for _, post := range list {
		titles = append(titles, post.Title)
	}
	return strings.Join(titles, ", ")
}

func (m *machine) logIn(username string) (token string) {
	m.p.t.Helper()
	var grant testkit.Grant
	m.p.call("POST", "/auth/login", "", testkit.Account(username), 200, &grant)
	return grant.Token
}

func (m *machine) install(t *testing.T) {
	m.runLines(t, "Install as a service", 0, m.clone, "")
	m.ready(t)
	if info, err := os.Stat(filepath.Join(m.state, "data", "gin-blog.db")); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the database: %v, %v", info, err)
	}
	m.p.signUp("alice")
	m.runLines(t, "Install as a service", 1, m.clone, "")
	m.p.call("GET", "/admin/users", m.logIn("alice"), "", 200, nil)
}

func (m *machine) putBehindAProxy(t *testing.T) {
	const section = "Behind Caddy or nginx"
	m.runLines(t, section, 0, m.state, "")
	m.ready(t)
	eventually(t, 5*time.Second, "the server says that it listens where .env says", func() bool {
		return strings.Contains(m.file("log"), `"url":"http://127.0.0.1:`+m.port+`"`)
	})
	m.runLines(t, section, 1, m.clone, "")
	m.runLines(t, section, 2, m.clone, "")
	for installed, file := range map[string]string{
		"etc/caddy/Caddyfile": "Caddyfile", "etc/nginx/conf.d/gin-blog.conf": "nginx.conf",
	} {
		if m.file(installed) != string(read(t, "../../deploy/host/"+file)) {
			t.Errorf("%s is not installed", file)
		}
	}
}

// backups returns the backups in data/, the oldest first.
func (m *machine) backups(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(m.state, "data", "gin-blog-2*.db"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func (m *machine) backUpAndRestore(t *testing.T) {
	const section = "Back up and restore"
	token := m.logIn("alice")
	m.p.call("POST", "/posts", token, `{"title":"Before","content":"Hello"}`, 201, nil)
	old := filepath.Join(m.state, "data", "gin-blog-20200102-030405.db")
	writeFile(t, old, "", 0o600)
	past := time.Now().Add(-20 * 24 * time.Hour)
	if err := os.Chtimes(old, past, past); err != nil {
		t.Fatal(err)
	}
	m.runLines(t, section, 0, m.state, "")
	line := regexp.MustCompile(`^\d+ \d+ \* \* \* gin-blog ([^%\n]+)\n$`).FindStringSubmatch(m.file("etc/cron.d/gin-blog"))
	if line == nil {
		t.Fatalf("cron does not understand %q", m.file("etc/cron.d/gin-blog"))
	}
	m.shell(t, line[1], "/", "", []string{"PATH=/usr/bin:/bin"})
	if backups := m.backups(t); len(backups) != 1 || slices.Contains(backups, old) {
		t.Fatalf("cron leaves %v", backups)
	}

	m.p.call("POST", "/posts", token, `{"title":"After","content":"Hello"}`, 201, nil)
	m.runLines(t, section, 1, m.state, "")
	m.ready(t)
	broken, err := filepath.Glob(filepath.Join(m.state, "broken.*", "gin-blog.db"))
	if got := m.titles(); got != "Before" || err != nil || len(broken) != 1 {
		t.Errorf("after the restore there are %q; the former file is %v, %v", got, broken, err)
	}
	m.p.call("GET", "/auth/me", token, "", 200, nil) // everybody stays logged in
}

func (m *machine) upgrade(t *testing.T) {
	before := len(m.backups(t))
	eventually(t, 5*time.Second, "another second, by which backups are named", func() bool {
		info, err := os.Stat(m.backups(t)[before-1])
		return err == nil && time.Now().Unix() > info.ModTime().Unix()+1
	})
	m.runLines(t, "Upgrade", 0, m.state, "")
	if m.p.readyz() != 200 || m.titles() != "Before" || len(m.backups(t)) != before+1 {
		t.Errorf("after the upgrade: %d, %q, backups %v", m.p.readyz(), m.titles(), m.backups(t))
	}
	if m.file("var/lib/gin-blog/gin-blog.before") == "" {
		t.Error("the program of before is not there")
	}
}

func (m *machine) rotateSecrets(t *testing.T) {
	token := m.logIn("alice")
	m.runLines(t, "Rotate the secrets", 0, m.state, "")
	m.ready(t)
	m.p.call("GET", "/auth/me", token, "", 401, nil)
	m.logIn("alice")
}

func (m *machine) removeSpam(t *testing.T) {
	spammer := m.p.signUp("spammer")
	alice := m.logIn("alice")
	var posts []testkit.Post
	m.p.call("GET", "/posts", "", "", 200, &posts)
	for n := range 3 {
		m.p.call("POST", "/posts", spammer, fmt.Sprintf(`{"title":"Buy %d","content":"now"}`, n), 201, nil)
		m.p.call("POST", "/posts/"+posts[0].ID+"/comments", spammer, `{"content":"Buy"}`, 201, nil)
	}
	m.p.call("POST", "/posts/"+posts[0].ID+"/comments", alice, `{"content":"Mine"}`, 201, nil)

	m.runLines(t, "A spammer", 0, m.state, "")
	m.p.call("GET", "/auth/me", spammer, "", 401, nil)
	m.p.call("POST", "/auth/login", "", testkit.Account("spammer"), 401, nil)
	var comments []struct{ Content string }
	m.p.call("GET", "/posts/"+posts[0].ID+"/comments", "", "", 200, &comments)
	if got := m.titles(); got != "Before" || len(comments) != 1 || comments[0].Content != "Mine" {
		t.Errorf("there are the posts %q and the comments %v", got, comments)
	}
}

func (m *machine) makeRoom(t *testing.T) {
	for _, name := range []string{"gin-blog-20200102-030405.db", "gin-blog.db.before-migration-3"} {
		writeFile(t, filepath.Join(m.state, "data", name), "old", 0o600)
	}
	kept := m.backups(t)[1:]
	if out := m.runLines(t, "A full disk", 0, m.state, ""); !strings.Contains(out, "gin-blog.db") {
		t.Errorf("the large files are %s", out)
	}
	left, err := filepath.Glob(filepath.Join(m.state, "data", "*.before-migration-*"))
	if got := m.backups(t); err != nil || len(left) > 0 || !slices.Equal(got, kept) || len(got) != 2 {
		t.Errorf("left are %v and %v, %v, want %v", left, got, err, kept)
	}
	m.p.call("POST", "/posts/"+strings.Repeat("0", 24)+"/comments", m.logIn("alice"), `{"content":"x"}`, 404, nil)
}

func (m *machine) move(t *testing.T) {
	const section = "Move to another machine"
	token := m.logIn("alice")
	m.runLines(t, section, 0, m.root, "")
	if err := os.Rename(m.state, filepath.Join(m.root, "old machine")); err != nil {
		t.Fatal(err)
	}
	m.runLines(t, "Install as a service", 0, m.clone, "") // on the new machine
	m.ready(t)
	m.runLines(t, section, 1, m.root, "")
	m.ready(t)
	m.p.call("GET", "/auth/me", token, "", 200, nil)
	if got := m.titles(); got != "Before" {
		t.Errorf("the new machine has %q", got)
	}
}

func (m *machine) watch(t *testing.T) {
	const section = "What to watch"
	m.p.call("PATCH", "/posts/"+strings.Repeat("0", 24), "", `{"title":"x"}`, 401, nil)
	stranger := m.p.signUp("stranger")
	m.p.call("GET", "/admin/users", stranger, "", 403, nil)
	out := m.runLines(t, section, 0, m.state, "")
	for _, want := range []string{"%\n", "data/gin-blog-2", `"status":403`} {
		if !strings.Contains(out, want) {
			t.Errorf("what to watch lacks %q: %s", want, out)
		}
	}
	if strings.Contains(out, `"level":"INFO"`) || strings.Contains(out, `"status":401`) {
		t.Errorf("it shows what needs no attention: %s", out)
	}
	writeFile(t, filepath.Join(m.state, ".env"), "METRICS_ADDR=localhost:"+m.metrics+"\n", 0o600)
	m.shell(t, "systemctl restart gin-blog", m.state, "", m.environ)
	m.ready(t)
	out = m.runLines(t, section, 1, m.state, "")
	if profile := m.file("var/lib/gin-blog/profile"); !strings.Contains(out, "gin_blog_build_info") || profile == "" {
		t.Errorf("the profile has %d bytes, the metrics are %.1000s", len(profile), out)
	}
}

// checkAllRan checks that the page has the sections that somebody needs, in their order, and no line that has not run.
func (m *machine) checkAllRan(t *testing.T) {
	t.Helper()
	wanted := []string{
		"Install as a service", "Behind Caddy or nginx", "Back up and restore", "Upgrade", "Rotate the secrets", "A spammer",
		"A full disk", "Move to another machine", "What to watch", "Move to another store", "Posts as files", "Docker",
		"Clocks",
	}
	var sections []string
	for _, found := range regexp.MustCompile(`(?m)^## (.*)$`).FindAllStringSubmatch(string(read(t, operationsPage)), -1) {
		sections = append(sections, found[1])
	}
	if !slices.Equal(sections, wanted) {
		t.Errorf("the sections are %q, want %q", sections, wanted)
	}
	m.ran["Install as a service"]-- // on the new machine
	elsewhere := map[string]string{
		"Docker": "make stack", "Move to another store": "TestCopyBetweenStores", "Clocks": "no lines",
	}
	for _, section := range slices.DeleteFunc(sections, func(s string) bool { return elsewhere[s] != "" }) {
		if has := len(codeBlocks(t, operationsPage, section, "3000")); has != m.ran[section] || has == 0 {
			t.Errorf("%s has %d pieces of code, and %d were run", section, has, m.ran[section])
		}
	}
}
