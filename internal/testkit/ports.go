package testkit

import (
	"net"
	"testing"
)

// FreeAddress returns an address of this machine, such as 127.0.0.1:40123, on which nobody listens.
func FreeAddress(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("find a free port: %v", err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
