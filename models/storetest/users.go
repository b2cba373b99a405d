package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"testing"

	"gin-blog/models"
)

// userCases are the cases of models.UserStore.
var userCases = []testCase{
	{"users are found by id, name and email", usersAreFound},
	{"names and emails are taken once", namesAreTakenOnce},
	{"one of many creates of a name wins", oneCreateWins},
	{"a name is freed and taken", nameIsFreedAndTaken},
	{"profiles change field by field", profilesChange},
	{"roles change at once", rolesChange},
	{"a password change ends the other sessions", passwordChangeEndsOtherSessions},
	{"one of many password changes wins", onePasswordChangeWins},
	{"a hash is renewed if it is the old one", hashIsRenewed},
	{"users are deleted and their posts stay", usersAreDeleted},
	{"users are listed newest first", usersAreListed},
	{"the author of all posts is told", soleAuthorIsTold},
}

func usersAreFound(t *testing.T, store models.Store) {
	want := &models.User{
		ID: models.NewID(), Username: "Alice", Email: "Alice@Example.com", Name: "Alice Liddell",
		Bio:  "Down the\nrabbit hole",
		Role: models.RoleAdmin, PasswordHash: "$2a$10$hash", CreatedAt: now(),
	}
	if err := store.CreateUser(t.Context(), want); err != nil {
		t.Fatalf("create: %v", err)
	}
	newUser(t, store, "bob")
	kess := makeUser("kess") // which has two letters that others are folded to
	kess.Email = "kess@example.com"
	if err := store.CreateUser(t.Context(), kess); err != nil {
		t.Fatalf("create: %v", err)
	}

	for name, find := range map[string]func() (*models.User, error){
		"by id":                  func() (*models.User, error) { return store.UserByID(t.Context(), want.ID) },
		"by name":                func() (*models.User, error) { return store.UserByUsername(t.Context(), "Alice") },
		"by name, another case":  func() (*models.User, error) { return store.UserByUsername(t.Context(), "aLICE") },
		"by email":               func() (*models.User, error) { return store.UserByEmail(t.Context(), "Alice@Example.com") },
		"by email, another case": func() (*models.User, error) { return store.UserByEmail(t.Context(), "alice@example.COM") },
	} {
		got, err := find()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
	}
	for name, find := range map[string]func() (*models.User, error){
		"by an unknown id":      func() (*models.User, error) { return store.UserByID(t.Context(), models.NewID()) },
		"by an unknown name":    func() (*models.User, error) { return store.UserByUsername(t.Context(), "carol") },
		"by part of a name":     func() (*models.User, error) { return store.UserByUsername(t.Context(), "Alic") },
		"by a pattern":          func() (*models.User, error) { return store.UserByUsername(t.Context(), "%") },
		"by the empty name":     func() (*models.User, error) { return store.UserByUsername(t.Context(), "") },
		"by an unknown email":   func() (*models.User, error) { return store.UserByEmail(t.Context(), "bob@example.com") },
		"by no email, as bob's": func() (*models.User, error) { return store.UserByEmail(t.Context(), "") },
		"by a name with a NUL":  func() (*models.User, error) { return store.UserByUsername(t.Context(), "Alice\x00") },
	} {
		if got, err := find(); !errors.Is(err, models.ErrUserNotFound) {
			t.Errorf("%s: got %+v and %v, want ErrUserNotFound", name, got, err)
		}
	}
	for _, name := range []string{
		"\uff4bess", "\uff2bESS", "k\u00adess", "ke\u200bss", "kess\ufeff", "\u212aess", "ke\u017fs", "k\u00e9ss",
		"k\u0435ss", "kess ", " kess", "kess\x00", "ke\u0301ss",
	} {
		if got, err := store.UserByUsername(t.Context(), name); !errors.Is(err, models.ErrUserNotFound) {
			t.Errorf("by the name %q: got %+v and %v, want ErrUserNotFound", name, got, err)
		}
		if got, err := store.UserByEmail(t.Context(), name+"@example.com"); !errors.Is(err, models.ErrUserNotFound) {
			t.Errorf("by an email of %q: got %+v and %v, want ErrUserNotFound", name, got, err)
		}
		if err := store.SetRole(t.Context(), name, models.RoleAdmin); !errors.Is(err, models.ErrUserNotFound) {
			t.Errorf("a role for %q: got %v, want ErrUserNotFound", name, err)
		}
	}
}

func namesAreTakenOnce(t *testing.T, store models.Store) {
	first := newUser(t, store, "alice")
	withEmail := makeUser("bob")
	withEmail.Email = "bob@example.com"
	if err := store.CreateUser(t.Context(), withEmail); err != nil {
		t.Fatalf("create bob: %v", err)
	}
	newUser(t, store, "carol") // a second user without an email

	for _, c := range []struct {
		username, email string
		want            error
	}{
		{"alice", "", models.ErrUsernameTaken},
		{"ALICE", "", models.ErrUsernameTaken},
		{"dora", "bob@example.com", models.ErrEmailTaken},
		{"dora", "BOB@EXAMPLE.COM", models.ErrEmailTaken},
		{"Alice", "Bob@example.com", models.ErrUsernameTaken},
	} {
		u := makeUser(c.username)
		u.Email = c.email
		if err := store.CreateUser(t.Context(), u); !errors.Is(err, c.want) {
			t.Errorf("create %s <%s>: got %v, want %v", c.username, c.email, err, c.want)
		}
	}
	got, err := store.UserByUsername(t.Context(), "alice")
	if err != nil || got.ID != first.ID {
		t.Errorf("alice is now %+v, %v; want the first", got, err)
	}
}

func oneCreateWins(t *testing.T, store models.Store) {
	spellings := []string{"alice", "Alice"}
	won := atOnce(t, crowd, func(i int) error {
		return store.CreateUser(t.Context(), makeUser(spellings[i%2]))
	}, models.ErrUsernameTaken)
	if won != 1 {
		t.Errorf("%d of %d creates of one name succeeded, want 1", won, crowd)
	}

	names := func(i int) string { return "user" + string(rune('A'+i%26)) + string(rune('a'+i/26)) }
	emails := []string{"mail@example.com", "MAIL@example.com"}
	won = atOnce(t, crowd, func(i int) error {
		u := makeUser(names(i))
		u.Email = emails[i%2]
		return store.CreateUser(t.Context(), u)
	}, models.ErrEmailTaken)
	if won != 1 {
		t.Errorf("%d of %d creates of one email succeeded, want 1", won, crowd)
	}
}

func profilesChange(t *testing.T, store models.Store) {
	u := newUser(t, store, "alice")
	other := makeUser("bob")
	other.Email = "bob@example.com"
	if err := store.CreateUser(t.Context(), other); err != nil {
		t.Fatalf("create bob: %v", err)
	}
	want := *u
	for _, set := range []func(*models.User){
		func(*models.User) {},
		func(u *models.User) { u.Name, u.Bio = "A. L.", "Hi\n" },
		func(u *models.User) { u.Email = "alice@example.com" },
		func(u *models.User) { u.Email = "ALICE@example.com" },
		func(u *models.User) { u.Name = "" },
		func(u *models.User) { u.Email = "" },
	} {
		set(&want)
		got, err := store.UpdateUser(t.Context(), u.ID, sets(set))
		if err != nil || !reflect.DeepEqual(got, &want) {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
		if got, err := store.UserByID(t.Context(), u.ID); err != nil || !reflect.DeepEqual(got, &want) {
			t.Errorf("read: got %+v, %v, want %+v", got, err, want)
		}
	}
	taken := sets(func(u *models.User) { u.Name, u.Email = "x", "BOB@example.com" })
	if _, err := store.UpdateUser(t.Context(), u.ID, taken); !errors.Is(err, models.ErrEmailTaken) {
		t.Errorf("bob's email: got %v, want ErrEmailTaken", err)
	}
	if got, err := store.UserByID(t.Context(), u.ID); err != nil || got.Name != "" {
		t.Errorf("a refused change left %+v, %v", got, err)
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
	err = store.ChangePassword(t.Context(), u.ID, u.PasswordVersion, "$2a$10$late", kept.ID)
	if !errors.Is(err, models.ErrPasswordChanged) {
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
		got, err := store.PostByID(t.Context(), p.ID)
		if err != nil || p.Author != nil || got.Author != nil || got.AuthorID != u.ID {
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

// nameIsFreedAndTaken: a register during a delete of the same name gets the name or hears that it is taken.
func nameIsFreedAndTaken(t *testing.T, store models.Store) {
	for round := range 10 {
		name := fmt.Sprintf("round%d", round)
		u := newUser(t, store, name)
		won := atOnce(t, 4, func(i int) error {
			if i == 0 {
				return store.DeleteUser(t.Context(), u.ID)
			}
			return store.CreateUser(t.Context(), makeUser(name))
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

func soleAuthorIsTold(t *testing.T, store models.Store) {
	check := func(when string, want *models.User) {
		t.Helper()
		got, err := store.SoleAuthor(t.Context())
		switch {
		case want == nil && !errors.Is(err, models.ErrUserNotFound):
			t.Errorf("%s: got %+v and the error %v, want none", when, got, err)
		case want != nil && (err != nil || !reflect.DeepEqual(got, want)):
			t.Errorf("%s: got %+v and the error %v, want %+v", when, got, err, want)
		}
	}
	alice, bob := newUser(t, store, "alice"), newUser(t, store, "bob")
	check("without posts", nil)
	createPosts(t, store, alice, 3)
	check("with one author", alice)
	byBob := createPosts(t, store, bob, 1)[0]
	check("with two authors", nil)
	if err := store.DeletePost(t.Context(), byBob, always); err != nil {
		t.Fatal(err)
	}
	check("with one author again", alice)
	if err := store.DeleteUser(t.Context(), alice.ID); err != nil {
		t.Fatal(err)
	}
	check("with a former member", nil)
}
