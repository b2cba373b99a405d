package web_test

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gin-blog/internal/testkit"
	"gin-blog/internal/urls"
)

// formsOf returns the fields of every form, by the path that it is sent to. There are a post, a comment and a draft of
// alice.
func (s *server) formsOf(t testing.TB) map[string][]string {
	t.Helper()
	s.user(t, "alice")
	post := s.write(t, "alice", "Post", "Text", "go")
	path := "/p/" + post.ID.Hex()
	comment := path + "/comments/" + s.comment(t, "alice", post, "Nice").ID.Hex()
	draft := draftPath(s.draft(t, "alice", "Draft", "Text"))
	text := append(slices.Collect(maps.Keys(textFields())), "do", "username", "password")
	text = slices.Clip(text)
	return map[string][]string{
		"/new":              append(text, "key", "draft", "publishAt", "zone"),
		path + "/edit":      append(text, "version", "conflict"),
		path + "/delete":    {"version"},
		path + "/comments":  {"content", "key", "username", "password"},
		comment + "/edit":   {"content", "version", "username", "password"},
		comment + "/delete": {"version"},
		draft:               append(text, "version", "conflict", "publishAt", "zone"),
		draft + "/delete":   {"version"},
		"/register":         {"username", "name", "email", "password"},
		"/login":            {"username", "password"},
		"/logout":           nil,
		"/reset/token":      {"username", "password"},
		"/account":          {"email", "name", "bio", "username", "password"},
		"/account/password": {"username", "currentPassword", "newPassword"},
		"/account/delete":   {"username", "password"},
		"/account/sessions": {"session"},
	}
}

// logIn returns the cookie of a new session.
func (s *server) logIn(t testing.TB, username string) string {
	t.Helper()
	b := s.browser(t)
	b.get("/login").form("Log in").fill("Username", username).fill("Password", testkit.Password).send().is(303)
	cookie := b.sessionCookie()
	return cookie.Name + "=" + cookie.Value
}

// newForm returns a request that sends a form. It has no cookie if that is "".
func newForm(t testing.TB, path, cookie, body string) *http.Request {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(body))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	request.Header.Set("Accept", "text/html")
	if cookie != "" {
		request.Header.Set("Cookie", cookie)
	}
	return request
}

// send sends a form, without a connection.
func (s *server) send(t testing.TB, path, cookie, body string) *httptest.ResponseRecorder {
	t.Helper()
	answer := httptest.NewRecorder()
	s.handler.ServeHTTP(answer, newForm(t, path, cookie, body))
	return answer
}

// TestLongFieldsAreRefused: nothing that is longer than its rule allows by far is shown again, and nothing that a form
// does not have.
func TestLongFieldsAreRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t, testkit.SQLite(t))
	forms := s.formsOf(t)
	long := func(body string, size int) string { return body + strings.Repeat(`"`, size-len(body)) }
	for path, names := range forms {
		for _, cookie := range []string{"", s.logIn(t, "alice")} {
			largest := 64 << 10
			switch {
			case slices.Contains(names, "title"):
				largest = 2 << 20
			case slices.Contains(names, "content"):
				largest = 128 << 10
			}
			sent := map[string]string{
				"unknown": long("unknown=", largest), "many": manyFields(largest), "empty": strings.Repeat("&", largest),
			}
			for _, name := range names {
				sent[name] = long(name+"=", largest)
				sent[name+", escaped"] = name + "=" + strings.Repeat("%22", (largest-len(name)-1)/3)
			}
			for what, body := range sent {
				answer := s.send(t, path, cookie, body)
				shown := answer.Body.String()
				if answer.Code < 300 || answer.Code >= 500 || len(shown) > 16<<10 || strings.Contains(shown, "&#34;&#34;") ||
					strings.Contains(shown, "marker") {
					t.Errorf("%s with %s: %d with %d bytes", path, what, answer.Code, len(shown))
				}
				if slices.Contains(names, what) && answer.Code != 413 && answer.Code != 303 {
					t.Errorf("%s with a long %s: %d", path, what, answer.Code)
				}
			}
			s.send(t, path, cookie, long("unknown=", largest+1))
		}
	}
	if got := s.posts(t); len(got) != 1 || got[0] != "Post" {
		t.Errorf("the posts are %q", got)
	}
}

// manyFields returns a form of different fields.
func manyFields(size int) string {
	var body strings.Builder
	for i := 0; body.Len()+12 < size; i++ {
		fmt.Fprintf(&body, "marker%05x&", i)
	}
	return body.String()
}

// TestFormsShowTheirOwnFieldsAlone: the login in between has what was typed, and nothing else that was sent.
func TestFormsShowTheirOwnFieldsAlone(t *testing.T) {
	t.Parallel()
	s := newSite(t, testkit.SQLite(t))
	for path, names := range s.formsOf(t) {
		form := url.Values{}
		for _, other := range []string{
			"title", "tags", "content", "email", "name", "bio", "session", "publishAt", "zone", "next",
			"marker", "Title", "sid", "",
		} {
			if !slices.Contains(names, other) {
				form.Set(other, "marker")
			}
		}
		kept := ""
		for _, name := range names {
			if slices.Contains([]string{"title", "tags", "content", "email", "name", "bio", "publishAt", "zone"}, name) {
				form.Set(name, "kept-"+name)
				kept = name
			}
		}
		for _, cookie := range []string{"", s.logIn(t, "alice")} {
			shown := s.send(t, path, cookie, form.Encode()).Body.String()
			if strings.Contains(shown, "marker") {
				t.Errorf("%s shows what it does not have: %s", path, shown)
			}
			if cookie == "" && kept != "" && !strings.Contains(shown, "kept-"+kept) {
				t.Errorf("%s does not show %s again: %s", path, kept, shown)
			}
		}
	}
}

// TestOddForms: what no browser sends is refused, or read as it is meant.
func TestOddForms(t *testing.T) {
	t.Parallel()
	s := newSite(t, testkit.SQLite(t))
	s.user(t, "alice")
	for body, status := range map[string]int{
		"username=alice&password=" + testkit.Password:                          303,
		"%75sername=%61lice&password=" + testkit.Password:                      303,
		"&&username=alice&&password=" + testkit.Password + "&":                 303,
		"username=alice&password=" + testkit.Password + "&x=%zz&x=%ff&%zz=1&x": 303,
		"username=alice&username=alice&password=" + testkit.Password:           400,
		"username=alice&%75sername=bob&password=" + testkit.Password:           400,
		"username=ali%zz&password=" + testkit.Password:                         400,
		"username=ali%ff&password=" + testkit.Password:                         400,
		"username=alice\xff&password=" + testkit.Password:                      400,
		"username=alice;password=" + testkit.Password:                          400,
		"":         400,
		"username": 400,
		"username=alice&password=" + strings.Repeat("x", 1001):                      413,
		"username=" + strings.Repeat("%F0%9F%A4%A9", 1001) + "&password=x":          413,
		"username=" + strings.Repeat("%F0%9F%A4%A9", 1000) + "&password=x":          400,
		strings.Repeat("x=y&", 90) + "username=alice&password=" + testkit.Password:  303,
		strings.Repeat("x=y&", 100) + "username=alice&password=" + testkit.Password: 400,
	} {
		if answer := s.send(t, "/login", "", body); answer.Code != status {
			t.Errorf("%.80s: %d, want %d", body, answer.Code, status)
		}
	}
	for name, header := range map[string]testkit.Header{
		"JSON":       {"Content-Type": "application/json"},
		"multipart":  {"Content-Type": "multipart/form-data; boundary=x"},
		"no type":    {"Content-Type": ""},
		"compressed": {"Content-Encoding": "gzip"},
	} {
		s.browser(t).post("/login", url.Values{"username": {"alice"}, "password": {testkit.Password}}, header).is(415).
			shows("Send the form as a browser does.")
		if t.Failed() {
			t.Fatal(name)
		}
	}
}

// TestManyTags: more tags than a post may have are refused before they are compared.
func TestManyTags(t *testing.T) {
	t.Parallel()
	s := newSite(t, testkit.SQLite(t))
	alice := s.user(t, "alice")
	tags := func(n int) string {
		var list strings.Builder
		for i := range n {
			fmt.Fprintf(&list, "%x,", i)
		}
		return list.String()
	}
	form := alice.get("/new").form("Publish").fill("Title", "T").fill("Text", "Hello")
	kept := form.fill("Tags", tags(200)).send().is(400).shows("Tags must be at most 10")
	if got := kept.form("Publish").values.Get("tags"); got != tags(200) {
		t.Errorf("of the tags, %q stay", got)
	}
	form.fill("Tags", tags(30_000)).send().is(413).shows("The field tags is much too long").hides("1fff,")
	form.fill("Tags", strings.Repeat("go, ", 11)).send().is(303) // one tag
}

// slowReader is a client that reads the headers of an answer and nothing of its body, until it may.
type slowReader struct {
	header http.Header
	status int
	began  func()
	may    <-chan struct{}
}

func (r *slowReader) Header() http.Header { return r.header }

func (r *slowReader) WriteHeader(status int) { r.status = status }

func (r *slowReader) Write(p []byte) (int, error) {
	r.began()
	<-r.may
	return len(p), nil
}

// TestFormsThatNobodyReads: clients that send the largest forms and do not read the answers hold a bounded memory, and
// do not keep others from sending theirs.
func TestFormsThatNobodyReads(t *testing.T) { // alone, since it measures memory
	const clients, maxMemory = 40, 40 << 20
	s := newSite(t, testkit.SQLite(t))
	s.user(t, "alice")
	s.user(t, "bob")
	token, alice, bob := s.token(t, "alice"), s.logIn(t, "alice"), s.logIn(t, "bob")
	ended := s.logIn(t, "bob")
	s.send(t, "/logout", ended, "")
	fill := func(body, pattern string, size int) string {
		return body + strings.Repeat(pattern, (size-len(body))/len(pattern))
	}
	for name, body := range map[string]string{
		"a text of quotes":         fill("title=T&content=", `"`, 200_000),
		"a text of escaped quotes": fill("title=T&content=", "%22", 600_000),
		"a text of emoji":          fill("title=T&content=", "%F0%9F%A4%A9", 2<<20),
		"a title of quotes":        fill("title=", `"`, 2<<20),
		"fields that no form has":  manyFields(9_000 * 12),
		"a field that no form has": fill("title=&x=", `"`, 2<<20),
		"a small text of quotes":   fill("title=&content=", `"`, 64<<10-1),
	} {
		for sender, cookie := range map[string]string{"visitors": "", "an ended session": ended, "alice": alice} {
			t.Run(name+" by "+sender, func(t *testing.T) {
				before := heap()
				may := make(chan struct{})
				readers := make([]*slowReader, clients)
				var began, ends sync.WaitGroup
				began.Add(clients)
				for i := range readers {
					readers[i] = &slowReader{header: http.Header{}, began: sync.OnceFunc(began.Done), may: may}
					request := newForm(t, "/new", cookie, body)
					ends.Go(func() {
						s.handler.ServeHTTP(readers[i], request)
						readers[i].began()
					})
				}
				began.Wait()
				if held := heap() - before; held > maxMemory {
					t.Errorf("%d clients hold %d MiB", clients, held>>20)
				}
				post := fmt.Sprintf(`{"title":"T","content":%q}`, strings.Repeat("x", 70_000))
				if answer := s.api(t, "POST", "/posts", post, testkit.Bearer(token)); answer.Status != 201 {
					t.Errorf("a long post by the API gets %d: %.300s", answer.Status, answer.Body)
				}
				if form := fill("title=T&content=", "x", 70_000); cookie != alice {
					if answer := s.send(t, "/new", bob, form); answer.Code != 303 {
						t.Errorf("a long post by a form gets %d: %s", answer.Code, answer.Body)
					}
				}
				close(may)
				ends.Wait()
				for _, r := range readers {
					if !slices.Contains([]int{303, 400, 403, 413, 503}, r.status) {
						t.Errorf("a client gets %d", r.status)
					}
				}
			})
		}
	}
}

// heap returns how many bytes are in use.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what pools held
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// hold opens a connection, and sends the beginning of a form that declares length bytes.
func (s *server) hold(t *testing.T, path, cookie string, length int, beginning string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/x-www-form-urlencoded\r\n"+
		"Sec-Fetch-Site: same-origin\r\nCookie: %s\r\nContent-Length: %d\r\n\r\n%s",
		path, strings.TrimPrefix(s.url, "http://"), cookie, length, beginning)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// TestHeldFormsOfVisitors: large forms that somebody without a session holds back do not keep those who have one from
// sending theirs. A visitor is told what to do.
func TestHeldFormsOfVisitors(t *testing.T) {
	t.Parallel()
	s := newSite(t, testkit.SQLite(t))
	s.user(t, "alice")
	s.user(t, "bob")
	alice, ended := s.logIn(t, "alice"), s.logIn(t, "bob")
	s.send(t, "/logout", ended, "")
	long := url.Values{"title": {"T"}, "content": {strings.Repeat("x", 100_000)}}.Encode()
	for name, cookie := range map[string]string{
		"no cookie": "x=y", "a bad cookie": "gin-blog-session=bad", "an ended session": ended,
	} {
		var held []net.Conn
		for range 20 {
			held = append(held, s.hold(t, "/new", cookie, 2<<20, "title="+strings.Repeat("x", 700_000)))
		}
		var refused *httptest.ResponseRecorder
		eventually(t, func() bool { refused = s.send(t, "/new", "", long); return refused.Code == 503 })
		shown := refused.Body.String()
		if !strings.Contains(shown, "Log in in another window") ||
			!strings.Contains(shown, "what you typed is still there") ||
			refused.Header().Get("Retry-After") == "" {
			t.Errorf("%s: a visitor is told %s", name, refused.Body)
		}
		if answer := s.send(t, "/new", alice, long); answer.Code != 303 {
			t.Errorf("%s: a long form of alice gets %d: %s", name, answer.Code, answer.Body)
		}
		if answer := s.send(t, "/new", "", "title=short"); answer.Code != 403 {
			t.Errorf("%s: a short form of a visitor gets %d", name, answer.Code)
		}
		for _, conn := range held {
			conn.Close()
		}
		eventually(t, func() bool { return s.send(t, "/new", "", long).Code == 403 })
	}
}

// eventually waits until a condition holds.
func eventually(t *testing.T, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not within 20 s")
		}
	}
}

// TestLongTextStaysOverTheLogin: the longest text comes back after a login, too.
func TestLongTextStaysOverTheLogin(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		b := s.user(t, "alice")
		longest := strings.Repeat("🤩", 100_000)
		form := b.get("/new").form("Publish").fill("Title", "Long").fill("Text", longest)
		b.get("/account").form("Log out").send().is(303)
		login := form.send().is(403).form("Log in").fill("Username", "alice")
		again := login.fill("Password", "wrong-one").send().is(403).form("Log in").fill("Username", "alice")
		editor := again.fill("Password", testkit.Password).send().is(200).shows("your text is here")
		post := editor.form("Publish").send().is(303)
		id, err := urls.ParsePost(strings.TrimPrefix(post.header.Get("Location"), "/p/"))
		if err != nil || s.content(t, id) != longest {
			t.Errorf("the text is lost: %v", err)
		}
	})
}

// TestFormsThatDoNotEnd: a form that stalls is 408 and one that is cut short 400, and neither does anything.
func TestFormsThatDoNotEnd(t *testing.T) {
	t.Parallel()
	s := newSite(t, testkit.SQLite(t))
	listener := httptest.NewUnstartedServer(s.handler)
	listener.Config.ReadTimeout = 300 * time.Millisecond
	listener.Start()
	t.Cleanup(listener.Close)
	forms := s.formsOf(t)
	s.url = listener.URL
	alice := s.logIn(t, "alice")
	before := s.sessionsOf(t, "alice")
	var clients sync.WaitGroup
	for path := range forms {
		for _, cookie := range []string{alice, "x=y"} {
			for status, end := range map[int]bool{408: false, 400: true} {
				clients.Go(func() {
					// These are fields of no form but one, and what ends the session, an account, or all of them.
					conn := s.hold(t, path, cookie, 1000, "title=Late&content=Late&password="+testkit.Password+"&username=alice&x=%")
					if end {
						_ = conn.(*net.TCPConn).CloseWrite()
					}
					answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
					if err != nil {
						t.Errorf("%s: %v", path, err)
						return
					}
					defer answer.Body.Close()
					body, _ := io.ReadAll(answer.Body)
					if answer.StatusCode != status || strings.Contains(string(body), "Late") {
						t.Errorf("%s as %.10s: %d, want %d: %s", path, cookie, answer.StatusCode, status, body)
					}
				})
			}
		}
	}
	clients.Wait()
	if after := s.sessionsOf(t, "alice"); after != before {
		t.Errorf("alice had %d sessions and has %d", before, after)
	}
	if got := s.posts(t); len(got) != 1 {
		t.Errorf("the posts are %q", got)
	}
}
