package web_test

import (
	"crypto/rand"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"gin-blog/internal/testkit"
)

// FuzzForms: whatever a form has, it costs a bounded time, its answer is bounded, and shows no field that is not one of
// the form, nor one that is much longer than it may be.
func FuzzForms(f *testing.F) {
	const maxAnswer, maxTime = 2 << 20, 5 * time.Second
	s := newSite(f, testkit.SQLite(f))
	forms := s.formsOf(f)
	paths := slices.Sorted(maps.Keys(forms))
	cookie := s.logIn(f, "alice")
	logOut := slices.Index(paths, "/logout")
	for path := range paths {
		f.Add(uint8(path), true, uint16(0xffff), `"`, uint32(1000), []byte("a=b"))
		f.Add(uint8(path), false, uint16(0xffff), "%22", uint32(3*1000), []byte("title=T"))
		f.Add(uint8(path), path != logOut, uint16(0), "", uint32(0), []byte("title=T&content=C&content=D"))
		f.Add(uint8(path), false, uint16(1), `'`, uint32(2<<20), []byte(strings.Repeat("&", 200)))
		f.Add(uint8(path), true, uint16(4), "%0D%0A", uint32(1_200_000), []byte("do=preview&title=T&tags=a,b"))
		f.Add(uint8(path), true, uint16(4), "%F0%9F%A4%A9", uint32(1_200_000), []byte("do=draft&title=T&x=%zz&%zz=%ff;=&=&"))
		f.Add(uint8(path), false, uint16(2), "a,", uint32(300_000), []byte("username=alice&password="+testkit.Password))
	}
	f.Fuzz(func(t *testing.T, form uint8, signedIn bool, mask uint16, pattern string, size uint32, raw []byte) {
		path := paths[int(form)%len(paths)]
		names := forms[path]
		var body strings.Builder
		body.Write(raw[:min(len(raw), 64<<10)])
		body.WriteString("&markerName=markerValue")
		for i, name := range names {
			if mask>>i&1 == 1 && pattern != "" {
				body.WriteString("&" + name + "=" + strings.Repeat(pattern, int(size%(3<<20))/len(pattern)))
			}
		}
		sender := ""
		if signedIn {
			sender = cookie
		}
		began := time.Now()
		answer := s.send(t, path, sender, body.String())
		if took := time.Since(began); took > maxTime {
			t.Errorf("%s takes %s", path, took)
		}
		shown := answer.Body.String()
		if answer.Code >= 500 || len(shown) > maxAnswer {
			t.Errorf("%s: %d with %d bytes: %.500s", path, answer.Code, len(shown), shown)
		}
		if !utf8.ValidString(shown) || strings.Contains(shown, "markerName") || strings.Contains(shown, "markerValue") {
			t.Errorf("%s: the answer is no UTF-8, or has an unknown field", path)
		}
		checkFields(t, path, names, shown)
		if signedIn && s.page(t, "/account", cookie) != http.StatusOK { // logged out, or all sessions are ended
			s.ahead.Add(int64(time.Hour)) // for the limits
			name := rand.Text()
			s.user(t, name)
			cookie = s.logIn(t, name)
		}
	})
}

// page asks for a page, without a connection, and returns the status of the answer.
func (s *server) page(t testing.TB, path, cookie string) int {
	t.Helper()
	request := newForm(t, path, cookie, "")
	request.Method = http.MethodGet
	answer := httptest.NewRecorder()
	s.handler.ServeHTTP(answer, request)
	return answer.Code
}

// checkFields checks the form that shows again what was sent to a path.
func checkFields(t *testing.T, path string, names []string, shown string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(shown))
	if err != nil {
		t.Fatal(err)
	}
	for _, form := range elements(root, atom.Form) {
		if attribute(form, "action") != path {
			continue
		}
		for _, input := range append(elements(form, atom.Input), elements(form, atom.Textarea)...) {
			name, value := attribute(input, "name"), attribute(input, "value")+textOfArea(input)
			limit := 2000
			switch {
			case name == "content" && strings.Contains(path, "/comments"):
				limit = 2 * 5000
			case name == "content":
				limit = 2 * 100_000
			}
			if !slices.Contains(names, name) || utf8.RuneCountInString(value) > limit {
				t.Errorf("%s shows %q with %d characters", path, name, utf8.RuneCountInString(value))
			}
		}
	}
}
