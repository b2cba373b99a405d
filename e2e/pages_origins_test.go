package e2e

import (
	"fmt"
	"html/template"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"gin-blog/internal/testkit"
)

// foreignForms is a page of another site with forms that are sent to this one.
var foreignForms = template.Must(template.New("").Parse(`<!doctype html><title>Another site</title>
{{range $path, $fields := .}}<form method="post" action="{{$path}}">
{{range $name, $value := $fields}}<input type="hidden" name="{{$name}}" value="{{$value}}">{{end}}
<button>{{$path}}</button></form>{{end}}`))

// refuseOtherOrigins sends every form of the pages from another site, and from another port of the same host, in the
// browser of somebody who is logged in. Nothing changes.
func refuseOtherOrigins(t *testing.T, s blog) {
	v := s.visitor(t)
	v.register("olga")
	v.write("Hers", "Hello")
	post := v.path()
	token, _ := v.logInToTheAPI("olga")
	var posts []testkit.Post
	s.server.call("GET", "/posts?author=olga", "", "", 200, &posts)
	id := posts[0].ID

	text := map[string]string{"title": "Forged", "tags": "", "content": "Forged"}
	profile := map[string]string{"email": "mallory@example.com", "name": "Forged", "bio": "Forged"}
	passwords := map[string]string{"currentPassword": testkit.Password, "newPassword": "forged1"}
	forms := map[string]map[string]string{
		"/new": text, "/p/" + id + "/edit": text, "/p/" + id + "/delete": {}, "/account": profile,
		"/account/password": passwords, "/account/delete": {"password": testkit.Password},
		"/account/sessions": {}, "/logout": {},
		"/login":    {"username": "olga", "password": testkit.Password},
		"/register": {"username": "mallory", "email": "", "password": testkit.Password},
	}
	absolute := map[string]map[string]string{}
	for path, fields := range forms {
		absolute[v.origin+path] = fields
	}
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if err := foreignForms.Execute(w, absolute); err != nil {
			t.Errorf("render the other site: %v", err)
		}
	}))
	t.Cleanup(other.Close)
	port := other.URL[strings.LastIndex(other.URL, ":"):]
	var me, after testkit.User
	s.server.call("GET", "/auth/me", token, "", 200, &me)
	for _, origin := range []string{"http://evil.example" + port, "http://" + s.host + port} {
		attacked := v.newTab()
		for address := range absolute {
			attacked.openAddress(origin + "/")
			attacked.press(address)
			attacked.is(403)
		}
		attacked.checkComplaints(t, "CookieIssue", "favicon.ico") // those of the other site
	}
	v.open(post)
	v.is(200)
	v.sees("Hers", "Hello")
	if !v.has("Log out") || !v.has("Edit") {
		t.Errorf("olga is logged out:\n%s", v.text())
	}
	s.server.call("GET", "/auth/me", token, "", 200, &after)
	if got := v.titlesOf("olga"); after != me || fmt.Sprint(got) != "[Hers]" {
		t.Errorf("the account is %+v, its posts %q", after, got)
	}
	if answer, err := s.server.do("GET", "/users/mallory", "", ""); err != nil || answer.Status != 404 {
		t.Errorf("mallory: %+v, %v", answer, err)
	}
	v.checkComplaints(t)
}
