package auth_test

import (
	"slices"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"gin-blog/auth"
)

// TestRefusedLoginsTakeOneTime: an unknown user, a wrong password and an unusable hash take the same time.
func TestRefusedLoginsTakeOneTime(t *testing.T) {
	if testing.Short() {
		t.Skip("measures time")
	}
	const cost = 6
	passwords, err := auth.NewPasswords(cost)
	if err != nil {
		t.Fatal(err)
	}
	hash, err := bcrypt.GenerateFromPassword([]byte("pass123"), cost)
	if err != nil {
		t.Fatal(err)
	}
	hashes := map[string]string{"unknown user": "", "wrong password": string(hash), "no hash": "pass123"}
	times := map[string][]time.Duration{}
	for range 50 {
		for kind, hash := range hashes { // in turns, so that a slow moment of the machine hits all
			start := time.Now()
			if err := passwords.Verify(t.Context(), hash, "wrong-one"); err == nil {
				t.Fatal("a wrong password matches")
			}
			times[kind] = append(times[kind], time.Since(start))
		}
	}
	// A busy machine disturbs the fastest tenth least.
	undisturbed := func(kind string) time.Duration { slices.Sort(times[kind]); return times[kind][len(times[kind])/10] }
	for kind := range hashes {
		ratio := float64(undisturbed(kind)) / float64(undisturbed("unknown user"))
		t.Logf("%s: %v, %.3f of an unknown user's", kind, undisturbed(kind), ratio)
		if ratio < 0.9 || ratio > 1.1 {
			t.Errorf("%s: a refusal takes %.2f of an unknown user's time", kind, ratio)
		}
	}
}

// TestDummyHashMatchesNothing: what stands in for the hash of an unknown user lets nobody in.
func TestDummyHashMatchesNothing(t *testing.T) {
	passwords, err := auth.NewPasswords(auth.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	for _, password := range []string{"", ".", "pass123", "$2a$04$....................................................."} {
		if err := passwords.Verify(t.Context(), "", password); err == nil {
			t.Errorf("%q matches the hash of an unknown user", password)
		}
	}
}
