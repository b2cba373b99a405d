package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"gin-blog/internal/testkit"
	"gin-blog/internal/urls"
	"gin-blog/models"
)

// moderator returns a browser in which the new admin alice is logged in.
func (s *server) moderator(t *testing.T) *browser {
	t.Helper()
	b := s.user(t, "alice")
	if err := s.store.SetRole(t.Context(), "alice", models.RoleAdmin); err != nil {
		t.Fatal(err)
	}
	return b
}

// selects returns the fields of a form that selects comments.
func selects(ids ...models.ID) url.Values {
	fields := url.Values{}
	for i, id := range ids {
		fields.Set(fmt.Sprintf("comment%d", i), id.Hex())
	}
	return fields
}

// confirmed returns the fields of a form that need no further question.
func confirmed(fields url.Values) url.Values {
	fields.Set("do", "delete")
	return fields
}

func TestDeleteSeveralComments(t *testing.T) {
	const button = "Delete the selected comments"
	onEachStore(t, func(t *testing.T, s *server) {
		alice := s.moderator(t)
		s.user(t, "bob")
		post := s.write(t, "alice", "My post", "Hello")
		s.comment(t, "alice", post, "Kept")
		for i := range 3 {
			s.comment(t, "bob", post, fmt.Sprintf("Pill %d", i))
		}
		left := func(want ...string) {
			t.Helper()
			if got := s.thread(t, post); !slices.Equal(got, want) {
				t.Errorf("the comments are %q, want %q", got, want)
			}
		}
		all := alice.get("/moderation").is(200)
		if all.has("Delete all comments on this page") {
			t.Error("all comments of everybody can be deleted at once")
		}
		all.form(button).send().is(303).follow().is(200).shows("No comment is selected. Select at least one first.", "Pill 2")

		question := all.form(button).check("Select the comment by bob of ").send().is(200).
			shows("Delete 3 comments", "This deletes 3 comments for good.")
		left("Kept", "Pill 0", "Pill 1", "Pill 2")
		question.click("Keep them").is(200).shows("Newest comments", "Pill 2").hides("deleted")
		done := question.form("Delete").send().is(303).goesTo("/moderation?done=deleted").follow().is(200).
			shows("The selected comments are deleted.", "Kept").hides("Pill")
		left("Kept")
		if next := done.form(button).action; next != "/moderation" {
			t.Errorf("the next deletion goes to %s", next)
		}
		question.form("Delete").send().is(303).goesTo("/moderation?done=deleted").follow().is(200).shows("Kept")

		for i := range 22 {
			s.comment(t, "bob", post, fmt.Sprintf("Offer %02d.", i))
		}
		page := alice.get("/moderation?author=bob").is(200).shows("Offer 21.", "Offer 02.").hides("Offer 01.")
		question = page.form("Delete all comments on this page").send().is(200).shows("Delete 20 comments")
		gone := s.comment(t, "bob", post, "A new one")
		question.form("Delete").send().is(303).goesTo("/moderation?author=bob&done=deleted").follow().is(200).
			shows("The selected comments are deleted.", "Comments by bob", "A new one", "Offer 01.").hides("Offer 02.")
		left("Kept", "Offer 00.", "Offer 01.", "A new one")

		last := alice.get("/moderation?after=" + gone.ID.Hex() + "&author=bob").is(200)
		last.form("Delete all comments on this page").send().form("Delete").send().is(303).follow().is(200).
			shows("There are no older comments.")
		left("Kept", "A new one")
	})
}

// TestSelectionsAreChecked: what is no form of the page deletes nothing but comments, and each of them once.
func TestSelectionsAreChecked(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		alice := s.moderator(t)
		bob := s.user(t, "bob")
		post := s.write(t, "alice", "My post", "Hello")
		comment := s.comment(t, "bob", post, "Nice")
		gone := s.comment(t, "alice", post, "Gone")
		if err := s.store.DeleteComment(t.Context(), gone.ID, func(*models.Comment) error { return nil }); err != nil {
			t.Fatal(err)
		}
		many := make([]models.ID, 1000)
		for i := range many {
			many[i] = comment.ID
		}
		other := testkit.Header{"Origin": "https://evil.example"}
		for _, do := range []string{"", "delete"} {
			with := func(fields url.Values) url.Values {
				fields.Set("do", do)
				return fields
			}
			bob.post("/moderation", with(selects(comment.ID))).is(403).shows("Only an admin may do this").hides("Delete 1")
			alice.post("/moderation", with(selects(comment.ID)), other).is(403).shows("another site").hides("Delete 1")
			s.browser(t).post("/moderation", with(selects(comment.ID))).is(303).goesTo("/login?next=%2Fmoderation")
			alice.post("/moderation", with(selects())).is(303).goesTo("/moderation?done=none")
			alice.post("/moderation", with(url.Values{"comment0": {"1; DROP TABLE comments"}})).is(400).
				shows("The id must be 24 hex digits").hides("DROP")
			alice.post("/moderation", with(selects(many...))).is(400).shows("The form has more than 100 fields.")
			alice.post("/moderation", with(url.Values{"comment20": {comment.ID.Hex()}})).is(303).goesTo("/moderation?done=none")
			alice.post("/moderation", with(url.Values{"comment0": {comment.ID.Hex(), comment.ID.Hex()}})).is(400).
				shows("each field once")
		}
		alice.post("/moderation", selects(comment.ID, comment.ID)).is(200).shows("Delete 1 comment").hides("2 comments")
		if got := s.thread(t, post); !slices.Equal(got, []string{"Nice"}) {
			t.Errorf("the comments are %q", got)
		}
		alice.post("/moderation", confirmed(selects(post.ID))).is(303).goesTo("/moderation?done=deleted").
			follow().shows("Nice")
		alice.get(urls.Post(post.ID, post.Title)).is(200).shows("Hello", "Nice")
		alice.post("/moderation", confirmed(selects(gone.ID, post.ID, comment.ID, comment.ID))).is(303).
			goesTo("/moderation?done=deleted").follow().is(200).hides("Nice")
		alice.get(urls.Post(post.ID, post.Title)).is(200).shows("Hello").hides("Nice")
		alice.get("/moderation?done=1").is(200).hides("deleted")
	})
}

// TestModerationOfFormerMembersAndPosts: what a comment was written by, or on, may be gone, or have no name.
func TestModerationOfFormerMembersAndPosts(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		alice := s.moderator(t)
		s.user(t, "bob")
		const title = `<b>& "Title"`
		kept, deleted := s.write(t, "alice", title, "Hello"), s.write(t, "alice", "Deleted", "Hello")
		comment := s.comment(t, "bob", kept, "Nice")
		s.comment(t, "bob", deleted, "Lost")
		page := alice.get("/moderation").is(200).shows("On "+title, "On Deleted", "Nice", "Lost").hides("<b>")
		if !strings.Contains(page.body, `href="`+urls.Comment(kept.ID, title, comment.ID)+`"`) {
			t.Errorf("no link leads to the comment: %s", page.body)
		}
		if err := s.store.DeletePost(t.Context(), deleted.ID, func(*models.Post) error { return nil }); err != nil {
			t.Fatal(err)
		}
		bob, err := s.store.UserByUsername(t.Context(), "bob")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.store.DeleteUser(t.Context(), bob.ID); err != nil {
			t.Fatal(err)
		}
		page = alice.get("/moderation").is(http.StatusOK).shows("On "+title, "Nice", "A former member").
			hides("Lost", "Deleted", "All by")
		page.form("Delete the selected comments").check("Select the comment by a former member of ").send().is(200).
			form("Delete").send().is(303).follow().shows("The selected comments are deleted.", "There are no comments.")
	})
}
