package storetest

import (
	"errors"
	"sync"
	"testing"
	"time"

	"gin-blog/models"
)

// Run holds a store against what models.Store promises. open returns a new, empty store each time.
func Run(t *testing.T, open func(t *testing.T) models.Store) {
	for name, test := range map[string]func(*testing.T, models.Store){
		"users are found by id, name and email":      usersAreFound,
		"names and emails are taken once":            namesAreTakenOnce,
		"one of many creates of a name wins":         oneCreateWins,
		"posts come back as they went in":            postsComeBack,
		"pages hold every post once":                 pagesHoldEveryPostOnce,
		"pages stay whole while others write":        pagesStayWhole,
		"sessions live until they end or expire":     sessionsLive,
		"a refresh id is swapped once":               refreshIDIsSwappedOnce,
		"one of many swaps of a refresh id wins":     oneSwapWins,
		"a store that is closed reports no success":  closedStoreFails,
		"a session without its user is not found":    sessionNeedsUser,
		"text comes back to the byte, odd or not":    oddTextComesBack,
		"the newest post comes first within a blink": newestFirst,
		"profiles change field by field":             profilesChange,
		"roles change at once":                       rolesChange,
		"a password change ends the other sessions":  passwordChangeEndsOtherSessions,
		"one of many password changes wins":          onePasswordChangeWins,
		"a hash is renewed where it is the old one":  hashIsRenewed,
		"users go and their posts stay":              usersAreDeleted,
		"users are listed newest first":              usersAreListed,
		"sessions are listed and ended":              sessionsAreListedAndEnded,
		"sessions are bounded":                       sessionsAreBounded,
		"posts change where the author is theirs":    postsChange,
		"a name is freed and taken":                  nameIsFreedAndTaken,
		"lists are filtered":                         listsAreFiltered,
		"words are found":                            wordsAreFound,
		"pages of long posts end early":              longPagesEndEarly,
		"versions guard changes":                     versionsGuardChanges,
		"a key creates one post":                     keysCreateOnce,
		"many are created at once":                   manyAreCreatedAtOnce,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

// crowd is how many clients try the same thing at once.
const crowd = 50

// now is a time that every store can keep.
func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

// newUser stores a user with a name of its own.
func newUser(t *testing.T, store models.Store, username string) *models.User {
	t.Helper()
	u := &models.User{
		ID: models.NewID(), Username: username, Role: models.RoleUser, PasswordHash: "$2a$10$hash", CreatedAt: now(),
	}
	if err := store.CreateUser(t.Context(), u); err != nil {
		t.Fatalf("create user %s: %v", username, err)
	}
	return u
}

// atOnce calls f so many times in parallel and counts the calls that returned nil. Every other must return one of the
// given errors.
func atOnce(t *testing.T, times int, f func(i int) error, losers ...error) (won int) {
	t.Helper()
	results := make(chan error, times)
	start := make(chan struct{})
	var calls sync.WaitGroup
	for i := range times {
		calls.Go(func() {
			<-start
			results <- f(i)
		})
	}
	close(start)
	calls.Wait()
	close(results)
	for err := range results {
		if err == nil {
			won++
			continue
		}
		if !isOneOf(err, losers) {
			t.Errorf("a loser got %v, want one of %v", err, losers)
		}
	}
	return won
}

func isOneOf(err error, targets []error) bool {
	for _, target := range targets {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}

// closedStoreFails: after Close nothing is acknowledged.
func closedStoreFails(t *testing.T, store models.Store) {
	if err := store.Ping(t.Context()); err != nil {
		t.Fatalf("ping: %v", err)
	}
	u := newUser(t, store, "alice")
	if err := store.Close(t.Context()); err != nil {
		t.Fatalf("close: %v", err)
	}
	if err := store.Ping(t.Context()); err == nil {
		t.Error("ping after close: nil")
	}
	if _, err := store.CreatePost(t.Context(), newPost(u, "lost"), nil); err == nil {
		t.Error("create after close: nil")
	}
}
