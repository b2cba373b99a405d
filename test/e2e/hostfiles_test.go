package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gin-blog/internal/testkit"
)

// TestServiceFile: systemd understands each line of the unit, and finds little to restrict in it.
func TestServiceFile(t *testing.T) {
	t.Parallel()
	analyze := program(t, "systemd-analyze")
	unit := strings.ReplaceAll(string(read(t, "../../deploy/host/gin-blog.service")), "/usr/local/bin/gin-blog", binary)
	path := filepath.Join(t.TempDir(), "gin-blog.service")
	if err := os.WriteFile(path, []byte(unit), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"verify", "--man=no", path}, {"security", "--offline=yes", "--no-pager", "--threshold=20", path},
	} {
		out, err := exec.Command(analyze, args...).CombinedOutput()
		if err != nil || args[0] == "verify" && len(out) > 0 {
			t.Errorf("systemd-analyze %s: %v: %s", args[0], err, out)
		}
	}
}

// TestProxiesOfTheHost runs the program behind Caddy and behind nginx with the settings that docs/operations.md names
// and the files of deploy/host. Forms and long posts pass, the client's address arrives, and the log has no complaint.
func TestProxiesOfTheHost(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(t *testing.T, api, plain, secure string){
		"caddy": startHostCaddy, "nginx": startHostNginx,
	} {
		t.Run(name, func(t *testing.T) { testHostProxy(t, start) })
	}
}

func testHostProxy(t *testing.T, startProxy func(t *testing.T, api, plain, secure string)) {
	t.Parallel()
	plain, secure := testkit.FreeAddress(t), testkit.FreeAddress(t)
	site := "https://localhost" + portOf(secure)
	var settings []string
	for line := range strings.Lines(codeBlocks(t, "../../docs/operations.md", "Behind Caddy or nginx", "3000")[0].text) {
		if strings.Contains(line, "=") {
			settings = append(settings, strings.ReplaceAll(strings.TrimSpace(line), "https://blog.example", site))
		}
	}
	if len(settings) != 3 {
		t.Fatalf("the settings are %q", settings)
	}
	p := start(t, t.TempDir(), settings...)
	startProxy(t, "127.0.0.1:"+p.port, plain, secure)

	// The client has another address than the proxy.
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	client := &http.Transport{
		DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			return dialer.DialContext(ctx, "tcp4", address)
		},
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}
	t.Cleanup(client.CloseIdleConnections)
	send := func(method, url, body string, headers ...testkit.Header) *testkit.Response {
		t.Helper()
		request, err := testkit.NewRequest(t.Context(), method, url, body, headers...)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := testkit.DoBy(client, request)
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	awaitPort(t, plain)
	awaitPort(t, secure)
	redirect := send("GET", "http://localhost"+portOf(plain)+"/posts", "")
	if location := redirect.Header.Get("Location"); redirect.Status/100 != 3 ||
		!strings.HasPrefix(location, "https://localhost") || !strings.HasSuffix(location, "/posts") {
		t.Errorf("plain HTTP gets %d to %q", redirect.Status, location)
	}
	form := testkit.Header{"Content-Type": "application/x-www-form-urlencoded", "Origin": site, "Accept": "text/html"}
	registered := send("POST", site+"/register", "username=alice&email=&password="+testkit.Password, form)
	if registered.Status != 303 || registered.Header.Get("Strict-Transport-Security") != "max-age=31536000" {
		t.Errorf("the form gets %d with %v: %.500s", registered.Status, registered.Header, registered.Body)
	}
	form["Origin"], form["Sec-Fetch-Site"] = "https://evil.example", "cross-site"
	if got := send("POST", site+"/register", "username=bob&email=&password="+testkit.Password, form).Status; got != 403 {
		t.Errorf("a form of another site gets %d", got)
	}
	var grant testkit.Grant
	forged := testkit.Header{"X-Forwarded-For": "203.0.113.7", "X-Real-IP": "203.0.113.7"}
	login := send("POST", site+"/auth/login", testkit.Account("alice"), forged)
	if err := json.Unmarshal([]byte(login.Body), &grant); err != nil {
		t.Fatal(err)
	}
	token := testkit.Bearer(grant.Token)
	sessions := send("GET", site+"/auth/sessions", "", token).Body
	if strings.Count(sessions, `"ip":"127.0.0.2"`) != 2 || strings.Contains(sessions, "203.0.113.7") {
		t.Errorf("the sessions are %s", sessions)
	}
	long := fmt.Sprintf(`{"title":"Long","content":"%s"}`, strings.Repeat(`\ud83d\ude00`, 100_000)) // 1.2 MB
	if created := send("POST", site+"/posts", long, token); created.Status != 201 {
		t.Errorf("a long post gets %d: %.300s", created.Status, created.Body)
	}
	if log := p.logged(); strings.Contains(log, "TRUSTED_PROXIES. ") || strings.Contains(log, "set BASE_URL") {
		t.Errorf("the log complains: %s", log)
	}
}

// startHostCaddy runs Caddy with the Caddyfile for a machine without Docker, but for localhost, on other ports.
func startHostCaddy(t *testing.T, api, plain, secure string) {
	t.Helper()
	caddy, dir := program(t, "caddy"), t.TempDir()
	config := replaceEach(t, string(read(t, "../../deploy/host/Caddyfile")), map[string]string{
		"\nblog.example {": fmt.Sprintf(
			"\n{\n\tadmin off\n\tskip_install_trust\n\thttp_port %s\n\thttps_port %s\n}\nlocalhost {",
			portOf(plain)[1:], portOf(secure)[1:]),
		"127.0.0.1:3000": api,
	})
	path := filepath.Join(dir, "Caddyfile")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	environ := []string{"XDG_CONFIG_HOME=" + dir, "XDG_DATA_HOME=" + dir}
	run(t, environ, caddy, "run", "--adapter", "caddyfile", "--config", path)
	awaitPort(t, secure)
	eventually(t, 20*time.Second, "caddy has a certificate", func() bool {
		conn, err := tls.Dial("tcp", secure, &tls.Config{InsecureSkipVerify: true, ServerName: "localhost"})
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
}

// startHostNginx runs nginx with the file for a machine without Docker, but for localhost, on other ports.
func startHostNginx(t *testing.T, api, plain, secure string) {
	t.Helper()
	nginx, dir := program(t, "nginx"), t.TempDir()
	donor := httptest.NewTLSServer(nil)
	donor.Close()
	key, err := x509.MarshalPKCS8PrivateKey(donor.TLS.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	server := replaceEach(t, string(read(t, "../../deploy/host/nginx.conf")), map[string]string{
		"127.0.0.1:3000": api, "\tlisten 80;\n": "\tlisten " + plain + ";\n", "\tlisten [::]:80;\n": "",
		"\tlisten 443 ssl http2;\n": "\tlisten " + secure + " ssl http2;\n", "\tlisten [::]:443 ssl http2;\n": "",
		"/etc/letsencrypt/live/blog.example/fullchain.pem": dir + "/cert.pem",
		"/etc/letsencrypt/live/blog.example/privkey.pem":   dir + "/key.pem",
	})
	user := ""
	if os.Getuid() == 0 {
		user = "user root;\n"
	}
	main := user + "daemon off;\npid pid;\nerror_log stderr;\nevents {}\nhttp {\n\taccess_log off;\n"
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		main += fmt.Sprintf("\t%s_temp_path %s;\n", kind, kind)
	}
	for name, content := range map[string][]byte{
		"gin-blog.conf": []byte(strings.ReplaceAll(server, "server_name blog.example", "server_name localhost")),
		"main.conf":     []byte(main + "\tinclude gin-blog.conf;\n}\n"),
		"cert.pem":      pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: donor.TLS.Certificates[0].Certificate[0]}),
		"key.pem":       pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run(t, nil, nginx, "-p", dir, "-e", "stderr", "-c", filepath.Join(dir, "main.conf"))
}

// replaceEach replaces texts, each of which must be there once.
func replaceEach(t *testing.T, text string, texts map[string]string) string {
	t.Helper()
	for old, replacement := range texts {
		if strings.Count(text, old) != 1 {
			t.Fatalf("%q is not there once", old)
		}
		text = strings.ReplaceAll(text, old, replacement)
	}
	return text
}
