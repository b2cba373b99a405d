package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"gin-blog/models"
)

func text(s string) *string { return &s }

func profilesChange(t *testing.T, store models.Store) {
	u := newUser(t, store, "alice")
	other := &models.User{ID: models.NewID(), Username: "bob", Email: "bob@example.com", Role: models.RoleUser, CreatedAt: now()}
	if err := store.CreateUser(t.Context(), other); err != nil {
		t.Fatalf("create bob: %v", err)
	}
	want := *u
	for _, step := range []struct {
		change models.ProfileChange
		then   func()
	}{
		{models.ProfileChange{}, func() {}},
		{models.ProfileChange{Name: text("A. L."), Bio: text("Hi\n")}, func() { want.Name, want.Bio = "A. L.", "Hi\n" }},
		{models.ProfileChange{Email: text("alice@example.com")}, func() { want.Email = "alice@example.com" }},
		{models.ProfileChange{Email: text("ALICE@example.com")}, func() { want.Email = "ALICE@example.com" }},
		{models.ProfileChange{Name: text("")}, func() { want.Name = "" }},
		{models.ProfileChange{Email: text("")}, func() { want.Email = "" }},
	} {
		step.then()
		got, err := store.UpdateProfile(t.Context(), u.ID, step.change)
		if err != nil || !reflect.DeepEqual(got, &want) {
			t.Errorf("change %+v: got %+v, %v, want %+v", step.change, got, err, want)
		}
		if got, err := store.UserByID(t.Context(), u.ID); err != nil || !reflect.DeepEqual(got, &want) {
			t.Errorf("read after %+v: got %+v, %v, want %+v", step.change, got, err, want)
		}
	}
	if _, err := store.UpdateProfile(t.Context(), u.ID, models.ProfileChange{Name: text("x"), Email: text("BOB@example.com")}); !errors.Is(err, models.ErrEmailTaken) {
		t.Errorf("bob's email: got %v, want ErrEmailTaken", err)
	}
	if got, err := store.UserByID(t.Context(), u.ID); err != nil || got.Name != "" {
		t.Errorf("a refused change left %+v, %v", got, err)
	}
	if _, err := store.UpdateProfile(t.Context(), models.NewID(), models.ProfileChange{Name: text("x")}); !errors.Is(err, models.ErrUserNotFound) {
		t.Errorf("an unknown user: got %v, want ErrUserNotFound", err)
	}
	if _, err := store.UserByEmail(t.Context(), "alice@example.com"); !errors.Is(err, models.ErrUserNotFound) {
		t.Errorf("the email that was removed: got %v, want ErrUserNotFound", err)
	}
}

func rolesChange(t *testing.T, store models.Store) {
	u := newUser(t, store, "alice")
	s := createSession(t, store, u, "one")
	for _, role := range []models.Role{models.RoleAdmin, models.RoleAdmin, models.RoleUser} {
		if err := store.SetRole(t.Context(), "ALICE", role); err != nil {
			t.Fatalf("set role %s: %v", role, err)
		}
		if _, got, err := store.LiveSession(t.Context(), s.ID, now()); err != nil || got.Role != role {
			t.Errorf("the session sees %+v, %v, want the role %s", got, err, role)
		}
	}
	if err := store.SetRole(t.Context(), "bob", models.RoleAdmin); !errors.Is(err, models.ErrUserNotFound) {
		t.Errorf("an unknown user: got %v, want ErrUserNotFound", err)
	}
}

func passwordChangeEndsOtherSessions(t *testing.T, store models.Store) {
	u, stranger := newUser(t, store, "alice"), newUser(t, store, "bob")
	kept, ended := createSession(t, store, u, "kept"), createSession(t, store, u, "ended")
	untouched := createSession(t, store, stranger, "bob's")

	if err := store.ChangePassword(t.Context(), u.ID, u.PasswordVersion, "$2a$10$new", kept.ID); err != nil {
		t.Fatalf("change: %v", err)
	}
	late := createSession(t, store, u, "of a login that began before the change")
	changed, err := store.UserByID(t.Context(), u.ID)
	if err != nil || changed.PasswordHash != "$2a$10$new" || changed.PasswordVersion == u.PasswordVersion {
		t.Fatalf("the user is %+v, %v", changed, err)
	}
	fresh := newSession(u, "of a login after the change")
	fresh.PasswordVersion = changed.PasswordVersion
	if err := store.CreateSession(t.Context(), fresh); err != nil {
		t.Fatalf("create session: %v", err)
	}

	for _, s := range []*models.Session{kept, fresh, untouched} {
		if _, _, err := store.LiveSession(t.Context(), s.ID, now()); err != nil {
			t.Errorf("session %s: %v, want it to live", s.RefreshID, err)
		}
	}
	for _, s := range []*models.Session{ended, late} {
		if _, _, err := store.LiveSession(t.Context(), s.ID, now()); !errors.Is(err, models.ErrSessionNotFound) {
			t.Errorf("session %s: %v, want it ended", s.RefreshID, err)
		}
	}
	live, err := store.LiveSessions(t.Context(), u.ID, now())
	if err != nil || len(live) != 2 {
		t.Errorf("live sessions: %+v, %v, want 2", live, err)
	}
	if err := store.ChangePassword(t.Context(), u.ID, u.PasswordVersion, "$2a$10$late", kept.ID); !errors.Is(err, models.ErrPasswordChanged) {
		t.Errorf("change from the old version: got %v, want ErrPasswordChanged", err)
	}
	if err := store.ChangePassword(t.Context(), u.ID, changed.PasswordVersion, "$2a$10$third", fresh.ID); err != nil {
		t.Errorf("change again: %v", err)
	}
	if _, _, err := store.LiveSession(t.Context(), kept.ID, now()); !errors.Is(err, models.ErrSessionNotFound) {
		t.Errorf("the session kept at first: %v, want it ended by the second change", err)
	}
	if _, _, err := store.LiveSession(t.Context(), fresh.ID, now()); err != nil {
		t.Errorf("the session kept now: %v", err)
	}
}

func onePasswordChangeWins(t *testing.T, store models.Store) {
	u := newUser(t, store, "alice")
	won := atOnce(t, crowd, func(i int) error {
		return store.ChangePassword(t.Context(), u.ID, 0, fmt.Sprintf("$2a$10$%d", i), models.ID{})
	}, models.ErrPasswordChanged)
	if won != 1 {
		t.Errorf("%d of %d changes from one password succeeded, want 1", won, crowd)
	}
}

func hashIsRenewed(t *testing.T, store models.Store) {
	u := newUser(t, store, "alice")
	s := createSession(t, store, u, "one")
	for _, c := range []struct{ from, to, want string }{
		{u.PasswordHash, "$2a$12$new", "$2a$12$new"},
		{u.PasswordHash, "$2a$12$late", "$2a$12$new"},
	} {
		if err := store.RenewHash(t.Context(), u.ID, c.from, c.to); err != nil {
			t.Errorf("renew: %v", err)
		}
		if _, got, err := store.LiveSession(t.Context(), s.ID, now()); err != nil || got.PasswordHash != c.want {
			t.Errorf("the session sees %+v, %v, want the hash %s", got, err, c.want)
		}
	}
}

func usersAreDeleted(t *testing.T, store models.Store) {
	u, other := newUser(t, store, "alice"), newUser(t, store, "bob")
	mine, others := createSession(t, store, u, "mine"), createSession(t, store, other, "bob's")
	ids := createPosts(t, store, u, 3)
	for range 2 {
		if err := store.DeleteUser(t.Context(), u.ID); err != nil {
			t.Fatalf("delete: %v", err)
		}
	}
	if _, err := store.UserByUsername(t.Context(), "alice"); !errors.Is(err, models.ErrUserNotFound) {
		t.Errorf("the user: got %v, want ErrUserNotFound", err)
	}
	if _, _, err := store.LiveSession(t.Context(), mine.ID, now()); !errors.Is(err, models.ErrSessionNotFound) {
		t.Errorf("their session: got %v, want ErrSessionNotFound", err)
	}
	if live, err := store.LiveSessions(t.Context(), u.ID, now()); err != nil || len(live) != 0 {
		t.Errorf("their sessions: got %v, %v, want none", live, err)
	}
	if _, _, err := store.LiveSession(t.Context(), others.ID, now()); err != nil {
		t.Errorf("another user's session: %v", err)
	}
	posts, _, err := store.Posts(t.Context(), models.PostFilter{Limit: 10})
	if err != nil || len(posts) != len(ids) {
		t.Fatalf("posts: %v, %v, want all %d", posts, err, len(ids))
	}
	newUser(t, store, "Alice") // the name is free, and the posts are not the newcomer's
	for _, p := range posts {
		if got, err := store.PostByID(t.Context(), p.ID); err != nil || p.Author != nil || got.Author != nil || got.AuthorID != u.ID {
			t.Errorf("post: %+v, %v, want it without an author", got, err)
		}
	}
}

func usersAreListed(t *testing.T, store models.Store) {
	var want []string
	for i := range 5 {
		name := fmt.Sprintf("user%d", i)
		newUser(t, store, name)
		want = append([]string{name}, want...)
	}
	var got []string
	filter := models.UserFilter{Limit: 2}
	for {
		page, err := store.Users(t.Context(), filter)
		if err != nil {
			t.Fatalf("list: %v", err)
		}
		for _, u := range page {
			got = append(got, u.Username)
		}
		if len(page) < filter.Limit {
			break
		}
		filter.After = page[len(page)-1].ID
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func sessionsAreListedAndEnded(t *testing.T, store models.Store) {
	u, other := newUser(t, store, "alice"), newUser(t, store, "bob")
	first, second := createSession(t, store, u, "first"), createSession(t, store, u, "second")
	others := createSession(t, store, other, "bob's")
	expired := newSession(u, "expired")
	expired.ExpiresAt = now().Add(-time.Second)
	if err := store.CreateSession(t.Context(), expired); err != nil {
		t.Fatalf("create session: %v", err)
	}
	if _, err := store.SwapRefreshID(t.Context(), first.ID, "first", "used", now().Add(time.Minute)); err != nil {
		t.Fatalf("use a session: %v", err)
	}
	live, err := store.LiveSessions(t.Context(), u.ID, now())
	if err != nil || len(live) != 2 || live[0].ID != first.ID || !reflect.DeepEqual(&live[1], second) {
		t.Errorf("got %+v, %v, want the one used last and %+v", live, err, second)
	}
	if err := store.DeleteSessionOf(t.Context(), u.ID, others.ID); !errors.Is(err, models.ErrSessionNotFound) {
		t.Errorf("end another user's session: got %v, want ErrSessionNotFound", err)
	}
	if err := store.DeleteSessionOf(t.Context(), u.ID, first.ID); err != nil {
		t.Errorf("end one: %v", err)
	}
	if err := store.DeleteSessionOf(t.Context(), u.ID, first.ID); !errors.Is(err, models.ErrSessionNotFound) {
		t.Errorf("end it again: got %v, want ErrSessionNotFound", err)
	}
	if live, err := store.LiveSessions(t.Context(), u.ID, now()); err != nil || len(live) != 1 {
		t.Errorf("got %+v, %v, want the other one", live, err)
	}
	if err := store.DeleteSessions(t.Context(), u.ID); err != nil {
		t.Errorf("end all: %v", err)
	}
	if live, err := store.LiveSessions(t.Context(), u.ID, now()); err != nil || len(live) != 0 {
		t.Errorf("got %+v, %v, want none", live, err)
	}
	if _, _, err := store.LiveSession(t.Context(), others.ID, now()); err != nil {
		t.Errorf("another user's session: %v", err)
	}
}

func sessionsAreBounded(t *testing.T, store models.Store) {
	u := newUser(t, store, "alice")
	var oldest, second *models.Session
	for i := range models.MaxSessions {
		s := newSession(u, "r")
		s.LastUsedAt = now().Add(time.Duration(i) * time.Second)
		if err := store.CreateSession(t.Context(), s); err != nil {
			t.Fatalf("create session %d: %v", i, err)
		}
		switch i {
		case 0:
			oldest = s
		case 1:
			second = s
		}
	}
	if _, err := store.SwapRefreshID(t.Context(), oldest.ID, "r", "used", now().Add(time.Hour/2)); err != nil {
		t.Fatalf("use the oldest: %v", err)
	}
	last := newSession(u, "one more")
	last.LastUsedAt = now().Add(time.Hour / 2)
	if err := store.CreateSession(t.Context(), last); err != nil {
		t.Fatalf("create one more: %v", err)
	}
	for _, s := range []*models.Session{oldest, last} {
		if _, _, err := store.LiveSession(t.Context(), s.ID, now()); err != nil {
			t.Errorf("session %s: %v", s.RefreshID, err)
		}
	}
	if _, _, err := store.LiveSession(t.Context(), second.ID, now()); !errors.Is(err, models.ErrSessionNotFound) {
		t.Errorf("the one used longest ago: got %v, want ErrSessionNotFound", err)
	}
	if live, err := store.LiveSessions(t.Context(), u.ID, now()); err != nil || len(live) != models.MaxSessions {
		t.Errorf("%d live sessions, %v, want %d", len(live), err, models.MaxSessions)
	}
}

func postsChange(t *testing.T, store models.Store) {
	author, other := newUser(t, store, "alice"), newUser(t, store, "bob")
	p := newPost(author, "My Post")
	p.Tags = []string{"go"}
	if _, err := store.CreatePost(t.Context(), p, nil); err != nil {
		t.Fatalf("create: %v", err)
	}
	want := *p
	want.Author = &models.Author{ID: author.ID, Username: "alice"}
	noTags, twoTags := []string{}, []string{"gin", "go"}
	for i, step := range []struct {
		change models.PostChange
		then   func()
	}{
		{models.PostChange{Title: text("Title")}, func() { want.Title = "Title" }},
		{models.PostChange{Content: text("a\x00b"), Tags: &twoTags}, func() { want.Content, want.Tags = "a\x00b", twoTags }},
		{models.PostChange{Title: text("T"), Content: text("C"), Tags: &noTags}, func() { want.Title, want.Content, want.Tags = "T", "C", noTags }},
	} {
		step.change.UpdatedAt = now().Add(time.Duration(i) * time.Minute)
		want.UpdatedAt = step.change.UpdatedAt
		want.Version++
		step.then()
		got, err := store.UpdatePost(t.Context(), p.ID, author.ID, step.change)
		if err != nil || !reflect.DeepEqual(got, &want) {
			t.Errorf("change %d: got %+v, %v, want %+v", i, got, err, want)
		}
		if got, err := store.PostByID(t.Context(), p.ID); err != nil || !reflect.DeepEqual(got, &want) {
			t.Errorf("read after change %d: got %+v, %v, want %+v", i, got, err, want)
		}
	}
	change := models.PostChange{Title: text("stolen"), UpdatedAt: now()}
	if _, err := store.UpdatePost(t.Context(), p.ID, other.ID, change); !errors.Is(err, models.ErrPostNotFound) {
		t.Errorf("change as another author: got %v, want ErrPostNotFound", err)
	}
	if _, err := store.UpdatePost(t.Context(), models.NewID(), author.ID, change); !errors.Is(err, models.ErrPostNotFound) {
		t.Errorf("change an unknown post: got %v, want ErrPostNotFound", err)
	}
	if err := store.DeletePost(t.Context(), p.ID, other.ID, nil); !errors.Is(err, models.ErrPostNotFound) {
		t.Errorf("delete as another author: got %v, want ErrPostNotFound", err)
	}
	if err := store.DeletePost(t.Context(), p.ID, author.ID, nil); err != nil {
		t.Errorf("delete: %v", err)
	}
	if err := store.DeletePost(t.Context(), p.ID, author.ID, nil); !errors.Is(err, models.ErrPostNotFound) {
		t.Errorf("delete again: got %v, want ErrPostNotFound", err)
	}
	if _, err := store.PostByID(t.Context(), p.ID); !errors.Is(err, models.ErrPostNotFound) {
		t.Errorf("read once deleted: got %v, want ErrPostNotFound", err)
	}
}

// nameIsFreedAndTaken: a register during a delete of the same name gets the name or hears that it is taken.
func nameIsFreedAndTaken(t *testing.T, store models.Store) {
	for round := range 10 {
		name := fmt.Sprintf("round%d", round)
		u := newUser(t, store, name)
		won := atOnce(t, 4, func(i int) error {
			if i == 0 {
				return store.DeleteUser(t.Context(), u.ID)
			}
			return store.CreateUser(t.Context(), &models.User{ID: models.NewID(), Username: name, Role: models.RoleUser, CreatedAt: now()})
		}, models.ErrUsernameTaken)
		if won < 1 || won > 2 {
			t.Errorf("%d successes, want the delete and at most one create", won)
		}
		_, err := store.UserByUsername(t.Context(), name)
		if exists := err == nil; exists != (won == 2) {
			t.Errorf("after %d successes the user exists: %v (%v)", won, exists, err)
		}
	}
}
