package web_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"gin-blog/blog"
	"gin-blog/internal/testkit"
	"gin-blog/models"
	"gin-blog/web"
)

func TestAccessTokensPage(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		alice, bob := s.user(t, "alice"), s.user(t, "bob")
		s.browser(t).get("/account/tokens").is(303).goesTo("/login?next=%2Faccount%2Ftokens")
		page := alice.get("/account").click("Access tokens").is(200)
		page.form("Make token").fill("Name", "Notes").send().is(400).shows("Choose at least one thing").hides("gbp_")
		page.form("Make token").fill("Name", "").check("Publish, change").send().is(400).
			shows("Name is required").hides("gbp_")
		page.form("Make token").fill("Name", "n").check("Publish, change").fill("Last day", "2020-01-01").send().is(400).
			shows("must be in the future").hides("gbp_")
		made := page.form("Make token").fill("Name", "My <notes>").check("Publish, change").fill("Last day", "").send().
			is(200).shows("Copy this token now", "My <notes>", "For posts.", "never used")
		token := regexp.MustCompile(`gbp_[0-9A-Za-z]{40}`).FindString(made.body)
		s.api(t, "POST", "/posts", `{"title":"By a program","content":"c"}`, testkit.Bearer(token))
		alice.get("/").shows("By a program")
		listed := alice.get("/account/tokens").is(200).shows("last used").hides("gbp_", "Copy this token")
		bob.get("/account/tokens").is(200).hides("notes")
		id := regexp.MustCompile(`name="end" value="([0-9a-f]{24})"`).FindStringSubmatch(listed.body)[1]
		bob.post("/account/tokens", url.Values{"end": {id}}).is(404)
		alice.post("/account/tokens", url.Values{"end": {id}}, testkit.Header{"Origin": "https://evil.example"}).is(403)
		listed.form("End token").send().is(303).follow().is(200).shows("The token has ended.").hides("notes")
		s.api(t, "POST", "/posts", `{"title":"Late","content":"c"}`, testkit.Bearer(token))
		alice.get("/").hides("Late")
	})
}

func TestRegistrationPages(t *testing.T) {
	testkit.Each(t, func(t *testing.T, store models.Store) {
		with := func(r blog.Registration) *server {
			return newSite(t, store, func(o *web.Options) { o.Blog.Registration = r })
		}
		closed, invite := with(blog.RegistrationClosed), with(blog.RegistrationInvite)
		for s, says := range map[*server]string{closed: "Nobody can register here", invite: "you need an invitation"} {
			s.browser(t).get("/register").is(403).shows(says).hides("Password")
			s.browser(t).get("/login").is(200).hides("Create an account")
			s.browser(t).post("/register", url.Values{"username": {"mallory"}, "password": {testkit.Password}}).
				is(403).shows(says)
		}
		open := with(blog.RegistrationOpen)
		open.browser(t).get("/login").is(200).shows("Create an account")

		open.moderator(t)
		alice := invite.browser(t)
		alice.get("/login").form("Log in").fill("Username", "alice").fill("Password", testkit.Password).send().is(303)
		page := alice.get("/").click("Moderation").click("Invitations").is(200)
		page.form("New invitation").send().is(303)
		made := page.form("New invitation").send().is(303).follow().is(200).shows("The invitation is ready")
		links := regexp.MustCompile(`/register\?invite=[^<]+`).FindAllString(made.body, -1)
		if len(links) != 2 {
			t.Fatalf("the links are %q", links)
		}
		visitor := invite.browser(t)
		form := visitor.get(links[0]).is(200).form("Register").fill("Username", "bob").fill("Password", "short")
		again := form.send().is(400).shows("Password must have").form("Register")
		again.fill("Password", testkit.Password).send().is(303).goesTo("/").follow().shows("New post")
		invite.browser(t).get(links[0]).is(403).shows("ask for another one")
		alice.get("/moderation/invitations").form("Take back").send().is(303).follow().shows("no longer works")
		invite.browser(t).get(links[1]).is(403).shows("ask for another one")
		visitor.get("/moderation/invitations").is(403).hides("/register?invite")
		visitor.post("/moderation/invitations", url.Values{}).is(403)
	})
}

func TestModerateUsers(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		alice, bob := s.moderator(t), s.user(t, "bob")
		s.write(t, "bob", "Spam", "Buy pills")
		post := s.write(t, "alice", "My post", "Hello")
		s.comment(t, "bob", post, "Pills")
		list := alice.get("/").click("Moderation").click("Users").is(200).shows("alice", "admin", "bob")
		list.form("Filter").fill("Name or email", "BO").send().is(200).shows("bob").hides(", admin")
		list.form("Filter").fill("Name or email", "x y").send().is(200).shows("There are no such users.")
		bobs := list.click("bob").is(200)
		user, err := s.store.UserByUsername(t.Context(), "bob")
		if err != nil {
			t.Fatal(err)
		}
		path := "/moderation/users/" + user.ID.Hex()
		for _, do := range []string{"suspend", "delete"} {
			bob.post(path, url.Values{"do": {do}, "confirm": {"bob"}}).is(403).shows("Only an admin may do this")
			s.browser(t).post(path, url.Values{"do": {do}, "confirm": {"bob"}}).is(303)
		}
		bob.get(path).is(403)
		bob.get("/moderation/log").is(403)

		bobs.form("Suspend").fill("Reason", "Too many <pills>").send().is(303).follow().is(200).
			shows("The user is suspended.", "Too many <pills>", "Suspended since")
		bob.get("/account").is(303).goesTo("/login?next=%2Faccount")
		logIn := func() *page {
			return bob.get("/login").form("Log in").fill("Username", "bob").fill("Password", testkit.Password).send()
		}
		logIn().is(403).shows("This account is suspended: Too many <pills>")
		alice.get("/moderation/users").is(200).shows("suspended: Too many <pills>")
		alice.get(path).form("End suspension").send().is(303).follow().shows("The user may log in again.")
		logIn().is(303)

		deletion := alice.get(path).form("Delete account").check("Also delete all")
		deletion.fill("Username", "bo").send().is(400).shows("Username must be bob")
		s.browser(t).get("/").is(200).shows("Spam")
		deletion.fill("Username", "BOB").send().is(303).goesTo("/moderation/users?done=deleted").follow().is(200).
			shows("The account is deleted.").hides("bob")
		visitor := s.browser(t)
		visitor.get("/").is(200).shows("My post").hides("Spam")
		visitor.get("/p/"+post.ID.Hex()).follow().is(200).hides("Pills", "former member")
		alice.get(path).is(404)
		log := alice.get("/moderation/users").click("Log").is(200)
		if i := strings.Index(log.text(), "purge"); i < 0 || i > strings.Index(log.text(), "unsuspend") {
			t.Errorf("the log is %s", log.text())
		}
		log.shows("alice: suspend bob, Too many <pills>")
		admin, err := s.store.UserByUsername(t.Context(), "alice")
		if err != nil {
			t.Fatal(err)
		}
		own := alice.get("/moderation/users/" + admin.ID.Hex()).is(200).shows("This user is an admin")
		if own.has("Suspend") {
			t.Error("an admin can be suspended")
		}
		alice.post("/moderation/users/"+admin.ID.Hex(), url.Values{"do": {"suspend"}}).is(403)
	})
}
