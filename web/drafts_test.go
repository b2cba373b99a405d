package web_test

import (
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/html/atom"

	"gin-blog/internal/testkit"
	"gin-blog/models"
)

// draft stores a draft of a user.
func (s *server) draft(t testing.TB, username, title, content string) *models.Draft {
	t.Helper()
	author, err := s.store.UserByUsername(t.Context(), username)
	if err != nil {
		t.Fatal(err)
	}
	now := models.StoredTime(s.now())
	d := &models.Draft{
		ID: models.NewID(), Text: models.Text{Title: title, Content: content, Tags: []string{"go"}},
		AuthorID: author.ID, CreatedAt: now, UpdatedAt: now,
	}
	if err := s.store.CreateDraft(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	return d
}

// drafts returns the drafts of a user, newest first.
func (s *server) drafts(t *testing.T, username string) []models.Draft {
	t.Helper()
	author, err := s.store.UserByUsername(t.Context(), username)
	if err != nil {
		t.Fatal(err)
	}
	drafts, _, err := s.store.Drafts(t.Context(), models.DraftFilter{AuthorID: author.ID, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	return drafts
}

func draftPath(d *models.Draft) string { return "/account/drafts/" + d.ID.Hex() }

func TestDraftFromTheFirstWordToThePost(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		b := s.user(t, "alice")
		b.get("/account").click("Drafts").is(200).shows("There are no drafts.")
		editor := b.get("/new").form("Save as draft").fill("Title", " My draft ").fill("Tags", "Go").send().is(303).follow().
			is(200).shows("Your draft is saved.", "Only you can see this draft.")
		s.ahead.Add(int64(time.Second))
		editor.form("Save draft").fill("Text", "Two\nlines").send().is(303).follow().
			shows("Your draft is saved.", "Two\nlines")
		drafts := s.drafts(t, "alice")
		if len(drafts) != 1 || drafts[0].Title != "My draft" || drafts[0].Content != "Two\nlines" ||
			strings.Join(drafts[0].Tags, " ") != "go" || !drafts[0].PublishAt.IsZero() {
			t.Fatalf("the drafts are %+v", drafts)
		}
		for _, path := range []string{"/", "/tags/go", "/authors/alice", "/?q=lines"} {
			for _, reader := range []*browser{b, s.browser(t)} {
				if shown := reader.get(path); strings.Contains(shown.body, "My draft") {
					t.Errorf("%s shows the draft", path)
				}
			}
		}
		for _, path := range []string{"/feed.atom", "/feed.json?tag=go", "/sitemap.xml"} {
			if answer := s.api(t, "GET", path, ""); strings.Contains(answer.Body, "raft") {
				t.Errorf("%s has the draft: %s", path, answer.Body)
			}
		}

		list := b.get("/account/drafts").is(200).shows("My draft", "Updated ").hides("publishes itself")
		page := list.click("My draft").is(200)
		preview := page.form("Preview").fill("Text", "**Bold**").send().is(200)
		if elements(preview.root, atom.Strong) == nil || s.drafts(t, "alice")[0].Content != "Two\nlines" {
			t.Errorf("the preview shows %s", preview.text())
		}
		form := page.form("Publish").fill("Text", "Final")
		post := form.send().is(303).follow().is(200).shows("My draft", "Final", "go")
		location := strings.TrimPrefix(post.path, "GET ")
		if len(s.drafts(t, "alice")) != 0 || len(s.posts(t)) != 1 {
			t.Errorf("the drafts are %v, the posts %v", s.drafts(t, "alice"), s.posts(t))
		}
		form.send().is(303).goesTo(location) // a double click
		form.fill("Text", "Something else").send().is(409).
			shows("This draft was published in the meantime", "Something else").
			form("Publish").send().is(303)
		if got := len(s.posts(t)); got != 2 {
			t.Errorf("there are %d posts, want the one of the draft and the other text", got)
		}
		page.form("Save draft").send() // too late
		if len(s.drafts(t, "alice")) != 0 || len(s.posts(t)) != 2 {
			t.Error("a form of a draft that is gone made something")
		}
		b.get("/account/drafts").shows("There are no drafts.")
		b.get(strings.TrimPrefix(page.path, "GET ")).is(303).goesTo(location)
		s.user(t, "bob").get(strings.TrimPrefix(page.path, "GET ")).is(404)
	})
}

func TestDraftFormsSayWhatIsWrong(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		b := s.user(t, "alice")
		b.get("/new").form("Save as draft").fill("Text", "Kept").send().is(400).shows("Title is required", "Kept")
		b.get("/new").form("Save as draft").fill("Title", "T").fill("Tags", "c++").send().is(400).shows("Tags: each must be")
		d := s.draft(t, "alice", "Draft", "")
		page := b.get(draftPath(d)).is(200)
		page.form("Publish").send().is(400).shows("Text is required")
		page.form("Publish").fill("Text", " \n ").send().is(400).shows("Text is required")
		page.form("Save draft").fill("Title", "").fill("Text", "Kept").send().is(400).shows("Title is required", "Kept")
		page.form("Save draft").fill("Publish at", "2030-01-02T09:00").send().is(400).
			shows("Text is required for a scheduled draft")
		if got := s.drafts(t, "alice")[0]; got.Version() != d.Version() {
			t.Errorf("the draft is %+v", got)
		}
	})
}

// TestTimeToPublishInWords: people choose a time as their clock shows it, and read it with the name of its zone.
func TestTimeToPublishInWords(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		b := s.user(t, "alice")
		s.ahead.Add(int64(time.Until(time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC))))
		b.get("/login").form("Log in").fill("Username", "alice").fill("Password", testkit.Password).send().is(303)
		d := s.draft(t, "alice", "Draft", "Hello")
		stored := func() string {
			t.Helper()
			at := s.drafts(t, "alice")[0].PublishAt
			if at.IsZero() {
				return "never"
			}
			return at.Format(time.RFC3339Nano)
		}
		save := func(at, zone string) *page {
			t.Helper()
			s.ahead.Add(int64(time.Second))
			return b.get(draftPath(d)).form("Save draft").fill("Publish at", at).fill("Time zone", zone).send()
		}
		for _, c := range []struct{ at, zone, stored, says string }{
			{"2030-07-02T09:00", "Europe/Berlin", "2030-07-02T07:00:00Z",
				"2 July 2030, 09:00 in Europe/Berlin (2 July 2030, 07:00 UTC)"},
			{"2030-01-02T09:00", " America/New_York ", "2030-01-02T14:00:00Z",
				"2 January 2030, 09:00 in America/New_York (2 January 2030, 14:00 UTC)"},
			{"2030-01-02 09:00", "UTC", "2030-01-02T09:00:00Z", "Scheduled for 2 January 2030, 09:00 UTC."},
			{"2030-01-02T09:00:00", "Asia/Kolkata", "2030-01-02T03:30:00Z", "09:00 in Asia/Kolkata (2 January 2030, 03:30 UTC)"},
			{"", "", "never", "Only you can see this draft."},
		} {
			shown := save(c.at, c.zone).is(303).follow().is(200).shows(c.says)
			if got := stored(); got != c.stored {
				t.Errorf("%s %s: stored as %s, want %s", c.at, c.zone, got, c.stored)
			}
			values := shown.form("Save draft").values
			if at := strings.Replace(c.at, " ", "T", 1); c.at != "" && (!strings.HasPrefix(at, values.Get("publishAt")) ||
				values.Get("publishAt") == "" || values.Get("zone") != strings.TrimSpace(c.zone)) {
				t.Errorf("%s %s: the form then has %q", c.at, c.zone, values)
			}
			shown.form("Save draft").send().is(303) // as it is
			if got := stored(); got != c.stored {
				t.Errorf("%s %s: saved again as %s, want %s", c.at, c.zone, got, c.stored)
			}
		}
		for _, c := range []struct{ at, zone, says string }{
			{"tomorrow", "UTC", "Publish at must be a day and a time"},
			{"2030-02-30T09:00", "UTC", "Publish at must be a day and a time"},
			{"2030-01-02T09:00:30", "UTC", "Publish at must be a day and a time"},
			{"2030-03-31T02:30", "Europe/Berlin", "Publish at does not exist in this time zone: the clocks go forward then"},
			{"2029-12-31T09:00", "UTC", "Publish at must be in the future, at most a year ahead"},
			{"2031-01-02T09:00", "UTC", "Publish at must be in the future, at most a year ahead"},
			{"2030-01-02T09:00", "Berlin", "Time zone must be the name of a time zone"},
			{"2030-01-02T09:00", "Local", "Time zone must be the name of a time zone"},
			{"2030-01-02T09:00", "../etc/passwd", "Time zone must be the name of a time zone"},
			{"2030-01-02T09:00", "", "Time zone must be the name of a time zone"},
		} {
			values := save(c.at, c.zone).is(400).shows(c.says).form("Save draft").values
			if values.Get("publishAt") != c.at || values.Get("zone") != c.zone {
				t.Errorf("%s %s: what was typed is gone: %q", c.at, c.zone, values)
			}
			if got := stored(); got != "never" {
				t.Errorf("%s %s: stored as %s", c.at, c.zone, got)
			}
		}

		b.get(draftPath(d)).form("Publish").fill("Publish at", "2030-01-02T09:00").fill("Time zone", "UTC").send().is(303).
			follow().shows("Your draft is saved.", "Scheduled for 2 January 2030, 09:00 UTC.")
		if got := stored(); got != "2030-01-02T09:00:00Z" || len(s.posts(t)) != 0 {
			t.Errorf("Publish at a future time: stored as %s, the posts are %v", got, s.posts(t))
		}
		b.get("/account/drafts").shows("scheduled for 2 January 2030, 09:00")
		s.ahead.Add(int64(24 * time.Hour)) // the time has come, and nothing has published the draft yet
		b.get(draftPath(d)).form("Save draft").fill("Text", "At the last moment").send().is(303)
		if got := s.drafts(t, "alice")[0]; got.Content != "At the last moment" || got.PublishAt.IsZero() {
			t.Errorf("the draft is %+v", got)
		}
		b.get(draftPath(d)).form("Publish").send().is(303)
	})
}

// TestDraftsThatCross: who saves second sees both texts, and decides.
func TestDraftsThatCross(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		b := s.user(t, "alice")
		d := s.draft(t, "alice", "Draft", "First")
		one, two, three := b.get(draftPath(d)).form("Save draft"), b.get(draftPath(d)).form("Save draft"),
			b.get(draftPath(d)).form("Publish")
		remove := b.get(draftPath(d)).form("Delete").send().is(200).shows("Delete the draft: Draft").form("Delete")
		s.ahead.Add(int64(time.Second))
		one.fill("Text", "Theirs\nnow").send().is(303)
		conflict := two.fill("Title", "My title").fill("Text", "Mine").send().is(412).
			shows("Nothing was saved: this has changed in the meantime.", "Theirs\nnow", "Mine")
		three.fill("Text", "Mine too").send().is(412).shows("Theirs\nnow", "Mine too")
		remove.send().is(412).shows("was not deleted")
		if got := s.drafts(t, "alice"); len(got) != 1 || got[0].Content != "Theirs\nnow" || len(s.posts(t)) != 0 {
			t.Errorf("the drafts are %+v, the posts %v", got, s.posts(t))
		}
		if !strings.Contains(conflict.body, `data-autosave="browser"`) {
			t.Error("a script would save before somebody has decided")
		}
		conflict.click("Keep this text and discard mine").is(200).shows("Theirs")
		s.ahead.Add(int64(time.Second))
		conflict = conflict.form("Preview").send().is(200).shows("Nothing was saved: this", "Theirs\nnow")
		if !strings.Contains(conflict.body, `data-autosave="browser"`) {
			t.Error("after a preview, a script would save before somebody has decided")
		}
		kept := conflict.form("Save draft")
		kept.send().is(303).follow().is(200)
		if got := s.drafts(t, "alice")[0]; got.Title != "My title" || got.Content != "Mine" {
			t.Errorf("the draft is %+v", got)
		}
		b.get(draftPath(d)).form("Delete").send().form("Delete").send().is(303).follow().shows("The draft is deleted.")
		lost := kept.fill("Text", "Still here").send().is(404).shows("was deleted in the meantime", "Still here")
		lost.form("Save as draft").send().is(303).follow().shows("Still here")
		if got := s.drafts(t, "alice"); len(got) != 1 || got[0].Content != "Still here" {
			t.Errorf("the drafts are %+v", got)
		}
	})
}

// TestDoubleClickMakesOneDraft: as with posts, a form that is sent again makes no second draft.
func TestDoubleClickMakesOneDraft(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		b := s.user(t, "alice")
		form := b.get("/new").form("Save as draft").fill("Title", "Once").fill("Text", "Hello")
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() { form.send().is(303) })
		}
		group.Wait()
		if got := s.drafts(t, "alice"); len(got) != 1 {
			t.Errorf("the drafts are %+v", got)
		}
		form.fill("Text", "Another").send().is(409).shows("Press Save as draft again", "Another").
			form("Save as draft").send().is(303)
		if got := s.drafts(t, "alice"); len(got) != 2 {
			t.Errorf("the drafts are %+v", got)
		}
		// The same id in the form of somebody else is another draft.
		bob := s.user(t, "bob")
		theirs := bob.get("/new").form("Save as draft").fill("Title", "Bob's")
		theirs.values.Set("draft", form.values.Get("draft"))
		theirs.send().is(303)
		if got := s.drafts(t, "bob"); len(got) != 1 || len(s.drafts(t, "alice")) != 2 {
			t.Errorf("bob's drafts are %+v", got)
		}
	})
}

// TestPagesOfDraftsAreTheirAuthorsAlone: for everybody else, admins too, the draft is not there.
func TestPagesOfDraftsAreTheirAuthorsAlone(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		s.user(t, "alice")
		d := s.draft(t, "alice", "Secretplan", "Whispered")
		bob := s.user(t, "bob")
		if err := s.store.SetRole(t.Context(), "bob", models.RoleAdmin); err != nil {
			t.Fatal(err)
		}
		form := url.Values{"title": {"T"}, "content": {"C"}, "tags": {""}, "version": {"x"}}
		for _, id := range []string{d.ID.Hex(), models.NewID().Hex(), "nonsense"} {
			path := "/account/drafts/" + id
			bob.get(path).is(404).hides("Secretplan", "Whispered")
			bob.get(path + "/delete").is(404)
			bob.post(path+"/delete", form).is(404)
			for _, do := range []string{"", "publish", "preview", "autosave"} {
				form.Set("do", do)
				bob.post(path, form, testkit.Header{"If-Match": `"x"`}).is(404).hides("Secretplan", "Whispered")
			}
		}
		bob.get("/account/drafts").is(200).hides("Secretplan")
		visitor := s.browser(t)
		for _, path := range []string{"/account/drafts", draftPath(d), draftPath(d) + "/delete"} {
			visitor.get(path).is(303).goesTo("/login?next=" + url.QueryEscape(path))
		}
		visitor.post(draftPath(d), url.Values{"do": {"autosave"}, "title": {"T"}}).is(403)
		if got := s.drafts(t, "alice"); len(got) != 1 || got[0].Version() != d.Version() || len(s.posts(t)) != 0 {
			t.Errorf("the drafts are %+v, the posts %v", got, s.posts(t))
		}
	})
}

func TestPagesOfDrafts(t *testing.T) {
	s := newSite(t, testkit.SQLite(t))
	b := s.user(t, "alice")
	for range 25 {
		s.draft(t, "alice", "Draft", "")
	}
	page := b.get("/account/drafts").is(200)
	older := page.click("Older").is(200)
	if first, rest := strings.Count(page.text(), "Updated "), strings.Count(older.text(), "Updated "); first != 20 ||
		rest != 5 || older.has("Older") {
		t.Errorf("the pages have %d and %d drafts", first, rest)
	}
	b.get("/account/drafts?after=x").is(404)
}

// TestTypedDraftIsNeverLost: not by a session that ended while it was written.
func TestTypedDraftIsNeverLost(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		b := s.user(t, "alice")
		d := s.draft(t, "alice", "Draft", "First")
		form := b.get(draftPath(d)).form("Save draft").fill("Text", "Mine").fill("Publish at", "2030-01-02T09:00").
			fill("Time zone", "Europe/Berlin")
		if answer := s.api(t, "DELETE", "/auth/sessions", "", testkit.Bearer(s.token(t, "alice"))); answer.Status != 204 {
			t.Fatalf("end all sessions: %d", answer.Status)
		}
		editor := form.send().is(403).form("Log in").fill("Username", "alice").fill("Password", testkit.Password).send().
			is(200).shows("You are logged in, and your text is here.")
		values := editor.form("Save draft").values
		if values.Get("content") != "Mine" || values.Get("publishAt") != "2030-01-02T09:00" ||
			values.Get("zone") != "Europe/Berlin" {
			t.Errorf("what was typed is gone: %q", values)
		}
		editor.form("Save draft").fill("Publish at", "").send().is(303)
		if got := s.drafts(t, "alice")[0]; got.Content != "Mine" {
			t.Errorf("the draft is %+v", got)
		}
	})
}

// TestAutosave: what the script of the editor sends is saved, but never over a version that it has not seen, and only
// from a page of this site. Only this page has a script, of this site.
func TestAutosave(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		b := s.user(t, "alice")
		d := s.draft(t, "alice", "Draft", "First")
		editor := b.get(draftPath(d)).is(200)
		scripts := editor.all(atom.Script)
		if len(scripts) != 1 || attribute(scripts[0], "type") != "module" || scripts[0].FirstChild != nil {
			t.Fatalf("the page has the scripts %v", scripts)
		}
		policy := editor.header.Get("Content-Security-Policy")
		if !strings.HasSuffix(policy, "; script-src 'self'") || !strings.Contains(policy, "; connect-src 'self';") {
			t.Errorf("the policy is %s", policy)
		}
		script := b.get(attribute(scripts[0], "src")).is(200)
		if script.header.Get("Content-Type") != "text/javascript; charset=utf-8" || len(script.body) > 5<<10 ||
			!strings.Contains(script.header.Get("Cache-Control"), "immutable") {
			t.Errorf("the script has %d bytes and %v", len(script.body), script.header)
		}
		version := editor.form("Save draft").values.Get("version")
		send := func(content, version string, headers ...testkit.Header) *page {
			t.Helper()
			s.ahead.Add(int64(time.Second))
			form := url.Values{
				"do": {"autosave"}, "title": {"Draft"}, "tags": {"go"}, "content": {content}, "publishAt": {"2030-01-02T09:00"},
			}
			return b.post(draftPath(d), form, append(headers, testkit.Header{"If-Match": `"` + version + `"`})...)
		}
		first := send("Second", version).is(204)
		next := strings.Trim(first.header.Get("ETag"), `"`)
		if same := strings.Trim(send("Second", version).is(204).header.Get("ETag"), `"`); same != next {
			t.Errorf("sent again, the version is %s, want %s", same, next)
		}
		next = strings.Trim(send("Third", next).is(204).header.Get("ETag"), `"`)
		send("Lost", version).is(412)
		send("Lost", "").is(412)
		form := url.Values{"do": {"autosave"}, "title": {""}, "content": {"Lost"}}
		b.post(draftPath(d), form, testkit.Header{"If-Match": `"` + next + `"`}).is(400)
		send("Lost", next, testkit.Header{"Origin": "https://evil.example"}).is(403)
		got := s.drafts(t, "alice")[0]
		if got.Content != "Third" || !got.PublishAt.IsZero() {
			t.Errorf("the draft is %+v", got)
		}
		// The form goes on from what the script has saved.
		save := editor.form("Save draft").fill("Text", "Fourth")
		save.values.Set("version", next)
		save.send().is(303)
		if answer := s.api(t, "DELETE", "/auth/sessions", "", testkit.Bearer(s.token(t, "alice"))); answer.Status != 204 {
			t.Fatalf("end all sessions: %d", answer.Status)
		}
		send("Lost", next).is(403)
	})
}
