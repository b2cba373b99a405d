package e2e

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// TestSlowClientsOfHTTP2: the promises of TestSlowReaders and TestSlowWriters hold for clients that multiplex as many
// requests as they like, also if each request alone would be a small one.
func TestSlowClientsOfHTTP2(t *testing.T) {
	dir := t.TempDir()
	cert, key := writeCertificate(t, dir, 1)
	p := start(t, dir, "METRICS_ADDR=127.0.0.1:0", "TLS_CERT="+cert, "TLS_KEY="+key, "RATE_LIMIT=false")
	token := p.signUp("alice")
	for i := range 30 { // a page of any 30 of them has some 61 kB
		post := fmt.Sprintf(`{"title":"Post %d","content":%q,"tags":["long"]}`, i, strings.Repeat("a", 2000))
		p.call("POST", "/posts", token, post, 201, nil)
	}
	p.call("POST", "/posts", token, `{"title":"Short","content":"Hello","tags":["short"]}`, 201, nil)
	_, p.usual = p.serve(t)

	for name, open := range map[string]func(t *testing.T, i int) io.Closer{
		"answers that are not read": p.askWithoutWindow,
		"bodies that do not end":    p.sendWithoutEnd,
	} {
		t.Run(name, func(t *testing.T) {
			clients := make([]io.Closer, slowClients/2)
			var opening sync.WaitGroup
			turns := make(chan struct{}, 20)
			for i := range clients {
				opening.Go(func() {
					turns <- struct{}{}
					defer func() { <-turns }()
					clients[i] = open(t, i)
				})
			}
			opening.Wait()
			p.expectServing(t)
			for _, client := range clients {
				client.Close()
			}
		})
	}
}

// askWithoutWindow opens a connection with 250 requests for pages, and leaves no window for the answers.
func (p *process) askWithoutWindow(t *testing.T, i int) io.Closer {
	conn, err := tls.Dial("tcp", "127.0.0.1:"+p.port, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	if err != nil {
		t.Error(err)
		return io.NopCloser(nil)
	}
	var sent bytes.Buffer
	frame := func(frameType, flags byte, stream int, payload []byte) {
		length := len(payload) // RFC 9113, section 4.1: length, type, flags, stream
		sent.Write([]byte{0, byte(length >> 8), byte(length), frameType, flags, 0, 0, byte(stream >> 8), byte(stream)})
		sent.Write(payload)
	}
	sent.WriteString("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
	frame(4, 0, 0, []byte{0, 4, 0, 0, 0, 0}) // SETTINGS: INITIAL_WINDOW_SIZE is 0
	frame(4, 1, 0, nil)
	for n := range 250 {
		path := fmt.Sprintf("/posts?limit=100&after=ffffffff%08x%08x", i, n)
		// GET, https, authority, path
		block := append([]byte{0x82, 0x87, 0x01, 1, 'x', 0x04, byte(len(path))}, path...)
		frame(1, 5, 2*n+1, block) // HEADERS, the last of the block and of the request
	}
	_, _ = conn.Write(sent.Bytes())
	go func() { _, _ = io.Copy(io.Discard, conn) }() // refusals and resets
	return conn
}

// sendWithoutEnd opens a connection with 250 logins whose bodies do not end.
func (p *process) sendWithoutEnd(t *testing.T, _ int) io.Closer {
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true,
		HTTP2: &http.HTTP2Config{StrictMaxConcurrentRequests: true}, // on one connection
	}
	if answer, err := transport.RoundTrip(p.newGet("/healthz")); err != nil { // the connection is there for all others
		t.Error(err)
	} else {
		answer.Body.Close()
	}
	body := strings.Repeat(" ", 60_000)
	never, end := io.Pipe()
	for range 250 {
		request, err := http.NewRequestWithContext(t.Context(), "POST", p.url+"/auth/login",
			io.MultiReader(strings.NewReader(body), never))
		if err != nil {
			t.Error(err)
			continue
		}
		request.Header.Set("Content-Type", "application/json")
		go func() {
			answer, err := transport.RoundTrip(request)
			if err == nil {
				answer.Body.Close()
			}
		}()
	}
	return end
}
