package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"gin-blog/internal/testkit"
)

// write publishes a post and leaves its page open.
func (v *visitor) write(title, text string) {
	v.t.Helper()
	v.open("/new")
	v.fill("Title", title)
	v.fill("Text", text)
	v.press("Publish")
	v.is(200)
}

// logInToTheAPI returns an access token, and the id of the user.
func (v *visitor) logInToTheAPI(username string) (token, id string) {
	v.t.Helper()
	var login testkit.Grant
	v.server.call("POST", "/auth/login", "", testkit.Account(username), 200, &login)
	return login.Token, login.User.ID
}

// titlesOf returns the titles of an author's posts, newest first.
func (v *visitor) titlesOf(author string) (titles []string) {
	v.t.Helper()
	var posts []testkit.Post
	v.server.call("GET", "/posts?limit=100&author="+author, "", "", 200, &posts)
	for _, post := range posts {
		titles = append(titles, post.Title)
	}
	return titles
}

func writeSearchAndRead(t *testing.T, s blog) {
	const title, word, image = "How to count sheep", "Bellwether", "https://images.example/sheep.png"
	const text = "Ask the **" + word + "**:\n\n```go\nfmt.Println(len(sheep)) // <all>\n```\n\n![A sheep](" + image + ")\n"
	v := s.visitor(t)
	v.serveImages()
	v.register("walter")
	v.follow("New post")
	v.fill("Title", title)
	v.fill("Tags", "Go, sheep")
	v.fill("Text", text)
	v.press("Preview")
	v.is(200)
	v.sees(title, "Ask the "+word+":", "fmt.Println(len(sheep)) // <all>")
	if got := v.value("Text"); got != text {
		t.Errorf("after the preview, the text is %q", got)
	}
	if got := v.titlesOf("walter"); len(got) != 0 {
		t.Errorf("the preview made %q", got)
	}
	v.press("Publish")
	v.is(200)
	v.sees(title, "walter", "Ask the "+word+":", "go", "sheep")
	if !strings.HasPrefix(v.path(), "/p/how-to-count-sheep-") {
		t.Errorf("the post is at %s", v.path())
	}
	code := see(t, v.browser, "the code", chromedp.Text(chromedp.CSS("article pre code")))
	if strings.TrimSpace(code) != "fmt.Println(len(sheep)) // <all>" {
		t.Errorf("the code is %q", code)
	}
	const width = `document.querySelector("article img[alt='A sheep']").naturalWidth`
	eventually(t, 10*time.Second, "the image", func() bool {
		return see(t, v.browser, "the image", chromedp.Evaluate[int](width)) == 40
	})

	v.press("Log out")
	v.open("/")
	v.fill("Search", strings.ToLower(word)+" sheep")
	v.press("Search")
	v.is(200)
	v.follow(title)
	v.is(200)
	v.sees("Ask the " + word)
	if v.has("Edit") || v.has("Delete") {
		t.Error("a visitor sees Edit or Delete")
	}
	v.follow("#sheep")
	v.sees(title)
	v.follow("walter")
	v.sees(title)
	v.fillSearch("nothing has this word")
	v.lacks(title)
	v.checkComplaints(t, "LazyLoadImageIssue") // advice to the writer
	v.checkRequests(t, v.origin, "https://images.example")
}

// fillSearch searches on the first page.
func (v *visitor) fillSearch(words string) {
	v.t.Helper()
	v.open("/")
	v.fill("Search", words)
	v.press("Search")
	v.is(200)
}

func editInTwoTabs(t *testing.T, s blog) {
	one := s.visitor(t)
	one.register("edith")
	one.write("Two tabs", "First\n\nLast")
	two := one.newTab()
	two.open(one.path())
	one.follow("Edit")
	two.follow("Edit")
	if got := two.value("Text"); got != "First\n\nLast" {
		t.Errorf("the editor has %q", got)
	}
	one.fill("Text", "From the first tab")
	one.press("Save")
	one.is(200)
	one.sees("From the first tab")

	two.fill("Text", "From the second tab")
	two.press("Save")
	two.is(412)
	two.sees("From the first tab")
	if got := two.value("Text"); got != "From the second tab" {
		t.Errorf("after the conflict the editor has %q", got)
	}
	one.do(t, chromedp.Reload())
	one.sees("From the first tab") // nothing was overwritten yet
	two.press("Save")
	two.is(200)
	two.sees("From the second tab")
	two.lacks("From the first tab")

	one.follow("Edit")
	two.follow("Edit")
	two.fill("Text", "The better one")
	two.press("Save")
	one.fill("Text", "The worse one")
	one.press("Save")
	one.is(412)
	one.follow("Keep this text, and drop mine")
	one.is(200)
	one.sees("The better one")
	for _, v := range []*visitor{one, two} {
		v.checkQuiet()
	}
}

func deletePost(t *testing.T, s blog) {
	v := s.visitor(t)
	v.register("dora")
	v.write("Stays", "Hello")
	v.write("Goes", "Bye")
	path := v.path()
	v.press("Delete")
	v.is(200)
	v.sees("Goes")
	v.press("Delete")
	v.is(200)
	if got := v.titlesOf("dora"); len(got) != 1 || got[0] != "Stays" {
		t.Errorf("after the deletion there are %q", got)
	}
	v.open(path)
	v.is(404)
	v.checkQuiet()
}

func turnPages(t *testing.T, s blog) {
	v := s.visitor(t)
	v.register("paula")
	token, _ := v.logInToTheAPI("paula")
	for i := range 41 {
		body := fmt.Sprintf(`{"title":"Paula %d.","content":"Hello"}`, i)
		v.server.call("POST", "/posts", token, body, 201, nil)
	}
	check := func(first, last int, newer, older bool) {
		t.Helper()
		v.is(200)
		v.sees(fmt.Sprintf("Paula %d.", first), fmt.Sprintf("Paula %d.", last))
		v.lacks(fmt.Sprintf("Paula %d.", first+1), fmt.Sprintf("Paula %d.", last-1))
		if v.has("Newer") != newer || v.has("Older") != older {
			t.Errorf("%s: Newer %v, Older %v", v.path(), v.has("Newer"), v.has("Older"))
		}
	}
	v.open("/authors/paula")
	check(40, 21, false, true)
	v.follow("Older")
	check(20, 1, true, true)
	v.follow("Older")
	check(0, 0, true, false)
	v.follow("Newer")
	check(20, 1, true, true)
	v.follow("Newer")
	check(40, 21, false, true)
	v.checkQuiet()
}

func keepTextAfterErrors(t *testing.T, s blog) {
	v := s.visitor(t)
	v.register("kate")
	v.follow("New post")
	v.fill("Title", strings.Repeat("x", 201))
	v.fill("Tags", "fine, not_fine")
	v.fill("Text", "\n  <b>kept</b>\n\tas typed\n")
	v.press("Publish")
	v.is(400)
	for label, want := range map[string]string{"Title": "1 to 200 characters", "Tags": "a-z"} {
		field := v.find(label, "textbox")[0]
		if field.Description == nil || !strings.Contains(string(field.Description.Value), want) {
			t.Errorf("%s has no description with %q, but %+v", label, want, field.Description)
		}
	}
	for label, want := range map[string]string{
		"Title": strings.Repeat("x", 201), "Tags": "fine, not_fine", "Text": "\n  <b>kept</b>\n\tas typed\n",
	} {
		if got := v.value(label); got != want {
			t.Errorf("after an error, %s is %q, want %q", label, got, want)
		}
	}
	v.fill("Title", "Fixed")
	v.fill("Tags", "fine")
	v.press("Publish")
	v.is(200)
	v.sees("Fixed")
	v.checkQuiet()
}

func keepTextAfterSession(t *testing.T, s blog) {
	const text = "A long text,\n\nwritten \"slowly\" & with <care>"
	v := s.visitor(t)
	v.register("sam")
	v.follow("New post")
	v.fill("Title", "Long in the making")
	v.fill("Tags", "slow")
	v.fill("Text", text)
	token, _ := v.logInToTheAPI("sam")
	if answer, err := v.server.do("DELETE", "/auth/sessions", token, ""); err != nil || answer.Status != 204 {
		t.Fatalf("end all sessions: %v, %+v", err, answer)
	}
	v.press("Publish")
	v.fill("Username", "sam")
	v.fill("Password", "not this one")
	v.press("Log in")
	v.fill("Password", testkit.Password)
	v.press("Log in")
	v.is(200)
	for label, want := range map[string]string{"Title": "Long in the making", "Tags": "slow", "Text": text} {
		if got := v.value(label); got != want {
			t.Errorf("after the login, %s is %q, want %q", label, got, want)
		}
	}
	v.press("Publish")
	v.is(200)
	v.sees("Long in the making", "written \"slowly\" & with <care>")
	if got := v.titlesOf("sam"); len(got) != 1 {
		t.Errorf("there are %q", got)
	}
	v.checkQuiet()
}

func sendTwice(t *testing.T, s blog) {
	v := s.visitor(t)
	v.register("dana")
	v.follow("New post")
	v.fill("Title", "Once")
	v.fill("Text", "Hello")
	x, y := v.locate(v.only("Publish", "button"))
	v.do(t, chromedp.MouseClickXY(x, y), chromedp.MouseClickXY(x, y))
	eventually(t, 20*time.Second, "the post", func() bool { return strings.HasPrefix(v.path(), "/p/once-") })
	v.find("Edit", "link")
	v.sees("Once")
	v.do(t, chromedp.Reload())
	v.is(200)
	v.goBack()
	if title, text := v.value("Title"), v.value("Text"); title != "Once" || text != "Hello" {
		t.Errorf("after going back, the form has %q and %q", title, text)
	}
	v.press("Publish")
	v.sees("Once")
	if got := v.titlesOf("dana"); len(got) != 1 {
		t.Errorf("there are %q", got)
	}
	v.checkQuiet()
}

func keepDraft(t *testing.T, s blog) {
	v := s.visitor(t)
	v.register("doris")
	v.follow("New post")
	v.fill("Title", "Half done")
	v.fill("Text", "The first half")
	v.press("Save as draft")
	v.is(200)
	v.open("/account")
	v.follow("Drafts")
	v.follow("Half done")
	if got := v.value("Text"); got != "The first half" {
		t.Errorf("the draft has %q", got)
	}
	v.fill("Text", "The first half, and the second")
	v.press("Save draft")
	v.is(200)
	if got := v.titlesOf("doris"); len(got) != 0 {
		t.Errorf("before the draft is published, there are %q", got)
	}
	v.press("Publish")
	v.is(200)
	v.sees("Half done", "and the second")
	v.open("/account/drafts")
	v.lacks("Half done")
	v.checkQuiet()
}
