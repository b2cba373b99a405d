package server

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// TestIdleConnectionsOutliveThoseOfProxies: the proxy closes an idle connection first, because a request that it sends
// just when the server closes one is lost.
func TestIdleConnectionsOutliveThoseOfProxies(t *testing.T) {
	for proxy, keeps := range map[string]time.Duration{
		"Caddy": 2 * time.Minute, "nginx": time.Minute, "Traefik": 90 * time.Second, "a load balancer of AWS": time.Minute,
		"an application gateway of Azure": 2 * time.Minute,
	} {
		if defaultTimeouts.idle < keeps+10*time.Second {
			t.Errorf("%s keeps a connection for %s, the server for %s", proxy, keeps, defaultTimeouts.idle)
		}
	}
}

// TestProxyHasTheSameTimeouts: the Caddyfile of the stack gives clients the time that the server gives them.
func TestProxyHasTheSameTimeouts(t *testing.T) {
	text, err := os.ReadFile("../../deploy/Caddyfile")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]time.Duration{
		"read_header": defaultTimeouts.readHeader, "read_body": defaultTimeouts.read, "write": defaultTimeouts.write,
		"idle": defaultTimeouts.idle,
	} {
		short := strings.TrimSuffix(want.String(), "0s")
		if !strings.Contains(string(text), fmt.Sprintf("\t%s %s\n", name, want)) &&
			!strings.Contains(string(text), fmt.Sprintf("\t%s %s\n", name, short)) {
			t.Errorf("the Caddyfile does not have %s %s", name, want)
		}
	}
}
