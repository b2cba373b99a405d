package e2e

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestSlowReaders: clients that ask for large pages and read them slowly neither fill the memory nor delay the
// others. It measures time, so it does not run beside other tests.
func TestSlowReaders(t *testing.T) {
	const readers, maxMemory, maxP99 = 500, 256 << 20, 50 * time.Millisecond
	p := start(t, t.TempDir(), "METRICS_ADDR=127.0.0.1:0")
	token := p.signUp("alice")
	text := strings.Repeat("long ", 20_000)
	for i := range 30 {
		body := fmt.Sprintf(`{"title":"Post %d","content":%q,"tags":["long"]}`, i, text)
		p.call("POST", "/posts", token, body, 201, &struct{}{})
	}
	p.call("POST", "/posts", token, `{"title":"Short","content":"Hello","tags":["short"]}`, 201, &struct{}{})

	smallWindow := net.Dialer{Control: func(_, _ string, conn syscall.RawConn) error {
		return conn.Control(func(fd uintptr) {
			_ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 1)
		})
	}}
	var dials sync.WaitGroup
	for range readers {
		dials.Go(func() {
			conn, err := smallWindow.DialContext(t.Context(), "tcp", "127.0.0.1:"+p.port)
			if err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(func() { conn.Close() })
			// It reads nothing of the answer.
			_, _ = fmt.Fprint(conn, "GET /posts?limit=100&tag=long HTTP/1.1\r\nHost: x\r\n\r\n")
		})
	}
	dials.Wait()

	var most float64
	var times []time.Duration
	for range 300 {
		status, _, took := p.try("GET", "/posts?tag=short", "", "")
		if status != 200 {
			t.Fatalf("another reader gets %d", status)
		}
		times = append(times, took)
		most = max(most, p.metric("process_resident_memory_bytes"))
	}
	slices.Sort(times)
	p99 := times[len(times)*99/100]
	t.Logf("resident memory %.0f MiB, p99 of other readers %s", most/(1<<20), p99)
	if most > maxMemory || p99 > maxP99 {
		t.Errorf("resident memory %.0f MiB, p99 of other readers %s, want at most %d MiB and %s",
			most/(1<<20), p99, maxMemory>>20, maxP99)
	}
}
