package routes_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"gin-blog/internal/auth"
	"gin-blog/internal/testkit"
	"gin-blog/models"
)

// heldRequest is a request of which a client has sent a part.
type heldRequest struct {
	conn   net.Conn
	answer *bufio.Reader
}

// hold sends the headers of a request that announces length bytes, and start, the part of the body that comes at once.
func (s *server) hold(t *testing.T, methodAndPath string, length int, start string, headers ...header) *heldRequest {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.next(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	var request strings.Builder
	fmt.Fprintf(&request, "%s HTTP/1.1\r\nHost: blog\r\nContent-Length: %d\r\n", methodAndPath, length)
	for _, h := range headers {
		for name, value := range h {
			fmt.Fprintf(&request, "%s: %s\r\n", name, value)
		}
	}
	if _, err := io.WriteString(conn, request.String()+"\r\n"+start); err != nil {
		t.Fatal(err)
	}
	return &heldRequest{conn, bufio.NewReader(conn)}
}

// send sends more of the body.
func (r *heldRequest) send(t *testing.T, part string) {
	t.Helper()
	if _, err := io.WriteString(r.conn, part); err != nil {
		t.Fatal(err)
	}
}

// receive returns the answer, which must come within the given time.
func (r *heldRequest) receive(t *testing.T, within time.Duration) (*http.Response, string) {
	t.Helper()
	if err := r.conn.SetReadDeadline(time.Now().Add(within)); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(r.answer, nil)
	if err != nil {
		t.Fatalf("no answer within %v: %v", within, err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(body)
}

// write is a request with a body that changes something.
type write struct{ methodAndPath, body string }

// TestEndedSessionDoesNothingWithABodyThatWasHeldBack: a client sends half of a request, the session ends, and the
// client sends the rest.
func TestEndedSessionDoesNothingWithABodyThatWasHeldBack(t *testing.T) {
	endings := map[string]func(t *testing.T, s *server, g grantAnswer){
		"logout": func(t *testing.T, s *server, g grantAnswer) {
			s.send(t, "POST", "/auth/logout", fmt.Sprintf(`{"refreshToken":%q}`, g.RefreshToken)).is(204)
		},
		"new password": func(t *testing.T, s *server, _ grantAnswer) {
			change := `{"currentPassword":"pass123","newPassword":"secret99"}`
			s.send(t, "POST", "/auth/password", change, bearer(s.login(t, "alice").Token)).is(204)
		},
		"end of all sessions": func(t *testing.T, s *server, g grantAnswer) {
			s.send(t, "DELETE", "/auth/sessions", "", bearer(g.Token)).is(204)
		},
		"deleted account": func(t *testing.T, s *server, g grantAnswer) {
			s.send(t, "DELETE", "/auth/me", `{"password":"pass123"}`, bearer(g.Token)).is(204)
		},
	}
	for name, end := range endings {
		t.Run(name, func(t *testing.T) {
			onEachStore(t, func(t *testing.T, s *server) {
				g := s.signUp(t, "alice")
				id := s.post(t, g.Token, "My Post").ID
				path, comment := "/posts/"+id, "/comments/"+s.comment(t, g.Token, id, "Nice").ID
				writes := []write{
					{"POST " + path + "/comments", `{"content":"too late"}`},
					{"PATCH " + comment, `{"content":"too late"}`},
					{"DELETE " + comment, `{"content":"too late"}`},
					{"POST /posts", `{"title":"too late","content":"c"}`},
					{"PUT " + path, `{"title":"too late","content":"c"}`},
					{"PATCH " + path, `{"title":"too late"}`},
					{"DELETE " + path, `{"title":"too late"}`},
					{"PATCH /auth/me", `{"name":"too late"}`},
					{"DELETE /auth/me", `{"password":"pass123"}`},
					{"POST /auth/password", `{"currentPassword":"pass123","newPassword":"secret99"}`},
				}
				held := make([]*heldRequest, len(writes))
				for i, w := range writes {
					held[i] = s.hold(t, w.methodAndPath, len(w.body), w.body[:9], bearer(g.Token),
						header{"Content-Type": "application/json"})
				}
				time.Sleep(100 * time.Millisecond) // until the server has read the headers
				end(t, s, g)
				for i, w := range writes {
					held[i].send(t, w.body[9:])
					answer, body := held[i].receive(t, 10*time.Second)
					if answer.StatusCode != 401 || !strings.Contains(body, "JsonWebTokenError") {
						t.Errorf("%s: got %s %s, want 401", w.methodAndPath, answer.Status, body)
					}
				}
				var left []postAnswer
				s.send(t, "GET", "/posts", "").is(200).decode(&left)
				if len(left) != 1 || left[0].Title != "My Post" {
					t.Errorf("the posts are %+v, want the first one as it was", left)
				}
				var comments []commentAnswer
				s.send(t, "GET", path+"/comments", "").is(200).decode(&comments)
				if len(comments) != 1 || comments[0].Content != "Nice" {
					t.Errorf("the comments are %+v, want the first one as it was", comments)
				}
			})
		})
	}
}

func TestLostRoleDoesNothingWithABodyThatWasHeldBack(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		path := "/posts/" + s.post(t, s.signUp(t, "alice").Token, "My Post").ID
		admin := s.signUp(t, "root")
		if err := s.store.SetRole(t.Context(), "root", models.RoleAdmin); err != nil {
			t.Fatal(err)
		}
		const body = `{"title":"too late","content":"c"}`
		var held []*heldRequest
		for _, method := range []string{"PUT ", "PATCH ", "DELETE "} {
			held = append(held, s.hold(t, method+path, len(body), body[:9], bearer(admin.Token),
				header{"Content-Type": "application/json"}))
		}
		time.Sleep(100 * time.Millisecond) // until the server has read the headers
		if err := s.store.SetRole(t.Context(), "root", models.RoleUser); err != nil {
			t.Fatal(err)
		}
		for _, h := range held {
			h.send(t, body[9:])
			if answer, body := h.receive(t, 10*time.Second); answer.StatusCode != 403 {
				t.Errorf("got %s %s, want 403", answer.Status, body)
			}
		}
		s.send(t, "GET", path, "").is(200)
	})
}

// TestBodiesOfSignedInUsersFailAsOthersDo: the body is read before the handler, and a failure still reaches the
// handler.
func TestBodiesOfSignedInUsersFailAsOthersDo(t *testing.T) {
	s := newServer(t, testkit.SQLite(t))
	g := s.signUp(t, "alice")
	head := "PATCH /auth/me HTTP/1.1\r\nHost: blog\r\nContent-Type: application/json\r\n" +
		"Authorization: Bearer " + g.Token + "\r\n"
	for name, c := range map[string]struct {
		rest   string
		status int
	}{
		"cut short":      {"Content-Length: 100\r\n\r\n{", 400},
		"a broken chunk": {"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", 400},
		"too large": {fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", 70000,
			strings.Repeat(" ", 70000)), 413},
	} {
		if answer := s.raw(t, head+c.rest); answer.StatusCode != c.status {
			t.Errorf("%s: got %s, want %d", name, answer.Status, c.status)
		}
	}
	s.send(t, "PATCH", "/auth/me", "{}", bearer(g.Token)).is(200)
	inChunks := io.MultiReader(strings.NewReader("{"), strings.NewReader("}")) // of unknown length
	request, err := http.NewRequestWithContext(t.Context(), "PATCH", s.url+"/auth/me", inChunks)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+g.Token)
	if answer, err := testkit.Do(request); err != nil || answer.Status != 200 {
		t.Errorf("in chunks: %v, %v, want 200", answer, err)
	}
}

// TestRefusalBeforeTheBody: a client that waits for "100 Continue" gets a refusal at once.
func TestRefusalBeforeTheBody(t *testing.T) {
	testkit.Each(t, func(t *testing.T, store models.Store) {
		s := newServer(t, store)
		g := s.signUp(t, "alice")
		path := "/posts/" + s.post(t, g.Token, "My Post").ID
		ended := s.login(t, "alice")
		s.send(t, "POST", "/auth/logout", fmt.Sprintf(`{"refreshToken":%q}`, ended.RefreshToken)).is(204)
		isJSON, isForm := header{"Content-Type": "application/json"}, header{"Content-Type": "text/plain"}
		for _, c := range []struct {
			methodAndPath string
			length        int
			status        int
			headers       []header
		}{
			{"POST /posts", 10, 401, []header{isJSON}},
			{"POST /posts", 10, 401, []header{isJSON, bearer("garbage")}},
			{"PUT " + path, 10, 401, []header{isJSON}},
			{"DELETE " + path, 10, 401, nil},
			{"PATCH /auth/me", 10, 401, []header{isJSON}},
			{"GET /admin/users", 10, 401, nil},
			{"POST /posts", 4 << 20, 413, []header{isJSON, bearer(g.Token)}},
			{"POST /auth/login", 4 << 20, 413, []header{isJSON}},
			{"POST /auth/login", 10, 415, []header{isForm}},
			{"POST /auth/register", 10, 415, nil},
			{"POST /posts", 10, 415, []header{isForm, bearer(g.Token)}},
			{"PATCH " + path, 10, 415, []header{isForm, bearer(g.Token)}},
			{"DELETE /auth/me", 10, 415, []header{isForm, bearer(g.Token)}},
			{"POST /nope", 10, 404, []header{isJSON}},
			{"GET /posts/" + models.NewID().Hex(), 10, 404, nil},
			{"BREW /posts", 10, 405, []header{isJSON}},
			{"GET /posts?limit=x", 10, 400, nil},
			{"GET /posts/xyz", 10, 400, nil},
			{"PATCH /posts/xyz", 10, 400, []header{isJSON, bearer(g.Token)}},
			{"DELETE /posts/xyz", 10, 400, []header{bearer(g.Token)}},
			{"DELETE /auth/sessions/xyz", 10, 400, []header{bearer(g.Token)}},
		} {
			t.Run(fmt.Sprintf("%s %d without Expect", c.methodAndPath, c.status), func(t *testing.T) {
				held := s.hold(t, c.methodAndPath, c.length, "", c.headers...)
				answer, body := held.receive(t, 2*time.Second)
				if answer.StatusCode != c.status {
					t.Errorf("got %s %s, want %d", answer.Status, body, c.status)
				}
				if !answer.Close {
					t.Error("the connection stays open: what follows may be the body or another request")
				}
			})
			t.Run(fmt.Sprintf("%s %d", c.methodAndPath, c.status), func(t *testing.T) {
				held := s.hold(t, c.methodAndPath, c.length, "", append(c.headers, header{"Expect": "100-continue"})...)
				answer, body := held.receive(t, 2*time.Second)
				if answer.StatusCode != c.status || !strings.Contains(body, `"requestId"`) {
					t.Errorf("got %s %s, want %d", answer.Status, body, c.status)
				}
				if !answer.Close {
					t.Error("the connection stays open: the client may send the body or not")
				}
				if _, err := held.answer.ReadByte(); err != io.EOF {
					t.Errorf("after the answer: %v, want the end", err)
				}
			})
		}
		// A request that is let through is asked for its body.
		const body = `{"title":"t","content":"c"}`
		expect := header{"Expect": "100-continue"}
		for token, want := range map[string]int{g.Token: 201, ended.Token: 401} {
			held := s.hold(t, "POST /posts", len(body), "", isJSON, bearer(token), expect)
			if answer, _ := held.receive(t, 2*time.Second); answer.StatusCode != 100 {
				t.Fatalf("got %s, want 100", answer.Status)
			}
			held.send(t, body)
			if answer, _ := held.receive(t, 10*time.Second); answer.StatusCode != want {
				t.Errorf("after the body: got %s, want %d", answer.Status, want)
			}
		}
	})
}

// TestSessionThatEndsWhileAPasswordIsHashed: the password and the account stay as they are.
func TestSessionThatEndsWhileAPasswordIsHashed(t *testing.T) {
	passwords := auth.NewPasswords(11) // much longer than a logout
	for _, c := range []write{
		{"POST /auth/password", `{"currentPassword":"pass123","newPassword":"pass124"}`},
		{"DELETE /auth/me", `{"password":"pass123"}`},
	} {
		t.Run(c.methodAndPath, func(t *testing.T) {
			s := newServer(t, testkit.SQLite(t), func(o *parts) { o.blog.Passwords = passwords })
			g := s.signUp(t, "alice")
			held := s.hold(t, c.methodAndPath, len(c.body), c.body, header{"Content-Type": "application/json"}, bearer(g.Token))
			s.send(t, "POST", "/auth/logout", fmt.Sprintf(`{"refreshToken":%q}`, g.RefreshToken)).is(204)
			if answer, body := held.receive(t, 30*time.Second); answer.StatusCode != 401 {
				t.Errorf("got %s %s, want 401", answer.Status, body)
			}
			s.login(t, "alice")
		})
	}
}
