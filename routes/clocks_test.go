package routes_test

import (
	"testing"
	"time"

	"gin-blog/models"
)

// TestNewOnesFollowAClockThatWasAhead: a process whose clock is ahead, or was, has written. What is written now follows
// in the lists.
func TestNewOnesFollowAClockThatWasAhead(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		alice := s.signUp(t, "alice")
		author, err := models.ParseID(alice.User.ID)
		if err != nil {
			t.Fatal(err)
		}
		ahead := models.StoredTime(time.Now().Add(time.Hour))
		post := &models.Post{
			ID: models.NewIDAt(ahead), Text: models.Text{Title: "Ahead", Content: "Hello"}, AuthorID: author,
			CreatedAt: ahead, UpdatedAt: ahead,
		}
		if _, err := s.store.CreatePost(t.Context(), post, nil); err != nil {
			t.Fatal(err)
		}
		newer := s.post(t, alice.Token, "Newer")
		var list []postAnswer
		s.send(t, "GET", "/posts?limit=1", "").is(200).decode(&list)
		if len(list) != 1 || list[0].ID != newer.ID {
			t.Errorf("the newest post is %+v, want %s", list, newer.ID)
		}

		comment := &models.Comment{
			ID: models.NewIDAt(ahead), PostID: post.ID, Content: "Ahead", AuthorID: author, CreatedAt: ahead, UpdatedAt: ahead,
		}
		if err := s.store.CommentTable().Insert(t.Context(), []models.KeptComment{{Comment: *comment}}); err != nil {
			t.Fatal(err)
		}
		path := "/posts/" + post.ID.Hex() + "/comments"
		after := comment.ID.Hex()
		for range 3 {
			written := s.comment(t, alice.Token, post.ID.Hex(), "Newer")
			var page []commentAnswer
			s.send(t, "GET", path+"?after="+after, "").is(200).decode(&page)
			if len(page) != 1 || page[0].ID != written.ID {
				t.Fatalf("after %s there is %+v, want %s", after, page, written.ID)
			}
			after = written.ID
		}
	})
}

// TestTimesDoNotGoBack: the clock is set back, and what was written before is changed twice. Each change has a later
// Last-Modified than the one before.
func TestTimesDoNotGoBack(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		g := s.signUp(t, "alice")
		p := s.post(t, g.Token, "My Post")
		c := s.comment(t, g.Token, p.ID, "Nice")
		d := s.draft(t, g.Token, `{"title":"My draft","content":"Hello"}`)
		s.clock.advance(-time.Hour)
		s.refresh(t, g.RefreshToken).is(200).decode(&g) // the access token is from the future now
		for path, last := range map[string]string{
			"/posts/" + p.ID: p.UpdatedAt, "/comments/" + c.ID: c.UpdatedAt, "/drafts/" + d.ID: d.UpdatedAt,
		} {
			modified := time.Time{}
			for _, text := range []string{"once", "twice"} {
				var changed struct{ Content, CreatedAt, UpdatedAt string }
				r := s.send(t, "PATCH", path, `{"content":"`+text+`"}`, bearer(g.Token)).is(200)
				r.decode(&changed)
				if changed.Content != text || changed.UpdatedAt <= last || changed.UpdatedAt < changed.CreatedAt {
					t.Errorf("%s, changed %s: %+v, and the change before was at %s", path, text, changed, last)
				}
				shown, err := time.Parse(time.RFC1123, r.header.Get("Last-Modified"))
				if err != nil || !shown.After(modified) {
					t.Errorf("%s, changed %s: Last-Modified is %s, %v, and was %s", path, text, shown, err, modified)
				}
				last, modified = changed.UpdatedAt, shown
			}
		}
		var sessions []sessionAnswer
		s.send(t, "GET", "/auth/sessions", "", bearer(g.Token)).is(200).decode(&sessions)
		if len(sessions) != 1 || sessions[0].LastUsedAt < sessions[0].CreatedAt {
			t.Errorf("the sessions are %+v", sessions)
		}
	})
}
