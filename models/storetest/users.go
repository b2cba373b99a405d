package storetest

import (
	"errors"
	"reflect"
	"testing"

	"gin-blog/models"
)

func usersAreFound(t *testing.T, store models.Store) {
	want := &models.User{
		ID: models.NewID(), Username: "Alice", Email: "Alice@Example.com", Name: "Alice Liddell", Bio: "Down the\nrabbit hole",
		Role: models.RoleAdmin, PasswordHash: "$2a$10$hash", CreatedAt: now(),
	}
	if err := store.CreateUser(t.Context(), want); err != nil {
		t.Fatalf("create: %v", err)
	}
	newUser(t, store, "bob")

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
}

func namesAreTakenOnce(t *testing.T, store models.Store) {
	first := newUser(t, store, "alice")
	withEmail := &models.User{ID: models.NewID(), Username: "bob", Email: "bob@example.com", Role: models.RoleUser, CreatedAt: now()}
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
		u := &models.User{ID: models.NewID(), Username: c.username, Email: c.email, Role: models.RoleUser, CreatedAt: now()}
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
		return store.CreateUser(t.Context(), &models.User{
			ID: models.NewID(), Username: spellings[i%2], Role: models.RoleUser, CreatedAt: now(),
		})
	}, models.ErrUsernameTaken)
	if won != 1 {
		t.Errorf("%d of %d creates of one name succeeded, want 1", won, crowd)
	}

	names := func(i int) string { return "user" + string(rune('A'+i%26)) + string(rune('a'+i/26)) }
	emails := []string{"mail@example.com", "MAIL@example.com"}
	won = atOnce(t, crowd, func(i int) error {
		return store.CreateUser(t.Context(), &models.User{
			ID: models.NewID(), Username: names(i), Email: emails[i%2], Role: models.RoleUser, CreatedAt: now(),
		})
	}, models.ErrEmailTaken)
	if won != 1 {
		t.Errorf("%d of %d creates of one email succeeded, want 1", won, crowd)
	}
}
