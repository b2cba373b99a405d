package web_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/html/atom"

	"gin-blog/internal/testkit"
	"gin-blog/internal/urls"
	"gin-blog/models"
	"gin-blog/web"
)

// comment stores a comment of a user.
func (s *server) comment(t testing.TB, author string, post *models.Post, content string) *models.Comment {
	t.Helper()
	user, err := s.store.UserByUsername(t.Context(), author)
	if err != nil {
		t.Fatal(err)
	}
	now := models.StoredTime(s.now())
	comment := &models.Comment{
		ID: models.NewID(), PostID: post.ID, Content: content, AuthorID: user.ID, CreatedAt: now, UpdatedAt: now,
	}
	if _, err := s.store.CreateComment(t.Context(), comment, nil); err != nil {
		t.Fatal(err)
	}
	return comment
}

// thread returns the contents of the comments on a post.
func (s *server) thread(t *testing.T, post *models.Post) (contents []string) {
	t.Helper()
	page, _, err := s.store.Thread(t.Context(), models.ThreadFilter{PostID: post.ID, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range page {
		contents = append(contents, c.Content)
	}
	return contents
}

// TestNumberOfComments: the heading says how many comments there are, if all are below it. The author of the post is
// marked.
func TestNumberOfComments(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		s.user(t, "alice")
		s.user(t, "bob")
		post := s.write(t, "alice", "My post", "Hello")
		read := func() *page { return s.browser(t).get(urls.Post(post.ID, post.Title)).is(200) }
		read().shows("Comments").hides("0 comments")
		s.comment(t, "bob", post, "From bob")
		read().shows("1 comment").hides("1 comments", "bob Author")
		s.comment(t, "alice", post, "From alice")
		read().shows("2 comments", "alice Author").hides("bob Author")
		for range 19 {
			s.comment(t, "bob", post, "Once more")
		}
		read().shows("Comments", "Later comments").hides("20 comments", "21 comments")
	})
}

func TestCommentOnAPost(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		s.user(t, "alice")
		bob := s.user(t, "bob")
		post := s.write(t, "alice", "My post", "Hello")
		path := urls.Post(post.ID, post.Title)
		visitor := s.browser(t)
		seen := visitor.get(path).is(200).shows("Comments", "There are no comments yet.", "Follow these comments")
		if seen.has("Comment") || seen.has("Edit comment") {
			t.Error("a visitor sees a form to comment")
		}
		login := seen.click("Log in to comment").is(200)
		login.form("Log in").fill("Username", "bob").fill("Password", testkit.Password).send().is(303).
			goesTo(path + "#comments")
		visitor = s.browser(t)

		const text = "**Nice**\n\n<script>alert(1)</script>\n\n`code`"
		written := bob.get(path).form("Comment").fill("Your comment", text).send().is(303)
		comments, _, err := s.store.Thread(t.Context(), models.ThreadFilter{PostID: post.ID, Limit: 10})
		if err != nil || len(comments) != 1 || comments[0].Content != text {
			t.Fatalf("the comments are %+v, %v", comments, err)
		}
		id := comments[0].ID.Hex()
		written.goesTo(path+"?comment="+id+"#comment-"+id).follow().is(200).
			shows("bob", "Nice", "code", "Edit comment", "Delete comment").hides("<script>", "**Nice**")
		page := visitor.get(path).is(200).shows("bob", "Nice").hides("<script>", "There are no comments yet.")
		if page.has("Edit comment") || page.has("Delete comment") {
			t.Error("a visitor may change the comment")
		}

		s.ahead.Add(int64(time.Minute))
		edit := bob.get(path).click("Edit comment").is(200).form("Save")
		if got := edit.values.Get("content"); got != asSent(text) {
			t.Errorf("the editor shows %q", got)
		}
		edit.send().is(303)
		visitor.get(path).hides("Updated")
		edit.fill("Your comment", "Very nice").send().is(303).follow().is(308).follow().is(200).shows("Very nice", "Updated")
		bob.get(path).click("Delete comment").is(200).shows("Delete a comment by bob", "Very nice").
			form("Delete").send().is(303).follow().is(308).follow().is(200).shows("There are no comments yet.")
	})
}

func TestFormsOfCommentsKeepTheText(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		s.user(t, "alice")
		bob := s.user(t, "bob")
		post := s.write(t, "alice", "My post", "Hello")
		path := urls.Post(post.ID, post.Title)
		long := strings.Repeat("é", 5001)
		for text, says := range map[string]string{
			long: "Your comment must have 1 to 5000 characters", "": "Your comment is required",
			" \t ":          "Your comment is required",
			"bad \x01 sign": "Your comment must have no control characters",
		} {
			refused := bob.get(path).form("Comment").fill("Your comment", text).send().is(400).shows(says)
			if got := refused.form("Comment").values.Get("content"); got != text {
				t.Errorf("%.20q comes back as %.20q", text, got)
			}
		}
		for i := range 10 {
			bob.get(path).form("Comment").fill("Your comment", fmt.Sprint(i)).send().is(303)
		}
		limited := bob.get(path).form("Comment").fill("Your comment", "one too many").send().is(429).
			shows("Too many attempts: wait")
		if limited.header.Get("Retry-After") == "" || limited.form("Comment").values.Get("content") != "one too many" {
			t.Errorf("429 with %v and %q", limited.header, limited.form("Comment").values)
		}
		answer := s.api(t, "POST", "/posts/"+post.ID.Hex()+"/comments", `{"content":"by the other door"}`,
			testkit.Bearer(s.token(t, "bob")))
		if answer.Status != 429 {
			t.Errorf("the API after 10 comments by the page: %d %s", answer.Status, answer.Body)
		}
		s.ahead.Add(int64(61 * time.Second))
		limited.form("Comment").send().is(303)

		form := bob.get(path).form("Comment").fill("Your comment", "typed for long")
		bob.get("/account").form("Log out").send().is(303)
		kept := form.send().is(403).shows("You are no longer logged in")
		again := kept.form("Log in").fill("Username", "bob").fill("Password", testkit.Password).send().is(200).
			shows("You are logged in, and your text is here.")
		again.form("Comment").send().is(303)
		if got := s.thread(t, post); len(got) != 12 || got[10] != "one too many" || got[11] != "typed for long" {
			t.Errorf("the comments are %q", got)
		}
	})
}

func TestADoubleClickMakesOneComment(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		bob := s.user(t, "bob")
		post := s.write(t, "bob", "My post", "Hello")
		form := bob.get(urls.Post(post.ID, post.Title)).form("Comment").fill("Your comment", "Once")
		var clicks sync.WaitGroup
		locations := make([]string, 5)
		for i := range locations {
			clicks.Go(func() { locations[i] = form.send().is(303).header.Get("Location") })
		}
		clicks.Wait()
		if got := s.thread(t, post); len(got) != 1 || len(slices.Compact(locations)) != 1 {
			t.Errorf("5 clicks made %q and lead to %q", got, locations)
		}
		other := form.fill("Your comment", "Twice").send().is(409).
			shows("You have already posted another comment from this page")
		other.form("Comment").send().is(303)
		if got := s.thread(t, post); !slices.Equal(got, []string{"Once", "Twice"}) {
			t.Errorf("the comments are %q", got)
		}
	})
}

func TestEditsOfACommentThatCross(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		bob := s.user(t, "bob")
		post := s.write(t, "bob", "My post", "Hello")
		s.comment(t, "bob", post, "First")
		first, second := bob.get(urls.Post(post.ID, post.Title)).click("Edit comment").form("Save"),
			bob.get(urls.Post(post.ID, post.Title)).click("Edit comment").form("Save")
		question := bob.get(urls.Post(post.ID, post.Title)).click("Delete comment").form("Delete")
		s.ahead.Add(int64(time.Second))
		first.fill("Your comment", "Of the first window").send().is(303)
		both := second.fill("Your comment", "Of the second window").send().is(412).
			shows("Nothing was saved: this has changed in the meantime.", "Of the first window")
		if got := both.form("Save").values.Get("content"); got != "Of the second window" {
			t.Errorf("the editor shows %q", got)
		}
		question.send().is(412).shows("it was not deleted")
		both.form("Save").send().is(303)
		if got := s.thread(t, post); !slices.Equal(got, []string{"Of the second window"}) {
			t.Errorf("the comments are %q", got)
		}

		late := bob.get(urls.Post(post.ID, post.Title)).click("Edit comment").form("Save")
		bob.get(urls.Post(post.ID, post.Title)).click("Delete comment").form("Delete").send().is(303)
		late.fill("Your comment", "Too late").send().is(404).shows("This comment was deleted in the meantime").
			form("Comment").send().is(303)
		if got := s.thread(t, post); !slices.Equal(got, []string{"Too late"}) {
			t.Errorf("the comments are %q", got)
		}
		gone := bob.get(urls.Post(post.ID, post.Title)).form("Comment").fill("Your comment", "On nothing")
		edit := bob.get(urls.Post(post.ID, post.Title)).click("Edit comment").form("Save")
		if err := s.store.DeletePost(t.Context(), post.ID, func(*models.Post) error { return nil }); err != nil {
			t.Fatal(err)
		}
		gone.send().is(404).shows("Post not found")
		edit.send().is(404).shows("Post not found")
	})
}

func TestWhoMayChangeACommentOnAPage(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		s.user(t, "alice")
		s.user(t, "bob")
		post := s.write(t, "alice", "My post", "Hello")
		path := "/p/" + post.ID.Hex() + "/comments/" + s.comment(t, "bob", post, "Nice").ID.Hex()
		form := url.Values{"content": {"Not nice"}, "version": {"x"}}
		carol := s.user(t, "carol")
		carol.get(path + "/edit").is(403).shows("Only the author may change this comment")
		carol.post(path+"/edit", form).is(403).shows("Only the author may change this comment")
		carol.get(path + "/delete").is(403).shows("Only its author")
		carol.post(path+"/delete", form).is(403)
		visitor := s.browser(t)
		visitor.get(path + "/edit").is(303)
		visitor.post(path+"/edit", form).is(403).shows("You are no longer logged in")
		visitor.post(path+"/delete", form).is(303)
		evil := testkit.Header{"Origin": "https://evil.example"}
		bob := s.browser(t)
		bob.get("/login").form("Log in").fill("Username", "bob").fill("Password", testkit.Password).send().is(303)
		for _, action := range []string{path + "/edit", path + "/delete", "/p/" + post.ID.Hex() + "/comments"} {
			bob.post(action, form, evil).is(403).shows("sent from another site")
		}
		other := s.write(t, "alice", "Another post", "Hello")
		wrong := strings.Replace(path, post.ID.Hex(), other.ID.Hex(), 1)
		bob.get(wrong + "/edit").is(404).shows("Comment not found")
		bob.get("/p/" + post.ID.Hex() + "/comments/1/edit").is(404)
		if got := s.thread(t, post); !slices.Equal(got, []string{"Nice"}) {
			t.Errorf("the comments are %q", got)
		}

		alice := s.browser(t)
		alice.get("/login").form("Log in").fill("Username", "alice").fill("Password", testkit.Password).send().is(303)
		page := alice.get(urls.Post(post.ID, post.Title)).is(200)
		if page.has("Edit comment") || !page.has("Delete comment") {
			t.Error("the author of the post may only delete the comment")
		}
		page.click("Delete comment").form("Delete").send().is(303)
		if got := s.thread(t, post); len(got) != 0 {
			t.Errorf("the comments are %q", got)
		}
	})
}

func TestPagesOfAThread(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		s.user(t, "alice")
		post := s.write(t, "alice", "My post", "Hello")
		var comments []*models.Comment
		for i := range 45 {
			comments = append(comments, s.comment(t, "alice", post, fmt.Sprintf("Comment %02d.", i)))
		}
		b, path := s.browser(t), urls.Post(post.ID, post.Title)
		first := b.get(path).is(200).shows("Comment 00.", "Comment 19.").hides("Comment 20.")
		second := first.click("Later comments").is(200).shows("Comment 20.", "Comment 39.").
			hides("Comment 19.", "Comment 40.")
		third := second.click("Later comments").is(200).shows("Comment 40.", "Comment 44.").hides("Comment 39.")
		if first.has("Earlier comments") || third.has("Later comments") {
			t.Error("the first page has earlier comments, or the last later ones")
		}
		third.click("Earlier comments").is(200).shows("Comment 20.", "Comment 39.").hides("Comment 19.", "Comment 40.")
		back := second.click("Earlier comments").is(200).shows("Comment 00.", "Comment 19.")
		if back.has("Earlier comments") || !back.has("Later comments") {
			t.Error("the page before the second has earlier comments, or no later ones")
		}
		one := b.get(path+"?comment="+comments[30].ID.Hex()).is(200).
			shows("Comment 30.", "Comment 44.").hides("Comment 29.")
		if got := attribute(one.all(atom.Article)[1], "id"); got != "comment-"+comments[30].ID.Hex() {
			t.Errorf("the first comment has the id %q", got)
		}
		b.get(path+"?comment="+comments[19].ID.Hex()).is(200).shows("Comment 00.", "Comment 19.").hides("Comment 20.")
		b.get(path+"?comment="+comments[20].ID.Hex()).is(200).shows("Comment 20.", "Comment 39.").hides("Comment 19.")
		one.click("Earlier comments").shows("Comment 10.", "Comment 29.").hides("Comment 30.")
		b.get("/p/" + post.ID.Hex() + "?after=" + comments[19].ID.Hex()).is(308).
			goesTo(path + "?after=" + comments[19].ID.Hex())
		b.get(path + "?after=" + comments[44].ID.Hex()).is(200).shows("There are no later comments.").
			click("Earlier comments").shows("Comment 00.")
		b.get(path + "?after=x").is(400)
		if canonical := b.get(path + "?after=" + comments[19].ID.Hex()); !strings.Contains(canonical.body,
			`<link rel="canonical" href="`+s.url+path+`">`) {
			t.Error("the second page of comments is not the same page for search engines")
		}
	})
}

// TestPageOfAPostChangesWithItsComments: the ETag of a post's page covers its comments, and a kept page is never old.
func TestPageOfAPostChangesWithItsComments(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		s.user(t, "alice")
		post := s.write(t, "alice", "My post", "Hello")
		b, path := s.browser(t), urls.Post(post.ID, post.Title)
		tags := map[string]bool{}
		shows := func(contents ...string) {
			t.Helper()
			page := b.get(path).is(200).shows(contents...)
			etag := page.header.Get("ETag")
			if etag == "" || tags[etag] {
				t.Errorf("with %q the ETag is %q, among %v", contents, etag, tags)
			}
			tags[etag] = true
			b.get(path, testkit.Header{"If-None-Match": etag}).is(304)
		}
		shows("There are no comments yet.")
		comment := s.comment(t, "alice", post, "First")
		shows("First")
		change := func(c *models.Comment) error {
			c.Content = "Changed"
			return nil
		}
		if _, err := s.store.UpdateComment(t.Context(), comment.ID, change); err != nil {
			t.Fatal(err)
		}
		shows("Changed")
		s.comment(t, "alice", post, "Second")
		shows("Changed", "Second")
		if err := s.store.DeleteComment(t.Context(), comment.ID, func(*models.Comment) error { return nil }); err != nil {
			t.Fatal(err)
		}
		shows("Second")
		if err := s.store.DeleteUser(t.Context(), comment.AuthorID); err != nil {
			t.Fatal(err)
		}
		shows("A former member", "Second")
	})
}

func TestModeration(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		alice := s.user(t, "alice")
		s.user(t, "bob")
		first, second := s.write(t, "bob", "First", "Hello"), s.write(t, "bob", "Second", "Hello")
		s.comment(t, "alice", first, "By alice")
		s.comment(t, "bob", second, "Buy pills")
		s.browser(t).get("/moderation").is(303).goesTo("/login?next=%2Fmoderation")
		alice.get("/moderation").is(403).shows("Only an admin may do this").hides("pills")
		if alice.get("/").has("Moderation") {
			t.Error("a user sees the link for moderators")
		}
		if err := s.store.SetRole(t.Context(), "alice", models.RoleAdmin); err != nil {
			t.Fatal(err)
		}
		all := alice.get("/").click("Moderation").is(200).shows("Buy pills", "By alice")
		if strings.Index(all.body, "By alice") < strings.Index(all.body, "Buy pills") {
			t.Error("the older comment comes first")
		}
		all.click("All by bob").is(200).shows("Comments by bob", "Buy pills").hides("By alice", "All by bob")
		all.click("Second").is(200).shows("Hello", "Buy pills").hides("By alice")
		ofBob := all.form("Filter").fill("Comments by", "bob").send().is(200).
			shows("Comments by bob", "Buy pills").hides("By alice")
		ofBob.click("Delete comment").is(200).shows("Delete a comment by bob", "Buy pills").
			form("Delete").send().is(303).goesTo("/moderation?author=bob").follow().is(200).shows("There are no comments.")
		if got := s.thread(t, second); len(got) != 0 {
			t.Errorf("the comments are %q", got)
		}
		alice.get("/moderation?author=nobody").is(200).
			shows("Comments by nobody", "There are no comments.").hides("Comment 0")
		for i := range 25 {
			s.comment(t, "bob", first, fmt.Sprintf("Comment %02d.", i))
		}
		alice.get("/moderation").shows("Comment 24.", "Comment 05.").hides("Comment 04.").
			click("Older").is(200).shows("Comment 04.", "By alice").hides("Comment 05.")
	})
}

func TestPagesWithoutComments(t *testing.T) {
	t.Parallel()
	store := testkit.SQLite(t)
	s := newSite(t, store, func(o *web.Options) { o.NoComments = true })
	alice := s.user(t, "alice")
	post := s.write(t, "alice", "My post", "Hello")
	comment := s.comment(t, "alice", post, "Nice")
	if err := store.SetRole(t.Context(), "alice", models.RoleAdmin); err != nil {
		t.Fatal(err)
	}
	for _, b := range []*browser{alice, s.browser(t)} {
		b.get(urls.Post(post.ID, post.Title)).is(200).shows("Hello").hides("omment", "Nice")
	}
	path := "/p/" + post.ID.Hex() + "/comments"
	alice.get("/moderation").is(404)
	alice.get(path + "/" + comment.ID.Hex() + "/edit").is(404)
	alice.post(path, url.Values{"content": {"Nice"}}).is(404)
	alice.post(path+"/"+comment.ID.Hex()+"/delete", nil).is(404)
}
