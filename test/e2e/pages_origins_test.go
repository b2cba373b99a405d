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
	v.register("ophelia")
	v.write("Hers", "Hello")
	post := v.path()
	token, _ := v.logInToTheAPI("ophelia")
	var posts []testkit.Post
	s.server.call("GET", "/posts?author=ophelia", "", "", 200, &posts)
	id := posts[0].ID

	var created struct {
		Draft struct {
			ID string `json:"_id"`
		}
		Comment struct {
			ID string `json:"_id"`
		}
	}
	s.server.call("POST", "/drafts", token, `{"title":"Unfinished"}`, 201, &created)
	s.server.call("POST", "/posts/"+id+"/comments", token, `{"content":"A comment"}`, 201, &created)
	draft, comment := "/account/drafts/"+created.Draft.ID, "/p/"+id+"/comments/"+created.Comment.ID

	text := map[string]string{"title": "Forged", "tags": "", "content": "Forged"}
	profile := map[string]string{"email": "mallory@example.com", "name": "Forged", "bio": "Forged"}
	passwords := map[string]string{"currentPassword": testkit.Password, "newPassword": "forged1"}
	forms := map[string]map[string]string{
		"/new": text, "/p/" + id + "/edit": text, "/p/" + id + "/delete": {}, "/account": profile,
		"/account/password": passwords, "/account/delete": {"password": testkit.Password},
		"/account/sessions": {}, "/logout": {},
		draft: text, draft + "/delete": {},
		"/p/" + id + "/comments": text, comment + "/edit": text, comment + "/delete": {},
		"/login":    {"username": "ophelia", "password": testkit.Password},
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
	v.sees("Hers", "Hello", "A comment")
	v.lacks("Forged")
	if !v.has("Account") || !v.has("Edit") {
		t.Errorf("ophelia is logged out:\n%s", v.text())
	}
	s.server.call("GET", "/auth/me", token, "", 200, &after)
	if got := v.titlesOf("ophelia"); after != me || fmt.Sprint(got) != "[Hers]" {
		t.Errorf("the account is %+v, its posts %q", after, got)
	}
	v.open("/account/drafts")
	v.sees("Unfinished")
	v.lacks("Forged")
	if answer, err := s.server.do("GET", "/users/mallory", "", ""); err != nil || answer.Status != 404 {
		t.Errorf("mallory: %+v, %v", answer, err)
	}
	v.checkComplaints(t)
}
