package web_test

import (
	"net/url"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"golang.org/x/text/unicode/norm"

	"gin-blog/internal/auth"
	"gin-blog/internal/testkit"
)

// TestTagsOfEveryScript: people type tags as they write, with the commas of their script, and a page finds them in any
// case and form.
func TestTagsOfEveryScript(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		b := s.user(t, "alice")
		b.get("/new").form("Publish").fill("Title", "Tagged").fill("Text", "Hello").
			fill("Tags", "Küche、東京，E\u0301LAN،ΟΔΟΣ\u3000Go, go #küche").send().is(303).follow().
			shows("#küche", "#東京", "#élan", "#οδος", "#go")
		if got := strings.Join(s.newestPost(t).Tags, " "); got != "küche 東京 élan οδος go" {
			t.Errorf("the tags are %s", got)
		}
		visitor := s.browser(t)
		for _, tag := range []string{"küche", "東京", "élan", "οδος", "go"} {
			page := visitor.get("/").click("#" + tag).is(200).shows("Tagged")
			for _, typed := range []string{strings.ToUpper(tag), norm.NFD.String(tag)} {
				again := visitor.get("/tags/" + url.PathEscape(typed)).is(200).shows("Tagged")
				for _, link := range []string{`rel="canonical"`, `type="application/atom+xml"`} {
					_, want, _ := strings.Cut(page.body, link)
					_, got, _ := strings.Cut(again.body, link)
					if want, _, _ = strings.Cut(want, ">"); !strings.HasPrefix(got, want+">") {
						t.Errorf("%s: the link %s is not%s", typed, link, want)
					}
				}
			}
		}
		visitor.get("/tags/K%C3%9CCHE?after=ffffffffffffffffffffffff").is(200).shows("Tagged")
		for _, unknown := range []string{"c%2B%2B", "a%20b", "%E2%80%8B", "GO%E2%80%8B"} {
			visitor.get("/tags/" + unknown).is(200).hides("Tagged")
		}
		visitor.get("/tags/%ff").is(404)
		b.get("/new").form("Publish").fill("Title", "T").fill("Text", "Hello").fill("Tags", "ok c++").send().is(400).
			shows("Tags: each must be 1 to 32 letters, digits or hyphens")
	})
}

// TestTagsOfOtherPrograms: the links of a post with odd tags lead to a page that has the post.
func TestTagsOfOtherPrograms(t *testing.T) {
	db := testkit.Database(t)
	s := newSite(t, testkit.OpenMongoDB(t, db, nil))
	s.user(t, "alice")
	s.write(t, "alice", "Ours", "Hello", "node")
	tags := bson.A{"Node", "Web Dev", "C++", "E\u0301"}
	if _, err := db.Collection("posts").InsertOne(t.Context(), bson.M{"title": "Theirs", "tags": tags}); err != nil {
		t.Fatal(err)
	}
	b := s.browser(t)
	for _, tag := range tags {
		b.get("/").click("#" + tag.(string)).is(200).shows("Theirs").hides("Ours")
	}
	b.get("/tags/NODE").is(200).shows("Ours").hides("Theirs")
}

// TestFormsWantSomethingToSee: a text that looks empty is as good as none on the pages too.
func TestFormsWantSomethingToSee(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		b := s.user(t, "alice")
		post := s.write(t, "alice", "Mine", "Hello")
		comment, draft := s.comment(t, "alice", post, "Nice"), s.draft(t, "alice", "Draft", "c")
		path := "/p/" + post.ID.Hex()
		for _, blank := range []string{" \n ", "\u200b", "\u3164\ufe0f", "\u2800\n"} {
			line := strings.ReplaceAll(blank, "\n", "")
			b.get("/new").form("Publish").fill("Title", line).fill("Text", "x").send().is(400).shows("Title is required")
			b.get("/new").form("Publish").fill("Title", "x").fill("Text", blank).send().is(400).shows("Text is required")
			b.get("/new").form("Save as draft").fill("Title", line).send().is(400).shows("Title is required")
			b.get(path+"/edit").form("Save").fill("Text", blank).send().is(400).shows("Text is required")
			b.get(draftPath(draft)).form("Publish").fill("Text", blank).send().is(400).shows("Text is required")
			b.get(path).follow().form("Comment").fill("Your comment", blank).send().is(400).
				shows("Your comment is required")
			b.get(path+"/comments/"+comment.ID.Hex()+"/edit").form("Save").fill("Your comment", blank).send().is(400).
				shows("Your comment is required")
			b.get("/account").form("Save").fill("Name", line).send().is(400).
				shows("Name must be empty or contain visible characters")
		}
		if got := s.posts(t); len(got) != 1 || got[0] != "Mine" {
			t.Errorf("the posts are %q", got)
		}
		if got := s.drafts(t, "alice"); len(got) != 1 || got[0].Version() != draft.Version() {
			t.Errorf("the drafts are %+v", got)
		}
		if got := s.thread(t, post); len(got) != 1 || got[0] != "Nice" {
			t.Errorf("the comments are %q", got)
		}
	})
}

// TestPasswordsInEveryForm: a password that one keyboard composes is the same from another that sends it in parts.
func TestPasswordsInEveryForm(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		const first, second, third = "pässwörd-é", "größer-ñ", "übung-ç1"
		parts := norm.NFD.String
		b := s.browser(t)
		b.get("/register").form("Register").fill("Username", "alice").fill("Password", parts(first)).send().is(303)
		logIn := func(password string) *page {
			return s.browser(t).get("/login").form("Log in").fill("Username", " alice ").fill("Password", password).send()
		}
		logIn(first).is(303)
		logIn(parts(first)).is(303)
		logIn("passworde").is(403)
		b.get("/account").form("Change password").fill("Current password", first).fill("New password", parts(second)).
			send().is(303)
		logIn(second).is(303)

		user, err := s.store.UserByUsername(t.Context(), "alice")
		if err != nil {
			t.Fatal(err)
		}
		token, err := auth.NewTokens(accessSecret, refreshSecret, s.now).SignReset(user)
		if err != nil {
			t.Fatal(err)
		}
		s.browser(t).get("/reset/"+token).form("Change password").fill("Password", parts(third)).send().is(303)
		logIn(third).is(303)
		logIn(second).is(403)
		b = s.browser(t)
		b.get("/login").form("Log in").fill("Username", "alice").fill("Password", parts(third)).send().is(303)
		b.get("/account").form("Delete account").fill("Password", third).send().is(303)
		logIn(third).is(403)
	})
}
