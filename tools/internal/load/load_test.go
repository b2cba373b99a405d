package load_test

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
	"time"

	"gin-blog/tools/internal/load"
)

func TestSkipAnswer(t *testing.T) {
	for name, test := range map[string]struct {
		answer string
		status int
		ok     bool
	}{
		"with a length": {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", http.StatusOK, true},
		"in chunks": {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n",
			http.StatusOK, true},
		"not modified":     {"HTTP/1.1 304 Not Modified\r\n\r\n", http.StatusNotModified, true},
		"another status":   {"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n", http.StatusOK, false},
		"without a length": {"HTTP/1.1 200 OK\r\n\r\nhello", http.StatusOK, false},
		"cut off":          {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", http.StatusOK, false},
	} {
		t.Run(name, func(t *testing.T) {
			const next = "HTTP/1.1 200 OK\r\n"
			reader := bufio.NewReader(strings.NewReader(test.answer))
			if test.ok {
				reader = bufio.NewReader(strings.NewReader(test.answer + next))
			}
			if err := load.SkipAnswer(reader, test.status); (err == nil) != test.ok {
				t.Fatalf("got the error %v, want ok = %t", err, test.ok)
			}
			if !test.ok {
				return
			}
			if line, _ := reader.ReadString('\n'); line != next {
				t.Errorf("the next answer starts with %q", line)
			}
		})
	}
}

func TestPercentile(t *testing.T) {
	r := load.Request{Samples: []load.Sample{{Times: []time.Duration{3, 1}}, {Times: []time.Duration{2, 5, 4}}}}
	for p, want := range map[int]time.Duration{0: 1, 50: 3, 99: 4, 100: 5} {
		if got := r.Percentile(p); got != want {
			t.Errorf("the %dth percentile is %d, want %d", p, got, want)
		}
	}
}
