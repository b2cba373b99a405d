package cli

import (
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"gin-blog/internal/testkit"
)

// TestHost: the server listens on the address of HOST and on no other. The line that says where shows an address that
// works, and the healthcheck asks there.
func TestHost(t *testing.T) {
	if runtime.GOOS != "linux" {
		testkit.LeaveOut(t, "only Linux has 127.0.0.2 without further ado")
	}
	_, port, _ := net.SplitHostPort(testkit.FreeAddress(t))
	for _, c := range []struct{ host, shown, open, closed string }{
		{"", "localhost", "127.0.0.2", ""},
		{"0.0.0.0", "localhost", "127.0.0.2", ""},
		{"::", "localhost", "::1", ""},
		{"127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.2"},
		{"127.0.0.2", "127.0.0.2", "127.0.0.2", "127.0.0.1"},
		{"localhost", "localhost", "localhost", "127.0.0.2"},
		{"[::1]", "[::1]", "::1", "127.0.0.1"},
	} {
		environ := []string{"HOST=" + c.host, "PORT=" + port, "DATA_DIR=" + t.TempDir(), "LOG_FORMAT=text", "DRAIN_DELAY=0s"}
		log, stop := begin(t, environ)
		await(t, "it listens", func() bool { return strings.Contains(log.String(), "listening") })
		url := "http://" + c.shown + ":" + port
		if !strings.Contains(log.String(), "url="+url+" ") {
			t.Errorf("%s: the log does not show %s: %s", c.host, url, log)
		}
		if answer, err := http.Get(url + "/readyz"); err != nil || answer.StatusCode != 200 || answer.Body.Close() != nil {
			t.Errorf("%s: %s: %v, %v", c.host, url, answer, err)
		}
		for address, want := range map[string]bool{c.open: true, c.closed: false} {
			conn, err := net.Dial("tcp", net.JoinHostPort(address, port))
			if err == nil {
				conn.Close()
			}
			if address != "" && (err == nil) != want {
				t.Errorf("%s: %s answers: %t, %v", c.host, address, err == nil, err)
			}
		}
		if code, _, stderr := runIn(t, environ, "healthcheck"); code != 0 {
			t.Errorf("%s: healthcheck: exit %d, %s", c.host, code, stderr)
		}
		if c.host == "127.0.0.2" {
			if code, _, _ := runIn(t, []string{"PORT=" + port}, "healthcheck"); code != 1 {
				t.Errorf("healthcheck without HOST: exit %d, want 1", code)
			}
		}
		stop()
		http.DefaultClient.CloseIdleConnections()
	}
}
