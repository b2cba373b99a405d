// Package deploy tests the files that the stack runs with.
package deploy

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

// upstream stands for an API replica. It answers with what the proxy sent, and can break off like a killed process.
type upstream struct {
	*httptest.Server
	draining atomic.Bool
	refusals atomic.Int32 // of health checks
}

// drain makes the server not ready and waits until the proxy has noticed. When the proxy sends the second health check,
// it has handled the refusal of the first.
func (u *upstream) drain(t *testing.T) {
	t.Helper()
	u.draining.Store(true)
	before := u.refusals.Load()
	for deadline := time.Now().Add(20 * time.Second); u.refusals.Load() < before+2; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the proxy does not check the health of the server")
		}
	}
}

// TestProxy runs Caddy with the Caddyfile of the stack in front of three servers.
func TestProxy(t *testing.T) {
	caddy, err := exec.LookPath("caddy")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("caddy is not installed: scripts/debian-packages installs it")
		}
		t.Skip("caddy is not installed")
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
				_ = json.NewEncoder(w).Encode(map[string]any{"server": number, "forwardedFor": r.Header["X-Forwarded-For"]})
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
		forged := testkit.Header{"X-Forwarded-For": "203.0.113.7, 10.0.0.1"}
		var seen struct{ ForwardedFor []string }
		if status := send(t, http.MethodGet, proxy+"/posts", &seen, forged); status != http.StatusOK {
			t.Fatalf("status %d", status)
		}
		if len(seen.ForwardedFor) != 1 || seen.ForwardedFor[0] != "127.0.0.1" {
			t.Errorf("X-Forwarded-For is %q, want only 127.0.0.1", seen.ForwardedFor)
		}
	})

	t.Run("a draining server gets no requests", func(t *testing.T) {
		upstreams[0].drain(t)
		defer upstreams[0].draining.Store(false)
		for range 30 {
			var seen struct{ Server int }
			if status := send(t, http.MethodGet, proxy+"/posts", &seen); status != http.StatusOK || seen.Server == 1 {
				t.Fatalf("status %d from server %d", status, seen.Server)
			}
		}
	})

	t.Run("the proxy sends a GET again if its server was killed", func(t *testing.T) {
		if status := send(t, http.MethodGet, proxy+"/cut", nil); status != http.StatusOK || killed.Load() == 0 {
			t.Errorf("status %d, and server %d was killed", status, killed.Load())
		}
	})

	t.Run("the proxy does not send a POST again if its server was killed", func(t *testing.T) {
		cuts.Store(0)
		killed.Store(0)
		var refused struct{ Error, Message, RequestID string }
		status := send(t, http.MethodPost, proxy+"/cut", &refused)
		if status != http.StatusBadGateway || cuts.Load() != 1 {
			t.Errorf("status %d after %d requests, want 502 after 1", status, cuts.Load())
		}
		if refused.Error != "BadGatewayError" || refused.Message == "" || refused.RequestID == "" {
			t.Errorf("the error has another form than those of the API: %+v", refused)
		}
	})

	t.Run("without a server the answer has the form of an API error", func(t *testing.T) {
		for _, u := range upstreams {
			u.drain(t)
		}
		before := posts.Load()
		var refused struct{ Error, RequestID string }
		status := send(t, http.MethodPost, proxy+"/posts", &refused)
		if status != http.StatusServiceUnavailable || refused.Error != "ServiceUnavailableError" || refused.RequestID == "" {
			t.Errorf("status %d, %+v", status, refused)
		}
		if posts.Load() != before {
			t.Error("a draining server got the request")
		}
	})
}

// startProxy runs Caddy until the test ends, on free ports, and returns its URL.
func startProxy(t *testing.T, caddy string, upstreams []*upstream) string {
	t.Helper()
	dir := t.TempDir()
	port, checksPort := freePort(t), freePort(t)
	content, err := os.ReadFile("Caddyfile")
	if err != nil {
		t.Fatal(err)
	}
	config := string(content)
	for original, replacement := range map[string]string{
		"\n:8080 {":  "\n:" + port + " {",
		"\n:8081 {":  "\n:" + checksPort + " {",
		"api-1:3000": upstreams[0].Listener.Addr().String(),
		"api-2:3000": upstreams[1].Listener.Addr().String(),
		"api-3:3000": upstreams[2].Listener.Addr().String(),
	} {
		if strings.Count(config, original) != 1 {
			t.Fatalf("the Caddyfile does not have %q exactly once", original)
		}
		config = strings.Replace(config, original, replacement, 1)
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
	for range 100 {
		response, err := http.Get("http://127.0.0.1:" + checksPort + "/")
		if err == nil {
			response.Body.Close()
			return "http://127.0.0.1:" + port
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("caddy does not answer")
	return ""
}

func freePort(t *testing.T) string {
	t.Helper()
	_, port, err := net.SplitHostPort(testkit.FreeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// send sends a request and returns the status of the answer. It decodes the answer into result unless that is nil.
func send(t *testing.T, method, url string, result any, headers ...testkit.Header) int {
	t.Helper()
	request, err := testkit.NewRequest(t.Context(), method, url, "", headers...)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := testkit.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if result != nil {
		if err := json.Unmarshal([]byte(answer.Body), result); err != nil {
			t.Errorf("%d %s: %v", answer.Status, answer.Body, err)
		}
	}
	return answer.Status
}
