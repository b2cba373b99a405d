// Package deploy tests the files that the stack runs with.
package e2e

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
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
	caddy, err := exec.LookPath("caddy")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("caddy is not here: scripts/debian-packages installs it")
		}
		t.Skip("caddy is not here")
	}

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
	dir := t.TempDir()
	address, checks := testkit.FreeAddress(t), testkit.FreeAddress(t)
	content, err := os.ReadFile("../deploy/Caddyfile")
	if err != nil {
		t.Fatal(err)
	}
	config := string(content)
	for old, now := range map[string]string{
		"\n:8080 {":  "\n" + strings.TrimPrefix(address, "127.0.0.1") + " {",
		"\n:8081 {":  "\n" + strings.TrimPrefix(checks, "127.0.0.1") + " {",
		"api-1:3000": upstreams[0].Listener.Addr().String(),
		"api-2:3000": upstreams[1].Listener.Addr().String(),
		"api-3:3000": upstreams[2].Listener.Addr().String(),
	} {
		if strings.Count(config, old) != 1 {
			t.Fatalf("the Caddyfile does not have %q once", old)
		}
		config = strings.Replace(config, old, now, 1)
	}
	path := filepath.Join(dir, "Caddyfile")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}

	var log strings.Builder
	cmd := exec.Command(caddy, "run", "--adapter", "caddyfile", "--config", path)
	cmd.Env = append(os.Environ(), "XDG_CONFIG_HOME="+dir, "XDG_DATA_HOME="+dir)
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	eventually(t, 10*time.Second, "caddy listens", func() bool {
		conn, err := net.Dial("tcp", checks)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	return "http://" + address
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
