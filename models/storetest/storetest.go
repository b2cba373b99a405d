// Package storetest has the tests that every models.Store passes.
package storetest

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"gin-blog/models"
)

// testCase is one promise of models.Store. Its test gets an empty store.
type testCase struct {
	name string
	test func(t *testing.T, store models.Store)
}

// Run tests whether a store keeps what models.Store promises. open returns a new, empty store that reports to
// observe, and closes it after the test.
func Run(t *testing.T, open func(t *testing.T, observe models.Observer) models.Store) {
	cases := slices.Concat(
		userCases, postCases, listCases, commentCases, draftCases, publishCases, changeCases, sessionCases, endedCases,
		clockCases, bulkCases, controlCases)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, open(t, nil))
		})
	}
	t.Run("every method is observed", func(t *testing.T) {
		t.Parallel()
		methodsAreObserved(t, open)
	})
}

// crowd is how many clients try the same thing at once.
const crowd = 50

// now is a time that every store can keep.
func now() time.Time { return models.StoredTime(time.Now()) }

// makeUser makes a user that is not stored yet.
func makeUser(username string) *models.User {
	return &models.User{
		ID: models.NewID(), Username: username, Role: models.RoleUser, PasswordHash: "$2a$10$hash", CreatedAt: now(),
	}
}

// newUser stores a user.
func newUser(t *testing.T, store models.Store, username string) *models.User {
	t.Helper()
	u := makeUser(username)
	if err := store.CreateUser(t.Context(), u); err != nil {
		t.Fatalf("create user %s: %v", username, err)
	}
	return u
}

// atOnce calls f as many times in parallel and returns how many calls succeeded. The others must return one of the
// errors in losers.
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
		if !slices.ContainsFunc(losers, func(loser error) bool { return errors.Is(err, loser) }) {
			t.Errorf("a loser got %v, want one of %v", err, losers)
		}
	}
	return won
}
