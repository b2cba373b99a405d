package routes_test

import (
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"

	"gin-blog/internal/testkit"
)

// TestAddressBehindProxies: behind trusted proxies, the client is the last address in X-Forwarded-For that is none of
// theirs, with or without a port.
func TestAddressBehindProxies(t *testing.T) {
	t.Parallel()
	log := new(testkit.Output)
	s := newServer(t, testkit.SQLite(t), func(o *parts) {
		o.base.TrustedProxies = []netip.Prefix{
			netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8"),
		}
		o.base.Log = slog.New(slog.NewTextHandler(log, nil))
	})
	s.register(t, "alice")
	for sent, want := range map[string]string{
		"":                           "127.0.0.1",
		"192.0.2.1":                  "192.0.2.1",
		"192.0.2.1:5678":             "192.0.2.1",
		"[2001:db8::1]:80":           "2001:db8::1",
		"[2001:db8::2]":              "2001:db8::2",
		"2001:DB8::3":                "2001:db8::3",
		"::ffff:192.0.2.2":           "192.0.2.2",
		"[fe80::1%eth0]:80":          "fe80::1",
		"192.0.2.3, 10.0.0.1":        "192.0.2.3",
		"192.0.2.4:1,10.0.0.1:2 ,":   "127.0.0.1",
		"192.0.2.4:1,10.0.0.1:2":     "192.0.2.4",
		"203.0.113.7, 192.0.2.5":     "192.0.2.5", // the client made up the first
		"evil, 192.0.2.6, [fd00::1]": "192.0.2.6",
		"192.0.2.7, evil, 10.0.0.2":  "10.0.0.2", // what stands before it came from who knows where
		"10.0.0.4, 10.0.0.3":         "10.0.0.4",
		"unknown":                    "127.0.0.1",
		"192.0.2.8:99999":            "127.0.0.1",
		strings.Repeat("9,", 9000):   "127.0.0.1",
	} {
		var g grantAnswer
		s.send(t, "POST", "/auth/login", testkit.Account("alice"), header{"X-Forwarded-For": sent}).is(200).decode(&g)
		var sessions []struct{ IP string }
		s.send(t, "GET", "/auth/sessions", "", bearer(g.Token)).is(200).decode(&sessions)
		if len(sessions) != 1 || sessions[0].IP != want {
			t.Errorf("%.40q: the sessions are %v, want %s", sent, sessions, want)
		}
		s.send(t, "DELETE", "/auth/sessions", "", bearer(g.Token)).is(204)
	}
	if strings.Contains(log.String(), "TRUSTED_PROXIES") {
		t.Errorf("the log complains: %s", log)
	}
}

// TestPortsShareALimit: a proxy that adds the port of each connection gives nobody more attempts.
func TestPortsShareALimit(t *testing.T) {
	t.Parallel()
	s := newServer(t, testkit.SQLite(t), limited, func(o *parts) {
		o.base.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	})
	s.register(t, "alice")
	for i := range 10 {
		from := header{"X-Forwarded-For": fmt.Sprintf("192.0.2.1:%d", 1000+i)}
		s.send(t, "POST", "/auth/login", `{"username":"alice","password":"wrong-one"}`, from).is(401)
	}
	s.send(t, "POST", "/auth/login", testkit.Account("alice"), header{"X-Forwarded-For": "192.0.2.1:2000"}).is(429)
	s.send(t, "POST", "/auth/login", testkit.Account("alice"), header{"X-Forwarded-For": "192.0.2.2:2000"}).is(200)
}

// TestProxyThatNobodyNamed: the log says once what to set, however many requests the proxy, or a stranger, sends.
func TestProxyThatNobodyNamed(t *testing.T) {
	t.Parallel()
	log := new(testkit.Output)
	s := newServer(t, testkit.SQLite(t), func(o *parts) {
		o.base.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
		o.base.Log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	})
	s.send(t, "GET", "/posts", "").is(200)
	if log.String() != "" {
		t.Errorf("without the header: %s", log)
	}
	for i := range 50 {
		s.send(t, "GET", "/posts", "", header{"X-Forwarded-For": fmt.Sprintf("192.0.2.%d", i)}).is(200)
	}
	line := log.String()
	if strings.Count(line, "\n") != 1 || !strings.Contains(line, "level=WARN") || strings.Contains(line, "192.0.2.") ||
		!strings.Contains(line, "TRUSTED_PROXIES") || !strings.HasSuffix(line, " address=127.0.0.1\n") {
		t.Errorf("the log is %q, want one line that names TRUSTED_PROXIES", line)
	}
}
