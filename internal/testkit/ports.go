package testkit

import (
	"fmt"
	"math/rand/v2"
	"net"
	"syscall"
	"testing"
)

// FreeAddress returns an address of this machine with a port that nobody listens on. It is below those that systems
// give to outgoing connections, so that none of them takes it before the caller does.
func FreeAddress(t testing.TB) string {
	t.Helper()
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", 15000+rand.IntN(5000))
		if isFree(address) {
			return address
		}
	}
	t.Fatal("no port is free")
	return ""
}

func isFree(address string) bool {
	syscall.ForkLock.RLock() // a process that another test starts would have the listener until it runs its program
	defer syscall.ForkLock.RUnlock()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return false
	}
	listener.Close()
	return true
}
