package routes_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"gin-blog/internal/testkit"
)

// TestLateBytesAreNoRequest: a body does not end, for any reason and on any path. What comes later on the connection
// looks like a request, and is never answered: the connection ends.
func TestLateBytesAreNoRequest(t *testing.T) {
	s := newServer(t, testkit.SQLite(t))
	g := s.signUp(t, "alice")
	impatient := httptest.NewUnstartedServer(s.handler)
	impatient.Config.ReadTimeout = 100 * time.Millisecond
	impatient.Config.DisableGeneralOptionsHandler = true // as the server does
	impatient.Start()
	t.Cleanup(impatient.Close)

	stalls := map[string]string{
		"a length, and too little":   "Content-Length: 1000000\r\n\r\n{\"username\"",
		"a length, and nothing":      "Content-Length: 1000000\r\n\r\n",
		"a chunk that is cut":        "Transfer-Encoding: chunked\r\n\r\nfffff\r\n{\"username\"",
		"chunks without an end":      "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
		"a chunk that is none":       "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
		"a chunk of an endless size": "Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat("0", 5000) + "1\r\n",
		"too much":                   "Content-Length: 10000000\r\n\r\n" + strings.Repeat(" ", 3<<20),
		"a refusal before the body":  "Expect: 100-continue\r\nContent-Length: 1000000\r\n\r\n",
	}
	const twoLengths = " HTTP/1.1\r\nHost: blog\r\nContent-Length: 200\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
	const oldChunks = " HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n"
	for _, methodAndPath := range []string{
		"POST /nowhere", "BREW /posts", "OPTIONS *", "GET /healthz", "GET /posts", "HEAD /posts", "POST /auth/login",
		"POST /auth/register", "POST /posts", "POST /posts/", "DELETE /posts/xyz", "GET /feed.atom", "GET /docs",
	} {
		for reason, request := range map[string]string{"two lengths": twoLengths, "chunks in HTTP/1.0": oldChunks} {
			t.Run(methodAndPath+": "+reason, func(t *testing.T) {
				t.Parallel()
				expectOneAnswer(t, impatient.Listener.Addr().String(), methodAndPath+request)
			})
		}
		for reason, rest := range stalls {
			for who, token := range map[string]string{"visitor": "", "alice": "Authorization: Bearer " + g.Token + "\r\n"} {
				t.Run(fmt.Sprintf("%s by %s: %s", methodAndPath, who, reason), func(t *testing.T) {
					t.Parallel()
					expectOneAnswer(t, impatient.Listener.Addr().String(), methodAndPath+
						" HTTP/1.1\r\nHost: blog\r\nContent-Type: application/json\r\n"+token+rest)
				})
			}
		}
	}
}

// expectOneAnswer sends a request whose body does not end, and goes on sending what looks like other requests until the
// connection ends.
func expectOneAnswer(t *testing.T, address, request string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	go func() {
		_, err := io.WriteString(conn, request)
		for err == nil {
			time.Sleep(20 * time.Millisecond) // less than the server waits, so that some of it comes too late
			_, err = io.WriteString(conn, "GET /healthz?smuggled HTTP/1.1\r\nHost: blog\r\n\r\n")
		}
	}()
	answers := bufio.NewReader(conn)
	method, _, _ := strings.Cut(request, " ")
	for answered := false; ; {
		answer, err := http.ReadResponse(answers, &http.Request{Method: method})
		if err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error("the connection stays open")
			}
			return
		}
		if answer.StatusCode == http.StatusContinue {
			continue
		}
		body, _ := io.ReadAll(answer.Body)
		if answered || !answer.Close {
			t.Errorf("an answer too many, or one that keeps the connection: %s: %.60s", answer.Status, body)
		}
		answered = true
	}
}
