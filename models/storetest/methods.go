package storetest

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"gin-blog/models"
)

// endedCases are about stores that were closed, and callers that hung up.
var endedCases = []testCase{
	{"a closed store is unavailable", closedStoreIsUnavailable},
	{"a canceled call is canceled", canceledCallIsCanceled},
}

// method is a call of one method of models.Store, named as the method.
type method struct {
	name string
	call func(ctx context.Context, store models.Store) error
}

// methods returns a call of every method but Close.
func methods() []method {
	user := *makeUser("alice")
	post := *newPost(&user, "title")
	ping := method{"Ping", func(ctx context.Context, s models.Store) error { return s.Ping(ctx) }}
	return slices.Concat(userMethods(user), postMethods(post), commentMethods(*makeComment(&post, &user, "text")),
		draftMethods(*newDraft(&user, "title")), sessionMethods(newSession(&user, "refresh id")), controlMethods(user),
		[]method{ping})
}

func userMethods(u models.User) []method {
	type store = models.Store
	return []method{
		{"CreateUser", func(ctx context.Context, s store) error { return s.CreateUser(ctx, &u) }},
		{"UserByID", func(ctx context.Context, s store) error { return second(s.UserByID(ctx, u.ID)) }},
		{"UserByUsername", func(ctx context.Context, s store) error { return second(s.UserByUsername(ctx, "alice")) }},
		{"UserByEmail", func(ctx context.Context, s store) error { return second(s.UserByEmail(ctx, "a@b.co")) }},
		{"SoleAuthor", func(ctx context.Context, s store) error { return second(s.SoleAuthor(ctx)) }},
		{"Users", func(ctx context.Context, s store) error { return second(s.Users(ctx, models.UserFilter{Limit: 1})) }},
		{"UpdateUser", func(ctx context.Context, s store) error {
			return second(s.UpdateUser(ctx, u.ID, sets(func(u *models.User) { u.Name = "A. L." })))
		}},
		{"SetRole", func(ctx context.Context, s store) error { return s.SetRole(ctx, "alice", models.RoleAdmin) }},
		{"ChangePassword", func(ctx context.Context, s store) error {
			return s.ChangePassword(ctx, u.ID, 0, "$2a$10$new", models.ID{})
		}},
		{"RenewHash", func(ctx context.Context, s store) error { return s.RenewHash(ctx, u.ID, "from", "to") }},
		{"DeleteUser", func(ctx context.Context, s store) error { return s.DeleteUser(ctx, models.NewID()) }},
	}
}

func postMethods(p models.Post) []method {
	type store = models.Store
	page := models.PostFilter{Limit: 1}
	return []method{
		{"CreatePost", func(ctx context.Context, s store) error { return second(s.CreatePost(ctx, &p, nil)) }},
		{"PostByID", func(ctx context.Context, s store) error { return second(s.PostByID(ctx, p.ID)) }},
		{"Posts", func(ctx context.Context, s store) error { _, _, err := s.Posts(ctx, page); return err }},
		{"PostLinks", func(ctx context.Context, s store) error {
			return second(s.PostLinks(ctx, models.PostRange{Limit: 1}))
		}},
		{"Tags", func(ctx context.Context, s store) error { return second(s.Tags(ctx)) }},
		{"SkipPosts", func(ctx context.Context, s store) error { return second(s.SkipPosts(ctx, p.ID, 1)) }},
		{"UpdatePost", func(ctx context.Context, s store) error {
			return second(s.UpdatePost(ctx, p.ID, setTitle("new")))
		}},
		{"DeletePost", func(ctx context.Context, s store) error { return s.DeletePost(ctx, p.ID, always) }},
	}
}

func commentMethods(c models.Comment) []method {
	type store = models.Store
	return []method{
		{"CreateComment", func(ctx context.Context, s store) error { return second(s.CreateComment(ctx, &c, nil)) }},
		{"CommentByID", func(ctx context.Context, s store) error { return second(s.CommentByID(ctx, c.ID)) }},
		{"Thread", func(ctx context.Context, s store) error {
			_, _, err := s.Thread(ctx, models.ThreadFilter{PostID: c.PostID, Limit: 1})
			return err
		}},
		{"Comments", func(ctx context.Context, s store) error {
			_, _, err := s.Comments(ctx, models.CommentFilter{Limit: 1})
			return err
		}},
		{"UpdateComment", func(ctx context.Context, s store) error {
			return second(s.UpdateComment(ctx, c.ID, sets(func(c *models.Comment) { c.Content = "new" })))
		}},
		{"DeleteComment", func(ctx context.Context, s store) error { return s.DeleteComment(ctx, c.ID, always) }},
		{"Sweep", func(ctx context.Context, s store) error { return second(s.Sweep(ctx, now())) }},
		{"Derive", func(ctx context.Context, s store) error { return second(s.Derive(ctx)) }},
	}
}

func draftMethods(d models.Draft) []method {
	type store = models.Store
	return []method{
		{"CreateDraft", func(ctx context.Context, s store) error { return s.CreateDraft(ctx, &d) }},
		{"DraftByID", func(ctx context.Context, s store) error { return second(s.DraftByID(ctx, d.ID)) }},
		{"Drafts", func(ctx context.Context, s store) error {
			_, _, err := s.Drafts(ctx, models.DraftFilter{AuthorID: d.AuthorID, Limit: 1})
			return err
		}},
		{"UpdateDraft", func(ctx context.Context, s store) error {
			return second(s.UpdateDraft(ctx, d.ID, sets(func(d *models.Draft) { d.Title = "new" })))
		}},
		{"DeleteDraft", func(ctx context.Context, s store) error { return s.DeleteDraft(ctx, d.ID, always) }},
		{"PublishDraft", func(ctx context.Context, s store) error {
			_, _, err := s.PublishDraft(ctx, d.ID, d.AuthorID, becomePost(now()))
			return err
		}},
		{"DueDrafts", func(ctx context.Context, s store) error {
			return second(s.DueDrafts(ctx, now(), models.DueDraft{}, 1))
		}},
	}
}

func sessionMethods(session *models.Session) []method {
	type store = models.Store
	id, user := session.ID, session.UserID
	return []method{
		{"CreateSession", func(ctx context.Context, s store) error { return s.CreateSession(ctx, session) }},
		{"LiveSession", func(ctx context.Context, s store) error { _, _, err := s.LiveSession(ctx, id, now()); return err }},
		{"SwapRefreshID", func(ctx context.Context, s store) error {
			return second(s.SwapRefreshID(ctx, id, "from", "to", now()))
		}},
		{"NoteSessionUse", func(ctx context.Context, s store) error { return s.NoteSessionUse(ctx, id, now()) }},
		{"LiveSessions", func(ctx context.Context, s store) error { return second(s.LiveSessions(ctx, user, now())) }},
		{"DeleteSession", func(ctx context.Context, s store) error { return s.DeleteSession(ctx, id) }},
		{"DeleteSessionOf", func(ctx context.Context, s store) error { return s.DeleteSessionOf(ctx, user, id) }},
		{"DeleteSessions", func(ctx context.Context, s store) error { return s.DeleteSessions(ctx, user) }},
	}
}

// second returns the error of a call with two results.
func second[T any](_ T, err error) error { return err }

// methodsAreObserved wants each method to report one operation at least, and the error that it returned.
func methodsAreObserved(t *testing.T, open func(t *testing.T, observe models.Observer) models.Store) {
	var mu sync.Mutex
	var operations []string
	var last error
	store := open(t, func(operation string, took time.Duration, err error) {
		mu.Lock()
		defer mu.Unlock()
		if operation == "" || took < 0 || took > time.Minute {
			t.Errorf("observed %q, which took %s", operation, took)
		}
		operations, last = append(operations, operation), err
	})
	called := map[string]bool{}
	for _, m := range methods() {
		called[m.name] = true
		mu.Lock()
		operations, last = nil, nil
		mu.Unlock()
		err := m.call(t.Context(), store)
		mu.Lock()
		if len(operations) == 0 || !errors.Is(err, last) {
			t.Errorf("%s: returned %v, observed %v and %v", m.name, err, operations, last)
		}
		mu.Unlock()
	}
	for m := range reflect.TypeFor[models.Store]().Methods() {
		_, isBulk := reflect.TypeFor[models.Bulk]().MethodByName(m.Name) // of a copy, which nobody waits for
		if m.Name != "Close" && !isBulk && !called[m.Name] {
			t.Errorf("no case calls %s", m.Name)
		}
	}
}

func closedStoreIsUnavailable(t *testing.T, store models.Store) {
	if err := store.Ping(t.Context()); err != nil {
		t.Fatalf("ping: %v", err)
	}
	for range 2 {
		if err := store.Close(t.Context()); err != nil {
			t.Fatalf("close: %v", err)
		}
	}
	for _, m := range methods() {
		if err := m.call(t.Context(), store); !errors.Is(err, models.ErrUnavailable) {
			t.Errorf("%s after close: got %v, want ErrUnavailable", m.name, err)
		}
	}
}

// canceledCallIsCanceled: a caller that hangs up is told so, unless the call was quick. The database is not to blame.
func canceledCallIsCanceled(t *testing.T, store models.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	search := method{"Posts with words", func(ctx context.Context, s models.Store) error {
		_, _, err := s.Posts(ctx, models.PostFilter{Limit: 1, Words: models.ParseWords("hello")})
		return err
	}}
	for _, m := range append(methods(), search) {
		err := m.call(ctx, store)
		unknown := err != nil && models.KindOf(err) == models.Internal && !errors.Is(err, context.Canceled)
		if unknown || errors.Is(err, models.ErrUnavailable) || errors.Is(err, models.ErrSearchTooLong) {
			t.Errorf("%s: got %v, want Canceled", m.name, err)
		}
	}
	if err := search.call(ctx, store); !errors.Is(err, context.Canceled) {
		t.Errorf("a search: got %v, want Canceled", err)
	}
}
