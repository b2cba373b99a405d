package blog_test

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"gin-blog/blog"
	"gin-blog/internal/auth"
	"gin-blog/internal/testkit"
	"gin-blog/models"
)

// people are users of a blog: alice writes, bob does not, and root is an admin.
type people struct {
	*blog.Blog
	alice, bob, root *models.User
}

func newPeople(t *testing.T, store models.Store) people {
	t.Helper()
	p := people{Blog: blog.New(blog.Options{Store: store, Log: slog.New(slog.DiscardHandler), Now: time.Now})}
	for name, user := range map[string]**models.User{"alice": &p.alice, "bob": &p.bob, "root": &p.root} {
		*user = &models.User{
			ID: models.NewID(), Username: name, Role: models.RoleUser, PasswordHash: "h", CreatedAt: time.Now(),
		}
		if name == "root" {
			(*user).Role = models.RoleAdmin
		}
		if err := store.CreateUser(t.Context(), *user); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// sets makes a change that is never refused.
func sets[T any](change func(*T)) func(*T) error {
	return func(t *T) error {
		change(t)
		return nil
	}
}

// by is a call of a user on no conditions.
func by(u *models.User) blog.Call { return blog.Call{User: u} }

var errUnwanted = errors.New("in this state, nobody wants the write")

// TestWhoMayDoWhat: each write by each user is allowed or refused, whatever door it came by, and a refusal changes
// nothing.
func TestWhoMayDoWhat(t *testing.T) {
	testkit.Each(t, func(t *testing.T, store models.Store) {
		p := newPeople(t, store)
		ctx := t.Context()
		post, _, err := p.CreatePost(ctx, by(p.alice), models.Text{Title: "T", Content: "C"}, "")
		if err != nil {
			t.Fatal(err)
		}
		comment, _, err := p.CreateComment(ctx, by(p.bob), post.ID, "Hi", "")
		if err != nil {
			t.Fatal(err)
		}
		draft, err := p.CreateDraft(ctx, by(p.alice), models.Draft{Text: models.Text{Title: "T", Content: "C"}})
		if err != nil {
			t.Fatal(err)
		}
		stop := func(blog.State) error { return errUnwanted } // who gets here may do it
		for what, c := range map[string]struct {
			do               func(blog.Call) error
			alice, bob, root error
		}{
			"change a post": {func(call blog.Call) error {
				_, err := p.UpdatePost(ctx, call, post.ID, sets(func(p *models.Post) { p.Title = "New" }))
				return err
			}, errUnwanted, blog.ErrNotAuthor, errUnwanted},
			"delete a post": {func(call blog.Call) error { return p.DeletePost(ctx, call, post.ID) },
				errUnwanted, blog.ErrNotAuthor, errUnwanted},
			"change a comment": {func(call blog.Call) error {
				_, err := p.UpdateComment(ctx, call, comment.ID, sets(func(c *models.Comment) { c.Content = "New" }))
				return err
			}, blog.ErrNotCommentAuthor, errUnwanted, blog.ErrNotCommentAuthor},
			"delete a comment": {func(call blog.Call) error { return p.DeleteComment(ctx, call, comment.ID) },
				errUnwanted, errUnwanted, errUnwanted},
			"read a draft": {func(call blog.Call) error {
				_, err := p.Draft(ctx, call.User, draft.ID)
				return errors.Join(err, call.If(blog.State{}))
			}, errUnwanted, models.ErrDraftNotFound, models.ErrDraftNotFound},
			"change a draft": {func(call blog.Call) error {
				_, err := p.UpdateDraft(ctx, call, draft.ID, sets(func(d *models.Draft) { d.Title = "New" }))
				return err
			}, errUnwanted, models.ErrDraftNotFound, models.ErrDraftNotFound},
			"delete a draft": {func(call blog.Call) error { return p.DeleteDraft(ctx, call, draft.ID) },
				errUnwanted, models.ErrDraftNotFound, models.ErrDraftNotFound},
			"publish a draft": {func(call blog.Call) error {
				_, err := p.PublishDraft(ctx, call, draft.ID)
				return err
			}, errUnwanted, models.ErrDraftNotFound, models.ErrDraftNotFound},
		} {
			for user, want := range map[*models.User]error{p.alice: c.alice, p.bob: c.bob, p.root: c.root} {
				if err := c.do(blog.Call{User: user, If: stop}); !errors.Is(err, want) {
					t.Errorf("%s: %s got %v, want %v", what, user.Username, err, want)
				}
			}
		}
		for what, changed := range map[string]func() (before, after string, err error){
			"post": func() (string, string, error) {
				after, err := store.PostByID(ctx, post.ID)
				return post.Version(), after.Version(), err
			},
			"comment": func() (string, string, error) {
				after, err := store.CommentByID(ctx, comment.ID)
				return comment.Version(), after.Version(), err
			},
			"draft": func() (string, string, error) {
				after, err := store.DraftByID(ctx, draft.ID)
				return draft.Version(), after.Version(), err
			},
		} {
			if before, after, err := changed(); before != after || err != nil {
				t.Errorf("the %s has changed, %v", what, err)
			}
		}
	})
}

// TestTermsOfAWrite: what changes nothing is no write, whatever it costs; a write without memory for its answer is not
// done; and every rule comes before the precondition.
func TestTermsOfAWrite(t *testing.T) {
	testkit.Each(t, func(t *testing.T, store models.Store) {
		p := newPeople(t, store)
		ctx := t.Context()
		post, _, err := p.CreatePost(ctx, by(p.alice), models.Text{Title: " T ", Content: "C", Tags: []string{"Go"}}, "")
		if err != nil || post.Title != "T" || post.Tags[0] != "go" {
			t.Fatalf("got %+v, %v", post, err)
		}
		errNoMemory := errors.New("no memory")
		poor := blog.Call{User: p.alice, Reserve: func(int) error { return errNoMemory }}
		unchanged := 0
		poor.If = func(s blog.State) error {
			if s.Version() != post.Version() || !s.UpdatedAt.Equal(post.UpdatedAt) {
				t.Errorf("the state is %s of %s", s.Version(), s.UpdatedAt)
			}
			if s.Unchanged {
				unchanged++
			}
			return nil
		}
		same, err := p.UpdatePost(ctx, poor, post.ID, sets(func(p *models.Post) { p.Title = "T  " }))
		if err != nil || same.Version() != post.Version() || unchanged == 0 {
			t.Errorf("a change of nothing: %+v, %v, and the precondition heard of it %d times", same, err, unchanged)
		}
		_, err = p.UpdatePost(ctx, poor, post.ID, sets(func(p *models.Post) { p.Title = "New" }))
		if !errors.Is(err, errNoMemory) {
			t.Errorf("without memory: %v", err)
		}
		unwanted := blog.Call{User: p.alice, If: func(blog.State) error { return errUnwanted }}
		_, err = p.UpdatePost(ctx, unwanted, post.ID, sets(func(p *models.Post) { p.Title = "" }))
		if models.KindOf(err) != models.Invalid {
			t.Errorf("without a title, in another state: %v", err)
		}
		if after, err := store.PostByID(ctx, post.ID); err != nil || after.Version() != post.Version() {
			t.Errorf("the post is %+v, %v", after, err)
		}
	})
}

// TestAccountsThatAreGone: who was deleted since the call was authenticated is told to log in again, and leaves
// nothing.
func TestAccountsThatAreGone(t *testing.T) {
	testkit.Each(t, func(t *testing.T, store models.Store) {
		p := newPeople(t, store)
		ctx := t.Context()
		if err := store.DeleteUser(ctx, p.bob.ID); err != nil {
			t.Fatal(err)
		}
		_, err := p.UpdateProfile(ctx, p.bob.ID, func(*models.User) (models.Profile, error) {
			return models.Profile{Name: "Bob"}, nil
		})
		if !errors.Is(err, auth.ErrSessionEnded) {
			t.Errorf("profile: %v", err)
		}
	})
}
