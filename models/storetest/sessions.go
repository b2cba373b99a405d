package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"gin-blog/models"
)

// sessionCases are the cases of models.SessionStore.
var sessionCases = []testCase{
	{"sessions live until they end or expire", sessionsLive},
	{"a session without its user is not found", sessionNeedsUser},
	{"a refresh id is swapped once", refreshIDIsSwappedOnce},
	{"one of many swaps of a refresh id wins", oneSwapWins},
	{"the use of a session is noted", sessionUseIsNoted},
	{"sessions are listed and ended", sessionsAreListedAndEnded},
	{"sessions are bounded", sessionsAreBounded},
	{"a new session is never surplus", newSessionIsNeverSurplus},
}

// newSession makes a session that is not stored yet.
func newSession(u *models.User, refreshID string) *models.Session {
	return &models.Session{
		ID: models.NewID(), UserID: u.ID, RefreshID: refreshID, RotatedAt: now(), CreatedAt: now(), LastUsedAt: now(),
		ExpiresAt: now().Add(time.Hour), UserAgent: "curl/8", IP: "127.0.0.1",
	}
}

// createSession stores a session.
func createSession(t *testing.T, store models.Store, u *models.User, refreshID string) *models.Session {
	t.Helper()
	s := newSession(u, refreshID)
	if err := store.CreateSession(t.Context(), s); err != nil {
		t.Fatalf("create session: %v", err)
	}
	return s
}

func sessionsLive(t *testing.T, store models.Store) {
	u := newUser(t, store, "alice")
	want := createSession(t, store, u, "one")
	other := createSession(t, store, u, "two")

	got, user, err := store.LiveSession(t.Context(), want.ID, now())
	if err != nil || !reflect.DeepEqual(got, want) || !reflect.DeepEqual(user, u) {
		t.Errorf("got %+v of %+v, %v, want %+v of %+v", got, user, err, want, u)
	}
	if _, _, err := store.LiveSession(t.Context(), models.NewID(), now()); !errors.Is(err, models.ErrSessionNotFound) {
		t.Errorf("an unknown id: got %v, want ErrSessionNotFound", err)
	}
	if _, _, err := store.LiveSession(t.Context(), want.ID, want.ExpiresAt); !errors.Is(err, models.ErrSessionNotFound) {
		t.Errorf("once expired: got %v, want ErrSessionNotFound", err)
	}
	for range 2 {
		if err := store.DeleteSession(t.Context(), want.ID); err != nil {
			t.Errorf("delete: %v", err)
		}
	}
	if _, _, err := store.LiveSession(t.Context(), want.ID, now()); !errors.Is(err, models.ErrSessionNotFound) {
		t.Errorf("once deleted: got %v, want ErrSessionNotFound", err)
	}
	if _, _, err := store.LiveSession(t.Context(), other.ID, now()); err != nil {
		t.Errorf("the other session: %v", err)
	}
}

func sessionNeedsUser(t *testing.T, store models.Store) {
	s := newSession(&models.User{ID: models.NewID()}, "one")
	if err := store.CreateSession(t.Context(), s); err != nil && !errors.Is(err, models.ErrUserNotFound) {
		t.Fatalf("create: %v", err)
	}
	if _, _, err := store.LiveSession(t.Context(), s.ID, now()); !errors.Is(err, models.ErrSessionNotFound) {
		t.Errorf("got %v, want ErrSessionNotFound", err)
	}
}

func refreshIDIsSwappedOnce(t *testing.T, store models.Store) {
	s := createSession(t, store, newUser(t, store, "alice"), "one")
	at := now().Add(time.Minute)

	got, err := store.SwapRefreshID(t.Context(), s.ID, "one", "two", at)
	want := *s
	want.RefreshID, want.PreviousRefreshID, want.RotatedAt, want.LastUsedAt = "two", "one", at, at
	if err != nil || !reflect.DeepEqual(got, &want) {
		t.Fatalf("swap: got %+v, %v, want %+v", got, err, want)
	}
	for _, stale := range []string{"one", "zero", ""} {
		got, err := store.SwapRefreshID(t.Context(), s.ID, stale, "three", at.Add(time.Second))
		if err != nil || !reflect.DeepEqual(got, &want) {
			t.Errorf("swap from %q: got %+v, %v, want it unchanged", stale, got, err)
		}
	}
	_, err = store.SwapRefreshID(t.Context(), s.ID, "two", "three", s.ExpiresAt)
	if !errors.Is(err, models.ErrSessionNotFound) {
		t.Errorf("swap once expired: got %v, want ErrSessionNotFound", err)
	}
	_, err = store.SwapRefreshID(t.Context(), models.NewID(), "two", "three", at)
	if !errors.Is(err, models.ErrSessionNotFound) {
		t.Errorf("swap of an unknown session: got %v, want ErrSessionNotFound", err)
	}
}

func oneSwapWins(t *testing.T, store models.Store) {
	s := createSession(t, store, newUser(t, store, "alice"), "first")
	errLost := errors.New("lost")
	won := atOnce(t, crowd, func(i int) error {
		mine := fmt.Sprintf("successor %d", i)
		got, err := store.SwapRefreshID(t.Context(), s.ID, "first", mine, now())
		if err != nil {
			return err
		}
		if got.PreviousRefreshID != "first" {
			return fmt.Errorf("previous id is %q", got.PreviousRefreshID)
		}
		if got.RefreshID != mine {
			return errLost
		}
		return nil
	}, errLost)
	if won != 1 {
		t.Errorf("%d of %d swaps won, want 1", won, crowd)
	}
}

func sessionUseIsNoted(t *testing.T, store models.Store) {
	u := newUser(t, store, "alice")
	session, other := createSession(t, store, u, "one"), createSession(t, store, u, "two")
	later := session.LastUsedAt.Add(time.Minute)
	for _, noted := range []time.Time{later, session.LastUsedAt} { // the second changes nothing
		if err := store.NoteSessionUse(t.Context(), session.ID, noted); err != nil {
			t.Fatalf("note use: %v", err)
		}
	}
	if err := store.NoteSessionUse(t.Context(), models.NewID(), later); err != nil {
		t.Errorf("note use of a session that is gone: %v", err)
	}
	want := []models.Session{*session, *other}
	want[0].LastUsedAt = later
	got, err := store.LiveSessions(t.Context(), u.ID, now())
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
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

// newSessionIsNeverSurplus: the clock was set back, so the new session seems to be the one used longest ago.
func newSessionIsNeverSurplus(t *testing.T, store models.Store) {
	u := newUser(t, store, "alice")
	for i := range models.MaxSessions {
		s := newSession(u, "r")
		s.LastUsedAt = now().Add(time.Duration(i) * time.Second)
		if err := store.CreateSession(t.Context(), s); err != nil {
			t.Fatalf("create session %d: %v", i, err)
		}
	}
	last := newSession(u, "one more")
	last.LastUsedAt = now().Add(-time.Hour)
	if err := store.CreateSession(t.Context(), last); err != nil {
		t.Fatalf("create one more: %v", err)
	}
	if _, _, err := store.LiveSession(t.Context(), last.ID, now()); err != nil {
		t.Errorf("the new session: %v", err)
	}
	if live, err := store.LiveSessions(t.Context(), u.ID, now()); err != nil || len(live) != models.MaxSessions {
		t.Errorf("%d live sessions, %v, want %d", len(live), err, models.MaxSessions)
	}
}
