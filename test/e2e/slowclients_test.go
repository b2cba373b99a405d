package e2e

import (
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gin-blog/internal/testkit"
)

// slowClients is how many clients are slow. What they ask for, or send, is more than the memory that a server may take.
const slowClients = 400

// TestSlowReaders: clients that ask for large pages and read nothing of them neither fill the memory nor delay the
// others, whether they ask for one page, or each for another and several times. It measures time, so it does not run
// beside other tests.
func TestSlowReaders(t *testing.T) {
	get := func(query string) string { return "GET /posts?limit=100&" + query + " HTTP/1.1\r\nHost: x\r\n\r\n" }
	for name, requests := range map[string]func(i int) string{
		"one page": func(int) string { return get("tag=long") },
		// The system's buffers take the first of the answers. Two clients ask for each page, so the second gets a kept one.
		"pages of their own": func(i int) string {
			return strings.Repeat(get(fmt.Sprintf("after=ffffffff%016x", i/2)), 5)
		},
	} {
		t.Run(name, func(t *testing.T) {
			p, token := startWithLongPosts(t)
			closeClients := p.openSlowClients(t, slowClients, requests)
			p.expectServing(t)

			// A write that is refused is not done.
			acknowledged := 0
			post := fmt.Sprintf(`{"title":"late","content":%q,"tags":["late"]}`, strings.Repeat(`"`, 90_000))
			for range 5 {
				switch status, _, _ := p.try("POST", "/posts", token, post); status {
				case 201:
					acknowledged++
				case 503:
				default:
					t.Errorf("a large post gets %d", status)
				}
			}
			t.Logf("%d of 5 large posts were created", acknowledged)
			closeClients()
			eventually(t, 30*time.Second, "large pages", func() bool {
				status, _, _ := p.try("GET", "/posts?tag=late", "", "")
				return status == 200
			})
			var late []struct{}
			if p.call("GET", "/posts?tag=late", "", "", 200, &late); len(late) != acknowledged {
				t.Errorf("%d posts are there, %d were acknowledged", len(late), acknowledged)
			}
		})
	}
}

// TestSlowWriters: the same for clients that send all of a large body but its end.
func TestSlowWriters(t *testing.T) {
	p, token := startWithLongPosts(t)
	p.openSlowClients(t, slowClients, func(int) string {
		return "POST /posts HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2097152\r\n" +
			"Authorization: Bearer " + token + "\r\n\r\n" + strings.Repeat(" ", 2<<20-100)
	})
	p.expectServing(t)
	p.call("POST", "/posts", token, `{"title":"small","content":"post"}`, 201, &struct{}{})
}

// TestSlowForms: the same for clients that send the largest forms and read nothing of the pages that show them
// again, without a session and with one. Others send texts of 70 kB meanwhile.
func TestSlowForms(t *testing.T) {
	text := "title=T&content=" + strings.Repeat("%22", 200_000)
	large := []string{
		"title=" + strings.Repeat(`"`, 2<<20-100), text, "title=T&content=" + strings.Repeat(`"`, 200_000),
		text + "&x=" + strings.Repeat("y", 2<<20-len(text)-100), "title=T&content=" + strings.Repeat(`"`, 60_000),
	}
	for name, signedIn := range map[string]bool{"visitors": false, "a user": true} {
		t.Run(name, func(t *testing.T) {
			p, token := startWithLongPosts(t)
			cookie := p.session(t, "mallory")
			if !signedIn {
				cookie = "x=y"
			}
			bob := p.session(t, "bob")
			p.openSlowClients(t, slowClients, func(i int) string {
				form := large[i%len(large)]
				return fmt.Sprintf("POST /new HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"+
					"Sec-Fetch-Site: same-origin\r\nCookie: %s\r\nContent-Length: %d\r\n\r\n%s", cookie, len(form), form)
			})
			p.expectServing(t)
			for range 5 {
				post := fmt.Sprintf(`{"title":"long","content":%q}`, strings.Repeat("x", 70_000))
				p.call("POST", "/posts", token, post, 201, nil)
				if signedIn { // their forms have one budget
					continue
				}
				form := "title=long&content=" + strings.Repeat("x", 70_000)
				if answer := p.sendForm(t, "/new", bob, form); answer.Status != 303 {
					t.Errorf("a long form gets %d: %s", answer.Status, answer.Body)
				}
			}
		})
	}
}

// sendForm sends a form as a browser does that has a cookie.
func (p *process) sendForm(t *testing.T, path, cookie, form string) *testkit.Response {
	t.Helper()
	answer, err := p.do("POST", path, "", form, testkit.Header{
		"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin", "Cookie": cookie,
	})
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// session registers a user on the pages, and returns their cookie.
func (p *process) session(t *testing.T, username string) (cookie string) {
	t.Helper()
	answer := p.sendForm(t, "/register", "", "username="+username+"&password="+testkit.Password)
	cookie, _, _ = strings.Cut(answer.Header.Get("Set-Cookie"), ";")
	if answer.Status != 303 || cookie == "" {
		t.Fatalf("register %s: %d %s", username, answer.Status, answer.Body)
	}
	return cookie
}

// startWithLongPosts starts a server with long posts of alice, and a short one with the tag short.
func startWithLongPosts(t *testing.T) (p *process, token string) {
	p = start(t, t.TempDir(), "METRICS_ADDR=127.0.0.1:0")
	token = p.signUp("alice")
	text := strings.Repeat(`"`, 90_000) // twice as long in JSON
	for i := range 30 {
		body := fmt.Sprintf(`{"title":"Post %d","content":%q,"tags":["long"]}`, i, text)
		p.call("POST", "/posts", token, body, 201, &struct{}{})
	}
	p.call("POST", "/posts", token, `{"title":"Short","content":"Hello","tags":["short"]}`, 201, &struct{}{})
	_, p.usual = p.serve(t)
	return p, token
}

// openSlowClients opens the connections of slow clients, which send something and then read nothing.
func (p *process) openSlowClients(t *testing.T, n int, requests func(i int) string) (closeAll func()) {
	smallWindow := net.Dialer{Control: func(_, _ string, conn syscall.RawConn) error {
		return conn.Control(func(fd uintptr) {
			_ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 1)
		})
	}}
	conns := make([]net.Conn, n)
	var dials sync.WaitGroup
	for i := range conns {
		dials.Go(func() {
			conn, err := smallWindow.DialContext(t.Context(), "tcp", "127.0.0.1:"+p.port)
			if err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(func() { conn.Close() })
			conns[i] = conn
			_ = conn.SetWriteDeadline(time.Now().Add(20 * time.Second))
			_, _ = io.WriteString(conn, requests(i))
		})
	}
	dials.Wait()
	return func() {
		for _, conn := range conns {
			if conn != nil {
				conn.Close()
			}
		}
	}
}

// expectServing expects that small requests are answered fast while slow clients are there, and little memory is used.
// It measures again if not: on a busy machine, garbage stays longer.
func (p *process) expectServing(t *testing.T) {
	t.Helper()
	const maxMemory = 256 << 20
	maxP99 := 50*time.Millisecond + 10*p.usual // on a busy machine, everything takes longer
	for range 3 {
		memory, p99 := p.serve(t)
		t.Logf("resident memory %.0f MiB, p99 of other readers %s", memory/(1<<20), p99)
		if memory <= maxMemory && p99 <= maxP99 {
			return
		}
	}
	t.Errorf("resident memory and p99 of other readers are not within %d MiB and %s", maxMemory>>20, maxP99)
}

// serve sends small requests, and returns the most memory of the process meanwhile and the p99 of the times.
func (p *process) serve(t *testing.T) (most float64, p99 time.Duration) {
	t.Helper()
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
	return most, times[len(times)*99/100]
}
