package web_test

import (
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"gin-blog/internal/auth"
	"gin-blog/internal/testkit"
	"gin-blog/internal/urls"
	"gin-blog/models"
)

// content returns the content of a post as the API sends it.
func (s *server) content(t *testing.T, id models.ID) string {
	t.Helper()
	post, err := s.store.PostByID(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return post.Content
}

// posts returns the titles of all posts, newest first.
func (s *server) posts(t *testing.T) (titles []string) {
	t.Helper()
	page, _, err := s.store.Posts(t.Context(), models.PostFilter{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	for _, post := range page {
		titles = append(titles, post.Title)
	}
	return titles
}

func TestWriteEditAndDelete(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		b := s.user(t, "alice")
		const text = "Hello\n\n```go\nfunc main() {}\n```\n\n![A cat](https://example.com/cat.png)\n"
		editor := b.get("/").click("New post").is(200)
		preview := editor.form("Preview").fill("Title", " My post ").fill("Tags", "Go, gin  Go").fill("Text", text).send().
			is(200).shows("My post", "func main() {}", "alice", "go", "gin")
		if got := s.posts(t); len(got) != 0 {
			t.Errorf("the preview made %v", got)
		}
		form := preview.form("Publish")
		if form.values.Get("tags") != "Go, gin  Go" || form.values.Get("content") != asSent(text) {
			t.Errorf("the preview changed what was typed: %q", form.values)
		}
		post := form.send().is(303).follow().is(200).shows("My post", "func main() {}", "gin")
		if body, shown := article(preview), article(post); body != shown {
			t.Errorf("the preview shows %q, the page %q", body, shown)
		}
		id, err := urls.ParsePost(post.path[strings.LastIndex(post.path, "/")+1:])
		if err != nil {
			t.Fatal(err)
		}
		if got := s.content(t, id); got != text {
			t.Errorf("the content is %q, want %q", got, text)
		}

		edit := post.click("Edit").is(200).form("Save")
		if edit.values.Get("title") != "My post" || edit.values.Get("tags") != "go, gin" {
			t.Errorf("the editor shows %q", edit.values)
		}
		before, _ := s.store.PostByID(t.Context(), id)
		s.ahead.Add(int64(time.Minute))
		edit.send().is(303).follow().is(200).hides("Updated")
		if after, _ := s.store.PostByID(t.Context(), id); after.Version() != before.Version() {
			t.Error("saving what was not changed changed the post")
		}
		edit.fill("Title", "Another title").fill("Tags", "").send().is(303).
			goesTo("/p/another-title-" + id.Hex()).follow().is(200).shows("Another title")
		if after, _ := s.store.PostByID(t.Context(), id); after.Content != text || len(after.Tags) != 0 {
			t.Errorf("after an edit of title and tags the post is %+v", after)
		}

		b.get("/p/" + id.Hex()).follow().click("Edit").form("Delete").send().is(200).shows("Delete: Another title").
			form("Delete").send().is(303).goesTo("/").follow().is(200).hides("Another title")
		b.get("/p/" + id.Hex()).is(404)
	})
}

// article returns the article of a page as it is shown, without the time.
func article(p *page) string {
	_, body, _ := strings.Cut(p.body, `<div class="text"`)
	body, _, _ = strings.Cut(body, "</article>")
	return body
}

func TestOnlyTheAuthorAndAdminsChangeAPost(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		s.user(t, "alice")
		post := s.write(t, "alice", "Hers", "Hello")
		path := "/p/" + post.ID.Hex()
		form := url.Values{"title": {"Mine"}, "content": {"Bye"}, "tags": {""}, "version": {"x"}}
		bob := s.user(t, "bob")
		shown := bob.get(path).follow().is(200)
		if shown.has("Edit") || shown.has("Delete") {
			t.Error("bob sees Edit or Delete")
		}
		bob.get(path + "/edit").is(403).shows("Only the author may change this post")
		bob.get(path + "/delete").is(403)
		bob.post(path+"/edit", form).is(403).shows("Only the author may change this post")
		bob.post(path+"/delete", form).is(403)

		visitor := s.browser(t)
		visitor.get(path + "/edit").is(303).goesTo("/login?next=" + url.QueryEscape(path+"/edit"))
		visitor.get(path + "/delete").is(303)
		visitor.post(path+"/edit", form).is(403).shows("You are no longer logged in")
		visitor.post(path+"/delete", form).is(303)
		visitor.get("/new").is(303).goesTo("/login?next=%2Fnew")
		if got := s.posts(t); len(got) != 1 || got[0] != "Hers" || s.content(t, post.ID) != "Hello" {
			t.Errorf("the posts are %v", got)
		}

		if err := s.store.SetRole(t.Context(), "bob", models.RoleAdmin); err != nil {
			t.Fatal(err)
		}
		bob.get(path).follow().click("Edit").form("Save").fill("Text", "Moderated").send().is(303)
		if got := s.content(t, post.ID); got != "Moderated" {
			t.Errorf("an admin made %q of it", got)
		}
	})
}

// TestDoubleClickMakesOnePost: a form that is sent again makes no second post, at once or after going back.
func TestDoubleClickMakesOnePost(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		b := s.user(t, "alice")
		form := b.get("/new").form("Publish").fill("Title", "Once").fill("Text", "Hello")
		var group sync.WaitGroup
		locations := make([]string, 4)
		for i := range locations {
			group.Go(func() { locations[i] = form.send().is(303).header.Get("Location") })
		}
		group.Wait()
		for _, location := range locations {
			if location != locations[0] {
				t.Errorf("the answers lead to %v", locations)
			}
		}
		if got := s.posts(t); len(got) != 1 {
			t.Errorf("the posts are %v", got)
		}
		// After going back and changing the text, it is another post, but not by accident.
		again := form.fill("Title", "Twice").send().is(409).shows("Press Publish again")
		if got := s.posts(t); len(got) != 1 {
			t.Errorf("the posts are %v", got)
		}
		again.form("Publish").send().is(303)
		if got := strings.Join(s.posts(t), " "); got != "Twice Once" {
			t.Errorf("the posts are %v", got)
		}
	})
}

// TestKeysOfForms: a key that only somebody sends who makes up the form is replaced.
func TestKeysOfForms(t *testing.T) {
	t.Parallel()
	s := newSite(t, testkit.SQLite(t))
	form := s.user(t, "alice").get("/new").form("Preview").fill("Title", "T").fill("Text", "Hello")
	good := form.values.Get("key")
	if kept := form.send().is(200).form("Publish").values.Get("key"); kept != good {
		t.Errorf("the key %q became %q by a preview", good, kept)
	}
	for _, bad := range []string{"", "a\x00b", "a b", "\u202e", strings.Repeat("x", 256)} {
		form.values.Set("key", bad)
		kept := form.send().is(200).form("Publish").values.Get("key")
		if kept == bad || !models.IsIdempotencyKey(kept) {
			t.Errorf("the key %q became %q", bad, kept)
		}
	}
}

// TestEditsThatCross: who saves second sees both texts, and decides.
func TestEditsThatCross(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		b := s.user(t, "alice")
		post := s.write(t, "alice", "Title", "First\nline", "go")
		path := "/p/" + post.ID.Hex()
		one, two := b.get(path+"/edit").form("Save"), b.get(path+"/edit").form("Save")
		remove := b.get(path + "/delete").form("Delete")
		s.ahead.Add(int64(time.Second))
		one.fill("Text", "Theirs\nnow").send().is(303)
		conflict := two.fill("Title", "My title").fill("Text", "Mine").send().is(412).
			shows("Nothing was saved: this has changed in the meantime.", "Theirs\nnow", "Mine")
		if got := s.content(t, post.ID); got != "Theirs\nnow" {
			t.Errorf("the content is %q", got)
		}
		kept := conflict.form("Save")
		if kept.values.Get("title") != "My title" || kept.values.Get("content") != "Mine" {
			t.Errorf("what was typed is gone: %q", kept.values)
		}
		two.send().is(412) // the old form stays too old
		remove.send().is(412).shows("was not deleted")
		b.post(path+"/delete", nil).is(412) // a form that does not name the text that was seen
		conflict.click("Keep this text and discard mine").is(308).follow().shows("Theirs")
		for _, again := range []*page{
			conflict.form("Preview").send().is(200), conflict.form("Save").fill("Title", "").send().is(400),
		} {
			again.shows("Nothing was saved: this has changed in the meantime.", "Theirs\nnow", "Mine")
		}
		kept = conflict.form("Preview").send().form("Save")
		s.ahead.Add(int64(time.Second))
		kept.send().is(303).follow().shows("My title", "Mine")

		if err := s.store.DeletePost(t.Context(), post.ID, func(*models.Post) error { return nil }); err != nil {
			t.Fatal(err)
		}
		lost := kept.fill("Text", "Still here").send().is(404).shows("was deleted in the meantime", "Still here")
		lost.form("Publish").send().is(303).follow().shows("Still here")
	})
}

// TestTypedTextIsNeverLost: not by an error, and not by a session that ended while the text was written.
func TestTypedTextIsNeverLost(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		b := s.user(t, "alice")
		const text = "\n\"Hello\"\n\n  <b> &amp; \ttab\n"
		typed := func(p *page, button string) {
			t.Helper()
			values := p.form(button).values
			if normalized(values.Get("content")) != text || values.Get("title") != "T" || values.Get("tags") != "a, b" {
				t.Errorf("%s: what was typed is gone: %q", p.path, values)
			}
		}
		fill := func(f *filledForm) *filledForm { return f.fill("Title", "T").fill("Tags", "a, b").fill("Text", text) }

		form := fill(b.get("/new").form("Publish"))
		form.values.Set("title", "")
		refused := form.send().is(400).shows("Title is required")
		refused.form("Publish").fill("Title", "T")
		form.values.Set("title", "T")
		for field, wrong := range map[string]string{"Tags": "ä!", "Title": strings.Repeat("x", 201)} {
			name := attribute(form.field(field), "name")
			kept := form.values.Get(name)
			if values := form.fill(field, wrong).send().is(400).form("Publish").values; values.Get(name) != wrong ||
				normalized(values.Get("content")) != text {
				t.Errorf("%s: what was typed is gone: %q", field, values)
			}
			form.fill(field, kept)
		}

		end := func() {
			t.Helper()
			if answer := s.api(t, "DELETE", "/auth/sessions", "", testkit.Bearer(s.token(t, "alice"))); answer.Status != 204 {
				t.Fatalf("end all sessions: %d", answer.Status)
			}
		}
		end()
		login := form.send().is(403).shows("You are no longer logged in.")
		typed(login, "Log in")
		wrong := login.form("Log in").fill("Username", "alice").fill("Password", "wrong-one").send().is(403)
		typed(wrong, "Log in")
		editor := wrong.form("Log in").fill("Username", "alice").fill("Password", testkit.Password).send().is(200).
			shows("You are logged in, and your text is here.").hides(testkit.Password)
		typed(editor, "Publish")
		post := editor.form("Publish").send().is(303).follow().is(200)

		edit := post.click("Edit").form("Save").fill("Text", "Changed")
		end()
		back := edit.send().is(403).form("Log in").fill("Username", "alice").fill("Password", testkit.Password).send().is(200)
		back.form("Save").send().is(303).follow().is(200).shows("Changed")
		if got := s.posts(t); len(got) != 1 {
			t.Errorf("the posts are %v", got)
		}
	})
}

func normalized(text string) string { return strings.ReplaceAll(text, "\r\n", "\n") }

// TestLongTexts: 100,000 emoji fit through the form as they do through the API, and one more does not.
func TestLongTexts(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		b := s.user(t, "alice")
		longest := strings.Repeat("🤩", 100_000)
		form := b.get("/new").form("Publish").fill("Title", "Long").fill("Text", longest)
		post := form.send().is(303)
		id, err := urls.ParsePost(strings.TrimPrefix(post.header.Get("Location"), "/p/"))
		if err != nil || s.content(t, id) != longest {
			t.Errorf("the text is cut: %v", err)
		}
		tooLong := form.fill("Text", longest+"🤩").send().is(400).shows("Text must have 1 to 100000 characters")
		if got := tooLong.form("Publish").values.Get("content"); got != longest+"🤩" {
			t.Errorf("of what was typed, %d bytes stay", len(got))
		}
		form.fill("Text", strings.Repeat("🤩", 200_000)).send().is(413).shows("what you typed is still there")
		b.get("/new").form("Publish").fill("Title", "Lines").fill("Text", strings.Repeat("\n", 99_999)+"x").send().is(303)
	})
}

func TestAccount(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		b, other := s.user(t, "alice"), s.browser(t)
		other.get("/login").form("Log in").fill("Username", "alice").fill("Password", testkit.Password).send().is(303)
		s.user(t, "bob").get("/account").form("Save").fill("Email", "bob@example.com").send().is(303)

		account := b.get("/").click("Account").is(200).shows("You are logged in as alice")
		account.form("Save").fill("Email", "alice@example.com").fill("Name", "Alice").fill("About you", "Two\nlines").
			send().is(303).follow().is(200).shows("Your profile is saved.", "Two\nlines")
		b.get("/authors/alice").is(200).shows("Alice", "Two\nlines").hides("alice@example.com")
		account.form("Save").fill("Email", "BOB@example.com").fill("About you", "Kept").send().is(409).
			shows("Email already taken", "Kept")
		account.form("Save").fill("Email", "x").send().is(400).shows("Email must be a plain address")

		change := account.form("Change password")
		change.fill("Current password", "wrong-one").fill("New password", "secret99").send().is(400).
			shows("Current password is wrong").hides("wrong-one", "secret99")
		change.fill("Current password", testkit.Password).fill("New password", "short").send().is(400).
			shows("New password must have at least 6 characters")
		change.fill("New password", "ALICE").send().is(400)
		change.fill("New password", "secret99").send().is(303).follow().shows("Your password is changed.")
		other.get("/").shows("Log in").hides("Account")

		leave := account.form("Delete account")
		leave.fill("Password", testkit.Password).send().is(400).shows("Password is wrong")
		leave.fill("Password", "secret99").send().is(303).goesTo("/").follow().shows("Log in")
		b.get("/authors/alice").is(404)
		for _, path := range []string{"/account", "/account/sessions"} {
			s.browser(t).get(path).is(303).goesTo("/login?next=" + url.QueryEscape(path))
		}
		ended := s.browser(t).post("/account", url.Values{"name": {"Alice <i>"}, "bio": {"Kept"}, "email": {""}}).is(403).
			shows("You are no longer logged in").form("Log in")
		ended.fill("Username", "bob").fill("Password", "wrong").send().is(403).shows("Wrong username, email or password.")
		kept := ended.fill("Password", testkit.Password).send().is(200).shows("your text is here").form("Save")
		if kept.values.Get("name") != "Alice <i>" || kept.values.Get("bio") != "Kept" {
			t.Errorf("after the login, the form has %q", kept.values)
		}
	})
}

func TestSessionsPage(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		b, other := s.user(t, "alice"), s.browser(t)
		s.ahead.Add(int64(time.Second))
		other.get("/login").form("Log in").fill("Username", "alice").fill("Password", testkit.Password).send().is(303)
		s.ahead.Add(int64(time.Second))
		token := testkit.Bearer(s.token(t, "alice"))
		list := b.get("/account").click("Sessions").is(200).shows("Go-http-client", "127.0.0.1", "(this one)")
		if n := strings.Count(list.text(), "End session"); n != 3 || strings.Count(list.text(), "(this one)") != 1 {
			t.Errorf("the page lists %d sessions", n)
		}
		list.form("End session").send().is(303).goesTo("/account/sessions?done=ended").follow().
			shows("The session has ended.") // the last used one, of the API
		if answer := s.api(t, "GET", "/auth/me", "", token); answer.Status != 401 {
			t.Errorf("the session of the API goes on: %d", answer.Status)
		}
		list.form("End session").send().is(303) // once more
		b.post("/account/sessions", url.Values{"session": {"nonsense"}}).is(400)

		// Nobody ends the sessions of others.
		theirs, err := s.store.UserByUsername(t.Context(), "alice")
		if err != nil {
			t.Fatal(err)
		}
		sessions, err := s.store.LiveSessions(t.Context(), theirs.ID, s.now())
		if err != nil {
			t.Fatal(err)
		}
		s.user(t, "bob").post("/account/sessions", url.Values{"session": {sessions[0].ID.Hex()}}).is(303)
		b.get("/account").is(200)

		b.get("/account/sessions").form("End all sessions").send().is(303).goesTo("/login?done=all").follow().
			shows("All your sessions have ended.")
		b.get("/").shows("Log in").hides("Account")
		other.get("/").shows("Log in").hides("Account")
	})
}

// TestResetLink: a link sets a new password once, within an hour, and only while the password is the same.
func TestResetLink(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		b := s.user(t, "alice")
		tokens := auth.NewTokens(accessSecret, refreshSecret, s.now)
		link := func() string {
			t.Helper()
			user, err := s.store.UserByUsername(t.Context(), "alice")
			if err != nil {
				t.Fatal(err)
			}
			token, err := tokens.SignReset(user)
			if err != nil {
				t.Fatal(err)
			}
			return "/reset/" + token
		}
		s.user(t, "bob")
		first := link()
		visitor := s.browser(t)
		page := visitor.get(first).is(200).shows("Set a new password for alice.")
		form := page.form("Change password")
		form.fill("Password", "short").send().is(400).shows("Password must have at least 6 characters")
		form.fill("Password", "secret99").send().is(303).goesTo("/login?done=reset").follow().
			shows("Your new password is set.")
		visitor.get(first).is(403).shows("This link was already used")
		form.send().is(403)
		b.get("/").shows("Log in").hides("Account")
		visitor.get("/login").form("Log in").fill("Username", "alice").fill("Password", "secret99").send().is(303)

		second, third := link(), link()
		visitor.get("/account").form("Change password").fill("Current password", "secret99").fill("New password", "secret77").
			send().is(303)
		visitor.get(second).is(403)
		expired := link()
		s.ahead.Add(int64(62 * time.Minute))
		for _, void := range []string{third, expired, "/reset/nonsense", "/reset/" + s.token(t, "bob")} {
			visitor.get(void).is(403)
		}
	})
}
