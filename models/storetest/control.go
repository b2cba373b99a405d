package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"gin-blog/models"
)

// controlCases are the cases of models.AccessTokenStore, models.InvitationStore, models.LogStore, and of suspensions
// and purges.
var controlCases = []testCase{
	{"access tokens are found by hash", tokensAreFound},
	{"access tokens end", tokensEnd},
	{"a user has so many access tokens", tokensAreLimited},
	{"an invitation lets one person register", invitationsWorkOnce},
	{"a refused registration leaves the invitation", invitationsOutliveRefusals},
	{"a suspension ends sessions and tokens", suspensionsEndSessions},
	{"no login outlives a suspension that it crosses", suspensionsWinRaces},
	{"users are found by text and suspension", usersAreFiltered},
	{"nothing of a purged user is shown", purgedUsersAreHidden},
	{"nothing of a purged user appears afterwards", purgesWinRaces},
	{"the log is kept for a year", logIsKept},
}

func makeToken(u *models.User, name string) *models.AccessToken {
	id := models.NewID()
	return &models.AccessToken{
		ID: id, UserID: u.ID, Name: name, Scopes: []string{"posts", "drafts"}, Hash: append([]byte("hash"), id[:]...),
		CreatedAt: now(), PasswordVersion: u.PasswordVersion,
	}
}

func newToken(t *testing.T, store models.Store, u *models.User, name string) *models.AccessToken {
	t.Helper()
	token := makeToken(u, name)
	if err := store.CreateAccessToken(t.Context(), token); err != nil {
		t.Fatalf("create access token: %v", err)
	}
	return token
}

func tokensAreFound(t *testing.T, store models.Store) {
	alice, bob := newUser(t, store, "alice"), newUser(t, store, "bob")
	first := newToken(t, store, alice, "first")
	second := makeToken(alice, "second")
	second.ExpiresAt = now().Add(time.Hour)
	if err := store.CreateAccessToken(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	used := now().Add(time.Minute)
	for _, at := range []time.Time{used, now()} { // the later one stays
		if err := store.NoteTokenUse(t.Context(), first.ID, at); err != nil {
			t.Fatal(err)
		}
	}
	first.LastUsedAt = used
	for _, want := range []*models.AccessToken{first, second} {
		got, user, err := store.AccessTokenByHash(t.Context(), want.Hash)
		if err != nil || !isEqual(*got, *want) || user.ID != alice.ID {
			t.Errorf("got %+v of %+v, %v, want %+v", got, user, err, want)
		}
	}
	if _, _, err := store.AccessTokenByHash(t.Context(), []byte("other")); !errors.Is(err, models.ErrTokenNotFound) {
		t.Errorf("another hash: %v", err)
	}
	list, err := store.AccessTokens(t.Context(), alice.ID)
	if err != nil || len(list) != 2 || !isEqual(list[0], *second) || !isEqual(list[1], *first) {
		t.Errorf("the list is %+v, %v", list, err)
	}
	if list, err := store.AccessTokens(t.Context(), bob.ID); err != nil || len(list) != 0 {
		t.Errorf("the list of another user is %+v, %v", list, err)
	}
}

func isEqual(a, b models.AccessToken) bool { return fmt.Sprintf("%+v", a) == fmt.Sprintf("%+v", b) }

// tokenIsLive wants a token to be found, or not.
func tokenIsLive(t *testing.T, store models.Store, when string, token *models.AccessToken, want bool) {
	t.Helper()
	_, _, err := store.AccessTokenByHash(t.Context(), token.Hash)
	if want && err != nil || !want && !errors.Is(err, models.ErrTokenNotFound) {
		t.Errorf("%s: got %v, want it to be live: %v", when, err, want)
	}
	list, err := store.AccessTokens(t.Context(), token.UserID)
	isListed := slices.ContainsFunc(list, func(other models.AccessToken) bool { return other.ID == token.ID })
	if err != nil || isListed != want {
		t.Errorf("%s: listed %v, %v, want %v", when, isListed, err, want)
	}
}

func tokensEnd(t *testing.T, store models.Store) {
	alice, bob := newUser(t, store, "alice"), newUser(t, store, "bob")
	deleted, other, kept := newToken(t, store, alice, "a"), newToken(t, store, alice, "b"), newToken(t, store, bob, "c")
	err := store.DeleteAccessToken(t.Context(), bob.ID, deleted.ID)
	if !errors.Is(err, models.ErrTokenNotFound) {
		t.Errorf("another user deletes it: %v", err)
	}
	tokenIsLive(t, store, "before it is deleted", deleted, true)
	if err := store.DeleteAccessToken(t.Context(), alice.ID, deleted.ID); err != nil {
		t.Fatal(err)
	}
	tokenIsLive(t, store, "deleted", deleted, false)
	if err := store.ChangePassword(t.Context(), alice.ID, 0, "$2a$10$b", models.NewID()); err != nil {
		t.Fatal(err)
	}
	tokenIsLive(t, store, "after a change of the password", other, true)
	if err := store.ChangePassword(t.Context(), alice.ID, 1, "$2a$10$c", models.ID{}); err != nil {
		t.Fatal(err)
	}
	tokenIsLive(t, store, "after a reset", other, false)
	late := newToken(t, store, alice, "of a session from before")
	tokenIsLive(t, store, "made by a session from before", late, false)
	tokenIsLive(t, store, "of another user", kept, true)
	if err := store.DeleteUser(t.Context(), bob.ID); err != nil {
		t.Fatal(err)
	}
	tokenIsLive(t, store, "of a deleted user", kept, false)
	if err := store.CreateAccessToken(t.Context(), makeToken(bob, "late")); err == nil {
		t.Error("a user who is gone got a token")
	}
}

func tokensAreLimited(t *testing.T, store models.Store) {
	alice := newUser(t, store, "alice")
	won := atOnce(t, models.MaxAccessTokens+5, func(i int) error {
		return store.CreateAccessToken(t.Context(), makeToken(alice, fmt.Sprint(i)))
	}, models.ErrTooManyTokens)
	if won != models.MaxAccessTokens {
		t.Errorf("%d tokens were made", won)
	}
}

func newInvitation(t *testing.T, store models.Store, expiresAt time.Time) models.Invitation {
	t.Helper()
	i := models.Invitation{ID: models.NewID(), CreatedAt: now(), ExpiresAt: expiresAt}
	if err := store.CreateInvitation(t.Context(), &i); err != nil {
		t.Fatalf("create invitation: %v", err)
	}
	return i
}

func invitationsWorkOnce(t *testing.T, store models.Store) {
	expired, back := newInvitation(t, store, now().Add(-time.Second)), newInvitation(t, store, now().Add(time.Hour))
	first, second := newInvitation(t, store, now().Add(time.Hour)), newInvitation(t, store, now().Add(time.Hour))
	if err := store.DeleteInvitation(t.Context(), back.ID); err != nil {
		t.Fatal(err)
	}
	for _, id := range []models.ID{expired.ID, back.ID, models.NewID()} {
		err := store.CreateInvitedUser(t.Context(), makeUser("nobody"), id, now())
		if !errors.Is(err, models.ErrInvitationVoid) {
			t.Errorf("a void invitation: %v", err)
		}
	}
	list, err := store.Invitations(t.Context(), now())
	if err != nil || !slices.Equal(list, []models.Invitation{second, first}) {
		t.Errorf("the list is %+v, %v", list, err)
	}
	won := atOnce(t, crowd, func(i int) error {
		return store.CreateInvitedUser(t.Context(), makeUser(fmt.Sprintf("user%d", i)), first.ID, now())
	}, models.ErrInvitationVoid)
	all, err := store.Users(t.Context(), models.UserFilter{Limit: crowd})
	if won != 1 || err != nil || len(all) != 1 {
		t.Errorf("%d people registered, there are %d users, %v", won, len(all), err)
	}
}

func invitationsOutliveRefusals(t *testing.T, store models.Store) {
	newUser(t, store, "alice")
	i := newInvitation(t, store, now().Add(time.Hour))
	err := store.CreateInvitedUser(t.Context(), makeUser("Alice"), i.ID, now())
	if !errors.Is(err, models.ErrUsernameTaken) {
		t.Errorf("a taken name: %v", err)
	}
	if err := store.CreateInvitedUser(t.Context(), makeUser("bob"), i.ID, now()); err != nil {
		t.Errorf("after that: %v", err)
	}
}

func suspensionsEndSessions(t *testing.T, store models.Store) {
	alice, bob := newUser(t, store, "alice"), newUser(t, store, "bob")
	session, other := newSession(alice, "a"), newSession(bob, "b")
	for _, s := range []*models.Session{session, other} {
		if err := store.CreateSession(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	token := newToken(t, store, alice, "token")
	at := now()
	suspended, err := store.Suspend(t.Context(), alice.ID, at, "Spam")
	if err != nil || !suspended.SuspendedAt.Equal(at) || suspended.SuspendedFor != "Spam" ||
		suspended.PasswordVersion != 1 {
		t.Errorf("suspended: %+v, %v", suspended, err)
	}
	if got, err := store.UserByID(t.Context(), alice.ID); err != nil || *got != *suspended {
		t.Errorf("read again: %+v, %v", got, err)
	}
	late := newSession(alice, "of a login that began before")
	if err := store.CreateSession(t.Context(), late); err != nil {
		t.Fatal(err)
	}
	for _, id := range []models.ID{session.ID, late.ID} {
		if _, _, err := store.LiveSession(t.Context(), id, now()); !errors.Is(err, models.ErrSessionNotFound) {
			t.Errorf("a session of a suspended user: %v", err)
		}
	}
	tokenIsLive(t, store, "suspended", token, false)
	if _, _, err := store.LiveSession(t.Context(), other.ID, now()); err != nil {
		t.Errorf("a session of another user: %v", err)
	}
	again, err := store.Suspend(t.Context(), alice.ID, time.Time{}, "")
	if err != nil || !again.SuspendedAt.IsZero() || again.SuspendedFor != "" || again.PasswordVersion != 1 {
		t.Errorf("no longer suspended: %+v, %v", again, err)
	}
	tokenIsLive(t, store, "no longer suspended", token, false)
	if _, err := store.Suspend(t.Context(), models.NewID(), at, ""); !errors.Is(err, models.ErrUserNotFound) {
		t.Errorf("nobody: %v", err)
	}
}

// suspensionsWinRaces suspends a user who logs in and makes tokens at the same time.
func suspensionsWinRaces(t *testing.T, store models.Store) {
	alice := newUser(t, store, "alice")
	sessions, tokens := make([]*models.Session, crowd), make([]*models.AccessToken, crowd)
	for i := range crowd {
		sessions[i], tokens[i] = newSession(alice, fmt.Sprint(i)), makeToken(alice, fmt.Sprint(i))
	}
	won := atOnce(t, 2*crowd+1, func(i int) (err error) {
		switch {
		case i == crowd:
			_, err = store.Suspend(t.Context(), alice.ID, now(), "Spam")
		case i < crowd:
			err = store.CreateSession(t.Context(), sessions[i])
		default:
			err = store.CreateAccessToken(t.Context(), tokens[i-crowd-1])
		}
		return err
	}, models.ErrTooManyTokens)
	if won < crowd+1 {
		t.Errorf("%d calls succeeded", won)
	}
	for _, s := range sessions {
		if _, _, err := store.LiveSession(t.Context(), s.ID, now()); !errors.Is(err, models.ErrSessionNotFound) {
			t.Errorf("a session: %v", err)
		}
	}
	for _, token := range tokens {
		if _, _, err := store.AccessTokenByHash(t.Context(), token.Hash); !errors.Is(err, models.ErrTokenNotFound) {
			t.Errorf("a token: %v", err)
		}
	}
}

func usersAreFiltered(t *testing.T, store models.Store) {
	alice, bob, carol := makeUser("Alice"), makeUser("bob"), makeUser("carol.x")
	bob.Name, carol.Email = "Bob 100% (Alice's)", "carol@example.com"
	for _, u := range []*models.User{alice, bob, carol} {
		if err := store.CreateUser(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := store.Suspend(t.Context(), bob.ID, now(), ""); err != nil {
		t.Fatal(err)
	}
	yes, no := true, false
	for _, c := range []struct {
		filter models.UserFilter
		want   []string
	}{
		{models.UserFilter{}, []string{"carol.x", "bob", "Alice"}},
		{models.UserFilter{Text: "aLICE"}, []string{"bob", "Alice"}},
		{models.UserFilter{Text: "EXAMPLE.com"}, []string{"carol.x"}},
		{models.UserFilter{Text: "100% ("}, []string{"bob"}},
		{models.UserFilter{Text: "l.x"}, []string{"carol.x"}},
		{models.UserFilter{Text: "li.e"}, nil},
		{models.UserFilter{Suspended: &yes}, []string{"bob"}},
		{models.UserFilter{Suspended: &no}, []string{"carol.x", "Alice"}},
		{models.UserFilter{Suspended: &no, Text: "alice"}, []string{"Alice"}},
		{models.UserFilter{After: carol.ID, Text: "o"}, []string{"bob"}},
	} {
		c.filter.Limit = 10
		found, err := store.Users(t.Context(), c.filter)
		var names []string
		for _, u := range found {
			names = append(names, u.Username)
		}
		if err != nil || !slices.Equal(names, c.want) {
			t.Errorf("%+v: got %q, %v, want %q", c.filter, names, err, c.want)
		}
	}
}

func logIsKept(t *testing.T, store models.Store) {
	var want []models.LogEntry
	for i := range 3 {
		e := models.LogEntry{
			ID: models.NewID(), Actor: "alice", Action: "suspend", Target: fmt.Sprint(i), Reason: "Spam", CreatedAt: now(),
		}
		if err := store.AddToLog(t.Context(), &e); err != nil {
			t.Fatal(err)
		}
		want = append([]models.LogEntry{e}, want...)
	}
	page, more, err := store.Log(t.Context(), models.LogFilter{Limit: 2})
	if err != nil || !more || !slices.Equal(page, want[:2]) {
		t.Errorf("the first page is %+v, %v, %v", page, more, err)
	}
	page, more, err = store.Log(t.Context(), models.LogFilter{Limit: 2, After: page[1].ID})
	if err != nil || more || !slices.Equal(page, want[2:]) {
		t.Errorf("the second page is %+v, %v, %v", page, more, err)
	}
}

func controlMethods(u models.User) []method {
	type store = models.Store
	token, invitation := makeToken(&u, "token"), models.Invitation{ID: models.NewID(), ExpiresAt: now().Add(time.Hour)}
	entry := models.LogEntry{ID: models.NewID(), CreatedAt: now()}
	return []method{
		{"CreateAccessToken", func(ctx context.Context, s store) error { return s.CreateAccessToken(ctx, token) }},
		{"AccessTokens", func(ctx context.Context, s store) error { return second(s.AccessTokens(ctx, u.ID)) }},
		{"AccessTokenByHash", func(ctx context.Context, s store) error {
			_, _, err := s.AccessTokenByHash(ctx, token.Hash)
			return err
		}},
		{"NoteTokenUse", func(ctx context.Context, s store) error { return s.NoteTokenUse(ctx, token.ID, now()) }},
		{"DeleteAccessToken", func(ctx context.Context, s store) error { return s.DeleteAccessToken(ctx, u.ID, token.ID) }},
		{"CreateInvitation", func(ctx context.Context, s store) error { return s.CreateInvitation(ctx, &invitation) }},
		{"Invitations", func(ctx context.Context, s store) error { return second(s.Invitations(ctx, now())) }},
		{"CreateInvitedUser", func(ctx context.Context, s store) error {
			return s.CreateInvitedUser(ctx, makeUser("invited"), invitation.ID, now())
		}},
		{"DeleteInvitation", func(ctx context.Context, s store) error { return s.DeleteInvitation(ctx, invitation.ID) }},
		{"AddToLog", func(ctx context.Context, s store) error { return s.AddToLog(ctx, &entry) }},
		{"Log", func(ctx context.Context, s store) error {
			_, _, err := s.Log(ctx, models.LogFilter{Limit: 1})
			return err
		}},
		{"Suspend", func(ctx context.Context, s store) error { return second(s.Suspend(ctx, u.ID, now(), "Spam")) }},
		{"PurgeUser", func(ctx context.Context, s store) error { return s.PurgeUser(ctx, models.NewID(), now()) }},
	}
}
