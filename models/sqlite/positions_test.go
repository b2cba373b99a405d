package sqlite_test

import (
	"testing"
	"time"

	"gin-blog/internal/testkit"
	"gin-blog/models"
	"gin-blog/models/sqlite"
)

// sharedPosition is a store, and makes posts whose ids begin with the same 63 bits.
type sharedPosition struct {
	*testing.T
	*sqlite.Store
	base models.ID
}

func newSharedPosition(t *testing.T) *sharedPosition {
	base := models.NewID()
	base[7] = 100
	return &sharedPosition{t, testkit.SQLite(t).(*sqlite.Store), base}
}

// insert stores a post whose id ends with last. It is at a later position by next.
func (s *sharedPosition) insert(next, last byte) *models.Post {
	s.Helper()
	id := s.base
	id[7], id[11] = id[7]+2*next, last
	at := models.StoredTime(time.Now())
	p := models.Post{
		ID: id, Text: models.Text{Title: "T", Content: "C"}, AuthorID: models.NewID(), CreatedAt: at, UpdatedAt: at,
	}
	if err := s.PostTable().Insert(s.Context(), []models.KeptPost{{Post: p}}); err != nil {
		s.Fatal(err)
	}
	return &p
}

func (s *sharedPosition) remove(p *models.Post) {
	s.Helper()
	if err := s.DeletePost(s.Context(), p.ID, func(*models.Post) error { return nil }); err != nil {
		s.Fatal(err)
	}
}

func (s *sharedPosition) comment(on *models.Post) {
	s.Helper()
	at := models.StoredTime(time.Now())
	c := models.Comment{
		ID: models.NewID(), PostID: on.ID, Content: "Hi", AuthorID: on.AuthorID, CreatedAt: at, UpdatedAt: at,
	}
	if _, err := s.CreateComment(s.Context(), &c, nil); err != nil {
		s.Fatal(err)
	}
}

func (s *sharedPosition) wantComments(on *models.Post, want int) {
	s.Helper()
	thread, _, err := s.Thread(s.Context(), models.ThreadFilter{PostID: on.ID, Limit: 10})
	if err != nil || len(thread) != want {
		s.Errorf("%d comments on %s, %v, want %d", len(thread), on.ID.Hex(), err, want)
	}
}

// TestPostInheritsNoComments: a post at the position of a deleted one has neither its comments, nor its sweep.
func TestPostInheritsNoComments(t *testing.T) {
	s := newSharedPosition(t)
	first := s.insert(0, 1)
	s.comment(first)
	s.remove(first)
	second := s.insert(0, 2)
	s.wantComments(second, 0)
	s.comment(second)
	for more := true; more; {
		var err error
		if more, err = s.Sweep(t.Context(), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	s.wantComments(second, 1)

	before := s.insert(0, 0) // moves the second post
	s.wantComments(before, 0)
	s.wantComments(second, 1)
	s.remove(second)
	third := s.insert(1, 0) // to where the second one was
	s.wantComments(third, 0)
}

// TestPageAroundAGap: the position of a deleted post is not given to a newer one, so pages around it stay right.
func TestPageAroundAGap(t *testing.T) {
	s := newSharedPosition(t)
	older, moved := s.insert(0, 1), s.insert(0, 2)
	s.remove(moved)
	newer := s.insert(1, 0) // would be at the position of the deleted one
	for name, c := range map[string]struct {
		filter models.PostFilter
		want   *models.Post
	}{
		"after":  {models.PostFilter{After: moved.ID, Limit: 5}, older},
		"before": {models.PostFilter{Before: moved.ID, Limit: 5}, newer},
	} {
		page, _, err := s.Posts(t.Context(), c.filter)
		if err != nil || len(page) != 1 || page[0].ID != c.want.ID {
			t.Errorf("%s the deleted post: got %+v, %v, want %s", name, page, err, c.want.ID.Hex())
		}
	}
}

// TestMovedPostComesBack: a post that was moved may find its own position free when it is stored again.
func TestMovedPostComesBack(t *testing.T) {
	s := newSharedPosition(t)
	first, second := s.insert(0, 1), s.insert(0, 2)
	s.remove(first)
	s.remove(second)
	for _, last := range []byte{2, 1} {
		p := s.insert(0, last)
		if _, err := s.PostByID(t.Context(), p.ID); err != nil {
			t.Errorf("%s: %v", p.ID.Hex(), err)
		}
	}
	page, _, err := s.Posts(t.Context(), models.PostFilter{Limit: 5})
	if err != nil || len(page) != 2 || page[0].ID != second.ID {
		t.Errorf("the list: %+v, %v", page, err)
	}
}
