package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gin-blog/internal/testkit"
)

// upstream stands for an API replica. It answers with what the proxy sent, and can fail like a process that is killed.
type upstream struct {
	*httptest.Server
	draining atomic.Bool
	refusals atomic.Int32 // of health checks
}

// drain makes the server not ready, and waits for two refused health checks: at the second, the proxy has handled the
// first.
func (u *upstream) drain(t *testing.T) {
	t.Helper()
	u.draining.Store(true)
	seen := u.refusals.Load()
	eventually(t, 20*time.Second, "the proxy has noticed", func() bool { return u.refusals.Load() >= seen+2 })
}

// TestProxy runs Caddy with the Caddyfile of the stack before three servers.
func TestProxy(t *testing.T) {
	t.Parallel()
	caddy := program(t, "caddy")
	var cuts, posts atomic.Int32 // requests for /cut, and POSTs that were answered
	var killed atomic.Int32      // the server that got the first request for /cut: it answers none
	upstreams := make([]*upstream, 3)
	for i := range upstreams {
		u, number := new(upstream), int32(i+1)
		u.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			switch {
			case r.URL.Path == "/readyz" && u.draining.Load():
				u.refusals.Add(1)
				w.WriteHeader(http.StatusServiceUnavailable)
			case r.URL.Path == "/cut":
				cuts.Add(1)
				killed.CompareAndSwap(0, number)
				if killed.Load() == number {
					panic(http.ErrAbortHandler)
				}
			default:
				forwardedFor := r.Header["X-Forwarded-For"]
				_ = json.NewEncoder(w).Encode(map[string]any{"server": number, "forwardedFor": forwardedFor})
			}
			if r.Method == http.MethodPost {
				posts.Add(1)
			}
		}))
		t.Cleanup(u.Close)
		upstreams[i] = u
	}
	proxy := startProxy(t, caddy, upstreams)

	t.Run("a client cannot choose its address", func(t *testing.T) {
		var seen struct{ ForwardedFor []string }
		forged := testkit.Header{"X-Forwarded-For": "203.0.113.7, 10.0.0.1"}
		if status := send(t, http.MethodGet, proxy+"/posts", &seen, forged); status != http.StatusOK {
			t.Fatalf("status %d", status)
		}
		if len(seen.ForwardedFor) != 1 || seen.ForwardedFor[0] != "127.0.0.1" {
			t.Errorf("X-Forwarded-For is %q, want only 127.0.0.1", seen.ForwardedFor)
		}
	})

	t.Run("a server that drains gets nothing", func(t *testing.T) {
		upstreams[0].drain(t)
		defer upstreams[0].draining.Store(false)
		for range 30 {
			var seen struct{ Server int }
			if status := send(t, http.MethodGet, proxy+"/posts", &seen); status != http.StatusOK || seen.Server == 1 {
				t.Fatalf("status %d from server %d", status, seen.Server)
			}
		}
	})

	t.Run("a GET that a killed server took goes to another", func(t *testing.T) {
		if status := send(t, http.MethodGet, proxy+"/cut", nil); status != http.StatusOK || killed.Load() == 0 {
			t.Errorf("status %d, and server %d was killed", status, killed.Load())
		}
	})

	t.Run("a POST that a killed server took is not sent again", func(t *testing.T) {
		cuts.Store(0)
		killed.Store(0)
		var refused struct{ Error, Message, RequestID string }
		status := send(t, http.MethodPost, proxy+"/cut", &refused)
		if status != http.StatusBadGateway || cuts.Load() != 1 {
			t.Errorf("status %d after %d requests, want 502 after 1", status, cuts.Load())
		}
		if refused.Error != "BadGatewayError" || refused.Message == "" || refused.RequestID == "" {
			t.Errorf("not an error as the API has them: %+v", refused)
		}
	})

	t.Run("without any server the answer is an error of the API", func(t *testing.T) {
		for _, u := range upstreams {
			u.drain(t)
		}
		before := posts.Load()
		var refused struct{ Error, RequestID string }
		status := send(t, http.MethodPost, proxy+"/posts", &refused)
		if status != http.StatusServiceUnavailable ||
			refused.Error != "ServiceUnavailableError" || refused.RequestID == "" {
			t.Errorf("status %d, %+v", status, refused)
		}
		if posts.Load() != before {
			t.Error("a server got the request all the same")
		}
	})
}

// startProxy runs Caddy until the test ends, on free ports, and returns its URL.
func startProxy(t *testing.T, caddy string, upstreams []*upstream) string {
	t.Helper()
	address := testkit.FreeAddress(t)
	startCaddy(t, caddy, t.TempDir(), upstreams, strings.NewReplacer(":8080} {", portOf(address)+"} {"))
	awaitPort(t, address)
	return "http://" + address
}

// startCaddy runs Caddy until the test ends, with the Caddyfile of the stack as ports changes it, and with the
// upstreams in the place of the replicas. Caddy keeps its files in dir.
func startCaddy(
	t *testing.T, caddy, dir string, upstreams []*upstream, ports *strings.Replacer, environ ...string,
) {
	t.Helper()
	checks := testkit.FreeAddress(t)
	names := []string{"\n:8081 {", "\n" + portOf(checks) + " {"}
	for i, u := range upstreams {
		names = append(names, fmt.Sprintf("api-%d:3000", i+1), u.Listener.Addr().String())
	}
	config := ports.Replace(string(read(t, "../../deploy/Caddyfile")))
	for i := 0; i < len(names); i += 2 {
		if strings.Count(config, names[i]) != 1 {
			t.Fatalf("the Caddyfile does not have %q once", names[i])
		}
	}
	path := filepath.Join(dir, "Caddyfile")
	if err := os.WriteFile(path, []byte(strings.NewReplacer(names...).Replace(config)), 0o600); err != nil {
		t.Fatal(err)
	}
	environ = append(environ, "XDG_CONFIG_HOME="+dir, "XDG_DATA_HOME="+dir)
	run(t, environ, caddy, "run", "--adapter", "caddyfile", "--config", path)
	awaitPort(t, checks)
}

// awaitPort waits until somebody listens on an address.
func awaitPort(t *testing.T, address string) {
	t.Helper()
	eventually(t, 20*time.Second, "somebody listens on "+address, func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
}

// portOf returns the port of an address, with the colon before it.
func portOf(address string) string { return strings.TrimPrefix(address, "127.0.0.1") }

// TestProxyWithHTTPS runs Caddy with a SITE, whose certificate Caddy's own authority signs, before the program.
func TestProxyWithHTTPS(t *testing.T) {
	t.Parallel()
	caddy, dir := program(t, "caddy"), t.TempDir()
	secure, plain := testkit.FreeAddress(t), testkit.FreeAddress(t)
	site := "https://localhost" + portOf(secure)
	p := start(t, t.TempDir(), "BASE_URL="+site, "TRUSTED_PROXIES=127.0.0.1")
	target, err := url.Parse(p.url)
	if err != nil {
		t.Fatal(err)
	}
	var upstreams []*upstream
	for range 3 {
		u := &upstream{Server: httptest.NewServer(httputil.NewSingleHostReverseProxy(target))}
		t.Cleanup(u.Close)
		upstreams = append(upstreams, u)
	}
	startCaddy(t, caddy, dir, upstreams, strings.NewReplacer(
		"\tadmin off\n",
		"\tadmin off\n\tskip_install_trust\n\thttps_port "+portOf(secure)[1:]+"\n\thttp_port "+portOf(plain)[1:]+"\n",
	), "SITE=localhost")

	client := clientOf(t, dir)
	get := func(url string) *http.Response {
		t.Helper()
		answer, err := client.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { answer.Body.Close() })
		return answer
	}
	awaitPort(t, plain)
	eventually(t, 10*time.Second, "caddy has a certificate", func() bool {
		answer, err := client.Get(site + "/posts")
		if err == nil {
			answer.Body.Close()
		}
		return err == nil && answer.StatusCode == http.StatusOK
	})
	answer := get(site + "/posts")
	got := strings.Join(answer.Header["Strict-Transport-Security"], ", ")
	if got != "max-age=31536000; includeSubDomains" {
		t.Errorf("Strict-Transport-Security is %q", got)
	}
	answer = get("http://localhost" + portOf(plain) + "/posts")
	location := answer.Header.Get("Location")
	if answer.StatusCode != http.StatusPermanentRedirect || !strings.HasPrefix(location, "https://localhost") {
		t.Errorf("plain HTTP gets %d to %q, want a redirect to HTTPS", answer.StatusCode, location)
	}
	if got := answer.Header.Get("Strict-Transport-Security"); got != "" {
		t.Errorf("plain HTTP gets Strict-Transport-Security %q", got)
	}
	var feed struct {
		HomePage string `json:"home_page_url"`
	}
	err = json.NewDecoder(get(site + "/feed.json").Body).Decode(&feed)
	if err != nil || !strings.HasPrefix(feed.HomePage, site) {
		t.Errorf("the feed links to %q, want %s (%v)", feed.HomePage, site, err)
	}
}

// clientOf returns a client that trusts the authority that a Caddy with its files in dir has made for itself. It
// follows no redirect.
func clientOf(t *testing.T, dir string) *http.Client {
	t.Helper()
	pool, path := x509.NewCertPool(), filepath.Join(dir, "caddy", "pki", "authorities", "local", "root.crt")
	eventually(t, 10*time.Second, "caddy has made an authority", func() bool {
		content, err := os.ReadFile(path)
		return err == nil && pool.AppendCertsFromPEM(content)
	})
	client := &http.Client{
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	t.Cleanup(client.CloseIdleConnections)
	return client
}

// send makes a request, with a body if it is a POST. It decodes the answer unless that is nil, and returns the status.
func send(t *testing.T, method, url string, answer any, headers ...testkit.Header) int {
	t.Helper()
	var body string
	if method == http.MethodPost {
		body = "{}"
	}
	request, err := testkit.NewRequest(t.Context(), method, url, body, headers...)
	if err != nil {
		t.Fatal(err)
	}
	response, err := testkit.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if answer != nil {
		if err := json.Unmarshal([]byte(response.Body), answer); err != nil {
			t.Errorf("%d: %v", response.Status, err)
		}
	}
	return response.Status
}
